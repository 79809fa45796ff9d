//! The catalogue of events, written from the schemas: `docs/catalog.md` and the AsyncAPI documents.

pub mod contents;
mod diagram;
mod fields;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use self::contents::{Contents, Published, Read};
use crate::asyncapi;

/// The catalogue for people, from the repository's root.
pub const PAGE: &str = "docs/catalog.md";

/// Every generated document by its path from the repository's root, with its text.
#[must_use]
pub fn files(contents: &Contents) -> BTreeMap<String, String> {
    let mut files = asyncapi::files(contents);
    files.insert(PAGE.to_owned(), page(contents));
    files
}

/// Whether a path is the place of a generated document: one that is there and not among [`files`] is left over.
#[must_use]
pub fn is_generated(path: &str) -> bool {
    path == PAGE || path.starts_with(asyncapi::FOLDER)
}

fn page(contents: &Contents) -> String {
    let mut page = String::from(
        "# Event catalogue\n\n\
         Written by `cargo xtask schemas` from the types in `events/` and what the subscribers read; a test keeps it \
         current. How an event comes about: [adding-an-event.md](adding-an-event.md).\n\n",
    );
    page.push_str(&diagram::of(contents));
    page.push_str(&overview(contents));
    page.push_str(&envelope(contents));
    for (service, events) in by_service(contents) {
        line(&mut page, format_args!("\n## Published by {service}\n\nAs [AsyncAPI](asyncapi/{service}.json)."));
        for event in events {
            page.push_str(&chapter(contents, event));
        }
    }
    page
}

fn by_service(contents: &Contents) -> BTreeMap<&str, Vec<&Published>> {
    let mut services: BTreeMap<&str, Vec<&Published>> = BTreeMap::new();
    for event in &contents.published {
        services.entry(&event.service).or_default().push(event);
    }
    services
}

fn overview(contents: &Contents) -> String {
    let mut text = String::from("\n| event | published by | read by | life |\n|---|---|---|---|\n");
    for event in &contents.published {
        let readers: Vec<String> = contents.readers_of(event).map(Read::subject).collect();
        let readers = if readers.is_empty() { "nobody".to_owned() } else { readers.join(", ") };
        let link = format!("[{0}](#{1})", event.detail_type(), anchor(event));
        line(&mut text, format_args!("| {link} | {} | {readers} | {} |", event.service, life(event)));
    }
    text
}

/// The envelope is the same in every event but for the name of the schema.
fn envelope(contents: &Contents) -> String {
    let Some(first) = contents.published.first() else { return String::new() };
    let mut text = String::from(
        "\n## The envelope\n\nEvery event's `detail` holds `metadata`, which every reader checks, and `data`, of which \
         each reads what it needs.\n\n| `metadata` | what it may be | meaning |\n|---|---|---|\n",
    );
    for field in fields::of(&first.document["properties"]["metadata"]) {
        let kind = if field.path == "schema" { "text".to_owned() } else { field.kind };
        line(&mut text, format_args!("| `{}` | {kind} | {} |", field.path, field.description));
    }
    text
}

fn chapter(contents: &Contents, event: &Published) -> String {
    let mut text = String::new();
    let readers: Vec<&Read> = contents.readers_of(event).collect();
    line(&mut text, format_args!("\n### {} v{}\n", event.event, event.version));
    line(&mut text, format_args!("{}\n", event.document["description"].as_str().unwrap_or_default()));
    line(
        &mut text,
        format_args!(
            "Source `busline.{}`, detail type `{}`, {}: [schema](../events/schemas/{}.json), \
             [example](../events/examples/{}.json).\n",
            event.service,
            event.detail_type(),
            life(event),
            event.schema(),
            event.schema()
        ),
    );
    text.push_str("| `data` | what it may be | meaning | read by |\n|---|---|---|---|\n");
    for field in fields::of(&event.document["properties"]["data"]) {
        let reading = readers.iter().filter(|reader| fields::has(&reader.document["properties"]["data"], &field.path));
        let reading: Vec<String> = reading.map(|reader| reader.subject()).collect();
        let (path, kind, description) = (&field.path, &field.kind, &field.description);
        line(&mut text, format_args!("| `{path}` | {kind} | {description} | {} |", reading.join(", ")));
    }
    text.push_str(&example(&event.document));
    text
}

fn example(document: &Value) -> String {
    let Some(example) = document["examples"].get(0) else { return String::new() };
    format!("\n```json\n{:#}\n```\n", example["data"])
}

fn life(event: &Published) -> String {
    match (event.life.released, event.life.retired) {
        (_, Some(retired)) => format!("retired {retired}"),
        (Some(released), None) => format!("released {released}"),
        (None, None) => "draft".to_owned(),
    }
}

/// The anchor that Markdown gives to the chapter's heading.
fn anchor(event: &Published) -> String {
    format!("{}-v{}", event.event.to_lowercase(), event.version)
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail; the result says so in its type alone.
    writeln!(text, "{arguments}").ok();
}
