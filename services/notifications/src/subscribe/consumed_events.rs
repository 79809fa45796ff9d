//! The events that each job consumes, and the tests of the schema files in `reads/`.

use events::documents::{Reading, on};
use events::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use events::todos::{
    TodoAllDaySetV1, TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoPurgedV1,
    TodoReopenedV1, TodoRestoredV1,
};
use events::users::{
    UserDeletedV1, UserExportReadyV1, UserExportRequestedV1, UserProfileChangedV1, UserRegisteredV1, UserSignedOutV1,
};
use testkit::reader_schemas;

use crate::end_sessions;
use crate::erase;
use crate::export;
use crate::subscribe::{agenda, emails, inbox, live_push, recipients};

const SERVICE: &str = env!("CARGO_PKG_NAME");
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// One row for each event of each job in `main`.
fn consumed_events() -> Vec<Reading> {
    vec![
        on::<TodoCreatedV1>().converted_by(SERVICE, "update-inbox", inbox::todo_created),
        on::<TodoChangedV1>().converted_by(SERVICE, "update-inbox", inbox::todo_changed),
        on::<TodoCompletedV1>().converted_by(SERVICE, "update-inbox", inbox::todo_completed),
        on::<TodoReopenedV1>().converted_by(SERVICE, "update-inbox", inbox::todo_reopened),
        on::<TodoDeletedV1>().converted_by(SERVICE, "update-inbox", inbox::todo_deleted),
        on::<TodoDueV1>().converted_by(SERVICE, "update-inbox", inbox::todo_due),
        on::<AttachmentReadyV1>().converted_by(SERVICE, "update-inbox", inbox::attachment_ready),
        on::<AttachmentRejectedV1>().converted_by(SERVICE, "update-inbox", inbox::attachment_rejected),
        on::<UserExportReadyV1>().converted_by(SERVICE, "update-inbox", inbox::export_ready),
        on::<UserExportReadyV1>().read_by(SERVICE, "send-export-mail", emails::export_ready),
        on::<UserRegisteredV1>().converted_by(SERVICE, "update-inbox", inbox::user_registered),
        on::<UserRegisteredV1>().converted_by(SERVICE, "update-recipients", recipients::user_registered),
        on::<UserProfileChangedV1>().converted_by(SERVICE, "update-recipients", recipients::profile_changed),
        on::<UserRegisteredV1>().read_by(SERVICE, "send-welcome-mail", emails::user_registered),
        on::<TodoDueV1>().read_by(SERVICE, "send-reminder-mail", emails::todo_due),
        on::<TodoCreatedV1>().read_by(SERVICE, "update-agenda", agenda::update),
        on::<TodoChangedV1>().read_by(SERVICE, "update-agenda", agenda::update),
        on::<TodoCompletedV1>().read_by(SERVICE, "update-agenda", agenda::update),
        on::<TodoReopenedV1>().read_by(SERVICE, "update-agenda", agenda::update),
        on::<TodoDeletedV1>().read_by(SERVICE, "update-agenda", agenda::update),
        on::<TodoRestoredV1>().read_by(SERVICE, "update-agenda", agenda::update),
        on::<TodoAllDaySetV1>().read_by(SERVICE, "update-agenda", agenda::update),
        on::<TodoCreatedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<TodoChangedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<TodoCompletedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<TodoReopenedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<TodoDeletedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<TodoRestoredV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<TodoPurgedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<TodoDueV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<AttachmentReadyV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<AttachmentRejectedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<AttachmentDeletedV1>().converted_by(SERVICE, "push-changes", live_push::item_changed),
        on::<UserProfileChangedV1>().converted_by(SERVICE, "push-changes", live_push::user_changed),
        on::<UserExportReadyV1>().converted_by(SERVICE, "push-changes", live_push::user_changed),
        on::<UserSignedOutV1>().read_by(SERVICE, "end-sessions", end_sessions::end_sessions),
        on::<UserDeletedV1>().read_by(SERVICE, "erase", erase::erase),
        on::<UserExportRequestedV1>().read_by(SERVICE, "export", export::export),
    ]
}

/// `cargo xtask schemas` runs this test with `BUSLINE_DERIVED_SCHEMAS` set, so that it writes what the jobs read there.
#[test]
fn schema_files_match_the_payload_types() {
    reader_schemas::assert_files_match(FOLDER, &consumed_events());
}

/// The contract checks rely on the schemas: each must accept exactly the events that its job can read.
#[test]
fn a_schema_accepts_exactly_what_its_job_reads() {
    reader_schemas::assert_schemas_accept_what_is_read(&consumed_events());
}

#[test]
fn every_job_reads_all_examples_of_the_events_in_its_rule() {
    reader_schemas::assert_rules_are_read(FOLDER, &consumed_events());
}
