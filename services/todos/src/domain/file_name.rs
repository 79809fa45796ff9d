//! File names: how one is cleaned, and how it is written in a header and on a disk.

use lambda_kit::text;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::content_type::ContentType;
use crate::domain::values::ValueError;

/// A file's name: one line of 1 to 200 characters without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileName(String);

/// All characters but those that a header's extended value holds unencoded.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1>
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl FileName {
    const MAX: usize = 200;

    /// Takes the last part of a path and removes invisible characters. `openapi.yaml` documents the same rules.
    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        let count = text.chars().count();
        if count > Self::MAX {
            return Err(ValueError(format!("must have 1 to {} characters, this has {count}", Self::MAX)));
        }
        let last = text.rsplit(['/', '\\']).next().unwrap_or("");
        let visible: String = last.chars().filter(|&c| !is_hidden(c)).collect();
        // `.` and `..` are not names. Windows drops a dot or blank at the end, which could change the ending.
        let name = visible.trim().trim_end_matches(|c: char| c == '.' || c.is_whitespace());
        if !name.contains(|c| c != '.' && text::is_visible(c)) {
            return Err(ValueError("must be a file name with a character that is visible and not a dot".into()));
        }
        Ok(Self(name.to_owned()))
    }

    /// A name from the table. It was cleaned when it was written, perhaps by older rules.
    pub(crate) fn from_stored(name: String) -> Self {
        Self(name)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with characters that every file system accepts.
    pub(crate) fn for_disk(&self, content_type: ContentType) -> String {
        self.with_extension(content_type).replace(['<', '>', ':', '"', '|', '?', '*'], "_")
    }

    /// The name with an extension of its type, so that a system opens a text as a text, whatever it is called.
    fn with_extension(&self, content_type: ContentType) -> String {
        let extensions = extensions(content_type);
        let lower = self.0.to_lowercase();
        let fits = extensions.iter().any(|extension| lower.ends_with(extension));
        format!("{}{}", self.0, if fits { "" } else { extensions[0] })
    }

    /// The header `Content-Disposition` under which the file is downloaded.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6266#section-4.3>
    pub(crate) fn disposition(&self, content_type: ContentType) -> String {
        let name = self.with_extension(content_type);
        let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, EXTENDED))
    }
}

fn extensions(content_type: ContentType) -> &'static [&'static str] {
    match content_type {
        ContentType::Png => &[".png"],
        ContentType::Jpeg => &[".jpg", ".jpeg", ".jfif"],
        ContentType::Gif => &[".gif"],
        ContentType::Webp => &[".webp"],
        ContentType::Pdf => &[".pdf"],
        ContentType::Text => &[".txt", ".text", ".md", ".csv", ".log"],
    }
}

/// Characters that old clients read correctly between quotes.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ')
}

/// Control characters, and those that change the writing direction, break lines or have no width: a name must not look
/// like another one. Variation selectors stay, since emoji and Japanese names have them.
fn is_hidden(c: char) -> bool {
    c.is_control() || text::is_line_break(c) || (text::is_ignorable(c) && !is_variation_selector(c))
}

/// Unicode's variation selectors: <https://www.unicode.org/reports/tr37/>
fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        FileName::parse(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_name_has_no_path() {
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("C:\\Users\\ann\\holiday.jpg"), "holiday.jpg");
        assert_eq!(clean("/holiday.jpg"), "holiday.jpg");
        for none in
            ["", "/", "..", "../..", "a/..", ". .", "\u{200b}", "\u{3164}", "\u{2800}", "\u{fe0f}", ".\u{fe0f}", "a\\"]
        {
            assert!(FileName::parse(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn a_name_has_no_invisible_characters() {
        assert_eq!(clean("photo\u{202e}gpj.exe"), "photogpj.exe");
        assert_eq!(clean("a\r\nSet-Cookie: b.txt"), "aSet-Cookie: b.txt");
        assert_eq!(clean("a\0.png"), "a.png");
        for hidden in ["\u{3164}", "\u{115f}", "\u{1160}", "\u{2800}", "\u{34f}", "\u{e0001}", "\u{e0041}", "\u{2028}"]
        {
            assert_eq!(clean(&format!("a{hidden}.png")), "a.png", "{hidden:?}");
        }
        assert_eq!(clean("❤\u{fe0f} 葛\u{e0100}.png"), "❤\u{fe0f} 葛\u{e0100}.png");
        assert_eq!(clean(" Rechnung für Müller.pdf "), "Rechnung für Müller.pdf");
    }

    #[test]
    fn a_name_is_bounded_in_characters() {
        assert!(FileName::parse(&"ü".repeat(200)).is_ok());
        assert!(FileName::parse(&"ü".repeat(201)).is_err());
    }

    #[test]
    fn a_name_cannot_add_header_parameters() {
        let disposition = |text: &str| FileName::parse(text).unwrap().disposition(ContentType::Png);
        assert_eq!(
            disposition("a\"; filename=\"b.exe"),
            "attachment; filename=\"a__ filename__b.exe.png\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe.png"
        );
        assert_eq!(disposition("ü.png"), "attachment; filename=\"_.png\"; filename*=UTF-8''%C3%BC.png");
    }

    #[test]
    fn a_name_for_a_disk_suits_every_file_system() {
        let for_disk = |text: &str, content_type| FileName::parse(text).unwrap().for_disk(content_type);
        assert_eq!(for_disk("what? 1:2 \"x\".txt", ContentType::Text), "what_ 1_2 _x_.txt");
        assert_eq!(for_disk("Zoë <3", ContentType::Png), "Zoë _3.png");
    }

    #[test]
    fn a_download_has_an_extension_of_its_type() {
        let ends = |text: &str, content_type, extension: &str| {
            let disposition = FileName::parse(text).unwrap().disposition(content_type);
            assert!(disposition.ends_with(extension), "{disposition}");
        };
        ends("run.bat", ContentType::Text, "run.bat.txt");
        ends("notes.md", ContentType::Text, "''notes.md");
        ends("Holiday.JPEG", ContentType::Jpeg, "''Holiday.JPEG");
        ends("page.html", ContentType::Pdf, "page.html.pdf");
    }
}
