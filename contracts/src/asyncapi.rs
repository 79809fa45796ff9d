//! The AsyncAPI 3 document of each service, so that other catalogues can take what it publishes and reads.
//!
//! Source: <https://www.asyncapi.com/docs/reference/specification/v3.0.0>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::catalog::contents::{Contents, Published, Read};
use crate::schemas::text;

/// The folder of the documents, from the repository's root.
pub const FOLDER: &str = "docs/asyncapi/";

/// Each service's document by its path from the repository's root. As JSON: in YAML the times of the examples would be
/// read as times by some programs and as texts by others.
#[must_use]
pub fn files(contents: &Contents) -> BTreeMap<String, String> {
    let publishers = contents.published.iter().map(|event| event.service.as_str());
    let readers = contents.read.iter().map(|read| read.service.as_str());
    let services: BTreeSet<&str> = publishers.chain(readers).collect();
    let file = |service| (format!("{FOLDER}{service}.json"), text(&document(contents, service)));
    services.into_iter().map(file).collect()
}

fn document(contents: &Contents, service: &str) -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    for event in contents.published.iter().filter(|event| event.service == service) {
        let key = event.detail_type();
        channels.insert(key.clone(), channel(event, &BTreeMap::from([(key.as_str(), written(event))])));
        operations.insert(format!("publish.{key}"), operation("send", &key, &key, event));
    }
    for event in &contents.published {
        let own: Vec<&Read> = contents.readers_of(event).filter(|read| read.service == service).collect();
        if own.is_empty() {
            continue;
        }
        // A service may read what it publishes: each direction has its own channel.
        let key = format!("{}.{}", event.service, event.detail_type());
        let messages = own.iter().map(|read| (read.job.as_str(), message(event, &read.document))).collect();
        channels.insert(key.clone(), channel(event, &messages));
        for read in own {
            operations.insert(format!("{}.{key}", read.job), operation("receive", &key, &read.job, event));
        }
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": format!("Busline {service}"),
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "What the {service} service publishes to and reads from the bus. A message is the `detail` of an \
                 EventBridge event; its `source` and `detail-type` are in the headers. Written by `cargo xtask schemas`."
            ),
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
    })
}

fn channel(event: &Published, messages: &BTreeMap<&str, Value>) -> Value {
    json!({
        "address": format!("busline-{{env}}/busline.{}/{}", event.service, event.detail_type()),
        "title": event.document["title"],
        "description": "A rule on the bus of the environment, for this source and detail type.",
        "parameters": {"env": {"description": "The environment.", "default": "local"}},
        "messages": messages,
    })
}

fn operation(action: &str, channel: &str, message: &str, event: &Published) -> Value {
    json!({
        "action": action,
        "channel": {"$ref": format!("#/channels/{channel}")},
        "messages": [{"$ref": format!("#/channels/{channel}/messages/{message}")}],
        "summary": event.document["description"],
    })
}

fn written(event: &Published) -> Value {
    let mut message = message(event, &event.document);
    let examples = event.document["examples"].as_array().into_iter().flatten();
    message["examples"] = examples.map(|example| json!({"payload": example})).collect();
    message
}

fn message(event: &Published, payload: &Value) -> Value {
    let mut payload = payload.clone();
    if let Some(keywords) = payload.as_object_mut() {
        // AsyncAPI's own schemas have neither: what our schemas say means the same in its superset of draft 07.
        keywords.retain(|keyword, _| !["$schema", "$id", "examples"].contains(&keyword.as_str()));
    }
    json!({
        "name": event.detail_type(),
        "title": event.document["title"],
        "summary": event.document["description"],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["source", "detail-type"],
            "properties": {
                "source": {"const": format!("busline.{}", event.service)},
                "detail-type": {"const": event.detail_type()},
            },
        },
        "payload": payload,
    })
}
