//! What each job reads of events, as the schema files in `reads/` say it.

use events::documents::{Reading, on};
use events::todos::TodoDeletedV1;
use events::todos::attachments::AttachmentDeletedV1;
use events::users::{UserDeletedV1, UserExportRequestedV1};
use testkit::readings;

use crate::erase;
use crate::export;
use crate::subscribe::files;

const SERVICE: &str = env!("CARGO_PKG_NAME");
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The rows of `main` that read events, each with its own event and function.
fn all() -> Vec<Reading> {
    vec![
        on::<TodoDeletedV1>().read_by(SERVICE, "delete-attachments", files::item_deleted),
        on::<AttachmentDeletedV1>().read_by(SERVICE, "delete-files", files::attachment_deleted),
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
