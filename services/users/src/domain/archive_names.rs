//! The names of files in an archive, which every unpacker can write on every system.
//!
//! Services name the files of their parts, some after names that users have given, perhaps by older rules. `unzip` skips
//! a file that it cannot write, and Python's `zipfile` stops at it.

use std::collections::HashMap;
use std::iter::once;

use icu_normalizer::ComposingNormalizerBorrowed;
use lambda_kit::text;

/// The longest name of a file or folder: file systems of Linux and macOS allow 255 bytes; the rest is for a number.
const MAX_BYTES: usize = 240;
/// The longest name in UTF-16: Windows Explorer allows 260 for a whole path, of which a service's folders have up to 50.
const MAX_UTF16: usize = 120;
/// What is longer after the last dot is not an extension.
const MAX_EXTENSION: usize = 10;

/// Windows opens a device by these names, whatever their case and extension.
///
/// Source: <https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions>
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// Each with a digit; Windows takes superscript digits for digits.
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    File,
    Folder,
}

/// The names of an archive. No two of them are the same file on a system that ignores case or normalizes Unicode.
#[derive(Clone, Debug, Default)]
pub(crate) struct ArchiveNames(HashMap<String, Entry>);

impl ArchiveNames {
    /// Adds a file that is called `path` in its service's part, and returns the name that it gets: the same where every
    /// system allows it.
    pub(crate) fn add(&mut self, path: &str) -> String {
        let mut parts = path.split('/').map(safe_name).peekable();
        let mut name = String::new();
        while let Some(part) = parts.next() {
            let entry = if parts.peek().is_some() { Entry::Folder } else { Entry::File };
            let separator = if name.is_empty() { "" } else { "/" };
            name = self.place(&format!("{name}{separator}"), &part, entry);
        }
        name
    }

    /// The first of `part`, `part (2)`, `part (3)` … in `folder` that is not taken.
    fn place(&mut self, folder: &str, part: &str, entry: Entry) -> String {
        let (stem, extension) = split_extension(part);
        let numbered = (2_u32..).map(|number| format!("{folder}{stem} ({number}){extension}"));
        let mut candidates = once(format!("{folder}{part}")).chain(numbered);
        let mut name = candidates.next().unwrap_or_default();
        loop {
            match self.0.insert(comparison_key(&name), entry) {
                None => return name,
                Some(Entry::Folder) if entry == Entry::Folder => return name,
                Some(taken) => self.0.insert(comparison_key(&name), taken),
            };
            name = candidates.next().unwrap_or_default();
        }
    }
}

/// The form of a name that is the same for all names that some file system takes for one.
fn comparison_key(name: &str) -> String {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    nfc.normalize(&nfc.normalize(name).to_uppercase().to_lowercase()).into_owned()
}

/// The name of a file or folder with what every file system allows.
fn safe_name(name: &str) -> String {
    let name: String = ComposingNormalizerBorrowed::new_nfc().normalize(name).chars().map(safe_character).collect();
    // Windows drops dots and blanks at the end, so that `..` would be nothing, and `a.` the same as `a`.
    let name = shorten(trim(&name));
    if name.is_empty() {
        return "_".to_owned();
    }
    if is_device(&name) { format!("_{name}") } else { name }
}

fn trim(name: &str) -> &str {
    name.trim().trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

fn safe_character(c: char) -> char {
    let is_reserved = matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*');
    if is_reserved || c.is_control() || text::is_line_break(c) || text::is_bidi_control(c) { '_' } else { c }
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let is_numbered = NUMBERED_DEVICES.iter().filter_map(|device| stem.strip_prefix(device)).any(|number| {
        let mut characters = number.chars();
        matches!(characters.next(), Some('0'..='9' | '¹' | '²' | '³')) && characters.next().is_none()
    });
    is_numbered || DEVICES.contains(&stem.as_str())
}

/// Shortens what is before the extension until the name is within the limits.
fn shorten(name: &str) -> String {
    let (stem, extension) = split_extension(name);
    let (mut bytes, mut utf16) = (extension.len(), extension.encode_utf16().count());
    let fits = |c: &char| {
        (bytes, utf16) = (bytes + c.len_utf8(), utf16 + c.len_utf16());
        bytes <= MAX_BYTES && utf16 <= MAX_UTF16
    };
    let stem: String = stem.chars().take_while(fits).collect();
    format!("{}{extension}", if extension.is_empty() { trim(&stem) } else { &stem })
}

/// A name in two: before its extension, and the extension with its dot, empty if there is none.
fn split_extension(name: &str) -> (&str, &str) {
    let dot = name.rfind('.').filter(|&dot| dot > 0 && name[dot..].chars().count() <= MAX_EXTENSION);
    name.split_at(dot.unwrap_or(name.len()))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Names that some system cannot write, or takes for another one of them.
    pub(crate) fn worst_names() -> Vec<String> {
        let fixed = [
            "todos/CON.txt",
            "todos/con.TXT",
            "todos/NUL.md",
            "todos/aux",
            "todos/COM1.tar.gz",
            "todos/lpt².txt",
            "todos/CON .txt",
            "todos/trailing.",
            "todos/trailing...",
            "todos/trailing ",
            "todos/trailing",
            "todos/ leading",
            "todos/..",
            "todos/.",
            "todos/...",
            "../../etc/passwd",
            "/etc/passwd",
            "todos//x",
            "todos/",
            "",
            "todos/a\\b",
            "todos/..\\..\\x",
            "C:\\x",
            "todos/c:x",
            "todos/what?",
            "todos/*",
            "todos/<a>|\"b\"",
            "todos/line\nbreak",
            "todos/nul\0",
            "todos/bell\u{7}",
            "todos/del\u{7f}",
            "todos/nel\u{85}",
            "todos/ls\u{2028}",
            "todos/gpj.\u{202e}exe",
            "todos/Photo.png",
            "todos/photo.PNG",
            "todos/PHOTO.png",
            "todos/photo.png",
            "todos/Ärger.txt",
            "todos/A\u{308}rger.txt",
            "todos/ÄRGER.txt",
            "todos/straße",
            "todos/STRASSE",
            "todos/ﬁn",
            "todos/Σ",
            "todos/ς",
            "todos/folder",
            "todos/folder/file",
            "todos/FOLDER/other",
            "todos/❤\u{fe0f} 葛\u{e0100}.png",
            "todos/-rf",
            "todos/~",
            "todos/%00",
            "todos/.hidden",
            "todos/a.b/c",
        ];
        let long = ["a", "ü", "葛", "🎉", "각", "e\u{301}"].map(|c| format!("todos/{}.jpeg", c.repeat(200)));
        let without_extension = [format!("todos/{}", ". ".repeat(150)), format!("todos/{}", "葛 ".repeat(200))];
        fixed.map(str::to_owned).into_iter().chain(long).chain(without_extension).collect()
    }

    fn names(paths: &[String]) -> Vec<String> {
        let mut names = ArchiveNames::default();
        paths.iter().map(|path| names.add(path)).collect()
    }

    #[test]
    fn every_system_can_write_the_names() {
        for name in names(&worst_names()) {
            for part in name.split('/') {
                assert!(!part.is_empty() && part == trim(part), "{name:?}");
                assert!(part.len() <= 255 && part.encode_utf16().count() <= 130, "{name:?}");
                assert!(part.chars().all(|c| c == safe_character(c)) && !is_device(part), "{name:?}");
            }
        }
    }

    #[test]
    fn no_two_names_are_the_same_file_on_any_system() {
        let names = names(&[worst_names(), worst_names()].concat());
        let keys: HashSet<String> = names.iter().map(|name| comparison_key(name)).collect();
        assert_eq!(keys.len(), names.len());
        assert!(
            names.iter().all(|name| !keys.iter().any(|key| key.starts_with(&format!("{}/", comparison_key(name)))))
        );
    }

    #[test]
    fn an_allowed_name_is_unchanged() {
        for path in [
            "todos/files/0198c0de/Rechnung für Müller (2).pdf",
            "users/users-1.json",
            "todos/葛\u{e0100}.png",
            "a/.hidden",
        ] {
            assert_eq!(ArchiveNames::default().add(path), path);
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let mut names = ArchiveNames::default();
        let long = format!("{}.jpeg", "葛".repeat(200));
        let (first, second) = (names.add(&long), names.add(&long));
        assert_eq!(first, format!("{}.jpeg", "葛".repeat(78)));
        assert_eq!(second, format!("{} (2).jpeg", "葛".repeat(78)));
    }

    #[test]
    fn devices_and_dots_are_renamed() {
        for (path, name) in [
            ("CON.txt", "_CON.txt"),
            ("nul", "_nul"),
            ("com¹.log", "_com¹.log"),
            ("a. .", "a"),
            ("..", "_"),
            ("../x", "_/x"),
            ("console.txt", "console.txt"),
            ("com10", "com10"),
            ("a\\b", "a_b"),
        ] {
            assert_eq!(ArchiveNames::default().add(path), name);
        }
    }
}
