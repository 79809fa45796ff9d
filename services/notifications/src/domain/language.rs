//! The languages in which Busline speaks to people.

/// A language that our words exist in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    German,
}

impl Language {
    /// The language for a user's locale, a tag after BCP 47 such as `de-CH`. English for those that we do not speak.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc5646#section-2.2.1>
    pub(crate) fn of(locale: &str) -> Self {
        match locale.split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("de") => Self::German,
            _ => Self::English,
        }
    }

    /// Its own tag.
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
    fn the_primary_tag_decides_and_english_is_for_everybody_else() {
        for locale in ["de", "de-CH", "DE-at", "de-Latn-DE-1996"] {
            assert_eq!(Language::of(locale), Language::German, "{locale}");
        }
        for locale in ["en", "en-GB", "fr", "den", "d", "", "zh-de"] {
            assert_eq!(Language::of(locale), Language::English, "{locale}");
        }
    }
}
