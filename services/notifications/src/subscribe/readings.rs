//! What each job reads of other services' events, as the schema files in `reads/` say it.

use events::documents::{Reading, on};
use events::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use events::todos::{TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoReopenedV1};
use events::users::{UserDeletedV1, UserExportReadyV1, UserExportRequestedV1, UserProfileChangedV1, UserRegisteredV1};
use testkit::readings;

use crate::erase;
use crate::export;
use crate::push::news;
use crate::subscribe::{agenda, export_mail, inbox, recipients, reminder_mail, welcome_mail};

const SERVICE: &str = env!("CARGO_PKG_NAME");
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The rows of `main` that read events, each with its own event and function.
fn all() -> Vec<Reading> {
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
    readings::agree(FOLDER, &all());
}

/// A schema that took what its job cannot read, or refused what it can, would make the checks of contracts lie.
#[test]
fn a_reader_schema_takes_exactly_what_its_job_reads() {
    readings::take_exactly_what_is_read(&all());
}

#[test]
fn every_job_that_a_rule_wakes_reads_all_examples_of_its_event() {
    readings::cover_the_rules(FOLDER, &all());
}
