//! The email that lists a user's due items once a day.

use crate::domain::agenda::AgendaItem;
use crate::domain::date_time::{format_date, format_time, local_date};
use crate::domain::digest::Digest;
use crate::domain::email::{Block, EmailContent, Footer, Link, ListItem};
use crate::domain::language::Language;
use crate::domain::recipient::Recipient;
use crate::domain::unsubscribe::UnsubscribeLinks;

/// A list shows this many items and counts the others.
const MAX_LISTED_ITEMS: usize = 10;

/// The fixed texts of a digest in one language.
struct Texts {
    subject: String,
    overdue: &'static str,
    due: &'static str,
    done: &'static str,
    open: &'static str,
    reason: &'static str,
    unsubscribe: &'static str,
}

impl Texts {
    fn new(digest: &Digest, language: Language) -> Self {
        let day = format_date(digest.day, language);
        match language {
            Language::English => Self {
                subject: format!("Your to-dos for {day}"),
                overdue: "Overdue",
                due: "Due today",
                done: "Done yesterday",
                open: "Open your list",
                reason: "You get this mail once a day because you asked for it.",
                unsubscribe: "Stop the daily digest",
            },
            Language::German => Self {
                subject: format!("Ihre Aufgaben für {day}"),
                overdue: "Überfällig",
                due: "Heute fällig",
                done: "Gestern erledigt",
                open: "Liste öffnen",
                reason: "Sie bekommen diese Mail einmal am Tag, weil Sie sie bestellt haben.",
                unsubscribe: "Tägliche Übersicht abbestellen",
            },
        }
    }
}

/// The digest email, with a button if there is a `page` to open.
pub(crate) fn digest_email(
    digest: &Digest,
    recipient: &Recipient,
    page: Option<&str>,
    unsubscribe: UnsubscribeLinks,
) -> EmailContent {
    let (language, zone) = (recipient.language(), recipient.time_zone());
    let texts = Texts::new(digest, language);
    let day = |item: &AgendaItem| item.due_at.map(|at| format_date(local_date(at, &zone), language));
    let hour = |item: &AgendaItem| {
        let at = item.due_at.filter(|_| !item.is_all_day);
        at.map(|at| format_time(at, &zone, language))
    };
    let lists = [
        list(texts.overdue, &digest.overdue, language, day),
        list(texts.due, &digest.due, language, hour),
        list(texts.done, &digest.done, language, |_| None),
    ];
    let button = page.map(|page| Block::Button(Link { label: texts.open.to_owned(), url: format!("{page}/") }));
    EmailContent {
        language,
        subject: texts.subject,
        name: recipient.display_name.clone(),
        blocks: lists.into_iter().flatten().chain(button).collect(),
        footer: Some(Footer {
            reason: texts.reason.to_owned(),
            unsubscribe: Link { label: texts.unsubscribe.to_owned(), url: unsubscribe.page },
            one_click_url: unsubscribe.one_click,
        }),
    }
}

fn list(
    heading: &str,
    items: &[AgendaItem],
    language: Language,
    detail: impl Fn(&AgendaItem) -> Option<String>,
) -> Option<Block> {
    if items.is_empty() {
        return None;
    }
    let mut lines: Vec<ListItem> = items
        .iter()
        .take(MAX_LISTED_ITEMS)
        .map(|item| ListItem { text: item.title.clone(), detail: detail(item) })
        .collect();
    let more = items.len() - lines.len();
    if more > 0 {
        let text = match language {
            Language::English => format!("… and {more} more"),
            Language::German => format!("… und {more} weitere"),
        };
        lines.push(ListItem { text, detail: None });
    }
    Some(Block::List { heading: format!("{heading} ({})", items.len()), items: lines })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::agenda::ItemState;

    fn open(title: &str, due_at: &str) -> AgendaItem {
        let due_at = Some(due_at.parse().unwrap());
        AgendaItem { title: title.to_owned(), due_at, is_all_day: false, state: ItemState::Open }
    }

    fn email(items: Vec<AgendaItem>, locale: &str) -> crate::domain::email::Email {
        let recipient = Recipient::example(locale, "Europe/Berlin");
        let at: Timestamp = "2026-11-21T06:00:00Z".parse().unwrap();
        let digest = Digest::for_day(items, &recipient.time_zone(), at).unwrap();
        let unsubscribe = UnsubscribeLinks {
            page: "https://p.example/u?token=t".into(),
            one_click: "https://p.example/api/u".into(),
        };
        digest_email(&digest, &recipient, None, unsubscribe).render().unwrap()
    }

    #[test]
    fn a_digest_lists_overdue_due_and_completed_items() {
        let done = AgendaItem {
            title: "Brot".to_owned(),
            due_at: None,
            is_all_day: false,
            state: ItemState::Completed { at: "2026-11-20T12:00:00Z".parse().unwrap() },
        };
        let all_day = AgendaItem { is_all_day: true, ..open("Blumen", "2026-11-21T08:00:00Z") };
        let items = vec![open("Steuer", "2026-11-01T08:00:00Z"), open("Milch", "2026-11-21T17:00:00Z"), all_day, done];
        let german = email(items, "de");
        assert_eq!(german.subject, "Ihre Aufgaben für Samstag, 21. November 2026");
        let expected = "Hallo Ann,\n\nÜberfällig (1)\n- Steuer (Sonntag, 1. November 2026)\n\nHeute fällig (2)\n- Blumen\n- \
                        Milch (18:00 Uhr)\n\nGestern erledigt (1)\n- Brot\n\nBusline\n\n-- \nSie bekommen diese Mail einmal am \
                        Tag, weil Sie sie bestellt haben.\nTägliche Übersicht abbestellen: https://p.example/u?token=t";
        assert_eq!(german.text, expected);
    }

    #[test]
    fn a_long_list_is_cut_and_an_empty_one_is_left_out() {
        let items = (0..13).map(|number| open(&format!("item {number}"), "2026-11-21T17:00:00Z")).collect();
        let english = email(items, "en");
        assert!(english.text.contains("Due today (13)\n- item 0 (18:00)"), "{}", english.text);
        assert!(english.text.contains("- item 9 (18:00)\n- … and 3 more\n"), "{}", english.text);
        assert!(!english.text.contains("Overdue") && !english.text.contains("Done"));
    }
}
