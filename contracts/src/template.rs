//! A CloudFormation template as one JSON value, with the files that it includes put in their places.
//!
//! `AWS::Include` reads files from S3 when CloudFormation creates the stack. Here it names a file of this repository, and
//! every tool reads the template with [`expand`] or [`read`]: contracts and tests look at what is deployed, and a
//! deployment uploads the [`text`] of the expanded template, as `aws cloudformation package` and AWS would produce it.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html>

mod parameters;

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use serde_json::{Map, Number, Value, json};
use serde_norway::Value as Yaml;

pub use self::parameters::SET_BY_DEPLOYMENT;
pub(crate) use self::parameters::resolve;
use crate::yaml;

/// The key of a macro that is called inside a section of a template.
const TRANSFORM: &str = "Fn::Transform";

/// The macro that puts a file in its place.
const INCLUDE: &str = "AWS::Include";

/// Reads a template file of the repository at a folder from disk, with the files that it includes.
///
/// `path` is relative to the repository, such as `services/todos/template.yaml`.
///
/// # Errors
/// As [`expand`]; also when the template itself cannot be read.
pub fn read(repository: &Path, path: &str) -> Result<Value, TemplateError> {
    let unreadable = |source| TemplateError::Unreadable { path: path.to_owned(), source };
    let text = read_inside(repository, path).map_err(unreadable)?;
    expand(path, &text, |included| read_inside(repository, included))
}

/// A file of the repository; a symbolic link on the way to it is refused.
fn read_inside(repository: &Path, path: &str) -> io::Result<String> {
    let file = repository.join(path).canonicalize()?;
    if file != repository.canonicalize()?.join(path) {
        let reason = format!("{path} is a symbolic link, or is reached through one");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    fs::read_to_string(file)
}

/// Parses a template and puts the content of each included file in its place.
///
/// `path` is the template's path from the repository's root; `Location` of an `AWS::Include` is relative to its folder.
/// `read_file` gives the text of a file by its path from the root, from disk or from a commit. Short forms are written
/// out: `!Ref X` becomes `{"Ref": "X"}` and `!Sub x` becomes `{"Fn::Sub": "x"}`.
///
/// # Errors
/// When the template or an included file is no YAML, when `Location` is not a path inside the repository, when the file
/// cannot be read, when a name exists both in the template and in the file, or when the file uses what `AWS::Include`
/// refuses: short forms of functions, and another `AWS::Include`.
pub fn expand(path: &str, text: &str, read_file: impl Fn(&str) -> io::Result<String>) -> Result<Value, TemplateError> {
    let mut template = parse(text).map_err(|source| TemplateError::Invalid { path: path.to_owned(), source })?;
    let expansion = Expansion { path, read_file };
    expansion.expand_top_level(&mut template)?;
    expansion.expand_inside(&mut template)?;
    Ok(template)
}

/// The text of an expanded template, as CloudFormation, SAM and cfn-lint read it. It is JSON, because a YAML writer and
/// a YAML reader may disagree about a plain `2012-10-17` or `on`.
#[must_use]
pub fn text(template: &Value) -> String {
    format!("{template:#}\n")
}

/// Parses a template without looking at the files that it includes.
pub(crate) fn parse(text: &str) -> Result<Value, serde_norway::Error> {
    Ok(json_from_yaml(yaml::read(text)?))
}

/// One template during the replacement of its includes.
struct Expansion<'a, F> {
    path: &'a str,
    read_file: F,
}

impl<F: Fn(&str) -> io::Result<String>> Expansion<'_, F> {
    /// `Transform: {Name: AWS::Include, …}` next to the sections, alone or in a list of transforms.
    fn expand_top_level(&self, template: &mut Value) -> Result<(), TemplateError> {
        let Some(sections) = template.as_object_mut() else { return Ok(()) };
        let Some(transforms) = sections.remove("Transform") else { return Ok(()) };
        let mut others = Vec::new();
        for transform in one_or_many(&transforms) {
            if transform["Name"] == INCLUDE {
                self.merge(sections, transform)?;
            } else {
                others.push(transform.clone());
            }
        }
        match others.len() {
            0 => {}
            1 if !transforms.is_array() => drop(sections.insert("Transform".to_owned(), others.remove(0))),
            _ => drop(sections.insert("Transform".to_owned(), Value::Array(others))),
        }
        Ok(())
    }

    /// `Fn::Transform: {Name: AWS::Include, …}` at any place in the template.
    fn expand_inside(&self, value: &mut Value) -> Result<(), TemplateError> {
        if let Value::Array(items) = value {
            return items.iter_mut().try_for_each(|item| self.expand_inside(item));
        }
        let Some(entries) = value.as_object_mut() else { return Ok(()) };
        // First the template's own entries: what a file brings holds no further include.
        entries.values_mut().try_for_each(|entry| self.expand_inside(entry))?;
        if entries.get(TRANSFORM).is_some_and(|transform| transform["Name"] == INCLUDE) {
            let transform = entries.remove(TRANSFORM).unwrap_or_default();
            self.merge(entries, &transform)?;
        }
        Ok(())
    }

    fn merge(&self, entries: &mut Map<String, Value>, transform: &Value) -> Result<(), TemplateError> {
        let included = self.location(&transform["Parameters"]["Location"])?;
        for (name, value) in self.content(&included)? {
            if entries.contains_key(&name) {
                return Err(TemplateError::Duplicate { path: self.path.to_owned(), included, name });
            }
            entries.insert(name, value);
        }
        Ok(())
    }

    /// The path of an included file from the repository's root.
    fn location(&self, location: &Value) -> Result<String, TemplateError> {
        let refused = || TemplateError::NotLocal { path: self.path.to_owned(), location: location.clone() };
        let relative = location.as_str().filter(|text| !text.contains("://") && !text.contains("${"));
        let relative = relative.ok_or_else(refused)?;
        let folder = Path::new(self.path).parent().unwrap_or(Path::new(""));
        let mut parts = PathBuf::new();
        for component in folder.join(relative).components() {
            match component {
                Component::Normal(name) => parts.push(name),
                Component::CurDir => {}
                Component::ParentDir if parts.pop() => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    let (path, location) = (self.path.to_owned(), relative.to_owned());
                    return Err(TemplateError::OutsideRepository { path, location });
                }
            }
        }
        Ok(parts.to_string_lossy().into_owned())
    }

    fn content(&self, included: &str) -> Result<Map<String, Value>, TemplateError> {
        let (path, file) = (self.path.to_owned(), included.to_owned());
        let text = match (self.read_file)(included) {
            Ok(text) => text,
            Err(source) => return Err(TemplateError::Missing { path, included: file, source }),
        };
        let yaml: Yaml = match yaml::read(&text) {
            Ok(yaml) => yaml,
            Err(source) => return Err(TemplateError::Invalid { path: file, source }),
        };
        if let Some(tag) = short_form(&yaml) {
            return Err(TemplateError::ShortForm { included: file, tag });
        }
        let content = json_from_yaml(yaml);
        if has_include(&content) {
            return Err(TemplateError::Nested { included: file });
        }
        match content {
            Value::Object(entries) => Ok(entries),
            _ => Err(TemplateError::NoMapping { included: file }),
        }
    }
}

/// The first short form of a function, such as `!Sub`.
fn short_form(yaml: &Yaml) -> Option<String> {
    match yaml {
        Yaml::Tagged(tagged) => Some(tagged.tag.to_string()),
        Yaml::Sequence(items) => items.iter().find_map(short_form),
        Yaml::Mapping(entries) => entries.values().find_map(short_form),
        _ => None,
    }
}

fn has_include(value: &Value) -> bool {
    match value {
        Value::Object(entries) => {
            entries.get(TRANSFORM).is_some_and(|transform| transform["Name"] == INCLUDE)
                || entries.values().any(has_include)
        }
        Value::Array(items) => items.iter().any(has_include),
        _ => false,
    }
}

fn json_from_yaml(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => json_number(&number),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(json_from_yaml).collect(),
        Yaml::Mapping(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (json_key(key), json_from_yaml(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let function = if name == "Ref" || name == "Condition" { name.into() } else { format!("Fn::{name}") };
            json!({ function: json_from_yaml(tagged.value) })
        }
    }
}

fn json_number(number: &serde_norway::Number) -> Value {
    let whole = number.as_u64().map(Number::from).or_else(|| number.as_i64().map(Number::from));
    let number = whole.or_else(|| number.as_f64().and_then(Number::from_f64));
    number.map_or(Value::Null, Value::Number)
}

/// JSON has only texts as keys; CloudFormation reads a YAML key such as `2012` as a text too.
fn json_key(key: Yaml) -> String {
    match json_from_yaml(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The entries of an object; none of anything else.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// One value, or the values of a list.
pub(crate) fn one_or_many(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// A number, also one that is written as a text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Why a template cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The template is missing or not readable.
    #[error("cannot read {path}")]
    Unreadable {
        /// The template's path from the repository's root.
        path: String,
        /// The error of the file system.
        source: io::Error,
    },
    /// The template or an included file is no YAML.
    #[error("{path} is not a YAML template")]
    Invalid {
        /// The path of the template or of the included file.
        path: String,
        /// The parser's error, with line and column.
        source: serde_norway::Error,
    },
    /// An included file is missing or not readable.
    #[error("{path} includes {included}, which cannot be read")]
    Missing {
        /// The template's path from the repository's root.
        path: String,
        /// The included file's path from the repository's root.
        included: String,
        /// The error of the file system.
        source: io::Error,
    },
    /// An include does not name a file of the repository.
    #[error(
        "{path} includes {location}, which is not a file of this repository: write Location as a path from the template's \
         folder, such as ../../infra/service.yaml"
    )]
    NotLocal {
        /// The template's path from the repository's root.
        path: String,
        /// The value of `Location`.
        location: Value,
    },
    /// An include names a file outside the repository.
    #[error("{path} includes {location}, which is outside the repository")]
    OutsideRepository {
        /// The template's path from the repository's root.
        path: String,
        /// The value of `Location`.
        location: String,
    },
    /// An included file holds no mapping that could be merged into the template.
    #[error("{included} is included by a template and must be a mapping of names to values")]
    NoMapping {
        /// The included file's path.
        included: String,
    },
    /// An included file uses a short form, which `AWS::Include` refuses.
    #[error("{included} is included by a template and uses {tag}: write the long form, such as Fn::Sub: …")]
    ShortForm {
        /// The included file's path.
        included: String,
        /// The tag, such as `!Sub`.
        tag: String,
    },
    /// An included file includes another file.
    #[error("{included} is included by a template and includes another file: include both from the template")]
    Nested {
        /// The included file's path.
        included: String,
    },
    /// The template and the included file define the same name.
    #[error("{path} and {included}, which it includes, both define {name}: rename or remove one of them")]
    Duplicate {
        /// The template's path from the repository's root.
        path: String,
        /// The included file's path.
        included: String,
        /// The name, such as a resource's.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const PATH: &str = "services/x/template.yaml";
    const QUEUE: &str = "Dlq: {Type: 'AWS::SQS::Queue', Properties: {QueueName: {Fn::Sub: 'busline-${Env}-dlq'}}}";

    fn including(location: &str) -> String {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Own: {{Type: 'AWS::SNS::Topic'}}\n  Fn::Transform: {{Name: \
             'AWS::Include', Parameters: {{Location: {location}}}}}\n"
        )
    }

    fn expanded(template: &str, file: &str) -> Result<Value, TemplateError> {
        expand(PATH, template, |path| match path {
            "infra/service.yaml" => Ok(file.to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        })
    }

    #[test]
    fn an_included_file_is_merged_into_its_section() {
        let template = expanded(&including("../../infra/service.yaml"), QUEUE).unwrap();
        let resources = template["Resources"].as_object().unwrap();
        assert_eq!(resources.keys().collect::<Vec<_>>(), ["Dlq", "Own"]);
        assert_eq!(resources["Dlq"]["Properties"]["QueueName"]["Fn::Sub"], "busline-${Env}-dlq");
        assert_eq!(template["Transform"], "AWS::Serverless-2016-10-31");
    }

    #[test]
    fn a_file_can_be_included_in_any_section_and_at_the_top_level() {
        let include = "{Name: 'AWS::Include', Parameters: {Location: ../../infra/service.yaml}}";
        let template = format!("Conditions: {{Fn::Transform: {include}}}\nResources: {{}}\n");
        assert_eq!(expanded(&template, "IsProd: true").unwrap()["Conditions"]["IsProd"], true);
        let template = format!("Transform: [AWS::Serverless-2016-10-31, {include}]\nResources: {{}}\n");
        let template = expanded(&template, "Outputs: {A: {Value: 1}}").unwrap();
        assert_eq!(template["Outputs"]["A"]["Value"], 1);
        assert_eq!(template["Transform"], json!(["AWS::Serverless-2016-10-31"]));
    }

    #[test]
    fn a_template_without_includes_stays_as_it_is() {
        let text = "Transform: AWS::Serverless-2016-10-31\nResources: {Fn::Transform: {Name: Mine}, A: !Ref B}\n";
        assert_eq!(expanded(text, "").unwrap(), parse(text).unwrap());
    }

    #[test]
    fn an_include_that_is_not_a_local_file_is_refused_by_name() {
        for (location, expected) in [
            ("s3://bucket/service.yaml", "s3://bucket/service.yaml"),
            ("https://example.com/service.yaml", "is not a file of this repository"),
            ("!Ref Location", "is not a file of this repository"),
            ("'${Folder}/service.yaml'", "is not a file of this repository"),
            ("../../../service.yaml", "../../../service.yaml, which is outside the repository"),
            ("/etc/hosts", "/etc/hosts, which is outside the repository"),
            ("../../infra/other.yaml", "services/x/template.yaml includes infra/other.yaml, which cannot be read"),
        ] {
            let error = expanded(&including(location), QUEUE).unwrap_err().to_string();
            assert!(error.contains(expected), "{location}: {error}");
        }
    }

    #[test]
    fn an_included_file_that_aws_would_refuse_is_refused_by_name() {
        let include = "{Name: 'AWS::Include', Parameters: {Location: a.yaml}}";
        for (file, expected) in [
            ("Dlq: {Name: !Sub 'x'}".to_owned(), "infra/service.yaml is included by a template and uses !Sub"),
            (format!("A: {{Fn::Transform: {include}}}"), "includes another file"),
            ("[1, 2]".to_owned(), "must be a mapping"),
            ("Own: {Type: x}".to_owned(), "both define Own"),
            ("a: b: c".to_owned(), "infra/service.yaml is not a YAML template"),
        ] {
            let error = expanded(&including("../../infra/service.yaml"), &file).unwrap_err().to_string();
            assert!(error.contains(expected), "{file}: {error}");
        }
    }

    #[test]
    fn a_template_on_disk_is_read_with_its_files_and_its_text_reads_as_the_same() {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("services/x")).unwrap();
        fs::create_dir_all(folder.path().join("infra")).unwrap();
        fs::write(folder.path().join(PATH), including("../../infra/service.yaml")).unwrap();
        fs::write(folder.path().join("infra/service.yaml"), QUEUE).unwrap();
        let template = read(folder.path(), PATH).unwrap();
        assert_eq!(parse(&text(&template)).unwrap(), template);
        assert!(read(folder.path(), "services/y/template.yaml").unwrap_err().to_string().contains("services/y"));
    }
}
