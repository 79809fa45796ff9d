//! File formats: how a file starts, where a picture ends, and whether a ZIP archive is hidden in it.

use crate::domain::content_type::ContentType;

/// The most segments of a JPEG: many more than profiles and previews need, and few enough for a decoder that needs
/// quadratic time for them.
const MAX_SEGMENTS: usize = 4096;

/// Whether a file starts with the signature of this type.
pub(crate) fn has_signature(bytes: &[u8], content_type: ContentType) -> bool {
    match content_type {
        ContentType::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        ContentType::Jpeg => bytes.starts_with(b"\xff\xd8\xff"),
        ContentType::Gif => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        ContentType::Webp => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        ContentType::Pdf => bytes.starts_with(b"%PDF-"),
        ContentType::Text => false,
    }
}

/// The position after the last byte of a picture; none when it is incomplete.
pub(crate) fn picture_end(bytes: &[u8], content_type: ContentType) -> Option<usize> {
    match content_type {
        ContentType::Png => png(bytes),
        ContentType::Jpeg => jpeg_sequence(bytes),
        ContentType::Gif => gif(bytes),
        ContentType::Webp => webp(bytes),
        ContentType::Pdf | ContentType::Text => None,
    }
}

/// Whether an unpacker would find a ZIP archive in a file. `bytes` are its last bytes, after `before` others.
///
/// Unpackers search the archive's last record from the end of the file. They ignore what is before the archive, and
/// most of them what is after it. The record's four signature bytes are in one of 65,000 files by chance, so that the
/// record must also point to a directory, or end where the file ends.
///
/// Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.16
pub(crate) fn contains_archive(bytes: &[u8], before: u64) -> bool {
    const RECORD_BYTES: usize = 22;
    let from = bytes.len().saturating_sub(RECORD_BYTES + usize::from(u16::MAX));
    (from..bytes.len().saturating_sub(RECORD_BYTES - 1)).any(|at| {
        let record = &bytes[at..];
        record.starts_with(b"PK\x05\x06") && (ends_with_file(record) || points_to_directory(bytes, at, before))
    })
}

/// Whether the record's comment, of the stated length, ends with the file.
fn ends_with_file(record: &[u8]) -> bool {
    read_array(record, 20).is_some_and(|comment| record.len() == 22 + usize::from(u16::from_le_bytes(comment)))
}

/// Whether a directory is right before the record, or at the offset that it states, or stated by a record for large
/// archives. An offset before `bytes` cannot be checked and counts as a directory.
fn points_to_directory(bytes: &[u8], at: usize, before: u64) -> bool {
    let field = |from| read_array(bytes, at + from).map_or(0, |field| u64::from(u32::from_le_bytes(field)));
    let (size, offset) = (field(12), field(16));
    let starts = [(before + at as u64).checked_sub(size), Some(offset)];
    let is_directory = |start: u64| match start.checked_sub(before).map(usize::try_from) {
        Some(Ok(start)) => bytes.get(start..).is_some_and(|directory| directory.starts_with(b"PK\x01\x02")),
        Some(Err(_)) => false,
        None => true,
    };
    let is_large = at.checked_sub(20).is_some_and(|locator| bytes[locator..].starts_with(b"PK\x06\x07"));
    is_large || starts.into_iter().flatten().any(is_directory)
}

/// Chunks up to `IEND`.
///
/// Source: <https://www.w3.org/TR/png-3/#5DataRep>
fn png(bytes: &[u8]) -> Option<usize> {
    let mut at = 8;
    loop {
        let length = usize::try_from(u32::from_be_bytes(read_array(bytes, at)?)).ok()?;
        let name: [u8; 4] = read_array(bytes, at + 4)?;
        at = at.checked_add(length)?.checked_add(12).filter(|&at| at <= bytes.len())?;
        if &name == b"IEND" {
            return Some(at);
        }
    }
}

/// One picture, and those that phones append: previews, and brightness or depth maps.
///
/// Source: <https://www.cipa.jp/std/documents/download_e.html?DC-007_E>
fn jpeg_sequence(bytes: &[u8]) -> Option<usize> {
    let mut end = jpeg_end(bytes)?;
    loop {
        let next = end + bytes[end..].iter().position(|&byte| byte != 0).unwrap_or(0);
        if !has_signature(&bytes[next..], ContentType::Jpeg) {
            return Some(end);
        }
        end = next + jpeg_end(&bytes[next..])?;
    }
}

/// The position after the first picture, which ends with a marker of two bytes.
///
/// Source: <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, annex B
pub(crate) fn jpeg_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    for _ in 0..MAX_SEGMENTS {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        at = match marker {
            // Fill bytes.
            0xff => at + 1,
            0xd9 => return Some(at + 2),
            0x01 | 0xd0..=0xd8 => at + 2,
            _ => {
                let length = usize::from(u16::from_be_bytes(read_array(bytes, at + 2)?));
                let next = at + 2 + length;
                if marker == 0xda { next + scan_length(bytes.get(next..)?)? } else { next }
            }
        };
    }
    None
}

/// The length of a scan's data: up to a marker that is neither a restart marker nor a stuffed byte.
fn scan_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff))
}

/// Blocks up to the trailer.
///
/// Source: <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>
fn gif(bytes: &[u8]) -> Option<usize> {
    let mut at = 13 + color_table_bytes(*bytes.get(10)?);
    loop {
        at = match *bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => skip_blocks(bytes, at + 2)?,
            // After the descriptor and its color table comes the minimum code size, one byte.
            0x2c => skip_blocks(bytes, at + 10 + color_table_bytes(*bytes.get(at + 9)?) + 1)?,
            _ => return None,
        };
    }
}

fn color_table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn skip_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// One container.
///
/// Source: <https://developers.google.com/speed/webp/docs/riff_container>
fn webp(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(u32::from_le_bytes(read_array(bytes, 4)?)).ok()?;
    let end = length.checked_add(8)?;
    Some(end + end % 2).map(|even| if even == bytes.len() + 1 { end } else { even }).filter(|&end| end <= bytes.len())
}

fn read_array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
