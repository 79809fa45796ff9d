//! What each job reads of events, as the schema files in `reads/` state it.

use events::documents::{Reading, on, on_participants};
use events::participants::{UserDataErasedV1, UserDataExportedV1};
use events::users::{UserDeletedV1, UserExportRequestedV1};
use testkit::reader_schemas;

use crate::subscribe::{erase, export, participant_answers};

const SERVICE: &str = env!("CARGO_PKG_NAME");
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The jobs of `main` that read events, each with its event and its function.
fn all() -> Vec<Reading> {
    vec![
        on::<UserDeletedV1>().read_by(SERVICE, "erase", erase::erase),
        on::<UserExportRequestedV1>().read_by(SERVICE, "export", export::export),
        on_participants::<UserDataErasedV1>().read_by(
            SERVICE,
            "participant-erased",
            participant_answers::participant_erased,
        ),
        on_participants::<UserDataExportedV1>().read_by(
            SERVICE,
            "participant-exported",
            participant_answers::participant_exported,
        ),
    ]
}

/// `cargo xtask schemas` runs this test with `BUSLINE_DERIVED_SCHEMAS` set, and it writes what the jobs read there.
#[test]
fn schema_files_match_the_payload_types() {
    reader_schemas::assert_files_match(FOLDER, &all());
}

/// A schema that took what its job cannot read, or refused what it can, would make the checks of contracts lie.
#[test]
fn a_reader_schema_accepts_exactly_what_its_job_reads() {
    reader_schemas::assert_schemas_accept_what_is_read(&all());
}

#[test]
fn every_job_with_a_rule_reads_all_examples_of_its_event() {
    reader_schemas::assert_rules_are_read(FOLDER, &all());
}
