//! What each job reads of events, as the schema files in `reads/` say it.

use events::documents::{Reading, on};
use events::notifications::{NotificationsErasedV1, NotificationsExportedV1};
use events::todos::{TodosErasedV1, TodosExportedV1};
use events::users::UserDeletedV1;
use testkit::readings;

use crate::deletion::{erase, mark};
use crate::export::collect;

const SERVICE: &str = env!("CARGO_PKG_NAME");
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The rows of `main` that read events, each with its own event and function.
fn all() -> Vec<Reading> {
    vec![
        on::<UserDeletedV1>().read_by(SERVICE, "erase", erase::erase),
        on::<TodosErasedV1>().read_by(SERVICE, "todos-erased", mark::todos_erased),
        on::<NotificationsErasedV1>().read_by(SERVICE, "notifications-erased", mark::notifications_erased),
        on::<TodosExportedV1>().read_by(SERVICE, "todos-exported", collect::todos_exported),
        on::<NotificationsExportedV1>().read_by(SERVICE, "notifications-exported", collect::notifications_exported),
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
