//! The content of an inbox entry, and its title in each language.

use uuid::Uuid;

use crate::domain::language::Language;

/// What an inbox entry is about, independent of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) kind: NotificationKind,
    /// What the title names: the title of an item, the name of a file, or the display name of the user.
    pub(crate) name: String,
    /// Why a file was rejected, in the words of its event.
    pub(crate) reason: Option<String>,
    /// The to-do item, if it is about one.
    pub(crate) todo: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotificationKind {
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

impl NotificationKind {
    /// Whether the user has made the change, and knows of it: it is listed, and not unread.
    pub(crate) fn is_own_change(self) -> bool {
        match self {
            Self::TodoCreated
            | Self::TodoChanged
            | Self::TodoCompleted
            | Self::TodoReopened
            | Self::TodoDeleted
            | Self::AttachmentReady => true,
            Self::Welcome | Self::TodoDue | Self::AttachmentRejected | Self::ExportReady => false,
        }
    }
}

impl Notification {
    /// Greets a new user.
    pub(crate) fn welcome(display_name: String) -> Self {
        Self { kind: NotificationKind::Welcome, name: display_name, reason: None, todo: None }
    }

    pub(crate) fn for_todo(kind: NotificationKind, todo: Uuid, title: String) -> Self {
        Self { kind, name: title, reason: None, todo: Some(todo) }
    }

    /// Reports a file that is now attached to the item `todo`.
    pub(crate) fn for_attached_file(todo: Uuid, name: String) -> Self {
        Self { kind: NotificationKind::AttachmentReady, name, reason: None, todo: Some(todo) }
    }

    /// Reports a file that was rejected, with the `reason` of the event.
    pub(crate) fn for_rejected_file(todo: Uuid, name: String, reason: String) -> Self {
        Self { kind: NotificationKind::AttachmentRejected, name, reason: Some(reason), todo: Some(todo) }
    }

    /// Reports that the archive that the user requested is ready.
    pub(crate) fn for_export() -> Self {
        Self { kind: NotificationKind::ExportReady, name: String::new(), reason: None, todo: None }
    }

    /// The entry's title, one line.
    pub(crate) fn title(&self, language: Language) -> String {
        let name = &self.name;
        match language {
            Language::English => match self.kind {
                NotificationKind::Welcome => format!("Welcome to Busline, {name}"),
                NotificationKind::TodoCreated => format!("You added “{name}”"),
                NotificationKind::TodoChanged => format!("You changed “{name}”"),
                NotificationKind::TodoCompleted => format!("You completed “{name}”"),
                NotificationKind::TodoReopened => format!("You reopened “{name}”"),
                NotificationKind::TodoDeleted => format!("You deleted “{name}”"),
                NotificationKind::TodoDue => format!("“{name}” is due"),
                NotificationKind::AttachmentReady => format!("“{name}” is attached to your to-do"),
                NotificationKind::AttachmentRejected => {
                    format!("“{name}” was not attached: {}", self.rejection_reason(language))
                }
                NotificationKind::ExportReady => "The archive of your data is ready".to_owned(),
            },
            Language::German => match self.kind {
                NotificationKind::Welcome => format!("Willkommen bei Busline, {name}"),
                NotificationKind::TodoCreated => format!("Sie haben „{name}“ hinzugefügt"),
                NotificationKind::TodoChanged => format!("Sie haben „{name}“ geändert"),
                NotificationKind::TodoCompleted => format!("Sie haben „{name}“ erledigt"),
                NotificationKind::TodoReopened => format!("Sie haben „{name}“ wieder geöffnet"),
                NotificationKind::TodoDeleted => format!("Sie haben „{name}“ gelöscht"),
                NotificationKind::TodoDue => format!("„{name}“ ist fällig"),
                NotificationKind::AttachmentReady => format!("„{name}“ ist angehängt"),
                NotificationKind::AttachmentRejected => {
                    format!("„{name}“ wurde nicht angehängt: {}", self.rejection_reason(language))
                }
                NotificationKind::ExportReady => "Das Archiv Ihrer Daten ist bereit".to_owned(),
            },
        }
    }

    /// The reason in words, with a fallback for reasons that the publisher adds later.
    fn rejection_reason(&self, language: Language) -> &'static str {
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

    /// The name in an English title. Rows that were written before there were languages hold the title alone.
    pub(crate) fn name_in_english_title(title: &str) -> String {
        let quoted = || title.split_once('“')?.1.rsplit_once('”').map(|(name, _)| name);
        title.strip_prefix("Welcome to Busline, ").or_else(quoted).unwrap_or(title).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_in_the_users_language() {
        let notification =
            Notification::for_todo(NotificationKind::TodoCompleted, Uuid::from_u128(3), "Buy milk".to_owned());
        assert_eq!(notification.title(Language::English), "You completed “Buy milk”");
        assert_eq!(notification.title(Language::German), "Sie haben „Buy milk“ erledigt");
        assert_eq!(Notification::welcome("Ann".to_owned()).title(Language::German), "Willkommen bei Busline, Ann");
    }

    #[test]
    fn the_title_of_a_rejected_file_names_the_reason() {
        let rejected = |reason: &str| {
            Notification::for_rejected_file(Uuid::from_u128(3), "holiday.jpg".to_owned(), reason.to_owned())
        };
        assert_eq!(rejected("broken").title(Language::English), "“holiday.jpg” was not attached: it is damaged");
        let later = rejected("a-reason-of-next-year");
        assert_eq!(later.title(Language::English), "“holiday.jpg” was not attached: it cannot be kept");
        assert_eq!(
            rejected("too-large").title(Language::German),
            "„holiday.jpg“ wurde nicht angehängt: Sie ist zu groß"
        );
    }

    #[test]
    fn the_name_is_found_in_an_english_title() {
        for notification in [
            Notification::welcome("Ann “A” Example".to_owned()),
            Notification::for_todo(NotificationKind::TodoChanged, Uuid::nil(), "Read “Emma” again".to_owned()),
            Notification::for_todo(NotificationKind::TodoDeleted, Uuid::nil(), "x".to_owned()),
        ] {
            assert_eq!(Notification::name_in_english_title(&notification.title(Language::English)), notification.name);
        }
        assert_eq!(Notification::name_in_english_title("something else"), "something else");
    }
}
