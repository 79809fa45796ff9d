//! A user's profile: its values, and how it changes.

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use lambda_kit::text;
use uuid::Uuid;

/// A value that breaks a rule; the text is the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidValue(pub(crate) String);

/// An email address from the user pool: 3 to 254 characters with an `@` between them, no white space.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    const MAX: usize = 254;

    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let has_sides = text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let is_blank = |c: char| c.is_whitespace() || c.is_control();
        if !has_sides || text.contains(is_blank) || text.chars().count() > Self::MAX {
            return Err(InvalidValue("must be an email address of at most 254 characters".into()));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(self.as_str(), |(local, _)| local)
    }
}

impl std::fmt::Debug for Email {
    /// Hides the address, which must not reach logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(..)")
    }
}

/// A user's display name: one line of 1 to 100 characters, trimmed; see [`text::one_line`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    const MAX: usize = 100;
    /// The name of a user who gave none, if the address has no visible character before its `@` either.
    const UNNAMED: &'static str = "User";

    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        text::one_line(text, Self::MAX).map(Self).map_err(InvalidValue)
    }

    /// A name from the table, which was validated when it was written, maybe by older rules.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The part of an address before its `@`, for a user who gave no name, without characters that no name may have.
    fn from_email(email: &Email) -> Self {
        let allowed = |c: &char| !(c.is_control() || text::is_line_break(*c) || text::is_bidi_control(*c));
        let name: String = email.local_part().chars().filter(allowed).take(Self::MAX).collect();
        Self::parse(&name).unwrap_or_else(|_| Self(Self::UNNAMED.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The language of texts for a user: a BCP 47 language tag, such as `en` or `de-CH`, of 2 to 35 characters.
///
/// Only its syntax is checked. Consumers that do not know the language use their default.
/// Source: <https://www.rfc-editor.org/rfc/rfc5646#section-2.1>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locale(String);

impl Locale {
    const MAX: usize = 35;

    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let mut subtags = text.split('-');
        let language = subtags.next().unwrap_or("");
        let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
        let is_subtag =
            |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_language && subtags.all(is_subtag) && text.len() <= Self::MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidValue("must be a language tag of at most 35 characters, such as en or de-CH".into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".into())
    }
}

/// An IANA time zone name in the spelling of the built-in time zone database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeZone(String);

impl TimeZone {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        // The bundled database, because provided.al2023 has none, and every function must accept the same names.
        let zone = TimeZoneDatabase::bundled().get(text).ok();
        zone.as_ref()
            .filter(|zone| !zone.is_unknown())
            .and_then(|zone| zone.iana_name())
            .map(|name| Self(name.to_owned()))
            .ok_or_else(|| InvalidValue("must be an IANA time zone name, such as UTC or Europe/Dublin".into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".into())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The user pool's `sub`.
    pub(crate) id: Uuid,
    pub(crate) email: Email,
    pub(crate) settings: Settings,
    pub(crate) registered_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// The number of its changes, from 1: the `sequence` of its events, and its entity tag.
    pub(crate) version: u64,
}

/// The fields of a profile that its user can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) display_name: DisplayName,
    pub(crate) locale: Locale,
    pub(crate) time_zone: TimeZone,
}

/// The attributes of a user in the user pool, not validated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attributes<'a> {
    /// The user pool's attribute `sub`.
    pub(crate) subject: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) locale: Option<&'a str>,
    /// The user pool's attribute `zoneinfo`.
    pub(crate) time_zone: Option<&'a str>,
}

/// A profile's position in the list of all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListPosition {
    pub(crate) registered_at: Timestamp,
    pub(crate) id: Uuid,
}

/// A new or changed profile, and the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) profile: Profile,
    pub(crate) event: DomainEvent,
}

/// A change of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DomainEvent {
    Registered,
    /// The fields that have new values, by their names in JSON.
    Changed(Vec<&'static str>),
}

impl Profile {
    /// Makes the first profile of a confirmed user.
    ///
    /// In the pool, users can write any text as name, locale and time zone. An invalid one is replaced by the default, so
    /// that it does not prevent the registration. The subject and the address are required.
    pub(crate) fn register(user: Attributes<'_>, at: Timestamp) -> Result<Change, InvalidValue> {
        let id = user.subject.and_then(|text| Uuid::try_parse(text).ok());
        let id = id.ok_or_else(|| InvalidValue("sub: must be a UUID".into()))?;
        let email = Email::parse(user.email.unwrap_or(""))
            .map_err(|InvalidValue(rule)| InvalidValue(format!("email: {rule}")))?;
        let settings = Settings {
            display_name: valid(user.name, DisplayName::parse).unwrap_or_else(|| DisplayName::from_email(&email)),
            locale: valid(user.locale, Locale::parse).unwrap_or_default(),
            time_zone: valid(user.time_zone, TimeZone::parse).unwrap_or_default(),
        };
        let profile = Self { id, email, settings, registered_at: at, updated_at: at, version: 1 };
        Ok(Change { profile, event: DomainEvent::Registered })
    }

    pub(crate) fn position(&self) -> ListPosition {
        ListPosition { registered_at: self.registered_at, id: self.id }
    }

    /// The profile with new settings; `None` if they are the same.
    pub(crate) fn edit(self, settings: Settings, at: Timestamp) -> Option<Change> {
        let old = &self.settings;
        let changed: Vec<&'static str> = [
            ("displayName", old.display_name != settings.display_name),
            ("locale", old.locale != settings.locale),
            ("timeZone", old.time_zone != settings.time_zone),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect();
        if changed.is_empty() {
            return None;
        }
        let profile = Self { settings, updated_at: at, version: self.version + 1, ..self };
        Some(Change { profile, event: DomainEvent::Changed(changed) })
    }
}

fn valid<T>(text: Option<&str>, parse: fn(&str) -> Result<T, InvalidValue>) -> Option<T> {
    text.and_then(|text| parse(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "0198c0de-0000-7000-8000-000000000001";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn register(user: Attributes<'_>) -> Profile {
        let user = Attributes { subject: Some(SUB), ..user };
        Profile::register(user, at(1)).unwrap().profile
    }

    fn ann() -> Profile {
        register(Attributes { email: Some("ann@example.com"), ..Attributes::default() })
    }

    #[test]
    fn a_user_without_a_name_gets_one_from_their_address() {
        let ann = ann();
        assert_eq!(ann.settings.display_name.as_str(), "ann");
        assert_eq!(ann.settings.locale.as_str(), "en");
        assert_eq!(ann.settings.time_zone.as_str(), "UTC");
        assert_eq!((ann.version, ann.registered_at), (1, at(1)));
    }

    #[test]
    fn the_attributes_of_the_pool_become_the_profile() {
        let ben = register(Attributes {
            email: Some("ben@example.com"),
            name: Some(" Ben "),
            locale: Some("de-CH"),
            time_zone: Some("europe/zurich"),
            ..Attributes::default()
        });
        assert_eq!(ben.settings.display_name.as_str(), "Ben");
        assert_eq!(ben.settings.locale.as_str(), "de-CH");
        assert_eq!(ben.settings.time_zone.as_str(), "Europe/Zurich");
    }

    #[test]
    fn an_invalid_attribute_is_replaced_by_its_default() {
        let cas = register(Attributes {
            email: Some("cas@example.com"),
            name: Some("\u{7}"),
            locale: Some("Klingon, please"),
            time_zone: Some("../../etc/passwd"),
            ..Attributes::default()
        });
        assert_eq!(cas.settings.display_name.as_str(), "cas");
        assert_eq!(cas.settings.locale, Locale::default());
        assert_eq!(cas.settings.time_zone, TimeZone::default());
    }

    #[test]
    fn a_registration_needs_a_subject_and_an_address() {
        let refused = |subject, email| {
            let user = Attributes { subject, email, ..Attributes::default() };
            Profile::register(user, at(1)).is_err()
        };
        assert!(refused(None, Some("ann@example.com")));
        assert!(refused(Some("ann"), Some("ann@example.com")));
        assert!(refused(Some(SUB), None));
        assert!(refused(Some(SUB), Some("ann")));
    }

    #[test]
    fn an_email_address_is_validated_and_hidden_from_debug_output() {
        for bad in ["", "@", "ann@", "@example.com", "a b@example.com", "a\n@b"] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@b", "a".repeat(253))).is_err());
        let longest = Email::parse(&format!("{}@b", "a".repeat(252))).unwrap();
        assert_eq!(DisplayName::from_email(&longest).as_str().len(), 100);
        assert_eq!(format!("{longest:?}"), "Email(..)");
    }

    #[test]
    fn a_name_from_an_address_follows_the_rules_of_names() {
        let name = |address: &str| DisplayName::from_email(&Email::parse(address).unwrap()).as_str().to_owned();
        assert_eq!(name("nn\u{202e}A@example.com"), "nnA");
        assert_eq!(name("\u{2066}ann\u{2069}@example.com"), "ann");
        for invisible in ["\u{200b}@example.com", "\u{202e}@example.com", "\u{3164}\u{2800}@example.com"] {
            assert_eq!(name(invisible), "User");
        }
        for address in [
            "ann@example.com",
            &format!("{}ü@b", "\u{202e}".repeat(120)),
            "\"a b\u{2067}\"@b".replace(' ', "").as_str(),
        ] {
            let name = name(address);
            assert_eq!(DisplayName::parse(&name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_display_name_is_one_line_of_at_most_100_characters() {
        assert_eq!(DisplayName::parse(" Ann B. ").unwrap().as_str(), "Ann B.");
        assert!(DisplayName::parse(&"ü".repeat(100)).is_ok());
        for bad in ["", " \t", "two\nlines", "a\0b", "a\u{2028}b", "\u{200b}", "\u{3164}", "nn\u{202e}A"] {
            assert!(DisplayName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(DisplayName::parse(&"ü".repeat(101)).is_err());
    }

    #[test]
    fn a_locale_has_the_syntax_of_a_language_tag() {
        for good in ["en", "gsw", "de-CH", "zh-Hant-TW", "sl-rozaj-biske-1994"] {
            assert_eq!(Locale::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "e", "engl", "en_US", "en-", "-en", "en-ninechars", "ü", "12"] {
            assert!(Locale::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Locale::parse(&format!("en{}", "-abcdefgh".repeat(4))).is_err());
    }

    #[test]
    fn only_known_time_zones_are_accepted() {
        for good in ["UTC", "Europe/Dublin", "America/Argentina/Buenos_Aires"] {
            assert_eq!(TimeZone::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Europe/Atlantis", "Etc/Unknown", "+02:00", "UTC\0"] {
            assert!(TimeZone::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_edit_names_the_fields_that_changed() {
        assert_eq!(ann().edit(ann().settings, at(2)), None);
        let settings = Settings {
            display_name: DisplayName::parse("Ann B.").unwrap(),
            time_zone: TimeZone::parse("Europe/Dublin").unwrap(),
            ..ann().settings
        };
        let change = ann().edit(settings, at(2)).unwrap();
        assert_eq!(change.event, DomainEvent::Changed(vec!["displayName", "timeZone"]));
        assert_eq!((change.profile.version, change.profile.updated_at), (2, at(2)));
        assert_eq!(change.profile.registered_at, at(1));
    }
}
