//! The number of effects in the subscriber: the unread counters of users' inboxes.
//!
//! They are read from the table, in one small call that hardly disturbs what is measured. The local cloud may lose a log
//! line under load, but no row.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use tests::account::User;
use tests::product::Product;

const DEADLINE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(25);

/// The inboxes of up to 100 users.
#[derive(Debug)]
pub(super) struct Inboxes {
    client: Client,
    table: String,
    counters: KeysAndAttributes,
}

impl Inboxes {
    /// # Errors
    /// Without a user.
    pub(super) fn new(product: &Product, users: &[User]) -> Result<Self> {
        let text = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
        let key = |user: &User| HashMap::from([text("pk", format!("USER#{}", user.id)), text("sk", "UNREAD".into())]);
        let keys = KeysAndAttributes::builder().set_keys(Some(users.iter().map(key).collect())).consistent_read(true);
        Ok(Self {
            client: Client::new(product.sdk()),
            table: product.table("notifications").to_owned(),
            counters: keys.build()?,
        })
    }

    /// The number of unread entries.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(super) async fn entries(&self) -> Result<u64> {
        let answer = self.client.batch_get_item().request_items(&self.table, self.counters.clone()).send().await;
        let rows = answer.context("cannot read the inboxes")?.responses.unwrap_or_default();
        let count = |row: &HashMap<String, AttributeValue>| row.get("unread")?.as_n().ok()?.parse::<u64>().ok();
        Ok(rows.into_values().flatten().filter_map(|row| count(&row)).sum())
    }

    /// Waits until there are `wanted` unread entries.
    ///
    /// # Errors
    /// When they do not come, or more do.
    pub(super) async fn wait_for(&self, wanted: u64) -> Result<()> {
        let start = Instant::now();
        loop {
            match self.entries().await? {
                entries if entries == wanted => return Ok(()),
                entries if entries > wanted => bail!("{entries} entries in the inboxes instead of {wanted}"),
                entries if start.elapsed() > DEADLINE => {
                    bail!("{entries} entries in the inboxes instead of {wanted} after {} s", DEADLINE.as_secs())
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

/// New users, who have their welcome entries.
///
/// # Errors
/// When an entry does not come.
pub(super) async fn sign_up(product: &Product, count: usize) -> Result<Vec<User>> {
    let mut users = Vec::with_capacity(count);
    for _ in 0..count {
        users.push(product.user().await);
    }
    Inboxes::new(product, &users)?.wait_for(count as u64).await?;
    Ok(users)
}
