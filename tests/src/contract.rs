//! Checks responses against a service's `openapi.yaml` (OpenAPI 3.1).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use jiff::tz::TimeZone;
use jsonschema::Validator;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value, json};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// A service's OpenAPI description.
#[derive(Debug)]
pub struct Contract {
    name: String,
    operations: Vec<Operation>,
}

/// One operation of the OpenAPI document: a method and a path.
#[derive(Debug)]
pub struct Operation {
    pub method: Method,
    /// The path with its parameters in braces, such as `/items/{id}`.
    pub path: String,
    /// Whether it requires an access token: it declares no other `security`.
    pub requires_token: bool,
    /// An example of the request body, where one is required.
    pub example: Option<Value>,
    responses: BTreeMap<u16, ResponseDescription>,
}

/// What is described for one status of an operation.
#[derive(Debug, Default)]
struct ResponseDescription {
    /// Schemas by content type; empty when there is no body.
    contents: BTreeMap<String, Validator>,
    headers: Vec<Header>,
}

#[derive(Debug)]
struct Header {
    name: String,
    is_required: bool,
    value: Validator,
}

impl Contract {
    /// Reads a service's `openapi.yaml`, once for all tests.
    pub fn for_service(service: &str) -> Arc<Self> {
        static READ: LazyLock<Mutex<BTreeMap<String, Arc<Contract>>>> = LazyLock::new(Mutex::default);
        if let Some(contract) = READ.lock().unwrap().get(service) {
            return Arc::clone(contract);
        }
        let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
        let path = services.join(service).join("openapi.yaml");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let contract = Arc::new(Self::parse(&format!("services/{service}/openapi.yaml"), &text));
        READ.lock().unwrap().insert(service.to_owned(), Arc::clone(&contract));
        contract
    }

    /// Reads a description in YAML; `name` is used in error messages.
    pub fn parse(name: &str, yaml: &str) -> Self {
        let document: Value = serde_norway::from_str(yaml).unwrap_or_else(|error| panic!("{name}: {error}"));
        let paths = document["paths"].as_object().unwrap_or_else(|| panic!("{name} has no paths"));
        let mut operations = Vec::new();
        for (path, item) in paths {
            for method in METHODS {
                if let Some(operation) = item.get(method.as_str().to_lowercase()) {
                    let route = format!("{name}: {method} {path}");
                    let (example, responses) = (example(&route, operation), responses(&document, operation));
                    let requires_token = operation.get("security").is_none() && document["security"].is_array();
                    operations.push(Operation { method, path: path.clone(), requires_token, example, responses });
                }
            }
        }
        assert!(!operations.is_empty(), "{name} describes no operation");
        Self { name: name.to_owned(), operations }
    }

    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Checks the response to `method path`.
    ///
    /// # Errors
    /// All differences from the description, as one text.
    pub fn check(
        &self,
        method: &Method,
        path: &str,
        status: u16,
        headers: &HeaderMap,
        body: &str,
    ) -> Result<(), String> {
        let of_method = self.operations.iter().filter(|operation| operation.method == *method);
        let operation = of_method
            .filter(|operation| matches(&operation.path, path))
            // `/items/counts` matches `/items/counts` rather than `/items/{id}`.
            .min_by_key(|operation| operation.path.matches('{').count())
            .ok_or_else(|| format!("{} describes no {method} {path}", self.name))?;
        let description = operation.responses.get(&status);
        let differences = description.map_or_else(
            || vec![format!("status {status} is not described")],
            |description| description.differences(headers, body),
        );
        if differences.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{method} {path} was answered with {status}, which {} does not describe: {}",
            self.name,
            differences.join("; ")
        ))
    }
}

impl ResponseDescription {
    fn differences(&self, headers: &HeaderMap, body: &str) -> Vec<String> {
        let mut differences: Vec<String> =
            self.headers.iter().filter_map(|header| header.difference(headers)).collect();
        differences.extend(self.body_differences(headers, body));
        differences
    }

    fn body_differences(&self, headers: &HeaderMap, body: &str) -> Vec<String> {
        if self.contents.is_empty() {
            return if body.is_empty() { vec![] } else { vec!["no body is described".to_owned()] };
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none");
        let essence = content_type.split(';').next().unwrap_or("").trim();
        let Some(validator) = self.contents.get(essence) else {
            return vec![format!("content type {content_type} is not described")];
        };
        match serde_json::from_str(body) {
            Ok(value) => errors(validator, &value),
            Err(error) => vec![format!("the body is not JSON: {error}")],
        }
    }
}

impl Header {
    fn difference(&self, headers: &HeaderMap) -> Option<String> {
        let Some(value) = headers.get(&self.name) else {
            return self.is_required.then(|| format!("header {} is missing", self.name));
        };
        let text = value.to_str().unwrap_or("");
        // A header is text, but its schema may require a number.
        let number = text.parse::<i64>().map(|number| json!(number));
        let fits = self.value.is_valid(&json!(text)) || number.is_ok_and(|number| self.value.is_valid(&number));
        (!fits).then(|| format!("header {} has the value {text:?}", self.name))
    }
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The example of a required body. Every description must give one, for its readers and for the tests.
fn example(route: &str, operation: &Value) -> Option<Value> {
    let body = &operation["requestBody"];
    if body["required"] != json!(true) {
        return None;
    }
    let example = entries(&body["content"]).find_map(|(_, media)| media.get("example"));
    Some(example.unwrap_or_else(|| panic!("{route} requires a body but has no `example` of it")).clone())
}

fn responses(document: &Value, operation: &Value) -> BTreeMap<u16, ResponseDescription> {
    let responses = operation["responses"].as_object().expect("an operation has responses");
    let describe = |(status, response): (&String, &Value)| {
        let status = status.parse().unwrap_or_else(|_| panic!("status {status} is not a number"));
        (status, response_description(document, resolve(document, response)))
    };
    responses.iter().map(describe).collect()
}

fn response_description(document: &Value, response: &Value) -> ResponseDescription {
    let contents = entries(&response["content"])
        .map(|(content_type, media)| (content_type.clone(), validator(document, &media["schema"])));
    let headers = entries(&response["headers"]).map(|(name, header)| {
        let header = resolve(document, header);
        Header {
            name: name.clone(),
            is_required: header["required"] == json!(true),
            value: validator(document, &header["schema"]),
        }
    });
    ResponseDescription { contents: contents.collect(), headers: headers.collect() }
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter)
}

/// Follows `value` if it is a reference to a component.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value["$ref"].as_str() else {
        return value;
    };
    let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} does not point into the file"));
    let found = document.pointer(pointer).unwrap_or_else(|| panic!("{reference} points nowhere"));
    resolve(document, found)
}

/// A schema of the description, with the components that it refers to.
///
/// Formats are checked, including `time-zone`, which is the name of an IANA time zone. Unknown formats are errors.
fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({"components": document["components"], "allOf": [schema]});
    jsonschema::draft202012::options()
        .with_format("time-zone", |name: &str| TimeZone::get(name).is_ok())
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .build(&whole)
        .unwrap_or_else(|error| panic!("a schema of the description is not valid: {error}: {schema}"))
}

/// Whether a path matches a path with parameters.
fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(expected, found): (&&str, &&str)| expected.starts_with('{') && !found.is_empty() || expected == found;
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = r##"
openapi: 3.1.0
paths:
  /things:
    post:
      responses:
        "201":
          headers:
            Location: {required: true, schema: {type: string, pattern: "^/things/"}}
            Retry-After: {schema: {type: integer}}
          content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
        "400": {$ref: "#/components/responses/Problem"}
  /things/{id}:
    delete: {responses: {"204": {description: deleted}}}
  /things/counts:
    delete: {responses: {"205": {description: the exact path has precedence}}}
components:
  responses:
    Problem: {content: {application/problem+json: {schema: {type: object, required: [status]}}}}
  schemas:
    Thing:
      type: object
      additionalProperties: false
      required: [id]
      properties: {id: {type: string, format: uuid}, due: {type: [string, "null"], format: date-time}}
"##;

    const ID: &str = "0198c0de-0000-7000-8000-000000000001";

    fn created(headers: &[(&'static str, &'static str)], body: &str) -> Result<(), String> {
        check("POST /things", 201, headers, body)
    }

    fn check(route: &str, status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Result<(), String> {
        let (method, path) = route.split_once(' ').unwrap();
        let pairs = headers.iter().map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Contract::parse("things.yaml", YAML).check(&method.parse().unwrap(), path, status, &pairs.collect(), body)
    }

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
    const LOCATION: (&str, &str) = ("location", "/things/1");

    #[test]
    fn a_response_as_described_is_accepted() {
        created(&[JSON, LOCATION], &format!(r#"{{"id": "{ID}", "due": null}}"#)).unwrap();
        created(&[JSON, LOCATION, ("retry-after", "3")], &format!(r#"{{"id": "{ID}"}}"#)).unwrap();
        check("POST /things", 400, &[("content-type", "application/problem+json")], r#"{"status": 400}"#).unwrap();
        check(&format!("DELETE /things/{ID}"), 204, &[], "").unwrap();
        check("DELETE /things/counts", 205, &[], "").unwrap();
    }

    #[test]
    fn each_difference_from_the_description_is_reported() {
        let good = format!(r#"{{"id": "{ID}"}}"#);
        let cases = [
            (created(&[JSON], &good), "header Location is missing"),
            (created(&[JSON, ("location", "/elsewhere")], &good), "header Location has the value"),
            (created(&[JSON, LOCATION, ("retry-after", "soon")], &good), "header Retry-After has the value"),
            (created(&[LOCATION], &good), "content type none"),
            (created(&[("content-type", "text/html"), LOCATION], &good), "content type text/html"),
            (created(&[JSON, LOCATION], "<html>"), "not JSON"),
            (created(&[JSON, LOCATION], "{}"), "\"id\" is a required property"),
            (created(&[JSON, LOCATION], r#"{"id": "7"}"#), "is not a \"uuid\""),
            (created(&[JSON, LOCATION], &format!(r#"{{"id": "{ID}", "due": "soon"}}"#)), "is not a \"date-time\""),
            (created(&[JSON, LOCATION], &format!(r#"{{"id": "{ID}", "owner": 1}}"#)), "'owner' was unexpected"),
            (check("POST /things", 500, &[JSON], "{}"), "status 500 is not described"),
            (check("GET /things", 200, &[JSON], "{}"), "describes no GET /things"),
            (check("POST /others", 200, &[JSON], "{}"), "describes no POST /others"),
            (check(&format!("DELETE /things/{ID}"), 204, &[], "{}"), "no body is described"),
        ];
        for (outcome, expected) in cases {
            let difference = outcome.unwrap_err();
            assert!(difference.contains(expected), "{difference:?} does not contain {expected:?}");
        }
    }
}
