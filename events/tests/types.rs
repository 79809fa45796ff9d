//! Every type of an event gives a separate JSON Schema.
//!
//! With `BUSLINE_DERIVED_SCHEMAS` set, the schemas are written there: `contracts::code` runs this test for what the code
//! publishes.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use events::catalog::{self, EventType};
use serde_json::{Value, json};

#[test]
fn every_type_gives_a_document() {
    let documents: Vec<Value> = catalog::all().iter().map(document).collect();
    if let Some(folder) = env::var_os("BUSLINE_DERIVED_SCHEMAS") {
        fs::write(Path::new(&folder).join("types.json"), json!(documents).to_string()).unwrap();
    }
    let ids: BTreeSet<&str> = documents.iter().filter_map(|typed| typed["document"]["$id"].as_str()).collect();
    assert_eq!(ids.len(), documents.len(), "two types have the same name");
}

fn document(event: &EventType) -> Value {
    json!({
        "schema": event.schema,
        "source": event.source,
        "detail_type": event.detail_type,
        "document": event.document(),
    })
}
