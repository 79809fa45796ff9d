//! The mail that says that the archive of somebody's data is ready. It answers what they asked for themselves: nothing to
//! unsubscribe from.

use jiff::Timestamp;

use crate::domain::language::Language;
use crate::domain::mail::{Letter, Link, Part};
use crate::domain::moments::date_and_time;
use crate::domain::recipient::Recipient;

/// The mail about an archive; with a button if there is a page to download it from. It holds no link to the archive
/// itself: whoever reads somebody's mail must still sign in.
pub(crate) fn export(expires_at: Timestamp, recipient: &Recipient, page: Option<&str>) -> Letter {
    let until = date_and_time(expires_at, &recipient.zone(), recipient.language());
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
    let button = page.map(|page| Part::Button(Link { label: open.to_owned(), url: format!("{page}/export") }));
    Letter {
        language: recipient.language(),
        subject: subject.to_owned(),
        name: recipient.display_name.clone(),
        parts: paragraphs.into_iter().map(Part::Paragraph).chain(button).collect(),
        footer: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(locale: &str, page: Option<&str>) -> crate::domain::mail::Mail {
        let until = "2026-12-24T17:00:00Z".parse().unwrap();
        export(until, &Recipient::example(locale, "Europe/Zurich"), page).mail().unwrap()
    }

    #[test]
    fn both_languages_say_until_when_and_lead_to_the_page() {
        let page = Some("https://p.example");
        let (english, german) = (mail("en", page), mail("de-CH", page));
        assert_eq!(english.subject, "The archive of your data is ready");
        assert_eq!(german.subject, "Das Archiv Ihrer Daten ist bereit");
        let expected = "until Thursday, 24 December 2026, 18:00 (Europe/Zurich).";
        assert!(english.text.contains(expected), "{}", english.text);
        let expected = "bis Donnerstag, 24. Dezember 2026, 18:00 Uhr (Europe/Zurich).";
        assert!(german.text.contains(expected), "{}", german.text);
        for mail in [english, german] {
            assert!(mail.html.contains("href=\"https://p.example/export\""), "{}", mail.html);
            assert!(mail.text.contains("https://p.example/export") && mail.one_click.is_none(), "{}", mail.text);
        }
    }

    #[test]
    fn without_a_page_there_is_nothing_to_open() {
        let mail = mail("en", None);
        assert!(!mail.html.contains("href") && !mail.text.contains("Go to"));
    }
}
