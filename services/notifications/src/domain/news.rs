//! What an inbox entry tells, and the line that says so in each language.

use uuid::Uuid;

use crate::domain::language::Language;

/// What an entry tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) kind: Kind,
    /// What the line names: the title of an item, the name of a file, or what to call the user.
    pub(crate) about: String,
    /// Why a file was refused, as its event says it.
    pub(crate) reason: Option<String>,
    /// The to-do item that it is about, if it is about one.
    pub(crate) todo: Option<Uuid>,
}

/// The kinds of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Welcome,
    TodoCreated,
    TodoChanged,
    TodoCompleted,
    TodoReopened,
    TodoDeleted,
    TodoDue,
    AttachmentReady,
    AttachmentRejected,
    ExportReady,
}

impl News {
    /// The news that greets a new user.
    pub(crate) fn welcome(display_name: &str) -> Self {
        Self { kind: Kind::Welcome, about: display_name.to_owned(), reason: None, todo: None }
    }

    /// News of the item `todo`, which has the title `title`.
    pub(crate) fn of_todo(kind: Kind, todo: Uuid, title: &str) -> Self {
        Self { kind, about: title.to_owned(), reason: None, todo: Some(todo) }
    }

    /// News of the file `name`, which is attached to the item `todo`.
    pub(crate) fn of_attached_file(todo: Uuid, name: &str) -> Self {
        Self { kind: Kind::AttachmentReady, about: name.to_owned(), reason: None, todo: Some(todo) }
    }

    /// News of the file `name`, which was refused for `reason`, as its event says it.
    pub(crate) fn of_refused_file(todo: Uuid, name: &str, reason: &str) -> Self {
        let (about, reason) = (name.to_owned(), Some(reason.to_owned()));
        Self { kind: Kind::AttachmentRejected, about, reason, todo: Some(todo) }
    }

    /// News of the archive that the user asked for.
    pub(crate) fn of_export() -> Self {
        Self { kind: Kind::ExportReady, about: String::new(), reason: None, todo: None }
    }

    /// One line for people.
    pub(crate) fn title(&self, language: Language) -> String {
        let about = &self.about;
        match language {
            Language::English => match self.kind {
                Kind::Welcome => format!("Welcome to Busline, {about}"),
                Kind::TodoCreated => format!("You added “{about}”"),
                Kind::TodoChanged => format!("You changed “{about}”"),
                Kind::TodoCompleted => format!("You completed “{about}”"),
                Kind::TodoReopened => format!("You reopened “{about}”"),
                Kind::TodoDeleted => format!("You deleted “{about}”"),
                Kind::TodoDue => format!("“{about}” is due"),
                Kind::AttachmentReady => format!("“{about}” is attached to your to-do"),
                Kind::AttachmentRejected => format!("“{about}” was not attached: {}", self.why(language)),
                Kind::ExportReady => "The archive of your data is ready".to_owned(),
            },
            Language::German => match self.kind {
                Kind::Welcome => format!("Willkommen bei Busline, {about}"),
                Kind::TodoCreated => format!("Sie haben „{about}“ hinzugefügt"),
                Kind::TodoChanged => format!("Sie haben „{about}“ geändert"),
                Kind::TodoCompleted => format!("Sie haben „{about}“ erledigt"),
                Kind::TodoReopened => format!("Sie haben „{about}“ wieder geöffnet"),
                Kind::TodoDeleted => format!("Sie haben „{about}“ gelöscht"),
                Kind::TodoDue => format!("„{about}“ ist fällig"),
                Kind::AttachmentReady => format!("„{about}“ ist angehängt"),
                Kind::AttachmentRejected => format!("„{about}“ wurde nicht angehängt: {}", self.why(language)),
                Kind::ExportReady => "Das Archiv Ihrer Daten ist bereit".to_owned(),
            },
        }
    }

    /// Why a file was refused. Reasons may be added; the page shows them beside the file.
    fn why(&self, language: Language) -> &'static str {
        let (english, german) = match self.reason.as_deref() {
            Some("too-large") => ("it is too large", "Sie ist zu groß"),
            Some("wrong-type") => {
                ("it is not the kind of file that it claims to be", "Sie ist von anderer Art, als sie behauptet")
            }
            Some("broken") => ("it is damaged", "Sie ist beschädigt"),
            Some("too-many-pixels") => ("the picture has too many pixels", "Das Bild hat zu viele Bildpunkte"),
            Some("unsafe") => {
                ("it holds something that may be unsafe", "Sie enthält etwas, das gefährlich sein könnte")
            }
            _ => ("it cannot be kept", "Sie kann nicht aufbewahrt werden"),
        };
        match language {
            Language::English => english,
            Language::German => german,
        }
    }

    /// What a line of the time before there were languages names: rows of then hold the English line alone.
    pub(crate) fn about_of_line(line: &str) -> String {
        let quoted = || line.split_once('“')?.1.rsplit_once('”').map(|(about, _)| about);
        line.strip_prefix("Welcome to Busline, ").or_else(quoted).unwrap_or(line).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_in_the_users_language() {
        let news = News::of_todo(Kind::TodoCompleted, Uuid::from_u128(3), "Buy milk");
        assert_eq!(news.title(Language::English), "You completed “Buy milk”");
        assert_eq!(news.title(Language::German), "Sie haben „Buy milk“ erledigt");
        assert_eq!(News::welcome("Ann").title(Language::German), "Willkommen bei Busline, Ann");
    }

    #[test]
    fn news_of_a_file_says_why_it_was_refused() {
        let refused = |reason| News::of_refused_file(Uuid::from_u128(3), "holiday.jpg", reason);
        assert_eq!(refused("broken").title(Language::English), "“holiday.jpg” was not attached: it is damaged");
        let later = refused("a-reason-of-next-year");
        assert_eq!(later.title(Language::English), "“holiday.jpg” was not attached: it cannot be kept");
        assert_eq!(
            refused("too-large").title(Language::German),
            "„holiday.jpg“ wurde nicht angehängt: Sie ist zu groß"
        );
    }

    #[test]
    fn a_line_without_a_language_gives_back_what_it_names() {
        for news in [
            News::welcome("Ann “A” Example"),
            News::of_todo(Kind::TodoChanged, Uuid::nil(), "Read “Emma” again"),
            News::of_todo(Kind::TodoDeleted, Uuid::nil(), "x"),
        ] {
            assert_eq!(News::about_of_line(&news.title(Language::English)), news.about);
        }
        assert_eq!(News::about_of_line("something else"), "something else");
    }
}
