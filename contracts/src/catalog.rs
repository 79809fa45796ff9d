//! The catalogue of events, written from the schemas: `docs/catalog.md` and the AsyncAPI documents.

pub mod contents;
mod diagram;
mod fields;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use self::contents::{Contents, Published, Read};
use crate::asyncapi;

/// The path of the catalogue's page from the repository's root.
pub const PAGE: &str = "docs/catalog.md";

/// Every generated document: its path from the repository's root, and its text.
#[must_use]
pub fn files(contents: &Contents) -> BTreeMap<String, String> {
    let mut files = asyncapi::files(contents);
    files.insert(PAGE.to_owned(), page(contents));
    files
}

/// Whether generated documents have paths like this one. A file at such a path that is not in [`files`] is out of date.
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
    page.push_str(&diagram::mermaid(contents));
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
        let readers = if readers.is_empty() { "no job".to_owned() } else { readers.join(", ") };
        let link = format!("[{0}](#{1})", event.detail_type(), anchor(contents, event));
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
    for field in fields::list(&first.document["properties"]["metadata"]) {
        let kind = if field.path == "schema" { "text".to_owned() } else { field.kind };
        line(&mut text, format_args!("| `{}` | {kind} | {} |", field.path, field.description));
    }
    text
}

fn chapter(contents: &Contents, event: &Published) -> String {
    let mut text = String::new();
    let readers: Vec<&Read> = contents.readers_of(event).collect();
    line(&mut text, format_args!("\n### {}\n", heading(contents, event)));
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
    for field in fields::list(&event.document["properties"]["data"]) {
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

/// The heading of an event's section; with its publisher where several services publish an event of this name.
fn heading(contents: &Contents, event: &Published) -> String {
    match contents.publishers_of(event) {
        0 | 1 => format!("{} v{}", event.event, event.version),
        _ => format!("{} v{} by {}", event.event, event.version, event.service),
    }
}

/// The anchor that Markdown gives to the heading.
fn anchor(contents: &Contents, event: &Published) -> String {
    heading(contents, event).to_lowercase().replace(' ', "-")
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    writeln!(text, "{arguments}").ok();
}
