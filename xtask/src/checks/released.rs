//! Texts of released event schemas. They never change, so neither do the doc comments that they are generated from.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use contracts::schemas;
use contracts::versions::{self, Versions};
use serde_json::Value;

use super::sources::Source;

/// The crate with the types that the schemas are generated from.
const TYPES: &str = "events/src/";

/// Every description in a released schema.
#[derive(Debug, Default)]
pub(crate) struct ReleasedTexts(BTreeSet<String>);

impl ReleasedTexts {
    pub(crate) fn read(sources: &[Source]) -> Result<Self> {
        let Some(list) = sources.iter().find(|source| source.path == versions::FILE) else {
            return Ok(Self::default());
        };
        let versions = Versions::parse(&list.text).with_context(|| format!("{} is not a list", versions::FILE))?;
        let mut texts = BTreeSet::new();
        for source in sources.iter().filter(|source| is_released(source, &versions)) {
            let schema = serde_json::from_str(&source.text).with_context(|| format!("{} is not JSON", source.path))?;
            add_descriptions(&schema, &mut texts);
        }
        Ok(Self(texts))
    }

    /// Whether a line of a file is the doc comment of a released description.
    pub(crate) fn contain(&self, path: &str, line: &str) -> bool {
        let comment = line.trim_start().strip_prefix("/// ").filter(|_| path.starts_with(TYPES));
        comment.is_some_and(|text| self.0.contains(text))
    }
}

fn is_released(source: &Source, versions: &Versions) -> bool {
    let name = source.path.strip_prefix(schemas::FOLDER).and_then(|path| path.strip_prefix('/')?.strip_suffix(".json"));
    name.is_some_and(|name| versions.is_released(name))
}

fn add_descriptions(schema: &Value, texts: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            texts.extend(members.get("description").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| add_descriptions(member, texts));
        }
        Value::Array(items) => items.iter().for_each(|item| add_descriptions(item, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_doc_comments_of_released_schemas_are_found() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let texts = ReleasedTexts::read(&[
            source(versions::FILE, r#"{"a/Created/v1": {"released": "2026-11-21", "retired": null, "sha256": "0"}}"#),
            source("events/schemas/a/Created/v1.json", r#"{"properties": {"id": {"description": "The id."}}}"#),
            source("events/schemas/a/Created/v2.json", r#"{"description": "A draft."}"#),
        ])
        .unwrap();
        assert!(texts.contain("events/src/publishers/a.rs", "    /// The id."));
        assert!(!texts.contain("events/src/publishers/a.rs", "    /// A draft."));
        assert!(!texts.contain("services/a/src/main.rs", "    /// The id."));
    }
}
