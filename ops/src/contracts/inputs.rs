//! JSON that a command is given: a file, standard input, or the argument itself.

use std::fs;
use std::io::{self, Read};

use anyhow::{Result, bail};
use ops::dlq::queue::WrongUse;
use serde_json::Value;

/// The text of an argument, and what to call it.
#[derive(Debug)]
pub(super) struct Input {
    /// The file's name, or what else it is.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

impl Input {
    /// Reads an argument.
    pub(super) fn read(argument: &str, what: &str) -> Result<Self> {
        if argument.trim_start().starts_with(['{', '[']) || ["true", "false"].contains(&argument.trim()) {
            return Ok(Self { name: format!("the {what}"), text: argument.to_owned() });
        }
        if argument == "-" {
            let mut text = String::new();
            let read = io::stdin().read_to_string(&mut text);
            return match read {
                Ok(_) => Ok(Self { name: "standard input".into(), text }),
                Err(error) => bail!(WrongUse(format!("standard input cannot be read: {error}"))),
            };
        }
        match fs::read_to_string(argument) {
            Ok(text) => Ok(Self { name: argument.to_owned(), text }),
            Err(error) => bail!(WrongUse(format!(
                "{argument} cannot be read: {error}; the {what} is a file, `-` for standard input, or JSON: an \
                 object, an array, true or false"
            ))),
        }
    }

    /// Reads two arguments, of which one at most may be standard input.
    pub(super) fn pair(first: &str, second: &str, what: [&str; 2]) -> Result<[Self; 2]> {
        if first == "-" && second == "-" {
            bail!(WrongUse(format!(
                "standard input cannot be both: give the {} or the {} as a file",
                what[0], what[1]
            )));
        }
        Ok([Self::read(first, what[0])?, Self::read(second, what[1])?])
    }

    /// The text as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        if self.text.starts_with('\u{feff}') {
            bail!(WrongUse(format!("{} begins with a byte order mark: save it as UTF-8 without one", self.name)));
        }
        serde_json::from_str(&self.text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let said = error.to_string();
            let reason = said.rsplit_once(" at line ").map_or(said.as_str(), |(reason, _)| reason);
            WrongUse(format!("{} is no JSON at line {line}, column {column}: {reason}", self.name)).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_named_with_line_and_column() {
        let input = Input { name: "old.json".into(), text: "{\n  \"type\": object\n}".into() };
        let error = input.json().unwrap_err().to_string();
        assert_eq!(error, "old.json is no JSON at line 2, column 11: expected value");
    }

    #[test]
    fn an_argument_that_looks_like_json_is_json_itself() {
        assert_eq!(Input::read(" {\"a\": 1}", "event").unwrap().json().unwrap()["a"], 1);
        assert_eq!(Input::read("true", "old schema").unwrap().json().unwrap(), true);
        assert!(Input::read("[1]", "event").unwrap().json().unwrap().is_array());
        let marked = Input { name: "old.json".into(), text: "\u{feff}{}".into() };
        assert!(marked.json().unwrap_err().to_string().contains("byte order mark"));
        assert!(Input::read("no-such-file.json", "event").unwrap_err().to_string().contains("is a file"));
        assert!(Input::pair("-", "-", ["pattern", "event"]).is_err());
    }
}
