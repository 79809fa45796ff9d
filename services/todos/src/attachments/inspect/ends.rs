//! Where files end, by their own account: whatever follows is something else.

use events::todos::attachments::ContentType;

/// The most segments of a JPEG: many times as many as the largest profiles and previews need, and few enough for a decoder
/// that looks at all of them at each.
const MAX_SEGMENTS: usize = 4096;

/// What a file of this type begins with.
pub(crate) fn begins_as(bytes: &[u8], content_type: ContentType) -> bool {
    match content_type {
        ContentType::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        ContentType::Jpeg => bytes.starts_with(b"\xff\xd8\xff"),
        ContentType::Gif => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        ContentType::Webp => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        ContentType::Pdf => bytes.starts_with(b"%PDF-"),
        ContentType::Text => false,
    }
}

/// The position after the last byte of a picture; none when it has no end.
pub(crate) fn end(bytes: &[u8], content_type: ContentType) -> Option<usize> {
    match content_type {
        ContentType::Png => png(bytes),
        ContentType::Jpeg => jpegs(bytes),
        ContentType::Gif => gif(bytes),
        ContentType::Webp => webp(bytes),
        ContentType::Pdf | ContentType::Text => None,
    }
}

/// Whether unpackers find a ZIP archive in a file, whose last bytes these are, after `before` others. They look for its
/// last record from the end of the file, whatever stands before the archive, and most of them whatever comes behind.
///
/// The four bytes that the record begins with are in one of 65,000 files by chance: what follows must name a directory,
/// or the end of the file as its own.
///
/// Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.16
pub(crate) fn holds_archive(bytes: &[u8], before: u64) -> bool {
    const RECORD: usize = 22;
    let from = bytes.len().saturating_sub(RECORD + usize::from(u16::MAX));
    (from..bytes.len().saturating_sub(RECORD - 1)).any(|at| {
        let record = &bytes[at..];
        record.starts_with(b"PK\x05\x06") && (ends_the_file(record) || names_a_directory(bytes, at, before))
    })
}

/// The record ends with a comment, whose length it says.
fn ends_the_file(record: &[u8]) -> bool {
    array(record, 20).is_some_and(|comment| record.len() == 22 + usize::from(u16::from_le_bytes(comment)))
}

/// The record's directory is right before it, or at the place that it says, or said by a record for large archives. Where
/// that is before `bytes`, nobody can see that it is not there.
fn names_a_directory(bytes: &[u8], at: usize, before: u64) -> bool {
    let field = |from| array(bytes, at + from).map_or(0, |field| u64::from(u32::from_le_bytes(field)));
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
        let length = usize::try_from(u32::from_be_bytes(array(bytes, at)?)).ok()?;
        let name: [u8; 4] = array(bytes, at + 4)?;
        at = at.checked_add(length)?.checked_add(12).filter(|&at| at <= bytes.len())?;
        if &name == b"IEND" {
            return Some(at);
        }
    }
}

/// One picture, and those that phones put behind it: previews, and maps of brightness or depth.
///
/// Source: <https://www.cipa.jp/std/documents/download_e.html?DC-007_E>
fn jpegs(bytes: &[u8]) -> Option<usize> {
    let mut end = jpeg(bytes)?;
    loop {
        let next = end + bytes[end..].iter().position(|&byte| byte != 0).unwrap_or(0);
        if !begins_as(&bytes[next..], ContentType::Jpeg) {
            return Some(end);
        }
        end = next + jpeg(&bytes[next..])?;
    }
}

/// The position after the first of the pictures, the end of which is a marker of two bytes.
///
/// Source: <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, annex B
pub(crate) fn jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    for _ in 0..MAX_SEGMENTS {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        at = match marker {
            // Filling.
            0xff => at + 1,
            0xd9 => return Some(at + 2),
            0x01 | 0xd0..=0xd8 => at + 2,
            _ => {
                let length = usize::from(u16::from_be_bytes(array(bytes, at + 2)?));
                let next = at + 2 + length;
                if marker == 0xda { next + scan(bytes.get(next..)?)? } else { next }
            }
        };
    }
    None
}

/// The length of a scan's data: up to a marker that is neither a restart nor a stuffed byte.
fn scan(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff))
}

/// Blocks up to the trailer.
///
/// Source: <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>
fn gif(bytes: &[u8]) -> Option<usize> {
    let mut at = 13 + colours(*bytes.get(10)?);
    loop {
        at = match *bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => blocks(bytes, at + 2)?,
            // After the descriptor and its colours, one byte says how the blocks are packed.
            0x2c => blocks(bytes, at + 10 + colours(*bytes.get(at + 9)?) + 1)?,
            _ => return None,
        };
    }
}

fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
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
    let length = usize::try_from(u32::from_le_bytes(array(bytes, 4)?)).ok()?;
    let end = length.checked_add(8)?;
    Some(end + end % 2).map(|even| if even == bytes.len() + 1 { end } else { even }).filter(|&end| end <= bytes.len())
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
