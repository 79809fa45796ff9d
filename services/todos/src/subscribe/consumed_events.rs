//! The events that each job consumes, with the schemas in `reads/`.

use events::documents::{Reading, on};
use events::todos::TodoPurgedV1;
use events::todos::attachments::AttachmentDeletedV1;
use events::users::{UserDeletedV1, UserExportRequestedV1, UserSignedOutV1};
use testkit::reader_schemas;

use crate::end_sessions;
use crate::erase;
use crate::export;
use crate::subscribe::attachments;

const SERVICE: &str = env!("CARGO_PKG_NAME");
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The rows of `main` that consume events.
fn all() -> Vec<Reading> {
    vec![
        on::<TodoPurgedV1>().read_by(SERVICE, "delete-attachments", attachments::delete_attachments),
        on::<AttachmentDeletedV1>().read_by(SERVICE, "delete-files", attachments::delete_files),
        on::<UserSignedOutV1>().read_by(SERVICE, "end-sessions", end_sessions::end_sessions),
        on::<UserDeletedV1>().read_by(SERVICE, "erase", erase::erase),
        on::<UserExportRequestedV1>().read_by(SERVICE, "export", export::export),
    ]
}

/// `cargo xtask schemas` runs this test with `BUSLINE_DERIVED_SCHEMAS` set, and it writes what the jobs read there.
#[test]
fn schema_files_match_the_payload_types() {
    reader_schemas::assert_files_match(FOLDER, &all());
}

/// Otherwise the checks of contracts would be wrong.
#[test]
fn a_reader_schema_accepts_exactly_what_its_job_reads() {
    reader_schemas::assert_schemas_accept_what_is_read(&all());
}

#[test]
fn every_job_with_a_rule_reads_all_examples_of_its_event() {
    reader_schemas::assert_rules_are_read(FOLDER, &all());
}
