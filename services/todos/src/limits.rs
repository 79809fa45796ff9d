//! What one user may do, compared with `docs/limits.md`.

use testkit::limits::{assert_documented, parameter_default};

use crate::domain::attachment::{MAX_BYTES, MAX_FILES};

#[test]
fn the_documented_limits_are_those_of_the_service() {
    let default = |parameter| parameter_default(include_str!("../template.yaml"), parameter);
    let limits = [
        ("changes a minute", default("WritesPerMinute")),
        ("new items a minute", default("ItemsPerMinute")),
        ("new attachments a minute", default("AttachmentsPerMinute")),
        ("items of a user", default("ItemsPerUser")),
        ("attachments of an item", MAX_FILES as u64),
        ("bytes of an attachment", MAX_BYTES),
        ("bytes of a user's attachments", default("AttachmentBytesPerUser")),
    ];
    assert_documented("todos", &limits);
}
