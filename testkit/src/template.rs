//! What a service's template says of its functions, held against the service.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use serde_norway::Value as Yaml;

pub(crate) const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/examples");

/// A call of a function that has ended may still be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// One rule of a template.
#[derive(Debug)]
pub struct Rule {
    /// The job that it wakes.
    pub job: String,
    /// Such as `busline.todos`.
    pub source: String,
    /// Such as `TodoCreated.v1`.
    pub detail_type: String,
}

impl Rule {
    /// The examples of the rule's event, by the names of their files: `events/examples/<service>/<Event>/v<N>*.json`.
    ///
    /// # Panics
    /// Without an example.
    #[must_use]
    pub fn examples(&self) -> Vec<(String, Value)> {
        let (event, version) = self.detail_type.split_once('.').unwrap();
        let folder = Path::new(EXAMPLES).join(self.source.strip_prefix("busline.").unwrap()).join(event);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut examples = Vec::new();
        for file in files {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.split('.').next() == Some(version) {
                examples.push((name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()));
            }
        }
        assert!(!examples.is_empty(), "{} has no example in {}", self.detail_type, folder.display());
        examples
    }
}

/// All rules of a template.
///
/// # Panics
/// When it has none.
#[must_use]
pub fn rules(template: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    for function in functions(&parsed(template)) {
        for (_, event) in function["Events"].as_mapping().into_iter().flatten() {
            if event["Type"] != "EventBridgeRule" {
                continue;
            }
            let pattern = &event["Properties"]["Pattern"];
            for detail_type in texts(&pattern["detail-type"]) {
                let job = function["Handler"].as_str().unwrap().to_owned();
                rules.push(Rule { job, source: texts(&pattern["source"]).concat(), detail_type });
            }
        }
    }
    assert!(!rules.is_empty(), "the template has no rule");
    rules
}

/// Asserts that what makes something for a user has ended before `settled`, a call that is on its way included, so that
/// an erasure that sweeps again then finds all there is. The jobs in `harmless` may go on for longer.
///
/// # Panics
/// Names the job that may take longer.
pub fn assert_ended_within(settled: Duration, template: &str, harmless: &[&str]) {
    let template = parsed(template);
    let usual = &template["Globals"]["Function"]["Timeout"];
    for function in functions(&template) {
        let job = function["Handler"].as_str().unwrap();
        let timeout = Duration::from_secs(function.get("Timeout").unwrap_or(usual).as_u64().unwrap());
        assert!(
            harmless.contains(&job) || timeout + ON_ITS_WAY <= settled,
            "{job}, which may take {timeout:?}, must end before SETTLED, or be in HARMLESS with the reason"
        );
    }
}

fn parsed(template: &str) -> Yaml {
    serde_norway::from_str(template).unwrap()
}

/// The properties of the template's functions.
fn functions(template: &Yaml) -> Vec<&Yaml> {
    let resources = template["Resources"].as_mapping().unwrap().values();
    let functions = resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    functions.map(|function| &function["Properties"]).collect()
}

fn texts(list: &Yaml) -> Vec<String> {
    list.as_sequence().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}
