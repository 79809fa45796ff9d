//! Versions of a resource as entity tags: `ETag` on every answer, `If-Match` on changes (RFC 9110).

use http::HeaderValue;

use crate::problem::Problem;

/// The strong entity tag of a version: `"7"`.
#[must_use]
pub fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// What a change expects of the version that it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No `If-Match`, or `*`: any version.
    Any,
    /// One of these versions.
    OneOf(Vec<u64>),
}

impl Expected {
    /// Reads an `If-Match` header. Tags that this API never gave match nothing.
    ///
    /// # Errors
    /// 400 when the header is no list of entity tags.
    pub fn parse(header: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = header.map(str::trim) else {
            return Ok(Self::Any);
        };
        if text == "*" {
            return Ok(Self::Any);
        }
        let tags = tags(text).filter(|tags| !tags.is_empty());
        let tags = tags.ok_or_else(|| {
            Problem::invalid("If-Match must be `*` or entity tags such as \"7\", in double quotes, between commas.")
        })?;
        // A weak tag never matches in If-Match: the comparison is strong.
        let strong = tags.into_iter().filter(|tag| !tag.weak);
        Ok(Self::OneOf(strong.filter_map(|tag| version(tag.value)).collect()))
    }

    /// Whether a change of `version` may go on.
    #[must_use]
    pub fn allows(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

struct Tag<'a> {
    weak: bool,
    value: &'a str,
}

/// The entity tags of a comma-separated list, `None` when it holds something else.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#name-etag> and, for the empty elements that a reader must ignore,
/// <https://www.rfc-editor.org/rfc/rfc9110#name-recipient-requirements>
fn tags(list: &str) -> Option<Vec<Tag<'_>>> {
    const BLANKS: [char; 2] = [' ', '\t'];
    let mut tags = Vec::new();
    let mut rest = list.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, opened) = rest.strip_prefix("W/").map_or((false, rest), |strong| (true, strong));
        let (value, after) = opened.strip_prefix('"')?.split_once('"')?;
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        tags.push(Tag { weak, value });
        let after = after.trim_start_matches(BLANKS);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    Some(tags)
}

/// The version that a tag names: digits as [`etag`] writes them, nothing else that a number parser takes.
fn version(value: &str) -> Option<u64> {
    value.parse().ok().filter(|version: &u64| version.to_string() == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_is_read_as_the_standard_says() {
        assert_eq!(Expected::parse(None).unwrap(), Expected::Any);
        assert_eq!(Expected::parse(Some(" * ")).unwrap(), Expected::Any);
        assert_eq!(Expected::parse(Some("\"1\", \"3\"")).unwrap(), Expected::OneOf(vec![1, 3]));
        assert_eq!(Expected::parse(Some("W/\"1\"")).unwrap(), Expected::OneOf(vec![]));
        assert_eq!(Expected::parse(Some("\"abc\"")).unwrap(), Expected::OneOf(vec![]));
        assert!(Expected::parse(Some("1")).is_err());
    }

    #[test]
    fn a_comma_in_a_tag_does_not_end_it_and_empty_elements_do_not_count() {
        assert_eq!(Expected::parse(Some("\"a,b\", \"2\"")).unwrap(), Expected::OneOf(vec![2]));
        assert_eq!(Expected::parse(Some(", \"1\" ,, \"2\",")).unwrap(), Expected::OneOf(vec![1, 2]));
        assert_eq!(Expected::parse(Some("\"\"")).unwrap(), Expected::OneOf(vec![]));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for text in ["", ",", "*,", "\"", "\"1", "1\"", "\"a\"b\"", "\"1\" \"2\"", "W/W/\"1\"", "w/\"1\"", "\"a b\""] {
            assert!(Expected::parse(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_digits_that_the_api_gave_name_a_version() {
        for text in ["\"+7\"", "\"07\"", "\"7.0\"", "\"99999999999999999999\""] {
            assert_eq!(Expected::parse(Some(text)).unwrap(), Expected::OneOf(vec![]), "{text}");
        }
    }
}
