//! Checks that types, schemas, permissions, rules, examples and documentation agree.
//!
//! Every check is a pure function of a [`Repository`]. Its findings name what is wrong, where, and what to do.

mod documents;
mod examples;
mod exempt;
mod jobs;
mod permissions;
mod readers;
mod readme;
mod routes;
mod rules;
mod schemas;
mod silence;

use jiff::civil::Date;
use jsonschema::ValidationError;
use serde::Serialize;
use serde_json::Value;

use crate::compat::Answer;
use crate::proofs::Proofs;
use crate::repository::{EventName, Reader, Repository};

/// One check with its findings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The check's name in reports and exceptions, such as `released-schema-frozen`.
    pub rule: &'static str,
    /// The requirement that it checks, as a sentence.
    #[serde(rename = "holds")]
    pub requirement: &'static str,
    /// The places that do not meet the requirement.
    pub findings: Vec<Finding>,
    /// Why the check was not run; then it has no findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<&'static str>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The event version, the service or the job that the finding is about.
    pub subject: String,
    /// The file to change.
    pub file: String,
    /// The place in the file: a JSON pointer, or `line <N>` in Rust and Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What is wrong, as a sentence without a full stop.
    pub problem: String,
    /// What would be right.
    pub advice: String,
    /// An event's `detail` that shows the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
    /// The reason of the exception that accepts the finding for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

/// What the checks work on.
pub(crate) struct Context<'a> {
    repository: &'a Repository,
    today: Date,
    proofs: &'a Proofs,
    /// Each reader with each event version that it gets, and whether it can read every such event.
    reader_proofs: Vec<(&'a EventName, &'a Reader, Answer)>,
}

impl<'a> Context<'a> {
    fn new(repository: &'a Repository, today: Date, proofs: &'a Proofs) -> Self {
        let pairs = repository.readers.iter().flat_map(|reader| {
            let events = repository.events_of(reader).into_iter();
            events.filter_map(move |name| {
                let answer = proofs.reads(repository.schemas.get(name)?, &reader.schema);
                Some((name, reader, answer))
            })
        });
        Self { repository, today, proofs, reader_proofs: pairs.collect() }
    }

    fn run(&self, (rule, requirement, check): &(&'static str, &'static str, Check)) -> Checked {
        let skipped = (self.repository.code.is_none() && CODE_CHECKS.contains(rule)).then_some(NO_CODE);
        Checked { rule, requirement, findings: check(self), skipped }
    }

    /// What a function finds in a Rust source; nothing in one that does not exist or parse, which the compiler reports.
    fn in_source<T>(&self, path: &str, find: impl FnOnce(&syn::File) -> T) -> Option<T> {
        let parsed = self.proofs.source(self.repository.tree.text(path)?);
        parsed.as_ref().as_ref().ok().map(find)
    }

    /// What a function finds in the Rust sources with paths that begin so.
    fn in_sources<T>(&self, start: &str, find: impl Fn(&syn::File) -> Vec<T>) -> Vec<T> {
        let paths = self.repository.tree.all().map(|(path, _)| path);
        let sources = paths.filter(|path| path.starts_with(start));
        sources.filter_map(|path| self.in_source(path, &find)).flatten().collect()
    }

    /// The first line of a file that contains a text, as a place.
    fn line(&self, path: &str, text: &str) -> Option<String> {
        let lines = self.repository.tree.text(path)?.lines();
        let at = lines.enumerate().find_map(|(at, line)| line.contains(text).then_some(at))?;
        Some(format!("line {}", at + 1))
    }

    fn is_released(&self, name: &EventName) -> bool {
        self.repository.releases.get(name).is_some_and(|release| release.released.is_some())
    }

    /// Whether a `detail` is valid for an event version: where it is not, and why.
    fn valid(&self, name: &EventName, detail: &Value) -> Result<(), (String, String)> {
        let wrong = |error: ValidationError<'_>| (error.instance_path().to_string(), error.to_string());
        let Some(document) = self.repository.schemas.get(name) else {
            return Err((String::new(), format!("{name} has no schema")));
        };
        match &*self.proofs.schema(document) {
            Ok(schema) if schema.admits(detail) => Ok(()),
            // This validator explains the error, and takes longer to build.
            Ok(schema) => {
                let options = jsonschema::options().should_validate_formats(true);
                let validator = options.build(schema.document()).map_err(&wrong)?;
                validator.validate(detail).map_err(wrong)
            }
            // Another check reports that it is not a schema.
            Err(_) => Ok(()),
        }
    }
}

type Check = fn(&Context<'_>) -> Vec<Finding>;

/// The checks that compare the code with something.
const CODE_CHECKS: [&str; 4] =
    ["schema-matches-type", "schema-has-type", "detail-type-matches-name", "reader-matches-code"];
const BUILD: &str = "let cargo build the code, so that it can be compared";
const NO_CODE: &str = "the files alone were compared, and not the code that they describe";

/// Every check: its name, its requirement, its function.
const CHECKS: [(&str, &str, Check); 52] = [
    ("files-readable", "every file has the content that its path requires", documents::readable),
    ("schema-valid", "every schema is a JSON Schema of draft 2020-12", schemas::valid),
    ("schema-matches-type", "each Rust type and its schema file agree", schemas::matches_type),
    ("schema-has-type", "each published schema has a Rust type", schemas::has_type),
    ("schema-closed", "a publisher's schema allows no field that it does not name", schemas::closed),
    ("schema-names-itself", "the envelope in a schema names that schema", schemas::names_itself),
    ("version-listed", "each schema is listed with its release, and each listed version has one", schemas::listed),
    ("release-dates", "a version is released before it is retired, and neither date is in the future", schemas::dates),
    ("released-schema-frozen", "a released schema does not change", schemas::frozen),
    ("detail-type-matches-name", "source and detail-type of an event match its schema's name", schemas::detail_type),
    ("type-has-example", "each type of an event has an example, by which it is found", examples::of_types),
    ("example-exists", "each event has an example, and each example an event", examples::exists),
    ("example-valid", "each example is valid for its schema", examples::valid),
    ("example-names-event", "each example has the names of its event", examples::names_event),
    ("publisher-builds-event", "the publisher's code builds each of its published events", permissions::builds),
    ("permission-understood", "every permission on the bus has a form that is understood", permissions::understood),
    ("publisher-may-publish", "the publisher's role allows each of its events", permissions::may_publish),
    ("publisher-speaks-for-itself", "a role publishes only under its own service's source", permissions::for_itself),
    ("publisher-is-the-outbox", "only the job `publish` may publish", permissions::outbox_alone),
    ("publisher-names-our-bus", "a role publishes only to our bus", permissions::our_bus),
    ("rule-pattern-valid", "EventBridge accepts each rule's pattern", rules::pattern_valid),
    ("rule-pattern-size", "each pattern has at most 2,048 characters", rules::pattern_size),
    ("rule-names-event", "each rule names its sources, or their prefix, and exact detail types", rules::names_event),
    ("rule-on-our-bus", "each rule listens at our bus", rules::our_bus),
    ("rule-enabled", "no rule is switched off", rules::enabled),
    ("rule-understood", "every rule always gives its events to a job of the template", rules::understood),
    ("rule-looks-at-contract", "no rule filters on fields without a contract", rules::filters_on_described_fields),
    ("rule-gets-every-event", "a rule filters on nothing but the names of events", rules::every_event),
    ("rule-delivers-whole-event", "each job gets the event as it was published", rules::whole_event),
    ("rule-has-dead-letters", "events that a rule cannot deliver go to a queue", rules::dead_letters),
    ("job-in-program", "each function has a job of the program, and each job a function", jobs::both_known),
    ("job-matches-list", "each job runs what the list of consumed events has of it", jobs::match_list),
    ("job-has-permission-case", "the permission tests let each job do its work", jobs::have_permission_cases),
    ("route-in-openapi", "each route is an operation of the OpenAPI file, and the reverse", routes::described),
    ("route-in-readme", "the service's README names each route with its job", readme::routes),
    ("route-has-e2e-test", "an end-to-end test makes a request of each route", routes::tested),
    ("event-in-readme", "the service's README names each event that a job gets, with the job", readme::events),
    ("job-not-stopped", "nothing stops a job that publishes or reads events", silence::not_stopped),
    ("reader-keeps-failures", "jobs try again, and keep what they could not do", silence::failures_kept),
    ("bus-open", "the bus takes and gives what roles and rules say", silence::bus_open),
    ("rule-satisfiable", "each rule matches some event that a publisher can send", rules::satisfiable),
    (
        "rule-alternatives-live",
        "each source and detail type that a rule lists matches some published event",
        rules::alternatives,
    ),
    ("rule-delivers-once", "no job gets one event twice", rules::delivers_once),
    ("rule-has-reader", "a job declares what it reads of every event that its rule selects", readers::declared),
    ("rule-reads-one-version", "no job gets two versions of the same event", readers::one_version),
    ("reader-has-rule", "a rule selects each event that a job declares to read", readers::has_rule),
    ("reader-matches-code", "the file of what a job reads is what its code reads", readers::match_code),
    ("reader-reads-publisher", "readers can read every event that a publisher can send", readers::refuted),
    ("reader-proven", "it is proven that readers can read their publishers' events", readers::unproven),
    ("window-readable", "services can read what can still arrive from a queue or the archive", readers::window),
    ("event-has-reader", "each event has a reader before it is released", readers::event_read),
    ("docs-current", "the generated documentation is up to date", documents::current),
];

/// The check of the list of exceptions itself.
const EXCEPTIONS_HOLD: (&str, &str) = ("exceptions-hold", "each exception is valid and needed");

/// Runs every check; `today` decides which exceptions are still valid.
#[must_use]
pub fn run(repository: &Repository, today: Date) -> Vec<Checked> {
    run_with(repository, today, &Proofs::default())
}

/// Like [`run`], with a cache of proofs for many similar states of a repository.
#[must_use]
pub fn run_with(repository: &Repository, today: Date, proofs: &Proofs) -> Vec<Checked> {
    let context = Context::new(repository, today, proofs);
    let mut checked: Vec<Checked> = CHECKS.iter().map(|check| context.run(check)).collect();
    let findings = exempt::apply(&repository.exceptions, &mut checked, today);
    checked.push(Checked { rule: EXCEPTIONS_HOLD.0, requirement: EXCEPTIONS_HOLD.1, findings, skipped: None });
    checked
}

/// The checks that are not run because the code was left out, for a report about something else.
#[must_use]
pub fn skipped(repository: &Repository) -> Vec<&'static str> {
    if repository.code.is_none() { CODE_CHECKS.to_vec() } else { Vec::new() }
}

/// A line about checks that were not run; none without any.
#[must_use]
pub fn describe_skipped(rules: &[&str]) -> Option<String> {
    (!rules.is_empty()).then(|| format!("skipped: {} ({NO_CODE})", rules.join(", ")))
}

/// A finding that no exception accepts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The name of the check that found it.
    pub rule: &'static str,
    /// What is wrong, and what would be right.
    #[serde(flatten)]
    pub finding: Finding,
}

/// Runs every check for a report about something else: a difference or a deployment. A check that was skipped fails.
#[must_use]
pub fn failing(repository: &Repository, today: Date, proofs: &Proofs) -> Vec<Failure> {
    let checked = run_with(repository, today, proofs);
    let skipped = checked.iter().filter_map(|check| Some((check.rule, check.skipped?)));
    let skipped =
        skipped.map(|(rule, reason)| Failure { rule, finding: Finding::new(rule, "Cargo.toml", reason, BUILD) });
    failed(&checked).into_iter().chain(skipped).collect()
}

/// The findings that no exception accepts.
#[must_use]
pub fn failed(checked: &[Checked]) -> Vec<Failure> {
    failures(checked).map(|(rule, finding)| Failure { rule, finding: finding.clone() }).collect()
}

/// The findings that no exception accepts, each with its check's name.
pub fn failures(checked: &[Checked]) -> impl Iterator<Item = (&'static str, &Finding)> {
    let all = checked.iter().flat_map(|check| check.findings.iter().map(|finding| (check.rule, finding)));
    all.filter(|(_, finding)| finding.accepted.is_none())
}

impl Finding {
    /// A problem of a subject in a file, and what to do.
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

    fn at_line(self, line: Option<String>) -> Self {
        Self { pointer: line, ..self }
    }

    fn shown_by(self, witness: Value) -> Self {
        Self { witness: Some(witness), ..self }
    }
}
