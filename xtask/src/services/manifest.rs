//! The table `[package.metadata.busline]`: every field is checked, and an error names the file and the field.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use super::{Service, nearest};

/// The fields that a manifest may have, in the order in which a reader meets them.
const FIELDS: [&str; 7] = ["api", "smoke", "owner", "personal-data", "status", "content-policy", "test-parameters"];

/// The values of `cargo xtask status` that a service may store, by their names there.
const STATUS_FIELDS: [&str; 3] = ["user_pool_id", "user_pool_client_id", "websocket"];

/// The directives of the page's content security policy that a service may add addresses to.
const DIRECTIVES: [&str; 2] = ["connect-src", "img-src"];

/// Reads the table in the manifest `file` of the service `name`.
pub(super) fn read(file: &str, name: &str, folder: &Path, table: Option<&Value>) -> Result<Service> {
    let table = table.and_then(Value::as_object).with_context(|| {
        format!(
            "{file}: [package.metadata.busline] is missing: it must give `api`, `smoke`, `owner` and `personal-data`"
        )
    })?;
    let table = Table { file, name: "", fields: table };
    table.refuse_unknown(&FIELDS)?;
    let service = Service {
        name: name.to_owned(),
        folder: folder.to_owned(),
        api: table.texts("api", r#"such as ["/samples"]"#)?,
        smoke: table.text("smoke", r#"such as "/samples""#)?,
        owner: table.text("owner", r#"such as "@your-organisation/samples""#)?,
        personal_data: table.flag("personal-data")?,
        status: status(&table)?,
        content_policy: content_policy(&table)?,
        test_parameters: test_parameters(&table)?,
    };
    check_paths(file, &service)?;
    ensure!(
        service.owner.starts_with('@') && !service.owner.contains(char::is_whitespace),
        "{file}: `owner` is `{}`: it must be one user or team, beginning with @",
        service.owner
    );
    Ok(service)
}

fn check_paths(file: &str, service: &Service) -> Result<()> {
    ensure!(!service.api.is_empty(), "{file}: `api` is empty: it must have at least one path prefix");
    for prefix in &service.api {
        ensure!(
            prefix.len() > 1 && prefix.starts_with('/') && !prefix.ends_with('/'),
            "{file}: `api`: `{prefix}` must begin with / and not end with it, such as \"/samples\""
        );
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '/' | '-');
        ensure!(prefix.chars().all(known), "{file}: `api`: `{prefix}` may have a-z, 0-9, - and / alone");
    }
    let path = service.smoke.split('?').next().unwrap_or_default();
    let below =
        |prefix: &String| path.strip_prefix(prefix.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    ensure!(
        service.api.iter().any(below),
        "{file}: `smoke` is `{}`: it must be a path below one of its `api` prefixes, {}",
        service.smoke,
        service.api.join(", ")
    );
    Ok(())
}

fn status(table: &Table<'_>) -> Result<BTreeMap<String, String>> {
    let Some(status) = table.table("status")? else { return Ok(BTreeMap::new()) };
    status.refuse_unknown(&STATUS_FIELDS)?;
    let example = "the name of one of its SSM parameters, such as \"websocket-id\"";
    status.fields.keys().map(|field| Ok((field.clone(), status.text(field, example)?))).collect()
}

fn content_policy(table: &Table<'_>) -> Result<BTreeMap<String, Vec<String>>> {
    let Some(policy) = table.table("content-policy")? else { return Ok(BTreeMap::new()) };
    policy.refuse_unknown(&DIRECTIVES)?;
    let mut addresses = BTreeMap::new();
    for directive in policy.fields.keys() {
        let sources = policy.texts(directive, r#"of addresses such as ["https://example.com"]"#)?;
        for source in &sources {
            let has_scheme = source.starts_with("https://") || source.starts_with("wss://");
            ensure!(
                has_scheme && !source.contains([' ', ';', ',', '\'', '"', '*']),
                "{}: `content-policy.{directive}`: `{source}` must be one address with https:// or wss://, without *",
                policy.file
            );
        }
        addresses.insert(directive.clone(), sources);
    }
    Ok(addresses)
}

fn test_parameters(table: &Table<'_>) -> Result<BTreeMap<String, String>> {
    let Some(parameters) = table.table("test-parameters")? else { return Ok(BTreeMap::new()) };
    let example = "the value of a parameter of its template, such as \"6000\"";
    parameters.fields.keys().map(|name| Ok((name.clone(), parameters.text(name, example)?))).collect()
}

/// A table of the manifest. Errors of its methods name the file and the field.
struct Table<'a> {
    file: &'a str,
    /// What stands before the names of its fields: empty, or such as `status.`.
    name: &'a str,
    fields: &'a Map<String, Value>,
}

impl Table<'_> {
    fn refuse_unknown(&self, known: &[&str]) -> Result<()> {
        let Some(unknown) = self.fields.keys().find(|field| !known.contains(&field.as_str())) else { return Ok(()) };
        let hint = match nearest(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the known fields are {}", known.join(", ")),
        };
        bail!("{}: [package.metadata.busline] has the unknown field `{}{unknown}`: {hint}", self.file, self.name)
    }

    fn get(&self, field: &str) -> Result<&Value> {
        let missing = || format!("{}: [package.metadata.busline] lacks the field `{}{field}`", self.file, self.name);
        self.fields.get(field).with_context(missing)
    }

    fn text(&self, field: &str, example: &str) -> Result<String> {
        let text = self.get(field)?.as_str().filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).with_context(|| self.wrong(field, "a text", example))
    }

    fn texts(&self, field: &str, example: &str) -> Result<Vec<String>> {
        let texts = self
            .get(field)?
            .as_array()
            .and_then(|list| list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>());
        texts.with_context(|| self.wrong(field, "a list of texts", example))
    }

    fn flag(&self, field: &str) -> Result<bool> {
        self.get(field)?.as_bool().with_context(|| self.wrong(field, "true or false", "without quotes"))
    }

    fn table<'a>(&'a self, field: &'static str) -> Result<Option<Table<'a>>> {
        let Some(value) = self.fields.get(field) else { return Ok(None) };
        let fields = value.as_object().with_context(|| self.wrong(field, "a table", "of names and values"))?;
        let name = match field {
            "status" => "status.",
            "content-policy" => "content-policy.",
            _ => "test-parameters.",
        };
        Ok(Some(Table { file: self.file, name, fields }))
    }

    fn wrong(&self, field: &str, kind: &str, example: &str) -> String {
        format!("{}: `{}{field}` in [package.metadata.busline] must be {kind}, {example}", self.file, self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sound() -> Value {
        json!({"api": ["/samples"], "smoke": "/samples", "owner": "@busline/samples", "personal-data": true})
    }

    fn read_with(change: impl FnOnce(&mut Map<String, Value>)) -> Result<Service> {
        let mut table = sound();
        change(table.as_object_mut().unwrap());
        read("services/samples/Cargo.toml", "samples", Path::new("services/samples"), Some(&table))
    }

    fn error(change: impl FnOnce(&mut Map<String, Value>)) -> String {
        let error = read_with(change).unwrap_err().to_string();
        assert!(error.starts_with("services/samples/Cargo.toml: "), "{error}");
        error
    }

    #[test]
    fn a_sound_manifest_is_read() {
        let service = read_with(|table| {
            table.insert("status".into(), json!({"websocket": "websocket-id"}));
            table.insert("content-policy".into(), json!({"img-src": ["https://example.com"]}));
        });
        let service = service.unwrap();
        assert_eq!((service.name.as_str(), service.api.as_slice()), ("samples", ["/samples".to_owned()].as_slice()));
        assert_eq!(service.status["websocket"], "websocket-id");
        assert_eq!(service.content_policy["img-src"], ["https://example.com"]);
    }

    #[test]
    fn a_manifest_without_the_table_is_refused() {
        let error = read("services/samples/Cargo.toml", "samples", Path::new(""), None).unwrap_err().to_string();
        assert!(
            error.contains("services/samples/Cargo.toml") && error.contains("[package.metadata.busline]"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_field_is_named_with_the_nearest_known_one() {
        let error = error(|table| drop(table.insert("smokes".into(), json!("/samples"))));
        assert!(error.contains("`smokes`") && error.contains("did you mean `smoke`?"), "{error}");
    }

    #[test]
    fn an_unknown_value_of_the_status_is_refused() {
        let error = error(|table| drop(table.insert("status".into(), json!({"web_socket": "websocket-id"}))));
        assert!(error.contains("`status.web_socket`") && error.contains("`websocket`"), "{error}");
    }

    #[test]
    fn each_missing_field_is_named() {
        for field in ["api", "smoke", "owner", "personal-data"] {
            let error = error(|table| drop(table.remove(field)));
            assert!(error.contains(&format!("`{field}`")), "{error}");
        }
    }

    #[test]
    fn a_field_of_another_type_is_named() {
        let error = error(|table| drop(table.insert("api".into(), json!("/samples"))));
        assert!(error.contains("`api`") && error.contains(r#"["/samples"]"#), "{error}");
    }

    #[test]
    fn a_prefix_begins_with_a_slash() {
        let error = error(|table| drop(table.insert("api".into(), json!(["samples"]))));
        assert!(error.contains("`api`: `samples` must begin with /"), "{error}");
    }

    #[test]
    fn the_smoke_path_is_below_a_prefix() {
        let error = error(|table| drop(table.insert("smoke".into(), json!("/samplesoup"))));
        assert!(error.contains("`smoke`"), "{error}");
        assert!(read_with(|table| drop(table.insert("smoke".into(), json!("/samples/mine?limit=1")))).is_ok());
    }

    #[test]
    fn a_test_parameter_is_a_text() {
        let with = |value: Value| {
            move |table: &mut Map<String, Value>| {
                table.insert("test-parameters".into(), json!({"ItemsPerUser": value}));
            }
        };
        assert_eq!(read_with(with(json!("3000"))).unwrap().test_parameters["ItemsPerUser"], "3000");
        let error = error(with(json!(3000)));
        assert!(error.contains("`test-parameters.ItemsPerUser`") && error.contains("a text"), "{error}");
    }

    #[test]
    fn an_address_of_the_content_policy_cannot_be_a_wildcard() {
        let error = error(|table| drop(table.insert("content-policy".into(), json!({"connect-src": ["https://*"]}))));
        assert!(error.contains("`content-policy.connect-src`"), "{error}");
    }
}
