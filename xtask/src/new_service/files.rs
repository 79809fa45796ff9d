//! The files of a new service: where each is written, and its text with names to fill in.

/// The template of the service; the lengths of its resource names are checked before it is written.
pub(super) const TEMPLATE: (&str, &str) =
    ("services/__service__/template.yaml", include_str!("service/template.yaml.txt"));

/// Paths from the root of the repository, and texts. [`super::names::Names::fill`] has the names in both.
pub(super) const FILES: [(&str, &str); 27] = [
    ("events/examples/__service__/UserDataErased/v1.json", include_str!("events/UserDataErased.json")),
    ("events/examples/__service__/UserDataExported/v1.json", include_str!("events/UserDataExported.json")),
    ("events/examples/__service__/__Entity__Created/v1.json", include_str!("events/Created.json")),
    ("events/src/publishers/__module__.rs", include_str!("events/publisher.rs.txt")),
    ("services/__service__/Cargo.toml", include_str!("service/Cargo.toml.txt")),
    ("services/__service__/README.md", include_str!("service/README.md.txt")),
    ("services/__service__/openapi.yaml", include_str!("service/openapi.yaml.txt")),
    ("services/__service__/src/api.rs", include_str!("service/src/api.rs.txt")),
    ("services/__service__/src/api/body.rs", include_str!("service/src/api/body.rs.txt")),
    ("services/__service__/src/api/error.rs", include_str!("service/src/api/error.rs.txt")),
    ("services/__service__/src/api/list_query.rs", include_str!("service/src/api/list_query.rs.txt")),
    ("services/__service__/src/app.rs", include_str!("service/src/app.rs.txt")),
    ("services/__service__/src/domain.rs", include_str!("service/src/domain.rs.txt")),
    ("services/__service__/src/end_sessions.rs", include_str!("service/src/end_sessions.rs.txt")),
    ("services/__service__/src/erase.rs", include_str!("service/src/erase.rs.txt")),
    ("services/__service__/src/export.rs", include_str!("service/src/export.rs.txt")),
    ("services/__service__/src/main.rs", include_str!("service/src/main.rs.txt")),
    ("services/__service__/src/store.rs", include_str!("service/src/store.rs.txt")),
    ("services/__service__/src/store/event.rs", include_str!("service/src/store/event.rs.txt")),
    ("services/__service__/src/store/row.rs", include_str!("service/src/store/row.rs.txt")),
    ("services/__service__/src/subscribe.rs", include_str!("service/src/subscribe.rs.txt")),
    (
        "services/__service__/src/subscribe/consumed_events.rs",
        include_str!("service/src/subscribe/consumed_events.rs.txt"),
    ),
    TEMPLATE,
    ("services/__service__/tests/it/e2e.rs", include_str!("service/tests/it/e2e.rs.txt")),
    ("services/__service__/tests/it/golden.rs", include_str!("service/tests/it/golden.rs.txt")),
    ("services/__service__/tests/it/main.rs", include_str!("service/tests/it/main.rs.txt")),
    ("services/__service__/tests/it/permissions.rs", include_str!("service/tests/it/permissions.rs.txt")),
];
