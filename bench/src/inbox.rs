//! How many effects the subscriber has had: the unread counters of users' inboxes, which grow with each.
//!
//! Read from the table, in one small call, so that looking takes little of what is measured. The local cloud may lose a
//! log line under load; the table says what happened.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use tests::account::User;
use tests::product::{Product, Service};

const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(25);

/// The inboxes of up to 100 users.
#[derive(Debug)]
pub(crate) struct Inboxes {
    client: Client,
    table: String,
    counters: KeysAndAttributes,
}

impl Inboxes {
    /// The inboxes of these users.
    ///
    /// # Errors
    /// Without a user.
    pub(crate) fn of(product: &Product, users: &[User]) -> Result<Self> {
        let text = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
        let key = |user: &User| HashMap::from([text("pk", format!("USER#{}", user.id)), text("sk", "UNREAD".into())]);
        let keys = KeysAndAttributes::builder().set_keys(Some(users.iter().map(key).collect())).consistent_read(true);
        Ok(Self {
            client: Client::new(product.sdk()),
            table: product.table(Service::Notifications).to_owned(),
            counters: keys.build()?,
        })
    }

    /// How many entries there are, none of which was read.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) async fn entries(&self) -> Result<u64> {
        let answer = self.client.batch_get_item().request_items(&self.table, self.counters.clone()).send().await;
        let rows = answer.context("cannot read the inboxes")?.responses.unwrap_or_default();
        let count = |row: &HashMap<String, AttributeValue>| row.get("unread")?.as_n().ok()?.parse::<u64>().ok();
        Ok(rows.into_values().flatten().filter_map(|row| count(&row)).sum())
    }

    /// Waits until there are so many.
    ///
    /// # Errors
    /// When they do not come, or more do.
    pub(crate) async fn until(&self, wanted: u64) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.entries().await? {
                entries if entries == wanted => return Ok(()),
                entries if entries > wanted => bail!("{entries} entries in the inboxes instead of {wanted}"),
                entries if begun.elapsed() > PATIENCE => {
                    bail!("{entries} entries in the inboxes instead of {wanted} after {} s", PATIENCE.as_secs())
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}
