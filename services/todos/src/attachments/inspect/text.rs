//! Texts: UTF-8 that a person could have written, looked at as it flows by.

use events::todos::attachments::{ContentType, RejectionReason};

use crate::attachments::inspect::ends;

/// How many bytes of the beginning are held: browsers guess a type from no more.
///
/// Source: <https://mimesniff.spec.whatwg.org/#reading-the-resource-header>
const HEAD: usize = 1445;

/// What browsers and shells run although it is text, in lower case.
const RUN: [&[u8]; 14] = [
    b"<!doctype",
    b"<html",
    b"<head",
    b"<body",
    b"<script",
    b"<iframe",
    b"<svg",
    b"<style",
    b"<?xml",
    b"<!--",
    b"<?php",
    b"<%",
    b"<a ",
    b"#!",
];

const TYPES: [ContentType; 5] =
    [ContentType::Png, ContentType::Jpeg, ContentType::Gif, ContentType::Webp, ContentType::Pdf];

/// A look at a text, part by part.
#[derive(Debug, Default)]
pub(crate) struct TextCheck {
    head: Vec<u8>,
    /// The first bytes of a character whose others are still to come: three at most.
    open: Vec<u8>,
}

impl TextCheck {
    /// Looks at the next part.
    pub(crate) fn feed(&mut self, part: &[u8]) -> Result<(), RejectionReason> {
        let room = HEAD.saturating_sub(self.head.len()).min(part.len());
        self.head.extend_from_slice(&part[..room]);
        let mut bytes = std::mem::take(&mut self.open);
        bytes.extend_from_slice(part);
        let readable = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_some() => return Err(RejectionReason::WrongType),
            Err(error) => {
                let (whole, open) = bytes.split_at(error.valid_up_to());
                self.open = open.to_vec();
                std::str::from_utf8(whole).map_err(|_| RejectionReason::WrongType)?
            }
        };
        let binary = readable.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{85}'));
        if binary { Err(RejectionReason::WrongType) } else { Ok(()) }
    }

    /// Says what the whole was.
    pub(crate) fn finish(self) -> Result<(), RejectionReason> {
        if !self.open.is_empty() || TYPES.iter().any(|&other| ends::begins_as(&self.head, other)) {
            return Err(RejectionReason::WrongType);
        }
        let text =
            self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.head).trim_ascii_start().to_ascii_lowercase();
        if RUN.iter().any(|start| text.starts_with(start)) { Err(RejectionReason::Unsafe) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(parts: &[&[u8]]) -> Result<(), RejectionReason> {
        let mut check = TextCheck::default();
        for part in parts {
            check.feed(part)?;
        }
        check.finish()
    }

    #[test]
    fn a_text_is_taken_wherever_it_is_cut() {
        let text = "\u{feff}Milch für Müller 🥛\r\n\tund Brot < 3 €\n".as_bytes();
        for at in 0..text.len() {
            let (first, second) = text.split_at(at);
            assert_eq!(look(&[first, second]), Ok(()), "cut at {at}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(look(&bytes), Ok(()));
    }

    #[test]
    fn what_is_no_text_is_of_the_wrong_type() {
        let cut = "ü".as_bytes();
        for other in
            [b"a\0b".as_slice(), b"MZ\x90\0\x03", b"\xff\xfea\0", b"caf\xe9", b"\x1b[2J", b"%PDF-1.7", &cut[..1]]
        {
            assert_eq!(look(&[other]), Err(RejectionReason::WrongType), "{other:?}");
        }
    }

    #[test]
    fn what_others_would_run_is_unsafe() {
        for page in
            ["<!DOCTYPE html>", " \n<SCRIPT>alert(1)</SCRIPT>", "\u{feff}<svg onload=x>", "#!/bin/sh\n", "<?php"]
        {
            assert_eq!(look(&[page.as_bytes()]), Err(RejectionReason::Unsafe), "{page}");
        }
    }
}
