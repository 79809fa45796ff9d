//! Pages of a list: a bounded `limit`, and an opaque cursor that is valid only for the list that it came from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// The maximum length of a cursor, in bytes.
const MAX_CURSOR: usize = 1024;

/// The maximum number of items of a page: 1 to 100, 20 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u8);

impl Limit {
    /// Parses the query parameter `limit`.
    ///
    /// # Errors
    /// 400 when it is not a number from 1 to 100.
    pub fn parse(text: Option<&str>) -> Result<Self, Problem> {
        match text.map(str::parse) {
            None => Ok(Self(20)),
            Some(Ok(limit @ 1..=100)) => Ok(Self(limit)),
            Some(_) => Err(Problem::invalid("limit must be a number from 1 to 100.")),
        }
    }

    /// The maximum number of items of the page.
    #[must_use]
    pub fn items(self) -> usize {
        usize::from(self.0)
    }

    /// The `Limit` of a DynamoDB query that reads one more item, to know whether there is another page.
    #[must_use]
    pub fn with_one_more(self) -> i32 {
        i32::from(self.0) + 1
    }
}

#[derive(Serialize, Deserialize)]
struct CursorContent<P> {
    scope: String,
    after: P,
}

/// Writes a cursor for the items after the position `after` in the list that `scope` identifies.
///
/// The scope names the caller and the list with its filter and order. A cursor grants no access: the route takes the
/// caller from the token, and refuses the cursor of another list or caller.
///
/// # Errors
/// When the position cannot be written as JSON.
pub fn write_cursor<P: Serialize>(scope: &str, after: P) -> Result<String, serde_json::Error> {
    let json = serde_json::to_vec(&CursorContent { scope: fingerprint(scope), after })?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Reads the position from a cursor that was written for the same scope.
///
/// # Errors
/// 400 when the text is not a cursor, or is the cursor of another list or caller.
pub fn read_cursor<P: DeserializeOwned>(scope: &str, text: &str) -> Result<P, Problem> {
    let refused = || Problem::invalid("cursor must be a nextCursor of this same list; leave it out to start again.");
    if text.len() > MAX_CURSOR {
        return Err(refused());
    }
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
    let content: CursorContent<P> = serde_json::from_slice(&json).map_err(|_| refused())?;
    if content.scope != fingerprint(scope) {
        return Err(refused());
    }
    Ok(content.after)
}

fn fingerprint(scope: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(scope)[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_for_its_own_list_only() {
        let cursor = write_cursor("ann/open", "2026-01-01#7").unwrap();
        assert_eq!(read_cursor::<String>("ann/open", &cursor).unwrap(), "2026-01-01#7");
        assert!(read_cursor::<String>("bob/open", &cursor).is_err());
        assert!(read_cursor::<String>("ann/completed", &cursor).is_err());
    }

    #[test]
    fn invalid_cursors_are_refused() {
        for text in ["", "%", "e30", "bnVsbA", &"A".repeat(2000)] {
            assert!(read_cursor::<String>("ann", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_is_from_1_to_100() {
        assert_eq!(Limit::parse(None).unwrap().items(), 20);
        assert_eq!(Limit::parse(Some("100")).unwrap().items(), 100);
        for bad in ["0", "101", "-1", "ten", "", "1e1", "99999999999"] {
            assert!(Limit::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
