//! The email that greets a new user. It is sent once, so that there is no unsubscribe link.

use crate::domain::email::{Block, EmailContent, Link};
use crate::domain::language::Language;

/// The welcome email, with a button if there is a `page` to open.
pub(crate) fn welcome_email(language: Language, display_name: &str, page: Option<&str>) -> EmailContent {
    let (subject, paragraphs, open) = match language {
        Language::English => (
            "Welcome to Busline",
            [
                "Your account is ready, and your to-do list is empty. Add your first to-do: a title is \
                 enough; notes, a due time, a priority and tags can wait.",
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
    let button = page.map(|page| Block::Button(Link { label: open.to_owned(), url: format!("{page}/") }));
    EmailContent {
        language,
        subject: subject.to_owned(),
        name: display_name.to_owned(),
        blocks: paragraphs.map(|text| Block::Paragraph(text.to_owned())).into_iter().chain(button).collect(),
        footer: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_greet_by_name_and_have_the_same_content() {
        for (language, greeting) in [(Language::English, "Hello Ann,"), (Language::German, "Hallo Ann,")] {
            let content = welcome_email(language, "Ann", Some("https://busline.example"));
            let email = content.clone().render().unwrap();
            assert!(email.text.starts_with(greeting) && email.html.contains(&format!("<p>{greeting}</p>")));
            for block in content.blocks {
                let Block::Paragraph(text) = block else { continue };
                assert!(email.text.contains(&text) && email.html.contains(&text));
            }
            assert!(email.html.contains("href=\"https://busline.example/\""));
        }
    }

    #[test]
    fn without_a_page_there_is_no_link() {
        let email = welcome_email(Language::English, "Ann", None).render().unwrap();
        assert!(!email.html.contains("href") && !email.text.contains("Open"));
    }
}
