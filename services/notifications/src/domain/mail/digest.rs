//! The mail that says what a day brings.

use crate::domain::digest::{AgendaItem, Digest};
use crate::domain::language::Language;
use crate::domain::mail::{Footer, Letter, Line, Link, Part};
use crate::domain::moments::{date, local_date, time};
use crate::domain::recipient::Recipient;
use crate::domain::unsubscribe::StopLinks;

/// So many items of a list are named; the others are counted.
const NAMED: usize = 10;

/// The words of a digest in one language.
struct Words {
    subject: String,
    overdue: &'static str,
    due: &'static str,
    done: &'static str,
    open: &'static str,
    why: &'static str,
    stop: &'static str,
}

impl Words {
    fn of(digest: &Digest, language: Language) -> Self {
        let day = date(digest.day, language);
        match language {
            Language::English => Self {
                subject: format!("Your to-dos for {day}"),
                overdue: "Overdue",
                due: "Due today",
                done: "Done yesterday",
                open: "Open your list",
                why: "You get this mail once a day because you asked for it.",
                stop: "Stop the daily digest",
            },
            Language::German => Self {
                subject: format!("Ihre Aufgaben für {day}"),
                overdue: "Überfällig",
                due: "Heute fällig",
                done: "Gestern erledigt",
                open: "Liste öffnen",
                why: "Sie bekommen diese Mail einmal am Tag, weil Sie sie bestellt haben.",
                stop: "Tägliche Übersicht abbestellen",
            },
        }
    }
}

/// The mail of a digest; with a button if there is a page to open.
pub(crate) fn digest(digest: &Digest, recipient: &Recipient, page: Option<&str>, stop: StopLinks) -> Letter {
    let (language, zone) = (recipient.language(), recipient.zone());
    let words = Words::of(digest, language);
    let day = |item: &AgendaItem| item.due_at.map(|at| date(local_date(at, &zone), language));
    let hour = |item: &AgendaItem| item.due_at.map(|at| time(at, &zone, language));
    let lists = [
        list(words.overdue, &digest.overdue, language, day),
        list(words.due, &digest.due, language, hour),
        list(words.done, &digest.done, language, |_| None),
    ];
    let button = page.map(|page| Part::Button(Link { label: words.open.to_owned(), url: format!("{page}/") }));
    Letter {
        language,
        subject: words.subject,
        name: recipient.display_name.clone(),
        parts: lists.into_iter().flatten().chain(button).collect(),
        footer: Some(Footer {
            why: words.why.to_owned(),
            stop: Link { label: words.stop.to_owned(), url: stop.page },
            one_click: stop.one_click,
        }),
    }
}

fn list(
    heading: &str,
    items: &[AgendaItem],
    language: Language,
    detail: impl Fn(&AgendaItem) -> Option<String>,
) -> Option<Part> {
    if items.is_empty() {
        return None;
    }
    let mut lines: Vec<Line> =
        items.iter().take(NAMED).map(|item| Line { text: item.title.clone(), detail: detail(item) }).collect();
    let more = items.len() - lines.len();
    if more > 0 {
        let text = match language {
            Language::English => format!("… and {more} more"),
            Language::German => format!("… und {more} weitere"),
        };
        lines.push(Line { text, detail: None });
    }
    Some(Part::List(format!("{heading} ({})", items.len()), lines))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::digest::ItemState;

    fn open(title: &str, due_at: &str) -> AgendaItem {
        AgendaItem { title: title.to_owned(), due_at: Some(due_at.parse().unwrap()), state: ItemState::Open }
    }

    fn mail(items: Vec<AgendaItem>, locale: &str) -> crate::domain::mail::Mail {
        let recipient = Recipient::example(locale, "Europe/Berlin");
        let at: Timestamp = "2026-11-21T06:00:00Z".parse().unwrap();
        let of_day = Digest::of(items, &recipient.zone(), at).unwrap();
        let stop =
            StopLinks { page: "https://p.example/u?token=t".into(), one_click: "https://p.example/api/u".into() };
        digest(&of_day, &recipient, None, stop).mail().unwrap()
    }

    #[test]
    fn a_digest_names_what_is_late_what_is_due_and_what_was_done() {
        let done = AgendaItem {
            title: "Brot".to_owned(),
            due_at: None,
            state: ItemState::Completed { at: "2026-11-20T12:00:00Z".parse().unwrap() },
        };
        let items = vec![open("Steuer", "2026-11-01T08:00:00Z"), open("Milch", "2026-11-21T17:00:00Z"), done];
        let german = mail(items, "de");
        assert_eq!(german.subject, "Ihre Aufgaben für Samstag, 21. November 2026");
        let expected = "Hallo Ann,\n\nÜberfällig (1)\n- Steuer (Sonntag, 1. November 2026)\n\nHeute fällig (1)\n- Milch \
                        (18:00 Uhr)\n\nGestern erledigt (1)\n- Brot\n\nBusline\n\n-- \nSie bekommen diese Mail einmal am \
                        Tag, weil Sie sie bestellt haben.\nTägliche Übersicht abbestellen: https://p.example/u?token=t";
        assert_eq!(german.text, expected);
    }

    #[test]
    fn a_long_list_is_counted_and_an_empty_one_is_left_out() {
        let items = (0..13).map(|number| open(&format!("item {number}"), "2026-11-21T17:00:00Z")).collect();
        let english = mail(items, "en");
        assert!(english.text.contains("Due today (13)\n- item 0 (18:00)"), "{}", english.text);
        assert!(english.text.contains("- item 9 (18:00)\n- … and 3 more\n"), "{}", english.text);
        assert!(!english.text.contains("Overdue") && !english.text.contains("Done"));
    }
}
