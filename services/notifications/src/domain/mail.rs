//! What our mails say. Pure.
//!
//! A mail is a letter: words in the reader's language, put into one layout that all mails share, once as HTML and once
//! as plain text. The layouts are `templates/letter.html` and `templates/letter.txt`, compiled and checked with the
//! program; whatever stands in a letter is escaped in the HTML.

pub(crate) mod digest;
pub(crate) mod export;
pub(crate) mod reminder;
pub(crate) mod welcome;

use askama::Template;
use lambda_kit::text;

use crate::domain::language::Language;

/// A mail without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) subject: String,
    /// For readers that show plain text.
    pub(crate) text: String,
    /// The same words for readers that show HTML.
    pub(crate) html: String,
    /// Where one `POST` stops all mails of this kind; none for a mail that is sent once.
    pub(crate) one_click: Option<String>,
}

/// A mail before it is put into the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) language: Language,
    /// One line.
    pub(crate) subject: String,
    /// Whom it is for, by the name that they gave.
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) footer: Option<Footer>,
}

/// A part of a letter's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Paragraph(String),
    /// A heading and what stands under it.
    List(String, Vec<Line>),
    Button(Link),
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) detail: Option<String>,
}

/// An address with the words to follow it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) label: String,
    pub(crate) url: String,
}

/// Why somebody gets a mail of a kind that comes again, and how to stop it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) why: String,
    /// For people: a page that asks.
    pub(crate) stop: Link,
    /// For mail programs: the address of one `POST`.
    pub(crate) one_click: String,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    greeting: &'a str,
    parts: &'a [Part],
    footer: Option<&'a Footer>,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    greeting: &'a str,
    parts: &'a [Part],
    footer: Option<&'a Footer>,
}

impl Letter {
    /// The letter in both layouts.
    pub(crate) fn mail(self) -> Result<Mail, askama::Error> {
        let greeting = match self.language {
            Language::English => format!("Hello {},", self.name),
            Language::German => format!("Hallo {},", self.name),
        };
        let (greeting, parts, footer) = (&*greeting, &*self.parts, self.footer.as_ref());
        let subject = one_line(&self.subject);
        Ok(Mail {
            html: Html { language: self.language, subject: &subject, greeting, parts, footer }.render()?,
            text: Text { greeting, parts, footer }.render()?,
            subject,
            one_click: self.footer.map(|footer| footer.one_click),
        })
    }
}

/// A header's text: a title is one line by the rules of its owner, and must be one here whatever comes.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || text::is_line_break(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_mail_is_one() {
        assert_eq!(one_line("a\nb\u{2028}c\u{2029}d"), "a b c d");
    }

    fn letter() -> Letter {
        Letter {
            language: Language::German,
            subject: "Ihre\nAufgaben".to_owned(),
            name: "<b>\"Ann\" & 'Bob'</b>".to_owned(),
            parts: vec![
                Part::Paragraph("Eins.".to_owned()),
                Part::List(
                    "Heute".to_owned(),
                    vec![
                        Line { text: "<script>alert(1)</script>".to_owned(), detail: Some("18:00 Uhr".to_owned()) },
                        Line { text: "Milch".to_owned(), detail: None },
                    ],
                ),
                Part::Button(Link { label: "Öffnen".to_owned(), url: "https://busline.example/?a=\"b\"".to_owned() }),
            ],
            footer: Some(Footer {
                why: "Darum.".to_owned(),
                stop: Link { label: "Abbestellen".to_owned(), url: "https://busline.example/u".to_owned() },
                one_click: "https://busline.example/api/u".to_owned(),
            }),
        }
    }

    #[test]
    fn the_text_is_laid_out_for_people() {
        let mail = letter().mail().unwrap();
        let expected = "Hallo <b>\"Ann\" & 'Bob'</b>,\n\nEins.\n\nHeute\n- <script>alert(1)</script> (18:00 Uhr)\n- Milch\n\n\
                        Öffnen: https://busline.example/?a=\"b\"\n\nBusline\n\n-- \nDarum.\nAbbestellen: \
                        https://busline.example/u";
        assert_eq!(mail.text, expected);
        assert_eq!(
            (mail.subject.as_str(), mail.one_click.as_deref()),
            ("Ihre Aufgaben", Some("https://busline.example/api/u"))
        );
    }

    #[test]
    fn nothing_in_a_letter_is_markup() {
        let html = letter().mail().unwrap().html;
        assert!(html.starts_with("<!doctype html>\n<html lang=\"de\">"));
        for markup in ["<b>", "<script>", "a=\"b\""] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
        assert!(html.contains("Milch</li>") && html.contains("<span>18:00 Uhr</span>"), "{html}");
        assert!(html.contains("prefers-color-scheme: dark") && !html.contains("<img") && !html.contains("url("));
    }

    #[test]
    fn a_mail_that_is_sent_once_has_no_footer_and_no_header() {
        let mail = Letter { footer: None, ..letter() }.mail().unwrap();
        assert!(!mail.html.contains("<footer>") && mail.text.ends_with("\n\nBusline"));
        assert_eq!(mail.one_click, None);
    }
}
