//! When each event version was released and retired: `events/schemas/versions.json`.
//!
//! A version is a draft until it is released. From then on its schema may not change, because its events are in queues
//! and in the archive and other services read them. The file holds the hash of each released schema.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::compat::source;

/// The path of the file from the repository's root.
pub const FILE: &str = "events/schemas/versions.json";

/// Every event version, by its schema's name: `<service>/<Event>/v<N>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Versions(pub BTreeMap<String, Version>);

/// The dates and the hash of one event version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The date of its release; none for a draft.
    pub released: Option<Date>,
    /// The first date on which no service publishes it; none while it is published.
    pub retired: Option<Date>,
    /// The [`hash`] of its schema at its release; none for a draft.
    pub sha256: Option<String>,
}

impl Versions {
    /// Parses the file's text.
    ///
    /// # Errors
    /// When the text is not JSON of this form, or has a key twice; the error has line and column.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        source::read(text).map_err(serde_json::Error::custom)?;
        serde_json::from_str(text)
    }

    /// The text to write into the file.
    #[must_use]
    pub fn text(&self) -> String {
        crate::schemas::text(&serde_json::json!(self))
    }

    /// Whether a version is released, and may not change.
    #[must_use]
    pub fn is_released(&self, schema: &str) -> bool {
        self.0.get(schema).is_some_and(|version| version.released.is_some())
    }

    /// Marks a version as released on `day` with this schema.
    ///
    /// # Errors
    /// When it was released before with another schema.
    pub fn release(&mut self, schema: &str, document: &Value, day: Date) -> Result<(), AlreadyReleased> {
        let sha256 = Some(hash(document));
        let version = self.0.entry(schema.to_owned()).or_default();
        match version.released {
            Some(_) if version.sha256 == sha256 => Ok(()),
            Some(released) => Err(AlreadyReleased { schema: schema.to_owned(), released }),
            None => {
                (version.released, version.sha256) = (Some(day), sha256);
                Ok(())
            }
        }
    }
}

/// A version was released before, with another schema.
#[derive(Debug, thiserror::Error)]
#[error("{schema} was released on {released} with another schema: undo the change, or add the next version")]
pub struct AlreadyReleased {
    schema: String,
    released: Date,
}

/// The SHA-256 of a schema in hexadecimal, whatever the order and layout of its JSON.
#[must_use]
pub fn hash(document: &Value) -> String {
    Sha256::digest(canonical(document).to_string()).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// The value with the members of every object sorted by name, whatever order `serde_json` keeps.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let ordered: BTreeMap<_, _> =
                members.iter().map(|(name, value)| (name.clone(), canonical(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    const NAME: &str = "a/Created/v1";

    #[test]
    fn the_hash_ignores_order_and_layout() {
        let left: Value = serde_json::from_str(r#"{"a": 1, "b": {"c": [2, 1], "d": null}}"#).unwrap();
        let right: Value = serde_json::from_str("{\"b\":{\"d\":null,\"c\":[2,1]},\"a\":1}").unwrap();
        assert_eq!(hash(&left), hash(&right));
        assert_ne!(hash(&left), hash(&json!({"a": 1, "b": {"c": [1, 2], "d": null}})));
    }

    #[test]
    fn a_released_version_can_be_released_again_only_unchanged() {
        let mut versions = Versions::default();
        versions.release(NAME, &json!({"type": "object"}), date(2026, 11, 21)).unwrap();
        versions.release(NAME, &json!({"type": "object"}), date(2026, 12, 1)).unwrap();
        assert_eq!(versions.0[NAME].released, Some(date(2026, 11, 21)));
        let refused = versions.release(NAME, &json!({"type": "array"}), date(2026, 12, 1)).unwrap_err();
        assert!(refused.to_string().contains("released on 2026-11-21 with another schema"));
    }

    #[test]
    fn the_file_survives_a_round_trip() {
        let mut versions = Versions::default();
        versions.release(NAME, &json!({}), date(2026, 11, 21)).unwrap();
        versions.0.insert("a/Archived/v1".into(), Version::default());
        assert_eq!(Versions::parse(&versions.text()).unwrap(), versions);
        assert!(!versions.is_released("a/Archived/v1") && versions.is_released(NAME));
    }
}
