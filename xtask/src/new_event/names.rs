//! The names of a new event: its publisher, its type and its first fields.

use std::fs;
use std::path::Path;

use anyhow::Result;
use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};
use serde_json::Value;

use crate::hash::sha256;
use crate::new_subscriber::{ensure_service, is_of_participants, pair};
use crate::usage::UsageError;

/// The file of a publisher without an event until now, apart from those that each participant publishes.
const PUBLISHER: &str = include_str!("publisher.rs.txt");
const TYPE: &str = include_str!("type.rs.txt");
/// The example of a new service's event, of which the `data` is replaced.
const EXAMPLE: &str = include_str!("../new_service/events/Created.json");

/// The fields that name a user.
const USER_FIELDS: [&str; 2] = ["ownerId", "userId"];
/// The user in all examples.
const EXAMPLE_USER: &str = "0198c0de-0000-7000-8000-000000000001";
/// AWS's limit is 128 characters for the `detail-type`, which ends with the version.
const MAX_NAME: usize = 100;

/// A new event, in version 1.
#[derive(Debug)]
pub(super) struct NewEvent {
    pub(super) name: EventName,
    /// The ids that all events of its publisher have.
    fields: Vec<Field>,
}

/// An id, which names what the event is about or its user.
#[derive(Debug)]
struct Field {
    /// As in JSON: `ownerId`.
    name: String,
    example: String,
}

impl NewEvent {
    /// Checks `<publisher>/<Name>` against the repository.
    pub(super) fn parse(repo: &Path, event: &str) -> Result<Self> {
        let (service, name) = pair(event, "<publisher>/<Name>")?;
        let repository = Repository::new(Tree::read(repo)?, None);
        ensure_service(&repository, service)?;
        check_name(name)?;
        let new = Self {
            name: EventName { service: service.to_owned(), event: name.to_owned(), version: 1 },
            fields: fields(repo, &repository, service),
        };
        new.check_free(repo, &repository)?;
        Ok(new)
    }

    fn check_free(&self, repo: &Path, repository: &Repository) -> Result<()> {
        let EventName { service, event, .. } = &self.name;
        if is_of_participants(repo, event) {
            return refuse(event, "each participant publishes an event of this name");
        }
        let mut versions = repository.schemas.keys().filter(|name| &name.service == service && &name.event == event);
        if let Some(newest) = versions.next_back() {
            let rule = format!(
                "it exists: copy {} to {event}V{}, as docs/adding-an-event.md describes for the next version",
                newest.type_name(),
                newest.version + 1
            );
            return refuse(event, &rule);
        }
        let example = self.name.example_file();
        if repo.join(&example).exists() {
            return refuse(event, &format!("{example} exists: run `cargo xtask schemas`, or delete it"));
        }
        let type_name = self.name.type_name();
        let mut files = repository.tree.below("events/src/publishers");
        match files.find(|(path, text)| self.is_of_publisher(path) && text.contains(&format!("struct {type_name} "))) {
            Some((path, _)) => {
                refuse(event, &format!("{path} has the type {type_name} without an example: write {example}"))
            }
            None => Ok(()),
        }
    }

    fn is_of_publisher(&self, path: &str) -> bool {
        let file = self.file();
        path == file || path.strip_prefix(file.trim_end_matches(".rs")).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The file of the type.
    pub(super) fn file(&self) -> String {
        format!("events/src/publishers/{}.rs", self.module())
    }

    pub(super) fn module(&self) -> String {
        self.name.service.replace('-', "_")
    }

    /// The publisher's file with the new type at its end.
    pub(super) fn with_type(&self, text: Option<String>) -> String {
        let fields: String = self.fields.iter().map(Field::declaration).collect();
        let user = self
            .fields
            .iter()
            .find(|field| field.is_of_user())
            .map_or("user_id".to_owned(), |field| snake(&field.name));
        let text = text.unwrap_or_else(|| PUBLISHER.to_owned()) + TYPE;
        text.replace("__sentence__", &sentence(&self.name.event))
            .replace("__Event__", &self.name.event)
            .replace("__service__", &self.name.service)
            .replace("__fields__", &fields)
            .replace("__user__", &user)
    }

    /// A complete bus event.
    pub(super) fn example(&self) -> String {
        let (head, _) = EXAMPLE.split_once("    \"data\": {").unwrap_or((EXAMPLE, ""));
        let fields: Vec<String> =
            self.fields.iter().map(|field| format!("      \"{}\": \"{}\"", field.name, field.example)).collect();
        let text = format!("{head}    \"data\": {{\n{}\n    }}\n  }}\n}}\n", fields.join(",\n"));
        let hash = sha256(self.name.to_string().as_bytes());
        text.replace("__Entity__Created", &self.name.event)
            .replace("__service__", &self.name.service)
            .replace("758e46c3a020", &hash[..12])
            .replace("0a1a5e31f020", &hash[..12])
            .replace("0198c0de-0000-7000-8000-0000000000aa", &self.fields[0].example)
    }
}

impl Field {
    fn declaration(&self) -> String {
        let described =
            if self.is_of_user() { "user that the event is about" } else { "id of what the event is about" };
        format!("    /// The {described}.\n    pub {}: Uuid,\n", snake(&self.name))
    }

    fn is_of_user(&self) -> bool {
        USER_FIELDS.contains(&self.name.as_str())
    }
}

/// Two words or more: what something happened to, and what happened.
fn check_name(name: &str) -> Result<()> {
    let words = words(name);
    let is_word = |word: &String| {
        let mut characters = word.chars();
        characters.next().is_some_and(|first| first.is_ascii_uppercase())
            && word.len() > 1
            && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if words.len() < 2 || name.len() > MAX_NAME || !words.iter().all(is_word) {
        return refuse(
            name,
            "a name has two or more words that begin with A-Z, such as `TodoArchived`, in the past tense",
        );
    }
    Ok(())
}

fn refuse<T>(name: &str, rule: &str) -> Result<T> {
    Err(UsageError(format!("no event can be called `{name}`: {rule}")).into())
}

/// The ids that all events of a publisher have, apart from those of participants; for a new publisher, the user's.
fn fields(repo: &Path, repository: &Repository, service: &str) -> Vec<Field> {
    let own = |name: &EventName| name.service == service && !is_of_participants(repo, &name.event);
    let schemas: Vec<&Value> =
        repository.schemas.iter().filter(|(name, _)| own(name)).map(|(_, schema)| schema).collect();
    let data = |schema: &Value| schema["properties"]["data"].clone();
    let is_id = |schema: &Value, field: &str| data(schema)["properties"][field]["format"] == "uuid";
    let first = schemas.first().map(|schema| data(schema)).unwrap_or_default();
    let names = first["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let shared = names.filter(|name| schemas.iter().all(|schema| is_id(schema, name)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut fields: Vec<Field> = shared
        .map(|name| Field { name: name.to_owned(), example: text(&schemas[0]["examples"][0]["data"][name]) })
        .collect();
    if !fields.iter().any(Field::is_of_user) {
        fields.push(Field { name: "userId".to_owned(), example: EXAMPLE_USER.to_owned() });
    }
    fields
}

/// `TodoArchived` as `The todo was archived.`, to begin with.
fn sentence(name: &str) -> String {
    let mut words: Vec<String> = words(name).iter().map(|word| word.to_lowercase()).collect();
    let what = words.pop().unwrap_or_default();
    format!("The {} was {what}.", words.join(" "))
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        match words.last_mut() {
            Some(word) if !c.is_ascii_uppercase() => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words
}

/// A name of JSON in Rust: `ownerId` as `owner_id`.
fn snake(name: &str) -> String {
    let characters = name
        .chars()
        .map(|c| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.to_string() });
    characters.collect()
}

/// The lines of the publisher's code that build events, by file: where the new one can be built, too.
pub(super) fn builders(repo: &Path, new: &NewEvent) -> Result<Vec<String>> {
    let folder = format!("services/{}/src/store", new.name.service);
    let tree = Tree::read(repo)?;
    let uses = format!("use events::{}", new.module());
    let found = tree.below(&folder).filter(|(_, text)| text.contains(&uses)).map(|(path, _)| path.to_owned());
    let found: Vec<String> = found.collect();
    Ok(if found.is_empty() { vec![folder] } else { found })
}

/// The line of the type in its file, for people.
pub(super) fn line_of(repo: &Path, new: &NewEvent) -> Result<usize> {
    let text = fs::read_to_string(repo.join(new.file()))?;
    let start = format!("pub struct {} ", new.name.type_name());
    Ok(text.lines().take_while(|line| !line.starts_with(&start)).count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    /// The events of publishers, apart from those of participants.
    fn published() -> Vec<EventName> {
        let schemas = Repository::new(Tree::read(repo()).unwrap(), None).schemas.into_keys();
        schemas.filter(|name| !is_of_participants(repo(), &name.event)).collect()
    }

    fn refusal(event: &str) -> String {
        let error = NewEvent::parse(repo(), event).unwrap_err();
        assert!(error.is::<UsageError>() && !error.to_string().contains('\n'), "{error:#}");
        error.to_string()
    }

    #[test]
    fn a_new_event_has_the_ids_of_its_publishers_other_events() {
        for EventName { service, .. } in published() {
            let new = NewEvent::parse(repo(), &format!("{service}/SampleTaken")).unwrap();
            let text = new.with_type(Some(String::new()));
            syn::parse_file(&text).unwrap();
            assert!(
                text.contains("/// The sample was taken.") && text.contains("pub struct SampleTakenV1 {"),
                "{text}"
            );
            let example: Value = serde_json::from_str(&new.example()).unwrap();
            assert_eq!(example["detail-type"], "SampleTaken.v1");
            assert_eq!(example["detail"]["metadata"]["schema"], format!("{service}/SampleTaken/v1"));
            for field in &new.fields {
                assert_eq!(example["detail"]["data"][&field.name], *field.example);
                assert!(text.contains(&format!("pub {}: Uuid,", snake(&field.name))), "{text}");
            }
            assert!(new.fields.iter().any(Field::is_of_user));
        }
    }

    #[test]
    fn the_first_event_of_a_publisher_is_about_a_user() {
        let name = EventName { service: "x-y".into(), event: "SampleTaken".into(), version: 1 };
        let new = NewEvent { name, fields: fields(repo(), &Repository::new(Tree::default(), None), "x-y") };
        let text = new.with_type(None);
        syn::parse_file(&text).unwrap();
        assert!(
            text.starts_with("//! What the x-y service publishes.") && text.contains("Some(self.user_id)"),
            "{text}"
        );
        assert_eq!(new.file(), "events/src/publishers/x_y.rs");
    }

    #[test]
    fn bad_and_taken_names_are_refused_with_one_line() {
        let known = published().remove(0);
        let service = &known.service;
        for wrong in ["Archived", "todoArchived", "Todo_Archived", "TODOArchived", "Todo-Archived", "2TodoArchived"] {
            assert!(refusal(&format!("{service}/{wrong}")).contains("such as `TodoArchived`"), "{wrong}");
        }
        assert!(refusal("SampleTaken").contains("<publisher>/<Name>"));
        assert!(refusal(&format!("{service}x/SampleTaken")).contains(&format!("did you mean `{service}`?")));
        let taken = refusal(&format!("{service}/{}", known.event));
        assert!(taken.contains("it exists: copy") && taken.contains("docs/adding-an-event.md"), "{taken}");
        assert!(refusal(&format!("{service}/UserDataErased")).contains("each participant"));
    }
}
