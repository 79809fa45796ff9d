//! A cache of parsed schemas, of proofs between them, and of parsed Rust sources.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use crate::compat::{self, Answer, InvalidSchema, Schema};
use crate::rust::{self, Built, Request};

/// Parsed schemas, proofs and sources, by their texts.
#[derive(Debug, Default)]
pub struct Proofs {
    schemas: RefCell<HashMap<String, Rc<Result<Schema, InvalidSchema>>>>,
    answers: RefCell<HashMap<(String, String), Answer>>,
    sources: RefCell<HashMap<String, Rc<syn::Result<syn::File>>>>,
    requests: RefCell<HashMap<String, Rc<Vec<Request>>>>,
    built: RefCell<HashMap<String, Rc<Built>>>,
}

impl Proofs {
    /// The schema of a document, or why the document is not a schema.
    #[must_use]
    pub fn schema(&self, document: &Value) -> Rc<Result<Schema, InvalidSchema>> {
        let mut schemas = self.schemas.borrow_mut();
        let parsed = schemas.entry(document.to_string()).or_insert_with(|| Rc::new(Schema::parse(document.clone())));
        Rc::clone(parsed)
    }

    /// The syntax tree of a Rust source, or where it is not Rust.
    pub(crate) fn source(&self, text: &str) -> Rc<syn::Result<syn::File>> {
        let mut sources = self.sources.borrow_mut();
        let parsed = sources.entry(text.to_owned()).or_insert_with(|| Rc::new(syn::parse_file(text)));
        Rc::clone(parsed)
    }

    /// The requests of a test's source; none in one that is not Rust.
    pub(crate) fn requests(&self, text: &str) -> Rc<Vec<Request>> {
        let mut requests = self.requests.borrow_mut();
        let found = || syn::parse_file(text).map_or_else(|_| Vec::new(), |file| rust::requests(&file));
        Rc::clone(requests.entry(text.to_owned()).or_insert_with(|| Rc::new(found())))
    }

    /// What a source builds; nothing in one that is not Rust.
    pub(crate) fn built(&self, text: &str) -> Rc<Built> {
        let mut built = self.built.borrow_mut();
        let found = || syn::parse_file(text).map_or_else(|_| Built::default(), |file| rust::built(&file));
        Rc::clone(built.entry(text.to_owned()).or_insert_with(|| Rc::new(found())))
    }

    /// Whether a reader can read every event of a writer; neither proven nor refuted when one of them is not a schema.
    #[must_use]
    pub fn reads(&self, writer: &Value, reader: &Value) -> Answer {
        let key = (writer.to_string(), reader.to_string());
        if let Some(answer) = self.answers.borrow().get(&key) {
            return answer.clone();
        }
        let (writer, reader) = (self.schema(writer), self.schema(reader));
        let answer = match (&*writer, &*reader) {
            (Ok(writer), Ok(reader)) => compat::reads(writer, reader),
            (Err(error), _) | (_, Err(error)) => {
                Answer::Unknown { pointer: String::new(), reason: crate::words::chain(error) }
            }
        };
        self.answers.borrow_mut().insert(key, answer.clone());
        answer
    }
}
