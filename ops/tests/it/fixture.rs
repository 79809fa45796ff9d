//! Messages as `ReceiveMessage` returned them, with their source and expected content.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ops::dlq::envelope::{self, Reading};
use ops::dlq::message::Message;
use ops::dlq::raw_message::{Attribute, AttributeValue, RawMessage};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A message and its expected content.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    /// The documentation page, or how it was captured.
    pub(crate) source: String,
    message: Received,
    object: Option<Object>,
    /// Fields of the machine format.
    pub(crate) expected: Map<String, Value>,
}

/// The object that the message names.
#[derive(Deserialize)]
struct Object {
    bucket: String,
    key: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    message_id: String,
    body: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    message_attributes: BTreeMap<String, ReceivedAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceivedAttribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

impl Fixture {
    pub(crate) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/fixtures/{name}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every fixture with its name.
    pub(crate) fn all() -> Vec<(String, Self)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures");
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let names = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
        names.map(|name| (name.clone(), Self::read(&name))).collect()
    }

    pub(crate) fn raw(&self) -> RawMessage {
        let attributes = self.message.message_attributes.iter();
        let attributes = attributes.map(|(name, attribute)| (name.clone(), attribute.parse())).collect();
        RawMessage {
            message_id: self.message.message_id.clone(),
            receipt_handle: "receipt".to_owned(),
            system: self.message.attributes.clone(),
            attributes,
            body: self.message.body.clone(),
        }
    }

    /// The message after reading, with the object that it names.
    pub(crate) fn message(&self) -> Message {
        self.read_raw(self.raw())
    }

    /// Reads another message, with the object that this one names.
    pub(crate) fn read_raw(&self, raw: RawMessage) -> Message {
        let decoded = match envelope::read(&raw) {
            Reading::Whole(decoded) => *decoded,
            Reading::Elsewhere(pointer) => {
                let object = self.object.as_ref().expect("a fixture with the object that its message names");
                assert_eq!((&pointer.object.bucket, &pointer.object.key), (&object.bucket, &object.key));
                pointer.open(&object.text)
            }
        };
        Message::new(raw, decoded)
    }
}

impl ReceivedAttribute {
    fn parse(&self) -> Attribute {
        let value = match (&self.string_value, &self.binary_value) {
            (Some(text), _) => AttributeValue::Text(text.clone()),
            (None, Some(base64)) => AttributeValue::Binary(STANDARD.decode(base64).expect("base64")),
            (None, None) => panic!("an attribute without a value"),
        };
        Attribute { data_type: self.data_type.clone(), value }
    }
}
