//! The number of effects in the subscriber: the entries of users' inboxes.
//!
//! They are counted in the table, by calls that hardly disturb what is measured. The local cloud may lose a log
//! line under load, but no row.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use tests::account::User;
use tests::product::Product;
use tokio::task::JoinSet;

const DEADLINE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(25);

/// The inboxes of some users.
#[derive(Debug)]
pub(super) struct Inboxes {
    client: Client,
    table: String,
    partitions: Vec<String>,
}

impl Inboxes {
    pub(super) fn new(product: &Product, users: &[User]) -> Self {
        Self {
            client: Client::new(product.sdk()),
            table: product.table("notifications").to_owned(),
            partitions: users.iter().map(|user| format!("USER#{}", user.id)).collect(),
        }
    }

    /// The number of entries.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(super) async fn entries(&self) -> Result<u64> {
        let mut counts = JoinSet::new();
        for partition in &self.partitions {
            let query = self.client.query().table_name(&self.table).select(Select::Count).consistent_read(true);
            let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :entry)");
            let query = query.expression_attribute_values(":pk", AttributeValue::S(partition.clone()));
            counts.spawn(query.expression_attribute_values(":entry", AttributeValue::S("INBOX#".to_owned())).send());
        }
        let mut entries = 0;
        for count in counts.join_all().await {
            entries += u64::try_from(count.context("cannot read the inboxes")?.count)?;
        }
        Ok(entries)
    }

    /// Waits until there are `wanted` entries.
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
    Inboxes::new(product, &users).wait_for(count as u64).await?;
    Ok(users)
}
