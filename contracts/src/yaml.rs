//! YAML as CloudFormation takes it: no aliases, no merge keys, none of some tags. No key is given twice, because readers
//! of YAML disagree about which of the two counts.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>

use std::borrow::Cow;
use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde::de::{DeserializeOwned, Error as _};
use serde_norway::Error;

/// What CloudFormation does not support of YAML's own types.
const REFUSED_TYPES: [&str; 6] = ["binary", "imap", "omap", "pairs", "timestamp", "set"];

/// The key that merges another mapping into its own.
const MERGE: &str = "<<";

/// Reads a text, unless CloudFormation would refuse it.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    if let Some(reason) = refused(text) {
        return Err(Error::custom(reason));
    }
    serde_norway::from_str(text)
}

/// What stands first in a text that CloudFormation does not take, with its place.
fn refused(text: &str) -> Option<String> {
    let mut place = Place::default();
    for event in Parser::new_from_str(text) {
        let (reason, at) = match event {
            Ok((event, span)) => (place.enter(&event), span.start),
            // The other parser may take it, but then nothing is known about its aliases.
            Err(error) => (Some(error.info().to_owned()), *error.marker()),
        };
        if let Some(reason) = reason {
            return Some(format!("{reason} at line {} column {}", at.line(), at.col() + 1));
        }
    }
    None
}

/// The collections around an event, the innermost last.
#[derive(Default)]
struct Place(Vec<Collection>);

enum Collection {
    Sequence,
    Mapping { keys: BTreeSet<String>, is_key_next: bool },
}

impl Place {
    /// Takes the next event; what CloudFormation refuses in it.
    fn enter(&mut self, event: &Event<'_>) -> Option<String> {
        match event {
            Event::Alias(_) => Some("an alias, which CloudFormation does not take: write the value out".to_owned()),
            Event::Scalar(text, style, anchor, tag) => {
                refused_node(*anchor, tag.as_ref()).or_else(|| self.scalar(text, *style))
            }
            Event::SequenceStart(anchor, tag) => {
                let reason = refused_node(*anchor, tag.as_ref()).or_else(|| self.collection());
                self.0.push(Collection::Sequence);
                reason
            }
            Event::MappingStart(anchor, tag) => {
                let reason = refused_node(*anchor, tag.as_ref()).or_else(|| self.collection());
                self.0.push(Collection::Mapping { keys: BTreeSet::new(), is_key_next: true });
                reason
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.0.pop();
                None
            }
            _ => None,
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle) -> Option<String> {
        let Some(Collection::Mapping { keys, is_key_next }) = self.0.last_mut() else { return None };
        let is_key = *is_key_next;
        *is_key_next = !is_key;
        if !is_key {
            return None;
        }
        if text == MERGE && style == ScalarStyle::Plain {
            return Some("a merge key (<<), which CloudFormation does not take: write the entries out".to_owned());
        }
        (!keys.insert(text.to_owned())).then(|| format!("the key {text:?} is given twice in one mapping"))
    }

    fn collection(&mut self) -> Option<String> {
        let Some(Collection::Mapping { is_key_next, .. }) = self.0.last_mut() else { return None };
        let is_key = *is_key_next;
        *is_key_next = !is_key;
        is_key.then(|| "a key that is no text, which CloudFormation does not take".to_owned())
    }
}

fn refused_node(anchor: usize, tag: Option<&Cow<'_, Tag>>) -> Option<String> {
    if anchor > 0 {
        return Some("an anchor, which CloudFormation does not take: write the value out where it is used".to_owned());
    }
    let tag = tag.filter(|tag| tag.is_yaml_core_schema() && REFUSED_TYPES.contains(&tag.suffix.as_str()))?;
    Some(format!("the tag !!{}, which CloudFormation does not take", tag.suffix))
}

#[cfg(test)]
mod tests {
    use serde_norway::Value;

    use super::*;

    #[test]
    fn what_cloudformation_does_not_take_is_refused_with_its_place() {
        for (text, expected) in [
            ("a: &x 1\nb: 2\n", "an anchor"),
            ("a: &x {c: 1}\nb: *x\n", "an anchor"),
            ("a: {c: 1}\nb: {<<: {d: 1}}\n", "a merge key (<<)"),
            ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "the key \"c\" is given twice in one mapping at line 5 column 3"),
            ("{2012: a, \"2012\": b}", "the key \"2012\" is given twice"),
            ("a: 1\n\"a\": 2\n", "the key \"a\" is given twice in one mapping at line 2 column 1"),
            ("a: !!set {b, c}", "the tag !!set"),
            ("a: !!binary aGVsbG8=", "the tag !!binary"),
            ("? [a]\n: 1\n", "a key that is no text"),
        ] {
            let error = read::<Value>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn short_forms_quotes_and_repeated_names_of_other_mappings_are_taken() {
        for text in [
            "a: !Ref B\nb: !GetAtt [C, Arn]\nc: !Sub '${A}'\n",
            "Resource: \"*\"\nText: '&x *x <<'\n\"<<\": 1\n",
            "- {a: 1}\n- {a: 2}\n",
            "a: {b: {a: 1}, c: {a: 1}}\n",
            "a: >-\n  &b *c\n  <<: d\n",
            "",
        ] {
            assert!(read::<Value>(text).is_ok(), "{text}: {:?}", read::<Value>(text));
        }
    }
}
