//! Names of files: what is kept of one, and how it goes into a header.

use events::todos::attachments::ContentType;
use lambda_kit::text;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::Broken;

/// A file's name: one line of 1 to 200 characters, no part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// What stands unencoded in a header's extended value.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1>
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Name {
    const MAX: usize = 200;

    /// A name as a person sees it: the last part of a path, without what cannot be seen. `openapi.yaml` says the same.
    pub(crate) fn clean(text: &str) -> Result<Self, Broken> {
        let count = text.chars().count();
        if count > Self::MAX {
            return Err(Broken(format!("must have 1 to {} characters, this has {count}", Self::MAX)));
        }
        let last = text.rsplit(['/', '\\']).next().unwrap_or("");
        let visible: String = last.chars().filter(|&c| !is_hidden(c)).collect();
        // `.` and `..` are no names; a dot or a blank at the end is lost on Windows, and so is what it hid.
        let name = visible.trim().trim_end_matches(|c: char| c == '.' || c.is_whitespace());
        if !name.contains(|c| c != '.' && text::is_seen(c)) {
            return Err(Broken(
                "must be a file's name, with a character that is neither hidden nor a blank or dot".into(),
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// One that was cleaned when it was written, perhaps by rules that have grown since.
    pub(crate) fn stored(name: String) -> Self {
        Self(name)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the file on a disk: any system takes its characters.
    pub(crate) fn on_disk(&self, content_type: ContentType) -> String {
        self.with_ending(content_type).replace(['<', '>', ':', '"', '|', '?', '*'], "_")
    }

    /// The name with an ending of the type's, so that a double click opens a text as a text, whatever it is called.
    fn with_ending(&self, content_type: ContentType) -> String {
        let endings = endings(content_type);
        let lower = self.0.to_lowercase();
        let fits = endings.iter().any(|ending| lower.ends_with(ending));
        format!("{}{}", self.0, if fits { "" } else { endings[0] })
    }

    /// The header `Content-Disposition` under which the file is downloaded.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6266#section-4.3>
    pub(crate) fn disposition(&self, content_type: ContentType) -> String {
        let name = self.with_ending(content_type);
        let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, EXTENDED))
    }
}

fn endings(content_type: ContentType) -> &'static [&'static str] {
    match content_type {
        ContentType::Png => &[".png"],
        ContentType::Jpeg => &[".jpg", ".jpeg", ".jfif"],
        ContentType::Gif => &[".gif"],
        ContentType::Webp => &[".webp"],
        ContentType::Pdf => &[".pdf"],
        ContentType::Text => &[".txt", ".text", ".md", ".csv", ".log"],
    }
}

/// What old clients take between quotes without a doubt.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ')
}

/// Control characters, and those that turn the direction of writing, break lines or take no room: a name must not look
/// like another one. What chooses the form of the character before it stays: emoji and Japanese names have such.
fn is_hidden(c: char) -> bool {
    c.is_control() || text::is_line_break(c) || (text::takes_no_room(c) && !is_variation(c))
}

/// Source: <https://www.unicode.org/reports/tr37/>
fn is_variation(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        Name::clean(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_name_is_no_part_of_a_path() {
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("C:\\Users\\ann\\holiday.jpg"), "holiday.jpg");
        assert_eq!(clean("/holiday.jpg"), "holiday.jpg");
        for none in
            ["", "/", "..", "../..", "a/..", ". .", "\u{200b}", "\u{3164}", "\u{2800}", "\u{fe0f}", ".\u{fe0f}", "a\\"]
        {
            assert!(Name::clean(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn a_name_shows_all_that_it_is() {
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
        assert!(Name::clean(&"ü".repeat(200)).is_ok());
        assert!(Name::clean(&"ü".repeat(201)).is_err());
    }

    #[test]
    fn a_disposition_cannot_be_broken_out_of() {
        let disposition = |text: &str| Name::clean(text).unwrap().disposition(ContentType::Png);
        assert_eq!(
            disposition("a\"; filename=\"b.exe"),
            "attachment; filename=\"a__ filename__b.exe.png\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe.png"
        );
        assert_eq!(disposition("ü.png"), "attachment; filename=\"_.png\"; filename*=UTF-8''%C3%BC.png");
    }

    #[test]
    fn a_name_on_a_disk_is_one_everywhere() {
        let on_disk = |text: &str, content_type| Name::clean(text).unwrap().on_disk(content_type);
        assert_eq!(on_disk("what? 1:2 \"x\".txt", ContentType::Text), "what_ 1_2 _x_.txt");
        assert_eq!(on_disk("Zoë <3", ContentType::Png), "Zoë _3.png");
    }

    #[test]
    fn a_download_ends_as_its_type_does() {
        let ends = |text: &str, content_type, ending: &str| {
            let disposition = Name::clean(text).unwrap().disposition(content_type);
            assert!(disposition.ends_with(ending), "{disposition}");
        };
        ends("run.bat", ContentType::Text, "run.bat.txt");
        ends("notes.md", ContentType::Text, "''notes.md");
        ends("Holiday.JPEG", ContentType::Jpeg, "''Holiday.JPEG");
        ends("page.html", ContentType::Pdf, "page.html.pdf");
    }
}
