//! The files of a new subscriber, below the folder of its service, and its parts of other files.

/// Paths and texts; [`super::names::Names::fill`] has the names in both.
pub(super) const FILES: [(&str, &str); 5] = [
    ("src/subscribe/__job_module__.rs", include_str!("texts/src/subscribe/job.rs.txt")),
    ("src/app/__job_module__.rs", include_str!("texts/src/app/job.rs.txt")),
    ("src/store/__job_module__.rs", include_str!("texts/src/store/job.rs.txt")),
    ("tests/it/__job_module__.rs", include_str!("texts/tests/it/job.rs.txt")),
    ("tests/it/e2e/__job_module__.rs", include_str!("texts/tests/it/e2e/job.rs.txt")),
];

/// The function with its rule, a resource of the template.
pub(super) const FUNCTION: &str = include_str!("texts/function.yaml.txt");

/// A paragraph of the README's section on events.
pub(super) const PARAGRAPH: &str = include_str!("texts/readme.md.txt");
