//! PDF documents, by their first and last bytes.

use events::todos::attachments::{ContentType, RejectionReason};

use crate::attachments::inspect::ends;

/// How many bytes of the beginning are looked at.
pub(crate) const HEAD: u64 = 1024;
/// How many bytes of the end are looked at: as many as an archive's last record may have, and some more.
pub(crate) const TAIL: u64 = 66 * 1024;

/// The first line of a document; readers take it anywhere in its first kilobyte, which is how documents hide.
const FIRST: &[u8] = b"%PDF-";
/// The last line of a document.
const LAST: &[u8] = b"%%EOF";

/// Whether these are the first and the last bytes of a document of so many bytes, and of nothing else.
///
/// Source: <https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf>, 7.5
pub(crate) fn look(head: &[u8], tail: &[u8], bytes: u64) -> Result<(), RejectionReason> {
    if !ends::begins_as(head, ContentType::Pdf) {
        let hidden = head.windows(FIRST.len()).any(|window| window == FIRST);
        return Err(if hidden { RejectionReason::Unsafe } else { RejectionReason::WrongType });
    }
    let last = tail.windows(LAST.len()).rposition(|window| window == LAST).ok_or(RejectionReason::Broken)?;
    let mut rest = tail[last + LAST.len()..].iter();
    let before = bytes.saturating_sub(tail.len() as u64);
    if !rest.all(|byte| byte.is_ascii_whitespace() || *byte == 0) || ends::holds_archive(tail, before) {
        return Err(RejectionReason::Unsafe);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n0\n%%EOF\n";

    fn look_at(bytes: &[u8]) -> Result<(), RejectionReason> {
        let tail = &bytes[bytes.len().saturating_sub(66 * 1024)..];
        look(&bytes[..bytes.len().min(1024)], tail, bytes.len() as u64)
    }

    #[test]
    fn a_document_is_taken() {
        assert_eq!(look_at(DOCUMENT), Ok(()));
        assert_eq!(look_at(&[DOCUMENT, b"1 0 obj\nendobj\n%%EOF\r\n\0\0"].concat()), Ok(()), "one that was changed");
    }

    #[test]
    fn what_is_no_document_is_of_the_wrong_type() {
        for other in [b"MZ\x90\0".as_slice(), b"", b"<html>", b"\x89PNG\r\n\x1a\n"] {
            assert_eq!(look_at(other), Err(RejectionReason::WrongType));
        }
    }

    #[test]
    fn a_document_that_was_cut_off_is_broken() {
        assert_eq!(look_at(&DOCUMENT[..40]), Err(RejectionReason::Broken));
    }

    #[test]
    fn a_document_with_something_before_or_behind_is_unsafe() {
        let page = b"<script>alert(1)</script>".as_slice();
        assert_eq!(look_at(&[page, DOCUMENT].concat()), Err(RejectionReason::Unsafe));
        assert_eq!(look_at(&[DOCUMENT, page].concat()), Err(RejectionReason::Unsafe));
        let comment = b"\n%%EOF\n";
        let record = [b"PK\x05\x06".as_slice(), &[0; 16], &[7, 0], comment].concat();
        assert_eq!(look_at(&[DOCUMENT, &record].concat()), Err(RejectionReason::Unsafe), "an archive");
    }

    /// An archive of one empty file, its directory `offset` bytes further on than its own beginning.
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
            assert_eq!(look_at(&[first, &inside, rest].concat()), Err(RejectionReason::Unsafe), "at its beginning");
            assert_eq!(
                look_at(&[DOCUMENT, &inside, b"\n%%EOF\n"].concat()),
                Err(RejectionReason::Unsafe),
                "at its end"
            );
        }
        // Its directory is before all that is read of the end.
        let wide = archive(0);
        let (files, record) = wide.split_at(wide.len() - 22);
        let mut record = record.to_vec();
        record[12..16].copy_from_slice(&100_100_u32.to_le_bytes());
        let document = [DOCUMENT, files, &vec![b' '; 100_000], &record, b"\n%%EOF\n"].concat();
        assert_eq!(look_at(&document), Err(RejectionReason::Unsafe), "a large one");
    }

    #[test]
    fn a_document_that_only_has_the_bytes_of_an_archives_end_is_taken() {
        let chance = [b"PK\x05\x06".as_slice(), &[0x9c; 40], b"\n%%EOF\n"].concat();
        assert_eq!(look_at(&[DOCUMENT, &chance].concat()), Ok(()));
    }
}
