//! The content of emails.
//!
//! All emails share one layout, which is rendered as HTML and as plain text: `templates/email.html` and
//! `templates/email.txt`. The templates are compiled and checked with the program, and HTML escapes all content.

pub(crate) mod digest;
pub(crate) mod export;
pub(crate) mod reminder;
pub(crate) mod welcome;

use askama::Template;
use lambda_kit::text;

use crate::domain::language::Language;

/// A rendered email, without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email {
    pub(crate) subject: String,
    /// For mail programs that show plain text.
    pub(crate) text: String,
    /// The same content for mail programs that show HTML.
    pub(crate) html: String,
    /// The address at which one `POST` unsubscribes from this kind; `None` for an email that is sent once.
    pub(crate) one_click_url: Option<String>,
}

/// An email before it is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EmailContent {
    pub(crate) language: Language,
    pub(crate) subject: String,
    /// The display name of the recipient.
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) footer: Option<Footer>,
}

/// A block of an email's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Paragraph(String),
    List { heading: String, items: Vec<ListItem> },
    Button(Link),
}

/// An item of a list, with its date or time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListItem {
    pub(crate) text: String,
    pub(crate) detail: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) label: String,
    pub(crate) url: String,
}

/// The footer of a recurring email: why the recipient receives it, and how to unsubscribe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) reason: String,
    /// For people: leads to a page that asks for confirmation.
    pub(crate) unsubscribe: Link,
    /// For mail programs, which send a `POST`.
    pub(crate) one_click_url: String,
}

#[derive(Template)]
#[template(path = "email.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    greeting: &'a str,
    blocks: &'a [Block],
    footer: Option<&'a Footer>,
}

#[derive(Template)]
#[template(path = "email.txt")]
struct Text<'a> {
    greeting: &'a str,
    blocks: &'a [Block],
    footer: Option<&'a Footer>,
}

impl EmailContent {
    /// Renders the email as HTML and as plain text.
    pub(crate) fn render(self) -> Result<Email, askama::Error> {
        let greeting = match self.language {
            Language::English => format!("Hello {},", self.name),
            Language::German => format!("Hallo {},", self.name),
        };
        let (greeting, blocks, footer) = (&*greeting, &*self.blocks, self.footer.as_ref());
        let subject = one_line(&self.subject);
        Ok(Email {
            html: Html { language: self.language, subject: &subject, greeting, blocks, footer }.render()?,
            text: Text { greeting, blocks, footer }.render()?,
            subject,
            one_click_url: self.footer.map(|footer| footer.one_click_url),
        })
    }
}

/// A header's text without line breaks. Titles have none by the rules of their service, but a header must not rely on
/// that.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || text::is_line_break(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_one_line() {
        assert_eq!(one_line("a\nb\u{2028}c\u{2029}d"), "a b c d");
    }

    fn content() -> EmailContent {
        EmailContent {
            language: Language::German,
            subject: "Ihre\nAufgaben".to_owned(),
            name: "<b>\"Ann\" & 'Bob'</b>".to_owned(),
            blocks: vec![
                Block::Paragraph("Eins.".to_owned()),
                Block::List {
                    heading: "Heute".to_owned(),
                    items: vec![
                        ListItem { text: "<script>alert(1)</script>".to_owned(), detail: Some("18:00 Uhr".to_owned()) },
                        ListItem { text: "Milch".to_owned(), detail: None },
                    ],
                },
                Block::Button(Link { label: "Öffnen".to_owned(), url: "https://busline.example/?a=\"b\"".to_owned() }),
            ],
            footer: Some(Footer {
                reason: "Darum.".to_owned(),
                unsubscribe: Link { label: "Abbestellen".to_owned(), url: "https://busline.example/u".to_owned() },
                one_click_url: "https://busline.example/api/u".to_owned(),
            }),
        }
    }

    #[test]
    fn the_text_form_has_all_content() {
        let email = content().render().unwrap();
        let expected = "Hallo <b>\"Ann\" & 'Bob'</b>,\n\nEins.\n\nHeute\n- <script>alert(1)</script> (18:00 Uhr)\n- Milch\n\n\
                        Öffnen: https://busline.example/?a=\"b\"\n\nBusline\n\n-- \nDarum.\nAbbestellen: \
                        https://busline.example/u";
        assert_eq!(email.text, expected);
        assert_eq!(
            (email.subject.as_str(), email.one_click_url.as_deref()),
            ("Ihre Aufgaben", Some("https://busline.example/api/u"))
        );
    }

    #[test]
    fn content_is_escaped_in_html() {
        let html = content().render().unwrap().html;
        assert!(html.starts_with("<!doctype html>\n<html lang=\"de\">"));
        for markup in ["<b>", "<script>", "a=\"b\""] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
        assert!(html.contains("Milch</li>") && html.contains("<span>18:00 Uhr</span>"), "{html}");
        assert!(html.contains("prefers-color-scheme: dark") && !html.contains("<img") && !html.contains("url("));
    }

    #[test]
    fn an_email_that_is_sent_once_has_no_footer_and_no_unsubscribe_header() {
        let email = EmailContent { footer: None, ..content() }.render().unwrap();
        assert!(!email.html.contains("<footer>") && email.text.ends_with("\n\nBusline"));
        assert_eq!(email.one_click_url, None);
    }
}
