//! Idempotency keys, by which a client may repeat a creation and get the same answer.

use crate::domain::values::ValueError;

/// A client's name for one creation: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    const MAX: usize = 255;

    pub(crate) fn parse(key: &str) -> Result<Self, ValueError> {
        if key.is_empty() || key.len() > Self::MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ValueError(
                "must have 1 to 255 visible ASCII characters without blanks, a UUID for example".into(),
            ));
        }
        Ok(Self(key.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A creation that a client may repeat.
#[derive(Clone, Debug)]
pub(crate) struct IdempotentRequest {
    pub(crate) key: IdempotencyKey,
    /// The hash of the request's body.
    pub(crate) body_hash: String,
    /// The body of the response, which a repeat gets again.
    pub(crate) response: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        let longest = "~".repeat(255);
        for good in ["!", "0198c0de-0000-7000-8000-000000000001", &longest] {
            assert!(IdempotencyKey::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "two words", "tab\tbed", "\u{7f}", "schlüssel", &format!("{longest}~")] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad}");
        }
    }
}
