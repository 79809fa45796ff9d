//! JSON from an argument: a file, standard input, or the argument itself.

use std::fs;
use std::io::{self, Read};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::error::UsageError;

/// JSON text, and how error texts refer to it.
#[derive(Debug)]
pub struct JsonInput {
    /// The file's name, `standard input`, or the role of the argument.
    pub name: String,
    /// The text, which may not be valid JSON.
    pub text: String,
}

impl JsonInput {
    /// Reads an argument with the role `what`.
    ///
    /// # Errors
    /// [`UsageError`] when it cannot be read.
    pub fn read(argument: &str, what: &str) -> Result<Self> {
        if argument.trim_start().starts_with(['{', '[']) || ["true", "false"].contains(&argument.trim()) {
            return Ok(Self { name: format!("the {what}"), text: argument.to_owned() });
        }
        if argument == "-" {
            let mut text = String::new();
            let read = io::stdin().read_to_string(&mut text);
            return match read {
                Ok(_) => Ok(Self { name: "standard input".into(), text }),
                Err(error) => bail!(UsageError(format!("standard input cannot be read: {error}"))),
            };
        }
        match fs::read_to_string(argument) {
            Ok(text) => Ok(Self { name: argument.to_owned(), text }),
            Err(error) => bail!(UsageError(format!(
                "{argument} cannot be read: {error}; the {what} is a file, `-` for standard input, or JSON: an \
                 object, an array, true or false"
            ))),
        }
    }

    /// Reads two arguments, of which at most one is standard input.
    ///
    /// # Errors
    /// [`UsageError`] when one cannot be read.
    pub fn read_pair(first: &str, second: &str, what: [&str; 2]) -> Result<[Self; 2]> {
        if first == "-" && second == "-" {
            bail!(UsageError(format!(
                "standard input cannot be both: give the {} or the {} as a file",
                what[0], what[1]
            )));
        }
        Ok([Self::read(first, what[0])?, Self::read(second, what[1])?])
    }

    /// Parses the text.
    ///
    /// # Errors
    /// [`UsageError`] with line and column when it is not JSON.
    pub fn json(&self) -> Result<Value> {
        if self.text.starts_with('\u{feff}') {
            bail!(UsageError(format!("{} begins with a byte order mark: save it as UTF-8 without one", self.name)));
        }
        serde_json::from_str(&self.text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let text = error.to_string();
            let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
            UsageError(format!("{} is not JSON at line {line}, column {column}: {reason}", self.name)).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_json_is_reported_with_line_and_column() {
        let input = JsonInput { name: "old.json".into(), text: "{\n  \"type\": object\n}".into() };
        let error = input.json().unwrap_err().to_string();
        assert_eq!(error, "old.json is not JSON at line 2, column 11: expected value");
    }

    #[test]
    fn an_argument_that_looks_like_json_is_read_as_json() {
        assert_eq!(JsonInput::read(" {\"a\": 1}", "event").unwrap().json().unwrap()["a"], 1);
        assert_eq!(JsonInput::read("true", "old schema").unwrap().json().unwrap(), true);
        assert!(JsonInput::read("[1]", "event").unwrap().json().unwrap().is_array());
        let marked = JsonInput { name: "old.json".into(), text: "\u{feff}{}".into() };
        assert!(marked.json().unwrap_err().to_string().contains("byte order mark"));
        assert!(JsonInput::read("no-such-file.json", "event").unwrap_err().to_string().contains("is a file"));
        assert!(JsonInput::read_pair("-", "-", ["pattern", "event"]).is_err());
    }
}
