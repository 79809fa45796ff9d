//! The mail that says that an item is due.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::language::Language;
use crate::domain::mail::{Footer, Letter, Link, Part};
use crate::domain::moments::date_and_time;
use crate::domain::recipient::Recipient;
use crate::domain::unsubscribe::StopLinks;

/// An item that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) todo: Uuid,
    pub(crate) title: String,
    pub(crate) at: Timestamp,
}

/// The mail for an item that is due; with a button if there is a page to open.
pub(crate) fn reminder(due: &Due, recipient: &Recipient, page: Option<&str>, stop: StopLinks) -> Letter {
    let (title, when) = (&due.title, date_and_time(due.at, &recipient.zone(), recipient.language()));
    let (subject, text, open, why, label) = match recipient.language() {
        Language::English => (
            format!("“{title}” is due"),
            format!("“{title}” is due: {when}."),
            "Open it",
            "You get this mail because a to-do of yours is due.",
            "Stop reminder mails",
        ),
        Language::German => (
            format!("„{title}“ ist fällig"),
            format!("„{title}“ ist fällig: {when}."),
            "Öffnen",
            "Sie bekommen diese Mail, weil eine Ihrer Aufgaben fällig ist.",
            "Erinnerungen per Mail abbestellen",
        ),
    };
    let url = |page: &str| format!("{page}/todos/{}", due.todo);
    let button = page.map(|page| Part::Button(Link { label: open.to_owned(), url: url(page) }));
    Letter {
        language: recipient.language(),
        subject,
        name: recipient.display_name.clone(),
        parts: [Part::Paragraph(text)].into_iter().chain(button).collect(),
        footer: Some(Footer {
            why: why.to_owned(),
            stop: Link { label: label.to_owned(), url: stop.page },
            one_click: stop.one_click,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(locale: &str, time_zone: &str) -> crate::domain::mail::Mail {
        let due = Due {
            todo: Uuid::from_u128(3),
            title: "Milch & Brot".to_owned(),
            at: "2026-12-24T17:00:00Z".parse().unwrap(),
        };
        let recipient = Recipient::example(locale, time_zone);
        let stop =
            StopLinks { page: "https://p.example/u?token=t".into(), one_click: "https://p.example/api/u".into() };
        reminder(&due, &recipient, Some("https://p.example"), stop).mail().unwrap()
    }

    #[test]
    fn the_time_is_the_readers_own() {
        let swiss = mail("de-CH", "Europe/Zurich");
        assert_eq!(swiss.subject, "„Milch & Brot“ ist fällig");
        let expected = "„Milch & Brot“ ist fällig: Donnerstag, 24. Dezember 2026, 18:00 Uhr (Europe/Zurich).";
        assert!(swiss.text.contains(expected), "{}", swiss.text);
        let japanese = mail("ja", "Asia/Tokyo");
        assert!(japanese.text.contains("is due: Friday, 25 December 2026, 02:00 (Asia/Tokyo)."), "{}", japanese.text);
    }

    #[test]
    fn it_can_be_stopped_by_people_and_by_programs_and_opens_the_item() {
        let mail = mail("en", "UTC");
        assert_eq!(mail.one_click.as_deref(), Some("https://p.example/api/u"));
        assert!(mail.text.contains("Stop reminder mails: https://p.example/u?token=t"));
        assert!(mail.html.contains("href=\"https://p.example/todos/00000000-0000-0000-0000-000000000003\""));
        assert!(mail.html.contains("Milch &#38; Brot"), "{}", mail.html);
    }
}
