//! A schema as the validator must read it, whatever dialect and pattern syntax the document is written in.

use serde_json::{Map, Value, json};

use super::{InvalidSchema, ecma, parse::Dialect};

/// Keywords with data as their value, which contains no keywords.
const DATA: [&str; 6] = ["const", "enum", "required", "dependentRequired", "default", "examples"];

/// Keywords that contain schemas by names, which can be equal to a keyword.
const NAMED: [&str; 5] = ["properties", "$defs", "definitions", "dependentSchemas", "dependencies"];

/// The document with patterns that have the meaning of ECMA-262 in the validator, and without the keywords that its dialect does
/// not have but the validator asserts.
pub(super) fn normalized(document: &Value, dialect: Dialect) -> Result<Value, InvalidSchema> {
    schema(document, dialect, "")
}

fn schema(document: &Value, dialect: Dialect, at: &str) -> Result<Value, InvalidSchema> {
    let Value::Object(map) = document else { return Ok(document.clone()) };
    let mut kept = Map::new();
    for (name, value) in map.iter().filter(|(name, _)| dialect == Dialect::Seven || *name != "dependencies") {
        kept.insert(name.clone(), keyword(name, value, dialect, &format!("{at}/{name}"))?);
    }
    Ok(Value::Object(kept))
}

fn keyword(name: &str, value: &Value, dialect: Dialect, at: &str) -> Result<Value, InvalidSchema> {
    match value {
        _ if DATA.contains(&name) => Ok(value.clone()),
        Value::String(source) if name == "pattern" => Ok(pattern(source, at)?.into()),
        Value::Object(parts) if name == "patternProperties" => by_pattern(parts, dialect, at),
        Value::Object(parts) if NAMED.contains(&name) => {
            let part =
                |(key, part): (&String, &Value)| Ok((key.clone(), schema(part, dialect, &format!("{at}/{key}"))?));
            parts.iter().map(part).collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        Value::Array(parts) => {
            let part = |(index, part)| schema(part, dialect, &format!("{at}/{index}"));
            parts.iter().enumerate().map(part).collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        _ => schema(value, dialect, at),
    }
}

fn by_pattern(parts: &Map<String, Value>, dialect: Dialect, at: &str) -> Result<Value, InvalidSchema> {
    let mut kept = Map::new();
    for (source, part) in parts {
        let part = schema(part, dialect, &format!("{at}/{source}"))?;
        let source = pattern(source, at)?;
        // Two spellings of one pattern both hold.
        let both = kept.remove(&source).map(|before: Value| json!({"allOf": [before, &part]}));
        kept.insert(source, both.unwrap_or(part));
    }
    Ok(Value::Object(kept))
}

fn pattern(source: &str, at: &str) -> Result<String, InvalidSchema> {
    if ecma::is_valid(source) {
        return Ok(ecma::translated(source).into_owned());
    }
    Err(InvalidSchema::Pattern { pointer: at.to_owned(), pattern: source.to_owned() })
}
