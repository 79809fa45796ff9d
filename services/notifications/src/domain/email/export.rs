//! The email that the archive of a user's data is ready. It answers a request of the user, so that there is no
//! unsubscribe link.

use jiff::Timestamp;

use crate::domain::date_time::format_date_time;
use crate::domain::email::{Block, EmailContent, Link};
use crate::domain::language::Language;
use crate::domain::recipient::Recipient;

/// The email about an archive, with a button if there is a `page` to download it from. It has no link to the archive
/// itself, so that access to the mailbox alone does not suffice.
pub(crate) fn export_ready_email(expires_at: Timestamp, recipient: &Recipient, page: Option<&str>) -> EmailContent {
    let until = format_date_time(expires_at, &recipient.time_zone(), recipient.language());
    let (subject, paragraphs, open) = match recipient.language() {
        Language::English => (
            "The archive of your data is ready",
            [
                "You asked for everything that Busline has of you. The archive is ready.".to_owned(),
                format!("You can download it, signed in, until {until}."),
            ],
            "Go to the download",
        ),
        Language::German => (
            "Das Archiv Ihrer Daten ist bereit",
            [
                "Sie wollten alles haben, was Busline von Ihnen hat. Das Archiv ist bereit.".to_owned(),
                format!("Wenn Sie angemeldet sind, können Sie es herunterladen, bis {until}."),
            ],
            "Zum Download",
        ),
    };
    let button = page.map(|page| Block::Button(Link { label: open.to_owned(), url: format!("{page}/export") }));
    EmailContent {
        language: recipient.language(),
        subject: subject.to_owned(),
        name: recipient.display_name.clone(),
        blocks: paragraphs.into_iter().map(Block::Paragraph).chain(button).collect(),
        footer: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(locale: &str, page: Option<&str>) -> crate::domain::email::Email {
        let until = "2026-12-24T17:00:00Z".parse().unwrap();
        export_ready_email(until, &Recipient::example(locale, "Europe/Zurich"), page).render().unwrap()
    }

    #[test]
    fn both_languages_name_the_expiry_and_link_to_the_page() {
        let page = Some("https://p.example");
        let (english, german) = (email("en", page), email("de-CH", page));
        assert_eq!(english.subject, "The archive of your data is ready");
        assert_eq!(german.subject, "Das Archiv Ihrer Daten ist bereit");
        let expected = "until Thursday, 24 December 2026, 18:00 (Europe/Zurich).";
        assert!(english.text.contains(expected), "{}", english.text);
        let expected = "bis Donnerstag, 24. Dezember 2026, 18:00 Uhr (Europe/Zurich).";
        assert!(german.text.contains(expected), "{}", german.text);
        for email in [english, german] {
            assert!(email.html.contains("href=\"https://p.example/export\""), "{}", email.html);
            assert!(email.text.contains("https://p.example/export") && email.one_click_url.is_none(), "{}", email.text);
        }
    }

    #[test]
    fn without_a_page_there_is_no_link() {
        let email = email("en", None);
        assert!(!email.html.contains("href") && !email.text.contains("Go to"));
    }
}
