//! The proof that types, schemas, permissions, rules, examples and documentation say the same.
//!
//! Every check is a pure function of a [`Repository`]: what is wrong, where, and what to do.

mod documents;
mod examples;
mod exempt;
mod permissions;
mod readers;
mod rules;
mod schemas;

use jiff::civil::Date;
use jsonschema::ValidationError;
use serde::Serialize;
use serde_json::Value;

use crate::compat::Answer;
use crate::proofs::Proofs;
use crate::repository::{EventName, Reader, Repository};

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// Its name.
    pub rule: &'static str,
    /// What it holds.
    pub holds: &'static str,
    /// Where that is not so.
    pub findings: Vec<Finding>,
    /// Why it was not looked at; then it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<&'static str>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What it is about: an event version, a service, a job.
    pub subject: String,
    /// The file to look at.
    pub file: String,
    /// The place in the file, a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub advice: String,
    /// An event that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
    /// The reason why it is accepted for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

/// The parsed schemas that several checks need.
pub(crate) struct Look<'a> {
    repository: &'a Repository,
    today: Date,
    proofs: &'a Proofs,
    /// Each reader with its event and whether it reads every one of them.
    readings: Vec<(EventName, &'a Reader, Answer)>,
}

impl<'a> Look<'a> {
    fn at(repository: &'a Repository, today: Date, proofs: &'a Proofs) -> Self {
        let reading = |reader: &'a Reader| {
            let name = repository.event_of(reader)?;
            let answer = proofs.reads(repository.schemas.get(&name)?, &reader.schema);
            Some((name, reader, answer))
        };
        let readings = repository.readers.iter().filter_map(reading).collect();
        Self { repository, today, proofs, readings }
    }

    fn check(&self, (rule, holds, check): &(&'static str, &'static str, Check)) -> Checked {
        let skipped = (self.repository.types.is_none() && OF_TYPES.contains(rule)).then_some(NO_TYPES);
        Checked { rule, holds, findings: check(self), skipped }
    }

    /// Whether a `detail` is valid for an event version: where it is not, and why.
    fn valid(&self, name: &EventName, detail: &Value) -> Result<(), (String, String)> {
        let wrong = |error: ValidationError<'_>| (error.instance_path().to_string(), error.to_string());
        let Some(document) = self.repository.schemas.get(name) else {
            return Err((String::new(), format!("{name} has no schema")));
        };
        match &*self.proofs.schema(document) {
            Ok(schema) if schema.admits(detail) => Ok(()),
            // Says more than whether, and costs more to make.
            Ok(schema) => {
                let options = jsonschema::options().should_validate_formats(true);
                let validator = options.build(schema.document()).map_err(&wrong)?;
                validator.validate(detail).map_err(wrong)
            }
            // That it is no schema is said by a check of its own.
            Err(_) => Ok(()),
        }
    }
}

type Check = fn(&Look<'_>) -> Vec<Finding>;

/// The checks that hold the Rust types against something.
const OF_TYPES: [&str; 3] = ["schema-matches-type", "schema-has-type", "detail-type-matches-name"];
const NO_TYPES: &str = "the Rust types were not looked at: this program was built from another folder; build and run the one of this folder";

/// Every check: its name, what it holds, how.
const CHECKS: [(&str, &str, Check); 40] = [
    ("files-readable", "every file is what its place promises", documents::readable),
    ("schema-valid", "every schema is a JSON Schema of draft 2020-12", schemas::valid),
    ("schema-matches-type", "each Rust type and its schema file say the same", schemas::matches_type),
    ("schema-has-type", "each published schema has a Rust type", schemas::has_type),
    ("schema-closed", "a publisher's schema takes no field that it does not name", schemas::closed),
    ("schema-names-itself", "a schema's envelope carries the schema's own name", schemas::names_itself),
    ("version-listed", "each schema is listed with its release, and each listed version has one", schemas::listed),
    ("release-dates", "a version is released, then retired, and neither in days to come", schemas::dates),
    ("released-schema-frozen", "a released schema does not change", schemas::frozen),
    ("detail-type-matches-name", "what is sent as source and detail-type is the schema's name", schemas::detail_type),
    ("example-exists", "each event has an example, and each example an event", examples::exists),
    ("example-valid", "each example is valid for its schema", examples::valid),
    ("example-names-event", "each example carries its event's own names", examples::names_event),
    ("publisher-builds-event", "the publisher's code builds each of its published events", permissions::builds),
    ("permission-understood", "every permission on the bus is of a form that is understood", permissions::understood),
    ("publisher-may-publish", "the publisher's role allows each of its events", permissions::may_publish),
    ("publisher-speaks-for-itself", "a role publishes under its own service's source alone", permissions::for_itself),
    ("publisher-is-the-outbox", "only the job `publish` may publish", permissions::outbox_alone),
    ("publisher-names-our-bus", "a role publishes to our bus alone", permissions::our_bus),
    ("rule-pattern-valid", "each rule's pattern is one that EventBridge takes", rules::pattern_valid),
    ("rule-pattern-size", "each pattern has at most 2,048 characters", rules::pattern_size),
    ("rule-names-event", "each rule names sources and detail types exactly", rules::names_event),
    ("rule-on-our-bus", "each rule listens at our bus", rules::our_bus),
    ("rule-enabled", "no rule is switched off", rules::enabled),
    ("rule-understood", "every rule gives events to a job of the template, and always", rules::understood),
    ("rule-looks-at-contract", "no rule looks at what no contract states", rules::looks_at_contract),
    ("rule-delivers-whole-event", "each job gets the event as it was published", rules::whole_event),
    ("rule-has-dead-letters", "what a rule cannot deliver goes to a queue", rules::dead_letters),
    ("rule-satisfiable", "some event that a publisher can emit matches each rule", rules::satisfiable),
    (
        "rule-alternatives-live",
        "each source and detail type that a rule lists is one that it gets",
        rules::alternatives,
    ),
    ("rule-delivers-once", "no job gets one event twice", rules::delivers_once),
    ("rule-has-reader", "a job declares what it reads of every event that its rule lets through", readers::declared),
    ("rule-reads-one-version", "no job gets one happening in two versions of its event", readers::one_version),
    ("reader-has-rule", "what a job reads is an event that a rule of it lets through", readers::has_rule),
    ("reader-reads-publisher", "every event that a publisher can emit is one that its readers read", readers::refuted),
    ("reader-proven", "that a reader reads its publisher's events is proven", readers::unproven),
    ("window-readable", "what can still come out of a queue or the archive is read", readers::window),
    ("event-name-unique", "no two services publish an event of one name", schemas::unique),
    ("event-has-reader", "each published event is read by someone", readers::event_read),
    ("docs-current", "the generated documentation is that of these contracts", documents::current),
];

/// What the list of exceptions itself must keep.
const EXCEPTIONS_HOLD: (&str, &str) = ("exceptions-hold", "each exception is in date and needed");

/// Runs every check; `today` decides which exceptions still hold.
#[must_use]
pub fn run(repository: &Repository, today: Date) -> Vec<Checked> {
    run_with(repository, today, &Proofs::default())
}

/// As [`run`], for many states of a repository that are much alike.
#[must_use]
pub fn run_with(repository: &Repository, today: Date, proofs: &Proofs) -> Vec<Checked> {
    let look = Look::at(repository, today, proofs);
    let mut checked: Vec<Checked> = CHECKS.iter().map(|check| look.check(check)).collect();
    let findings = exempt::apply(&repository.exceptions, &mut checked, today);
    checked.push(Checked { rule: EXCEPTIONS_HOLD.0, holds: EXCEPTIONS_HOLD.1, findings, skipped: None });
    checked
}

/// The findings that nobody has accepted, each with its check's name.
pub fn failures(checked: &[Checked]) -> impl Iterator<Item = (&'static str, &Finding)> {
    let all = checked.iter().flat_map(|check| check.findings.iter().map(|finding| (check.rule, finding)));
    all.filter(|(_, finding)| finding.accepted.is_none())
}

impl Finding {
    /// Something wrong about a subject in a file, and what would be right.
    fn new(
        subject: &(impl ToString + ?Sized),
        file: impl Into<String>,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.to_string(),
            file: file.into(),
            pointer: None,
            problem: problem.into(),
            advice: advice.into(),
            witness: None,
            accepted: None,
        }
    }

    fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    fn shown_by(self, witness: Value) -> Self {
        Self { witness: Some(witness), ..self }
    }
}
