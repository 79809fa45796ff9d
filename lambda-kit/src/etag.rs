//! Entity tags (RFC 9110): a resource's version in the header `ETag`, and the condition `If-Match` of a change.

use http::HeaderValue;

use crate::problem::Problem;

/// The strong entity tag of a version: `"7"`.
#[must_use]
pub fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// The condition of an `If-Match` header on the version to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// There is no `If-Match` header, or it is `*`.
    Any,
    /// The version must be one of these.
    OneOf(Vec<u64>),
}

impl IfMatch {
    /// Parses an `If-Match` header. Tags that this API never sends match no version.
    ///
    /// # Errors
    /// 400 when the header is not a list of entity tags.
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

    /// Whether the condition holds for `version`.
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

/// The entity tags of a comma-separated list; `None` if it holds anything else.
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

/// The version of a tag, if it has the exact form that [`etag`] writes, without signs or leading zeros.
fn version(value: &str) -> Option<u64> {
    value.parse().ok().filter(|version: &u64| version.to_string() == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_is_parsed_as_in_rfc_9110() {
        assert_eq!(IfMatch::parse(None).unwrap(), IfMatch::Any);
        assert_eq!(IfMatch::parse(Some(" * ")).unwrap(), IfMatch::Any);
        assert_eq!(IfMatch::parse(Some("\"1\", \"3\"")).unwrap(), IfMatch::OneOf(vec![1, 3]));
        assert_eq!(IfMatch::parse(Some("W/\"1\"")).unwrap(), IfMatch::OneOf(vec![]));
        assert_eq!(IfMatch::parse(Some("\"abc\"")).unwrap(), IfMatch::OneOf(vec![]));
        assert!(IfMatch::parse(Some("1")).is_err());
    }

    #[test]
    fn commas_in_tags_and_empty_list_elements_are_accepted() {
        assert_eq!(IfMatch::parse(Some("\"a,b\", \"2\"")).unwrap(), IfMatch::OneOf(vec![2]));
        assert_eq!(IfMatch::parse(Some(", \"1\" ,, \"2\",")).unwrap(), IfMatch::OneOf(vec![1, 2]));
        assert_eq!(IfMatch::parse(Some("\"\"")).unwrap(), IfMatch::OneOf(vec![]));
    }

    #[test]
    fn anything_but_a_list_of_tags_is_refused() {
        for text in ["", ",", "*,", "\"", "\"1", "1\"", "\"a\"b\"", "\"1\" \"2\"", "W/W/\"1\"", "w/\"1\"", "\"a b\""] {
            assert!(IfMatch::parse(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn only_tags_in_the_exact_form_of_the_api_match_a_version() {
        for text in ["\"+7\"", "\"07\"", "\"7.0\"", "\"99999999999999999999\""] {
            assert_eq!(IfMatch::parse(Some(text)).unwrap(), IfMatch::OneOf(vec![]), "{text}");
        }
    }
}
