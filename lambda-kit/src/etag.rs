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
        let mut versions = Vec::new();
        for tag in text.split(',').map(str::trim) {
            // A weak tag never matches in If-Match: the comparison is strong.
            let Some(value) = tag.trim_start_matches("W/").strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
            else {
                return Err(Problem::invalid("If-Match must be `*` or entity tags such as \"7\", in double quotes."));
            };
            versions.extend(value.parse::<u64>().ok().filter(|_| !tag.starts_with("W/")));
        }
        Ok(Self::OneOf(versions))
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
}
