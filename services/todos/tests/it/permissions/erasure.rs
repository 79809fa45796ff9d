//! The scenario of an erasure.

use tests::bus::TestEvent;
use tests::permissions::erasure::{leave_data, purge_queues};
use tests::permissions::grants::Function;
use tests::permissions::needed::Outcome;
use uuid::Uuid;

use super::{SERVICE, Workspace};
use crate::e2e::attachment::files_bucket;

impl Workspace {
    /// A user is deleted who has data in each place where an erasure looks.
    pub(super) async fn erases(&self, function: &Function) -> Outcome {
        let (product, user) = (&self.product, Uuid::new_v4());
        leave_data(product, SERVICE, user).await;
        for folder in ["uploads", "files"] {
            product.put_object(&files_bucket(product), &format!("{folder}/{user}/x"), "x").await;
        }
        let event = TestEvent::from_example("users", "UserDeleted", user);
        let outcome = self.invoke(function, &event.as_delivered()).await;
        if outcome.is_err() {
            purge_queues(product, SERVICE).await;
        }
        outcome
    }
}
