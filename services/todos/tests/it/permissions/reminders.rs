//! Scenarios in which schedules are created and fire.

use std::time::Duration;

use serde_json::json;
use tests::permissions::needed::{Outcome, expect_status};
use tests::wait::eventually;

use super::{SERVICE, Workspace};
use crate::e2e::reminders::schedule_expression;

impl Workspace {
    /// An item's schedule is created, changed, deleted with a due time in the past, created again, moved with the item's
    /// deletion, and deleted when the item is purged.
    pub(super) async fn changes_schedules(&self, timeout: Duration) -> Outcome {
        let item = self.item().await;
        let id = item.rsplit('/').next().expect("an id");
        self.wait_for_schedule(id, Some("at(2027-01-01T00:00:00)"), timeout).await?;
        let todos = self.user.api(SERVICE);
        for (due, planned) in [
            ("2027-02-01", Some("at(2027-02-01T00:00:00)")),
            ("2026-01-01", None),
            ("2027-03-01", Some("at(2027-03-01T00:00:00)")),
        ] {
            let change = json!({"dueAt": format!("{due}T00:00:00Z")});
            let patch = async || expect_status(todos.patch(&item).json(&change), 200).await.ok();
            eventually("a changed item", patch).await;
            self.wait_for_schedule(id, planned, timeout).await?;
        }
        eventually("a deleted item", async || expect_status(todos.delete(&item), 204).await.ok()).await;
        let purge = || todos.post(&format!("{item}/purge"));
        eventually("a purged item", async || expect_status(purge(), 204).await.ok()).await;
        self.wait_for_schedule(id, None, timeout).await
    }

    async fn wait_for_schedule(&self, todo: &str, expected: Option<&str>, timeout: Duration) -> Outcome {
        let found = tokio::time::timeout(timeout, async {
            while schedule_expression(&self.product, todo).await.as_deref() != expected {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        found.await.map_err(|_| format!("the schedule is not {expected:?} within {timeout:?}"))
    }
}
