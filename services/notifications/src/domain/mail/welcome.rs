//! The mail that greets a new user. It is sent once and answers what they did themselves: nothing to unsubscribe from.

use crate::domain::language::Language;
use crate::domain::mail::{Letter, Link, Part};

/// The welcome mail; with a button if there is a page to open.
pub(crate) fn welcome(language: Language, display_name: &str, page: Option<&str>) -> Letter {
    let (subject, paragraphs, open) = match language {
        Language::English => (
            "Welcome to Busline",
            [
                "Your account is ready, and your to-do list is empty. That is easily mended: add your first to-do. A title \
                 is enough; notes, a due time, a priority and tags can wait.",
                "When it is done, complete it. If it was not done after all, reopen it. Nobody but you sees your list.",
                "Your inbox tells you what happened to your to-dos.",
            ],
            "Open your list",
        ),
        Language::German => (
            "Willkommen bei Busline",
            [
                "Ihr Konto ist bereit, und Ihre Liste ist leer. Das lässt sich ändern: Fügen Sie Ihre erste Aufgabe hinzu. \
                 Ein Titel genügt; Notizen, Fälligkeit, Priorität und Schlagwörter haben Zeit.",
                "Ist sie getan, haken Sie sie ab. War sie es doch nicht, öffnen Sie sie wieder. Niemand außer Ihnen sieht \
                 Ihre Liste.",
                "Ihr Eingang sagt Ihnen, was mit Ihren Aufgaben geschehen ist.",
            ],
            "Liste öffnen",
        ),
    };
    let button = page.map(|page| Part::Button(Link { label: open.to_owned(), url: format!("{page}/") }));
    Letter {
        language,
        subject: subject.to_owned(),
        name: display_name.to_owned(),
        parts: paragraphs.map(|text| Part::Paragraph(text.to_owned())).into_iter().chain(button).collect(),
        footer: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_greet_by_name_and_say_the_same() {
        for (language, greeting) in [(Language::English, "Hello Ann,"), (Language::German, "Hallo Ann,")] {
            let letter = welcome(language, "Ann", Some("https://busline.example"));
            let mail = letter.clone().mail().unwrap();
            assert!(mail.text.starts_with(greeting) && mail.html.contains(&format!("<p>{greeting}</p>")));
            for part in letter.parts {
                let Part::Paragraph(text) = part else { continue };
                assert!(mail.text.contains(&text) && mail.html.contains(&text));
            }
            assert!(mail.html.contains("href=\"https://busline.example/\""));
        }
    }

    #[test]
    fn without_a_page_there_is_nothing_to_open() {
        let mail = welcome(Language::English, "Ann", None).mail().unwrap();
        assert!(!mail.html.contains("href") && !mail.text.contains("Open"));
    }
}
