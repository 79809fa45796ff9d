//! The languages of notifications and emails.

/// A language that all texts of this service exist in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    German,
}

impl Language {
    /// The language for a user's locale, a BCP 47 tag such as `de-CH`; English if there is no better match.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc5646#section-2.2.1>
    pub(crate) fn from_locale(locale: &str) -> Self {
        match locale.split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("de") => Self::German,
            _ => Self::English,
        }
    }

    /// The BCP 47 tag of the language.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_subtag_decides_and_english_is_the_default() {
        for locale in ["de", "de-CH", "DE-at", "de-Latn-DE-1996"] {
            assert_eq!(Language::from_locale(locale), Language::German, "{locale}");
        }
        for locale in ["en", "en-GB", "fr", "den", "d", "", "zh-de"] {
            assert_eq!(Language::from_locale(locale), Language::English, "{locale}");
        }
    }
}
