//! What each job reads of other services' events, as the schema files in `reads/` say it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use events::documents::{Reading, on};
use events::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use events::todos::{TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoReopenedV1};
use events::users::{UserDeletedV1, UserExportReadyV1, UserExportRequestedV1, UserProfileChangedV1, UserRegisteredV1};
use serde_json::{Value, json};

use crate::erase;
use crate::export;
use crate::push::news;
use crate::subscribe::{agenda, export_mail, inbox, recipients, reminder_mail, welcome_mail};

const SERVICE: &str = env!("CARGO_PKG_NAME");

/// The rows of `main` that read events, each with its own event and function.
fn readings() -> Vec<Reading> {
    vec![
        on::<TodoCreatedV1>().read_by(SERVICE, "todo-created", inbox::todo_created),
        on::<TodoChangedV1>().read_by(SERVICE, "todo-changed", inbox::todo_changed),
        on::<TodoCompletedV1>().read_by(SERVICE, "todo-completed", inbox::todo_completed),
        on::<TodoReopenedV1>().read_by(SERVICE, "todo-reopened", inbox::todo_reopened),
        on::<TodoDeletedV1>().read_by(SERVICE, "todo-deleted", inbox::todo_deleted),
        on::<TodoDueV1>().read_by(SERVICE, "todo-due", inbox::todo_due),
        on::<AttachmentReadyV1>().read_by(SERVICE, "attachment-ready", inbox::attachment_ready),
        on::<AttachmentRejectedV1>().read_by(SERVICE, "attachment-rejected", inbox::attachment_rejected),
        on::<UserExportReadyV1>().read_by(SERVICE, "export-ready", inbox::export_ready),
        on::<UserExportReadyV1>().read_by(SERVICE, "send-export-mail", export_mail::send),
        on::<UserRegisteredV1>().read_by(SERVICE, "user-registered", inbox::user_registered),
        on::<UserRegisteredV1>().read_by(SERVICE, "recipient-registered", recipients::registered),
        on::<UserProfileChangedV1>().read_by(SERVICE, "recipient-changed", recipients::changed),
        on::<UserRegisteredV1>().read_by(SERVICE, "send-welcome-mail", welcome_mail::send),
        on::<TodoDueV1>().read_by(SERVICE, "send-reminder-mail", reminder_mail::send),
        on::<TodoCreatedV1>().read_by(SERVICE, "update-agenda", agenda::keep),
        on::<TodoChangedV1>().read_by(SERVICE, "update-agenda", agenda::keep),
        on::<TodoCompletedV1>().read_by(SERVICE, "update-agenda", agenda::keep),
        on::<TodoReopenedV1>().read_by(SERVICE, "update-agenda", agenda::keep),
        on::<TodoDeletedV1>().read_by(SERVICE, "update-agenda", agenda::keep),
        on::<TodoCreatedV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<TodoChangedV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<TodoCompletedV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<TodoReopenedV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<TodoDeletedV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<TodoDueV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<AttachmentReadyV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<AttachmentRejectedV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<AttachmentDeletedV1>().read_by(SERVICE, "push-todos", news::of_todos),
        on::<UserProfileChangedV1>().read_by(SERVICE, "push-users", news::of_users),
        on::<UserExportReadyV1>().read_by(SERVICE, "push-users", news::of_users),
        on::<UserDeletedV1>().read_by(SERVICE, "erase", erase::erase),
        on::<UserExportRequestedV1>().read_by(SERVICE, "export", export::export),
    ]
}

/// `cargo xtask schemas` runs this test with `BUSLINE_WRITE_SCHEMAS` set, and it writes the files.
#[test]
fn reader_schemas_are_what_the_jobs_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reads");
    let path = |reading: &Reading| folder.join(reading.job).join(format!("{}.json", reading.detail_type));
    let wanted: BTreeMap<_, _> =
        readings().iter().map(|reading| (path(reading), format!("{:#}\n", reading.document))).collect();
    if std::env::var_os("BUSLINE_WRITE_SCHEMAS").is_some() {
        write(&folder, &wanted);
    }
    let found = found(&folder);
    let differ = |path: &&PathBuf| found.get(*path) != wanted.get(*path);
    let different: BTreeSet<&PathBuf> = found.keys().chain(wanted.keys()).filter(differ).collect();
    assert!(different.is_empty(), "not what the jobs read, run `cargo xtask schemas`: {different:#?}");
}

/// A schema that took what its job cannot read, or refused what it can, would make the checks of contracts lie.
#[test]
fn a_reader_schema_takes_exactly_what_its_job_reads() {
    for reading in readings() {
        let validator = jsonschema::options().should_validate_formats(true).build(&reading.document).unwrap();
        for detail in spoilt(&example(&reading)["detail"]) {
            let mut message = example(&reading);
            message["detail"] = detail.clone();
            let read = reading.read(serde_json::from_value(message).unwrap());
            assert_eq!(validator.is_valid(&detail), read.is_ok(), "{} of {detail}: {read:?}", reading.job);
        }
    }
}

fn example(reading: &Reading) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/examples").join(&reading.schema);
    serde_json::from_str(&fs::read_to_string(path.with_extension("json")).unwrap()).unwrap()
}

/// The value as it is, and with each of its members once missing and once of another kind.
fn spoilt(value: &Value) -> Vec<Value> {
    let wrong = [json!(null), json!(true), json!(-1), json!(1.5), json!(""), json!("x"), json!([]), json!({"x": 1})];
    let mut all = vec![value.clone()];
    for (name, member) in value.as_object().into_iter().flatten() {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(name);
        all.push(without);
        for other in wrong.iter().cloned().chain(spoilt(member)) {
            let mut changed = value.clone();
            changed[name] = other;
            all.push(changed);
        }
    }
    all
}

fn write(folder: &Path, files: &BTreeMap<PathBuf, String>) {
    for stale in found(folder).keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(stale).unwrap();
    }
    for (path, text) in files {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn found(folder: &Path) -> BTreeMap<PathBuf, String> {
    let jobs = fs::read_dir(folder).into_iter().flatten().map(|job| job.unwrap().path());
    let files = jobs.flat_map(|job| fs::read_dir(job).unwrap()).map(|file| file.unwrap().path());
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}
