//! PDF documents, checked by their first and last bytes.

use crate::domain::attachment::RejectionReason;
use crate::domain::content_type::ContentType;

use crate::domain::inspection::format;

/// How many bytes of the beginning are checked.
pub(crate) const HEAD_BYTES: u64 = 1024;
/// How many bytes of the end are checked: more than the last record of a ZIP archive can have.
pub(crate) const TAIL_BYTES: u64 = 66 * 1024;

/// The beginning of a document. Readers accept it anywhere in the first kilobyte, so that other formats can hide one.
const HEADER: &[u8] = b"%PDF-";
/// The last line of a document.
const END_MARKER: &[u8] = b"%%EOF";

/// Checks the first and last bytes of a file of `bytes` bytes.
///
/// Source: <https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf>, 7.5
pub(crate) fn check(head: &[u8], tail: &[u8], bytes: u64) -> Result<(), RejectionReason> {
    if !format::has_signature(head, ContentType::Pdf) {
        let hidden = head.windows(HEADER.len()).any(|window| window == HEADER);
        return Err(if hidden { RejectionReason::Unsafe } else { RejectionReason::WrongType });
    }
    let last =
        tail.windows(END_MARKER.len()).rposition(|window| window == END_MARKER).ok_or(RejectionReason::Broken)?;
    let mut rest = tail[last + END_MARKER.len()..].iter();
    let before = bytes.saturating_sub(tail.len() as u64);
    if !rest.all(|byte| byte.is_ascii_whitespace() || *byte == 0) || format::contains_archive(tail, before) {
        return Err(RejectionReason::Unsafe);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n0\n%%EOF\n";

    fn check_document(bytes: &[u8]) -> Result<(), RejectionReason> {
        let tail = &bytes[bytes.len().saturating_sub(66 * 1024)..];
        check(&bytes[..bytes.len().min(1024)], tail, bytes.len() as u64)
    }

    #[test]
    fn a_document_is_accepted() {
        assert_eq!(check_document(DOCUMENT), Ok(()));
        assert_eq!(
            check_document(&[DOCUMENT, b"1 0 obj\nendobj\n%%EOF\r\n\0\0"].concat()),
            Ok(()),
            "one with an appended change"
        );
    }

    #[test]
    fn another_format_is_of_the_wrong_type() {
        for other in [b"MZ\x90\0".as_slice(), b"", b"<html>", b"\x89PNG\r\n\x1a\n"] {
            assert_eq!(check_document(other), Err(RejectionReason::WrongType));
        }
    }

    #[test]
    fn a_truncated_document_is_broken() {
        assert_eq!(check_document(&DOCUMENT[..40]), Err(RejectionReason::Broken));
    }

    #[test]
    fn a_document_with_other_content_before_or_after_it_is_unsafe() {
        let page = b"<script>alert(1)</script>".as_slice();
        assert_eq!(check_document(&[page, DOCUMENT].concat()), Err(RejectionReason::Unsafe));
        assert_eq!(check_document(&[DOCUMENT, page].concat()), Err(RejectionReason::Unsafe));
        let comment = b"\n%%EOF\n";
        let record = [b"PK\x05\x06".as_slice(), &[0; 16], &[7, 0], comment].concat();
        assert_eq!(check_document(&[DOCUMENT, &record].concat()), Err(RejectionReason::Unsafe), "an archive");
    }

    /// An archive of one empty file that states the offset of its directory `offset` bytes too far.
    fn archive(offset: u32) -> Vec<u8> {
        let file = [b"PK\x03\x04".as_slice(), &[0; 22], &[1, 0, 0, 0], b"a"].concat();
        let directory = [b"PK\x01\x02".as_slice(), &[0; 24], &[1, 0], &[0; 16], b"a"].concat();
        let [size, place] =
            [directory.len(), file.len() + offset as usize].map(|n| u32::try_from(n).unwrap().to_le_bytes());
        let record = [b"PK\x05\x06".as_slice(), &[0, 0, 0, 0, 1, 0, 1, 0], &size, &place, &[0, 0]].concat();
        [file, directory, record].concat()
    }

    #[test]
    fn a_document_with_an_archive_inside_is_unsafe() {
        let (first, rest) = DOCUMENT.split_at(9);
        for inside in [archive(0), archive(9), archive(1234)] {
            assert_eq!(
                check_document(&[first, &inside, rest].concat()),
                Err(RejectionReason::Unsafe),
                "at its beginning"
            );
            assert_eq!(
                check_document(&[DOCUMENT, &inside, b"\n%%EOF\n"].concat()),
                Err(RejectionReason::Unsafe),
                "at its end"
            );
        }
        // Its directory is before the part of the end that is read.
        let wide = archive(0);
        let (files, record) = wide.split_at(wide.len() - 22);
        let mut record = record.to_vec();
        record[12..16].copy_from_slice(&100_100_u32.to_le_bytes());
        let document = [DOCUMENT, files, &vec![b' '; 100_000], &record, b"\n%%EOF\n"].concat();
        assert_eq!(check_document(&document), Err(RejectionReason::Unsafe), "a large one");
    }

    #[test]
    fn a_document_that_has_the_signature_of_an_archive_by_chance_is_accepted() {
        let chance = [b"PK\x05\x06".as_slice(), &[0x9c; 40], b"\n%%EOF\n"].concat();
        assert_eq!(check_document(&[DOCUMENT, &chance].concat()), Ok(()));
    }
}
