//! The email that a to-do item is due.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::date_time::{format_date, format_date_time, local_date};
use crate::domain::email::{Block, EmailContent, Footer, Link};
use crate::domain::language::Language;
use crate::domain::recipient::Recipient;
use crate::domain::unsubscribe::UnsubscribeLinks;

/// How many reminders a user receives on one day; one more tells of the further ones. Days begin at midnight in UTC.
pub(crate) const MAX_REMINDERS_PER_DAY: usize = 20;

/// A to-do item that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DueTodo {
    pub(crate) todo: Uuid,
    pub(crate) title: String,
    pub(crate) at: Timestamp,
    /// Whether it is due on the day as a whole.
    pub(crate) is_all_day: bool,
}

/// The reminder, with a button if there is a `page` to open.
pub(crate) fn reminder_email(
    due: &DueTodo,
    recipient: &Recipient,
    page: Option<&str>,
    unsubscribe: UnsubscribeLinks,
) -> EmailContent {
    let (title, when) = (&due.title, due_text(due, recipient));
    let (subject, text, open, reason, label) = match recipient.language() {
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
    let button = page.map(|page| Block::Button(Link { label: open.to_owned(), url: url(page) }));
    EmailContent {
        language: recipient.language(),
        subject,
        name: recipient.display_name.clone(),
        blocks: [Block::Paragraph(text)].into_iter().chain(button).collect(),
        footer: Some(Footer {
            reason: reason.to_owned(),
            unsubscribe: Link { label: label.to_owned(), url: unsubscribe.page },
            one_click_url: unsubscribe.one_click,
        }),
    }
}

fn due_text(due: &DueTodo, recipient: &Recipient) -> String {
    let (zone, language) = (recipient.time_zone(), recipient.language());
    if due.is_all_day {
        return format_date(local_date(due.at, &zone), language);
    }
    format_date_time(due.at, &zone, language)
}

/// The last reminder of a day: what is due later, until `until`, is in the inbox only.
pub(crate) fn last_reminder_email(
    due: &DueTodo,
    until: Timestamp,
    recipient: &Recipient,
    page: Option<&str>,
    unsubscribe: UnsubscribeLinks,
) -> EmailContent {
    let until = format_date_time(until, &recipient.time_zone(), recipient.language());
    let text = match recipient.language() {
        Language::English => format!(
            "You have received {MAX_REMINDERS_PER_DAY} reminders today. Until {until}, whatever else is due is in your \
             inbox, without a mail."
        ),
        Language::German => format!(
            "Sie haben heute {MAX_REMINDERS_PER_DAY} Erinnerungen bekommen. Was sonst noch fällig ist, steht bis \
             {until} ohne Mail in Ihrem Eingang."
        ),
    };
    let mut content = reminder_email(due, recipient, page, unsubscribe);
    content.blocks.insert(1, Block::Paragraph(text));
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due() -> DueTodo {
        DueTodo {
            todo: Uuid::from_u128(3),
            title: "Milch & Brot".to_owned(),
            at: "2026-12-24T17:00:00Z".parse().unwrap(),
            is_all_day: false,
        }
    }

    fn unsubscribe() -> UnsubscribeLinks {
        UnsubscribeLinks { page: "https://p.example/u?token=t".into(), one_click: "https://p.example/api/u".into() }
    }

    fn email(locale: &str, time_zone: &str) -> crate::domain::email::Email {
        let recipient = Recipient::example(locale, time_zone);
        reminder_email(&due(), &recipient, Some("https://p.example"), unsubscribe()).render().unwrap()
    }

    #[test]
    fn the_last_reminder_of_a_day_tells_where_the_others_are_and_until_when() {
        let midnight = "2026-12-25T00:00:00Z".parse().unwrap();
        let last = |locale, zone| {
            let recipient = Recipient::example(locale, zone);
            last_reminder_email(&due(), midnight, &recipient, Some("https://p.example"), unsubscribe())
                .render()
                .unwrap()
        };
        let english = last("en", "Europe/Dublin").text;
        assert!(english.contains("“Milch & Brot” is due: Thursday, 24 December 2026, 17:00"), "{english}");
        let until = "received 20 reminders today. Until Friday, 25 December 2026, 00:00 (Europe/Dublin), whatever";
        assert!(english.contains(until), "{english}");
        let german = last("de-CH", "Europe/Zurich").text;
        assert!(german.contains("bis Freitag, 25. Dezember 2026, 01:00 Uhr (Europe/Zurich) ohne Mail"), "{german}");
        assert!(german.contains("Öffnen: https://p.example/todos/"), "{german}");
    }

    #[test]
    fn the_time_is_in_the_recipients_time_zone() {
        let swiss = email("de-CH", "Europe/Zurich");
        assert_eq!(swiss.subject, "„Milch & Brot“ ist fällig");
        let expected = "„Milch & Brot“ ist fällig: Donnerstag, 24. Dezember 2026, 18:00 Uhr (Europe/Zurich).";
        assert!(swiss.text.contains(expected), "{}", swiss.text);
        let japanese = email("ja", "Asia/Tokyo");
        assert!(japanese.text.contains("is due: Friday, 25 December 2026, 02:00 (Asia/Tokyo)."), "{}", japanese.text);
    }

    #[test]
    fn a_reminder_of_a_whole_day_has_no_time() {
        let recipient = Recipient::example("en", "Asia/Tokyo");
        let due = DueTodo { is_all_day: true, ..due() };
        let text = reminder_email(&due, &recipient, None, unsubscribe()).render().unwrap().text;
        assert!(text.contains("is due: Friday, 25 December 2026."), "{text}");
    }

    #[test]
    fn it_links_to_the_item_and_has_both_unsubscribe_links() {
        let email = email("en", "UTC");
        assert_eq!(email.one_click_url.as_deref(), Some("https://p.example/api/u"));
        assert!(email.text.contains("Stop reminder mails: https://p.example/u?token=t"));
        assert!(email.html.contains("href=\"https://p.example/todos/00000000-0000-0000-0000-000000000003\""));
        assert!(email.html.contains("Milch &#38; Brot"), "{}", email.html);
    }
}
