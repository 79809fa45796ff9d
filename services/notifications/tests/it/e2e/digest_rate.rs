//! How long the digests of all users take that are due in the same quarter of an hour.

use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use tests::injected_fault::{FunctionDisabled, invoke};
use tests::permissions::erasure::put_row;
use tests::product::Product;
use uuid::Uuid;

use super::sending_rate::{preferences, recipient};

const SERVICE: &str = "notifications";
const USERS: usize = 2_000;

/// For the README. The digests are requested and not sent.
#[tokio::test]
#[ignore = "prints a figure and takes a minute"]
async fn the_time_in_which_many_digests_are_requested() {
    let product = Product::alone().await;
    let _unsent = FunctionDisabled::begin(&product, SERVICE, "send-digest-mail").await;
    let now = Timestamp::now();
    let hour = now.to_zoned(TimeZone::UTC).hour();
    for _ in 0..USERS {
        let user = Uuid::new_v4();
        put_row(&product, SERVICE, recipient(user)).await;
        put_row(&product, SERVICE, preferences(user, now, hour)).await;
    }
    let logs = product.logs_from_now();
    let start = Instant::now();
    invoke(&product, &product.function(SERVICE, "plan-digests"), &json!({"scheduledTime": now})).await;
    let time = start.elapsed();
    let lines = logs.lines_with(SERVICE, &["requested the digests that are due"]).await;
    println!("{USERS} digests requested in {:.1} s: {lines:?}", time.as_secs_f64());
}
