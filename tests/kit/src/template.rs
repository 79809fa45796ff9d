//! Checks of a service's functions against its template.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use serde_norway::Value as Yaml;

pub(crate) const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/examples");

/// How long the last call of a function may take after the function has ended.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// The part of a rule's pattern that selects publishers.
#[derive(Debug)]
pub enum Source {
    /// Publishers, such as `busline.orders`. Only one of them publishes an event of the rule.
    Exact(Vec<String>),
    /// All publishers with a source that starts with this prefix.
    Prefix(String),
}

/// One rule of a template.
#[derive(Debug)]
pub struct Rule {
    /// The job that it invokes.
    pub job: String,
    /// The publishers of the events that it selects.
    pub source: Source,
    /// The event version, such as `TodoCreated.v1`.
    pub detail_type: String,
}

impl Rule {
    /// The examples of the rule's event with their file names: `events/examples/<service>/<Event>/v<N>*.json`.
    ///
    /// # Panics
    /// Without an example.
    #[must_use]
    pub fn examples(&self) -> Vec<(String, Value)> {
        let (event, version) = self.detail_type.split_once('.').unwrap();
        let publishers = fs::read_dir(EXAMPLES).unwrap().map(|folder| folder.unwrap().path());
        let selected = publishers.filter(|folder| self.selects(&folder.file_name().unwrap().to_string_lossy()));
        let folders = selected.map(|folder| folder.join(event)).filter(|folder| folder.is_dir());
        let mut examples = Vec::new();
        for file in folders.flat_map(|folder| fs::read_dir(folder).unwrap()) {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.split('.').next() == Some(version) {
                examples.push((name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()));
            }
        }
        assert!(!examples.is_empty(), "{} has no example in {EXAMPLES}", self.detail_type);
        examples
    }

    fn selects(&self, service: &str) -> bool {
        match &self.source {
            Source::Exact(sources) => sources.contains(&format!("busline.{service}")),
            Source::Prefix(prefix) => format!("busline.{service}").starts_with(prefix),
        }
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
                rules.push(Rule { job, source: source(&pattern["source"]), detail_type });
            }
        }
    }
    assert!(!rules.is_empty(), "the template has no rule");
    rules
}

/// Checks that every job that creates data of a user ends within `settled`, including its last call, so that the second
/// sweep of an erasure finds all data. The jobs in `harmless` may take longer.
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
            "{job}, which may take {timeout:?}, must end before SWEEP_DELAY, or be in HARMLESS with the reason"
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

fn source(list: &Yaml) -> Source {
    match list.as_sequence().map(Vec::as_slice) {
        Some([source]) if source["prefix"].is_string() => Source::Prefix(source["prefix"].as_str().unwrap().to_owned()),
        Some(sources) if sources.iter().all(Yaml::is_string) => Source::Exact(texts(list)),
        _ => panic!("the source {list:?} is neither texts nor one prefix"),
    }
}

fn texts(list: &Yaml) -> Vec<String> {
    list.as_sequence().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}
