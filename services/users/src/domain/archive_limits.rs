//! How large an archive may become. What does not fit is left out and listed in the archive.

use jiff::{SignedDuration, Timestamp};

/// The most that is packed, in bytes before compression. Unpackers without ZIP64 read up to 4 GiB.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// The most files. Unpackers without ZIP64 read up to 65,535.
const MAX_FILES: usize = 10_000;
/// How long files are added: the function has 15 minutes, and must end the file that it has begun.
const MAX_DURATION: SignedDuration = SignedDuration::from_mins(10);
/// How many of the files that were left out are listed by name.
const MAX_LISTED: usize = 1_000;

/// What an archive has room for, and what was left out.
#[derive(Clone, Debug)]
pub(crate) struct ArchiveLimits {
    bytes: u64,
    files: usize,
    until: Timestamp,
    left_out: LeftOut,
}

/// The files that an archive does not contain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// The first of them, with their sizes.
    listed: Vec<(String, u64)>,
}

impl ArchiveLimits {
    /// The limits of an archive that is begun now.
    pub(crate) fn new(now: Timestamp) -> Self {
        let until = now.saturating_add(MAX_DURATION).unwrap_or(now);
        Self { bytes: MAX_BYTES, files: MAX_FILES, until, left_out: LeftOut::default() }
    }

    /// Whether the file is added; otherwise it is noted as left out. A smaller file may still fit after that.
    pub(crate) fn admit(&mut self, name: &str, bytes: u64, now: Timestamp) -> bool {
        let fits = bytes <= self.bytes && self.files > 0 && now < self.until;
        if fits {
            self.bytes -= bytes;
            self.files -= 1;
        } else {
            self.left_out.add(name, bytes);
        }
        fits
    }

    pub(crate) fn left_out(&self) -> &LeftOut {
        &self.left_out
    }
}

impl LeftOut {
    fn add(&mut self, name: &str, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
        if self.listed.len() < MAX_LISTED {
            self.listed.push((name.to_owned(), bytes));
        }
    }

    /// The text that lists them for the user; `None` if there are none.
    pub(crate) fn text(&self) -> Option<String> {
        if self.files == 0 {
            return None;
        }
        let mut lines = vec![
            format!(
                "This archive does not contain {} files ({} bytes), because it would be too large.",
                self.files, self.bytes
            ),
            "You can download them one by one on the page.".to_owned(),
            String::new(),
        ];
        lines.extend(self.listed.iter().map(|(name, bytes)| format!("{name} ({bytes} bytes)")));
        let unlisted = self.files - self.listed.len();
        if unlisted > 0 {
            lines.push(format!("and {unlisted} more"));
        }
        lines.push(String::new());
        Some(lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn files_are_added_until_the_archive_is_full() {
        let mut limits = ArchiveLimits::new(at(0));
        assert!(limits.admit("a", MAX_BYTES - 1, at(1)));
        assert!(!limits.admit("b", 2, at(1)) && limits.admit("c", 1, at(1)) && !limits.admit("d", 1, at(1)));
        assert_eq!((limits.left_out().files, limits.left_out().bytes), (2, 3));
    }

    #[test]
    fn the_number_of_files_is_bounded() {
        let mut limits = ArchiveLimits::new(at(0));
        assert_eq!((0..MAX_FILES + 5).filter(|_| limits.admit("a", 0, at(1))).count(), MAX_FILES);
    }

    #[test]
    fn no_file_is_added_after_the_time_is_over() {
        let mut limits = ArchiveLimits::new(at(0));
        assert!(limits.admit("a", 1, at(599)) && !limits.admit("b", 1, at(600)));
    }

    #[test]
    fn the_user_is_told_what_was_left_out() {
        assert_eq!(ArchiveLimits::new(at(0)).left_out().text(), None);
        let mut limits = ArchiveLimits::new(at(0));
        for number in 0..MAX_LISTED + 2 {
            limits.admit(&format!("todos/{number}.png"), 7, at(600));
        }
        let text = limits.left_out().text().unwrap();
        assert!(text.starts_with("This archive does not contain 1002 files (7014 bytes)"), "{text}");
        assert!(text.contains("\ntodos/999.png (7 bytes)\nand 2 more\n") && !text.contains("todos/1000.png"), "{text}");
    }
}
