//! Texts in UTF-8, checked part by part.

use lambda_kit::text::is_visible;

use crate::domain::attachment::RejectionReason;
use crate::domain::content_type::ContentType;
use crate::domain::inspection::format;

/// How many bytes of the beginning are kept: browsers detect a type from no more.
///
/// Source: <https://mimesniff.spec.whatwg.org/#reading-the-resource-header>
const HEAD_BYTES: usize = 1445;

/// Beginnings of markup and scripts, in lower case.
const CODE_PREFIXES: [&str; 9] = ["<!doctype", "<!--", "<![", "<?xml", "<?php", "<?=", "<%", "</script", "#!"];

/// The elements by which browsers recognize a page, and others that they show or run, in lower case.
///
/// Source: <https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type>
const HTML_ELEMENTS: [&str; 64] = [
    "a",
    "applet",
    "audio",
    "b",
    "base",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "font",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "html",
    "i",
    "iframe",
    "image",
    "img",
    "input",
    "li",
    "link",
    "marquee",
    "math",
    "meta",
    "nav",
    "noscript",
    "object",
    "ol",
    "p",
    "portal",
    "pre",
    "s",
    "script",
    "select",
    "span",
    "strong",
    "style",
    "svg",
    "table",
    "template",
    "textarea",
    "title",
    "u",
    "ul",
    "video",
    "xml",
];

const OTHER_TYPES: [ContentType; 5] =
    [ContentType::Png, ContentType::Jpeg, ContentType::Gif, ContentType::Webp, ContentType::Pdf];

/// The check of one text.
#[derive(Debug, Default)]
pub(crate) struct TextCheck {
    head: Vec<u8>,
    /// The first bytes of a character that is not complete yet: three at most.
    incomplete: Vec<u8>,
}

impl TextCheck {
    /// Checks the next part.
    pub(crate) fn feed(&mut self, part: &[u8]) -> Result<(), RejectionReason> {
        let room = HEAD_BYTES.saturating_sub(self.head.len()).min(part.len());
        self.head.extend_from_slice(&part[..room]);
        let mut bytes = std::mem::take(&mut self.incomplete);
        bytes.extend_from_slice(part);
        let readable = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_some() => return Err(RejectionReason::WrongType),
            Err(error) => {
                let (whole, incomplete) = bytes.split_at(error.valid_up_to());
                self.incomplete = incomplete.to_vec();
                std::str::from_utf8(whole).map_err(|_| RejectionReason::WrongType)?
            }
        };
        let binary = readable.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{85}'));
        if binary { Err(RejectionReason::WrongType) } else { Ok(()) }
    }

    /// Checks the text as a whole, after its last part.
    pub(crate) fn finish(self) -> Result<(), RejectionReason> {
        if !self.incomplete.is_empty() || OTHER_TYPES.iter().any(|&other| format::has_signature(&self.head, other)) {
            return Err(RejectionReason::WrongType);
        }
        // Its last character may be incomplete.
        let head = String::from_utf8_lossy(&self.head).to_lowercase();
        let text = head.trim_start_matches(|c| !is_visible(c));
        let is_code = CODE_PREFIXES.iter().any(|start| text.starts_with(start)) || starts_with_element(text);
        if is_code { Err(RejectionReason::Unsafe) } else { Ok(()) }
    }
}

/// Whether a text starts with a tag that browsers know, or with any tag that has an event handler.
fn starts_with_element(text: &str) -> bool {
    let Some(tag) = text.strip_prefix('<') else {
        return false;
    };
    let tag = tag.split('>').next().unwrap_or(tag);
    let mut words = tag.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\''));
    let is_known = words.next().is_some_and(|name| HTML_ELEMENTS.contains(&name));
    is_known || (tag.starts_with(|c: char| c.is_ascii_lowercase()) && words.any(is_handler))
}

/// Whether it is an event handler such as `onclick=…`.
fn is_handler(attribute: &str) -> bool {
    attribute.strip_prefix("on").is_some_and(|event| event.starts_with(|c: char| c.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[&[u8]]) -> Result<(), RejectionReason> {
        let mut text = TextCheck::default();
        for part in parts {
            text.feed(part)?;
        }
        text.finish()
    }

    #[test]
    fn a_text_is_accepted_wherever_its_parts_are_split() {
        let text = "\u{feff}Milch für Müller 🥛\r\n\tund Brot < 3 €\n".as_bytes();
        for at in 0..text.len() {
            let (first, second) = text.split_at(at);
            assert_eq!(check(&[first, second]), Ok(()), "split at {at}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(check(&bytes), Ok(()));
    }

    #[test]
    fn another_format_is_of_the_wrong_type() {
        let cut = "ü".as_bytes();
        for other in
            [b"a\0b".as_slice(), b"MZ\x90\0\x03", b"\xff\xfea\0", b"caf\xe9", b"\x1b[2J", b"%PDF-1.7", &cut[..1]]
        {
            assert_eq!(check(&[other]), Err(RejectionReason::WrongType), "{other:?}");
        }
    }

    #[test]
    fn a_script_is_unsafe() {
        for page in
            ["<!DOCTYPE html>", " \n<SCRIPT>alert(1)</SCRIPT>", "\u{feff}<svg onload=x>", "#!/bin/sh\n", "<?php"]
        {
            assert_eq!(check(&[page.as_bytes()]), Err(RejectionReason::Unsafe), "{page}");
        }
    }

    #[test]
    fn a_text_that_starts_like_html_is_unsafe() {
        for page in [
            "<div onclick=1>",
            "<IMG src=x onerror=alert(1)>",
            "<table>",
            "<h1>",
            "<p>",
            "<b>",
            "<br/>",
            "<font color=red>",
            "<title>",
            "<meta http-equiv=refresh>",
            "<object\ndata=x>",
            "<svg/onload=alert(1)>",
            "<anything onfocus = alert(1)>",
            "\u{a0}<html>",
            "\u{feff}\u{200b}\r\n<a href=x>",
            "<p",
        ] {
            assert_eq!(check(&[page.as_bytes()]), Err(RejectionReason::Unsafe), "{page}");
        }
    }

    #[test]
    fn a_text_with_html_characters_elsewhere_is_accepted() {
        for text in [
            "<3 you",
            "< 5 items",
            "<= 5 > 3",
            "<",
            "",
            "<john@example.com> wrote on Monday:",
            "<nick> hello",
            "<tbd> once a week",
            "<begin>",
            "<address>",
            "Use <b> for bold",
            "#hash",
            "< div >",
        ] {
            assert_eq!(check(&[text.as_bytes()]), Ok(()), "{text}");
        }
    }
}
