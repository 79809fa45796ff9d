//! Who a user is and what can happen to their profile. Pure: times are arguments.

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use lambda_kit::text;
use uuid::Uuid;

/// A value breaks a rule; the message says which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Broken(pub(crate) String);

/// An e-mail address as the user pool gives it: 3 to 254 characters around an `@`, none of them blank.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    const MAX: usize = 254;

    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        let has_sides = text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let is_blank = |c: char| c.is_whitespace() || c.is_control();
        if !has_sides || text.contains(is_blank) || text.chars().count() > Self::MAX {
            return Err(Broken("must be an e-mail address of at most 254 characters".into()));
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
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(..)")
    }
}

/// What to call a user: one line of 1 to 100 characters that can be read, no white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    const MAX: usize = 100;

    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        text::one_line(text, Self::MAX).map(Self).map_err(Broken)
    }

    /// One that was found good when it was written, perhaps by rules that have grown since.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The part of an address before its `@`, for somebody who gave no name.
    fn of(email: &Email) -> Self {
        Self(email.local_part().chars().take(Self::MAX).collect())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The language in which to speak to a user: a tag after BCP 47, such as `en` or `de-CH`, of 2 to 35 characters.
///
/// Only its shape is checked; a reader that does not know the language falls back to its own default.
/// Source: <https://www.rfc-editor.org/rfc/rfc5646#section-2.1>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locale(String);

impl Locale {
    const MAX: usize = 35;

    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        let mut subtags = text.split('-');
        let language = subtags.next().unwrap_or("");
        let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
        let is_subtag =
            |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_language && subtags.all(is_subtag) && text.len() <= Self::MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(Broken("must be a language tag of at most 35 characters, such as en or de-CH".into()))
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

/// A time zone by its IANA name, as the database that is built into the program spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeZone(String);

impl TimeZone {
    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        // The bundled database, not the machine's: provided.al2023 has none, and one user must not get two answers.
        let zone = TimeZoneDatabase::bundled().get(text).ok();
        zone.as_ref()
            .filter(|zone| !zone.is_unknown())
            .and_then(|zone| zone.iana_name())
            .map(|name| Self(name.to_owned()))
            .ok_or_else(|| Broken("must be an IANA time zone name, such as UTC or Europe/Dublin".into()))
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

/// A user, as this service knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The user pool's `sub`.
    pub(crate) id: Uuid,
    pub(crate) email: Email,
    pub(crate) settings: Settings,
    pub(crate) registered_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Counts its changes from 1: the `sequence` of its events, and its entity tag.
    pub(crate) version: u64,
}

/// What a user writes of their profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) display_name: DisplayName,
    pub(crate) locale: Locale,
    pub(crate) time_zone: TimeZone,
}

/// What the user pool knows of somebody, as texts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attributes<'a> {
    /// `sub`.
    pub(crate) subject: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) locale: Option<&'a str>,
    /// `zoneinfo`.
    pub(crate) time_zone: Option<&'a str>,
}

/// A profile after something happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) profile: Profile,
    pub(crate) what: Happening,
}

/// What happened to a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Registered,
    /// These fields, by their names on the wire, have new values.
    Changed(Vec<&'static str>),
}

impl Profile {
    /// The first profile of a confirmed user.
    ///
    /// The pool lets people write any text as name, locale and zone: one that breaks a rule is as good as none, and
    /// keeps nobody out. Without a subject or an address there is nobody to register.
    pub(crate) fn register(user: Attributes<'_>, at: Timestamp) -> Result<Change, Broken> {
        let id = user.subject.and_then(|text| Uuid::try_parse(text).ok());
        let id = id.ok_or_else(|| Broken("sub: must be a UUID".into()))?;
        let email = Email::parse(user.email.unwrap_or("")).map_err(|Broken(rule)| Broken(format!("email: {rule}")))?;
        let settings = Settings {
            display_name: valid(user.name, DisplayName::parse).unwrap_or_else(|| DisplayName::of(&email)),
            locale: valid(user.locale, Locale::parse).unwrap_or_default(),
            time_zone: valid(user.time_zone, TimeZone::parse).unwrap_or_default(),
        };
        let profile = Self { id, email, settings, registered_at: at, updated_at: at, version: 1 };
        Ok(Change { profile, what: Happening::Registered })
    }

    /// The profile with new settings. The same settings again change nothing and are no event.
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
        Some(Change { profile, what: Happening::Changed(changed) })
    }
}

fn valid<T>(text: Option<&str>, parse: fn(&str) -> Result<T, Broken>) -> Option<T> {
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
    fn somebody_without_a_name_is_called_by_their_address() {
        let ann = ann();
        assert_eq!(ann.settings.display_name.as_str(), "ann");
        assert_eq!(ann.settings.locale.as_str(), "en");
        assert_eq!(ann.settings.time_zone.as_str(), "UTC");
        assert_eq!((ann.version, ann.registered_at), (1, at(1)));
    }

    #[test]
    fn what_the_pool_knows_is_taken_over() {
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
    fn a_wrong_attribute_keeps_nobody_out() {
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
    fn nobody_is_registered_without_a_subject_or_an_address() {
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
    fn an_address_is_bounded_and_not_shown() {
        for bad in ["", "@", "ann@", "@example.com", "a b@example.com", "a\n@b"] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@b", "a".repeat(253))).is_err());
        let longest = Email::parse(&format!("{}@b", "a".repeat(252))).unwrap();
        assert_eq!(DisplayName::of(&longest).as_str().len(), 100);
        assert_eq!(format!("{longest:?}"), "Email(..)");
    }

    #[test]
    fn a_display_name_is_one_bounded_line() {
        assert_eq!(DisplayName::parse(" Ann B. ").unwrap().as_str(), "Ann B.");
        assert!(DisplayName::parse(&"ü".repeat(100)).is_ok());
        for bad in ["", " \t", "two\nlines", "a\0b", "a\u{2028}b", "\u{200b}", "\u{3164}", "nn\u{202e}A"] {
            assert!(DisplayName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(DisplayName::parse(&"ü".repeat(101)).is_err());
    }

    #[test]
    fn a_locale_has_the_shape_of_a_language_tag() {
        for good in ["en", "gsw", "de-CH", "zh-Hant-TW", "sl-rozaj-biske-1994"] {
            assert_eq!(Locale::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "e", "engl", "en_US", "en-", "-en", "en-ninechars", "ü", "12"] {
            assert!(Locale::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Locale::parse(&format!("en{}", "-abcdefgh".repeat(4))).is_err());
    }

    #[test]
    fn a_time_zone_is_one_of_the_known_ones() {
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
        assert_eq!(change.what, Happening::Changed(vec!["displayName", "timeZone"]));
        assert_eq!((change.profile.version, change.profile.updated_at), (2, at(2)));
        assert_eq!(change.profile.registered_at, at(1));
    }
}
