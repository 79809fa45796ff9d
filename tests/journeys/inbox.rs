//! The entries of a user's inbox, by which journeys see the effect of an event.

use serde_json::Value;
use tests::account::User;
use tests::wait::eventually;

/// Waits until an inbox has `count` entries, and fails if it has more. Returns them, newest first.
pub(crate) async fn wait_for_entries(user: &User, count: usize) -> Vec<Value> {
    let entries = eventually(&format!("{count} entries in the inbox"), async || {
        let page = user.api("notifications").get("/notifications?limit=100").expect(200).await;
        let entries = page["items"].as_array().unwrap().clone();
        (entries.len() >= count).then_some(entries)
    })
    .await;
    assert_eq!(entries.len(), count, "{entries:?}");
    entries
}
