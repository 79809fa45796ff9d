//! The names of a new subscriber: its job and the event that it reads.

use std::fs;
use std::path::Path;

use anyhow::Result;
use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};

use super::edits::EDITS;
use super::files::{FILES, FUNCTION};
use crate::resource_names;
use crate::rust_text::{KEYWORDS, has_word};
use crate::services::nearest;
use crate::usage::UsageError;

/// The fields by which an event names its user, in the order of preference.
const USER_FIELDS: [(&str, &str); 2] = [("ownerId", "owner_id"), ("userId", "user_id")];

/// The names of a new subscriber.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Names {
    pub(crate) service: String,
    /// The job, as in `Handler`: `count-deleted`.
    pub(crate) job: String,
    /// Its modules and its function: `count_deleted`.
    pub(super) module: String,
    /// Its type and the logical id of its function: `CountDeleted`.
    type_name: String,
    publisher: String,
    /// The event without its version: `TodoDeleted`.
    event: String,
    user_field: &'static str,
}

impl Names {
    /// Names for a job and an event that are known to be free and to exist.
    pub(crate) fn new(service: &str, job: &str, publisher: &str, event: &str) -> Self {
        Self {
            service: service.to_owned(),
            job: job.to_owned(),
            module: job.replace('-', "_"),
            type_name: job.split('-').map(capitalized).collect(),
            publisher: publisher.to_owned(),
            event: event.to_owned(),
            user_field: USER_FIELDS[0].1,
        }
    }

    /// Checks `<service>/<job>` and `<publisher>/<Event>` against the repository.
    pub(super) fn parse(repo: &Path, subscriber: &str, event: &str) -> Result<Self> {
        let repository = Repository::new(Tree::read(repo)?, None);
        let (service, job) = pair(subscriber, "<service>/<job>")?;
        let (publisher, event) = pair(event, "<publisher>/<Event>")?;
        ensure_service(&repository, service)?;
        ensure_service(&repository, publisher)?;
        let mut names = Self::new(service, job, publisher, event);
        names.check_job(&repository)?;
        names.user_field = user_field(repo, &repository, publisher, event)?;
        names.check_free(repo)?;
        names.check_length(repo)?;
        Ok(names)
    }

    fn check_job(&self, repository: &Repository) -> Result<()> {
        let part = |part: &str| part.starts_with(|c: char| c.is_ascii_lowercase()) && part.chars().all(is_known);
        if !self.job.split('-').all(part) {
            return self.refuse("a name has words of a-z and 0-9, such as `count-deleted`, and each begins with a-z");
        }
        if KEYWORDS.contains(&self.module.as_str()) {
            return self.refuse("it is a keyword of Rust: choose another name");
        }
        if repository.services[&self.service].jobs.contains(&self.job) {
            return self.refuse(&format!("services/{}/template.yaml has this job", self.service));
        }
        Ok(())
    }

    /// Checks that no file and nothing in `main.rs` or the template has the names.
    fn check_free(&self, repo: &Path) -> Result<()> {
        let folder = self.folder();
        for (path, _) in FILES {
            let path = format!("{folder}/{}", self.fill(path));
            if repo.join(&path).exists() {
                return self.refuse(&format!("{path} exists: choose another name"));
            }
        }
        for path in ["src/main.rs", "template.yaml"].map(|path| format!("{folder}/{path}")) {
            let text = fs::read_to_string(repo.join(&path))?;
            let function = format!("fn {}(", self.module);
            if has_word(&text, &self.type_name) || text.contains(&function) {
                let word = if text.contains(&function) { &self.module } else { &self.type_name };
                return self.refuse(&format!("{path} has a `{word}`: choose another name"));
            }
        }
        Ok(())
    }

    fn check_length(&self, repo: &Path) -> Result<()> {
        let header = format!("Parameters:\n  Service: {{Type: String, Default: {}}}\nResources:\n", self.service);
        let text = self.fill(&(header + FUNCTION));
        let template =
            contracts::template::expand("template.yaml", &text, |path: &str| fs::read_to_string(repo.join(path)))?;
        match resource_names::too_long(&template).into_iter().max_by_key(|long| long.longest - long.limit) {
            None => Ok(()),
            Some(long) => {
                let most = self.job.len().saturating_sub(long.longest - long.limit);
                self.refuse(&format!("{long}: choose a name of at most {most} characters"))
            }
        }
    }

    fn refuse<T>(&self, rule: &str) -> Result<T> {
        Err(UsageError(format!("no job of {} can be called `{}`: {rule}", self.service, self.job)).into())
    }

    /// The folder of the service, from the root of the repository.
    pub(super) fn folder(&self) -> String {
        format!("services/{}", self.service)
    }

    /// The files and folders that change, from the root of the repository.
    pub(super) fn places(&self) -> Vec<String> {
        let folder = self.folder();
        let new = FILES.map(|(path, _)| self.fill(path)).into_iter().chain([format!("reads/{}", self.job)]);
        let changed = EDITS.map(|(path, _, _)| path.to_owned());
        new.chain(changed).map(|path| format!("{folder}/{path}")).collect()
    }

    /// Replaces placeholders by names.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("__service__", &self.service)
            .replace("__job_module__", &self.module)
            .replace("__job__", &self.job)
            .replace("__Job__", &self.type_name)
            .replace("__publisher_module__", &self.publisher.replace('-', "_"))
            .replace("__publisher__", &self.publisher)
            .replace("__Event__", &self.event)
            .replace("__user_field__", self.user_field)
    }
}

/// Splits a name such as `todos/TodoDeleted`.
pub(crate) fn pair<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str)> {
    let parts = text.split_once('/').filter(|(one, other)| !one.is_empty() && !other.is_empty());
    parts.ok_or_else(|| UsageError(format!("`{text}` must have the form {form}")).into())
}

/// Fails with the nearest name when a service does not exist.
pub(crate) fn ensure_service(repository: &Repository, name: &str) -> Result<()> {
    if repository.services.contains_key(name) {
        return Ok(());
    }
    let services = repository.services.keys().map(String::as_str);
    Err(UsageError(format!("no service is called `{name}`{}", suggestion(name, services))).into())
}

/// The end of an error message about a name that does not exist.
fn suggestion<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(wanted, names).map_or_else(String::new, |name| format!(": did you mean `{name}`?"))
}

/// Whether each participant publishes the event: its type belongs to no publisher.
pub(crate) fn is_of_participants(repo: &Path, event: &str) -> bool {
    let types = fs::read_to_string(repo.join("events/src/participants.rs")).unwrap_or_default();
    types.contains(&format!("pub struct {event}V"))
}

/// The field by which version 1 of an event names its user.
fn user_field(repo: &Path, repository: &Repository, publisher: &str, event: &str) -> Result<&'static str> {
    let own = || repository.schemas.keys().filter(|name| name.service == publisher);
    let versions: Vec<&EventName> = own().filter(|name| name.event == event).collect();
    let Some(newest) = versions.last() else {
        let suggestion = suggestion(event, own().map(|name| name.event.as_str()));
        return Err(UsageError(format!("{publisher} publishes no event `{event}`{suggestion}")).into());
    };
    let by_hand = "write the subscriber by hand, as docs/adding-an-event.md describes";
    if is_of_participants(repo, event) {
        return Err(UsageError(format!("each participant publishes {event}: {by_hand}")).into());
    }
    if newest.version != 1 {
        return Err(UsageError(format!("{newest} is the newest version: {by_hand}")).into());
    }
    let fields = &repository.schemas[*newest]["properties"]["data"]["properties"];
    let field = USER_FIELDS.iter().find(|(name, _)| fields[name].is_object()).map(|(_, field)| *field);
    field.ok_or_else(|| UsageError(format!("{newest} has neither `ownerId` nor `userId`: {by_hand}")).into())
}

fn is_known(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    fn repository() -> Repository {
        Repository::new(Tree::read(repo()).unwrap(), None)
    }

    /// A service, one of its jobs, and an event about a user.
    fn known() -> (String, String, EventName) {
        let repository = repository();
        let (name, service) = repository.services.iter().next().unwrap();
        let is_about_user = |schema: &serde_json::Value| {
            USER_FIELDS.iter().any(|(field, _)| schema["properties"]["data"]["properties"][field].is_object())
        };
        let mut events = repository.schemas.iter();
        let event = events.find(|(name, schema)| is_about_user(schema) && !is_of_participants(repo(), &name.event));
        (name.clone(), service.jobs.first().unwrap().clone(), event.unwrap().0.clone())
    }

    fn refusal(subscriber: &str, event: &str) -> String {
        let error = Names::parse(repo(), subscriber, event).unwrap_err();
        assert!(error.is::<UsageError>() && !error.to_string().contains('\n'), "{error:#}");
        error.to_string()
    }

    #[test]
    fn names_of_the_code_follow_from_the_job() {
        let names = Names::new("s", "count-all-items", "p-q", "ItemSeen");
        assert_eq!(names.fill("__job_module__ __Job__ __job__"), "count_all_items CountAllItems count-all-items");
        assert_eq!(names.fill("__publisher_module__ __publisher__ __Event__V1"), "p_q p-q ItemSeenV1");
    }

    #[test]
    fn bad_names_are_refused_with_one_line() {
        let (service, job, event) = known();
        let event = format!("{}/{}", event.service, event.event);
        for wrong in ["Count", "count_all", "-count", "count-", "2count", "count--all"] {
            assert!(refusal(&format!("{service}/{wrong}"), &event).contains("such as `count-deleted`"), "{wrong}");
        }
        assert!(refusal(&service, &event).contains("<service>/<job>"));
        assert!(refusal(&format!("{service}/count"), "x").contains("<publisher>/<Event>"));
        assert!(refusal(&format!("{service}/match"), &event).contains("keyword"));
        assert!(refusal(&format!("{service}/{job}"), &event).contains("template.yaml has this job"));
        assert!(refusal(&format!("{service}/permissions"), &event).contains("exists"));
        assert!(refusal(&format!("{service}/table"), &event).contains("has a `Table`"));
        let long = format!("{service}/{}", "long-".repeat(9) + "name");
        assert!(refusal(&long, &event).contains("at most"));
    }

    #[test]
    fn names_that_do_not_exist_are_refused_with_the_nearest_one() {
        let (service, _, event) = known();
        let (near_service, near_event) = (format!("{}x", event.service), format!("{}x", event.event));
        let job = format!("{service}/count-something");
        let refused = refusal(&job, &format!("{near_service}/{}", event.event));
        assert!(refused.contains(&format!("did you mean `{}`", event.service)), "{refused}");
        let refused = refusal(&job, &format!("{}/{near_event}", event.service));
        assert!(refused.contains(&format!("did you mean `{}`", event.event)), "{refused}");
        let answer = repository().schemas.keys().find(|name| is_of_participants(repo(), &name.event)).cloned().unwrap();
        assert!(refusal(&job, &format!("{}/{}", answer.service, answer.event)).contains("each participant"));
    }
}
