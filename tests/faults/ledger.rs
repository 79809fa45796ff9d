//! Compares the effects with the expected ones.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tests::product::Product;
use uuid::Uuid;

use crate::bus::Published;
use crate::load::Account;

/// The differences; all zero when nothing was lost and nothing was applied twice.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Changes that were made.
    pub(crate) changes: u64,
    /// Changes with their entry in the inbox.
    pub(crate) effects: u64,
    /// Changes without an entry.
    pub(crate) missing: u64,
    /// Further entries of a change.
    pub(crate) repeated: u64,
    /// Entries without a change.
    pub(crate) unknown: u64,
    /// Users with an unread count that differs from the number of unread entries.
    pub(crate) miscounted: u64,
    /// Entries that were read and are unread, or the reverse.
    pub(crate) misread: u64,
    /// Users with an old profile in another service.
    pub(crate) stale_profiles: u64,
    /// Missing or additional numbers in the sequences of subjects.
    pub(crate) gaps: u64,
    /// Changes that were published under more than one event id.
    pub(crate) two_ids: u64,
    /// Copies of events on the bus, without the first of each.
    pub(crate) copies: u64,
    /// Events that the bus accepted after a later one of their subject.
    pub(crate) late: u64,
}

impl Ledger {
    /// Reads every inbox, and compares it and the published events with the expected effects.
    pub(crate) async fn compare(product: &Product, accounts: &[Account], published: &Published) -> Self {
        let mut ledger = Self { late: published.late, ..Self::default() };
        for account in accounts {
            ledger.compare_inbox(account).await;
            ledger.compare_sequences(account, published);
            ledger.compare_profile(product, account, published).await;
        }
        let events = published.subjects.values().flat_map(BTreeMap::values);
        for event in events {
            ledger.copies += event.copies - 1;
            ledger.two_ids += u64::from(event.ids.len() > 1);
        }
        ledger
    }

    pub(crate) fn is_balanced(&self) -> bool {
        let errors = [self.missing, self.repeated, self.unknown, self.miscounted, self.misread, self.stale_profiles];
        errors.iter().chain(&[self.gaps, self.two_ids]).all(|count| *count == 0) && self.effects == self.changes
    }

    async fn compare_inbox(&mut self, account: &Account) {
        let (entries, counter) = inbox(account).await;
        let mut found: BTreeMap<(String, Uuid, String), u64> = BTreeMap::new();
        let mut unread = 0;
        for entry in &entries {
            let is_read = !entry["readAt"].is_null();
            unread += u64::from(!is_read);
            // The welcome entry, from before the run, has no item. All others are about the user's own changes.
            let was_read = account.read.contains(entry["id"].as_str().unwrap_or_default());
            self.misread += u64::from(is_read != (was_read || !entry["todoId"].is_null()));
            if let Some(id) = entry["todoId"].as_str().and_then(|id| id.parse().ok()) {
                let (kind, title) = (entry["kind"].as_str().unwrap_or_default(), entry["title"].as_str());
                let title = title.and_then(|title| title.split(['“', '”']).nth(1)).unwrap_or_default();
                *found.entry((kind.to_owned(), id, title.to_owned())).or_default() += 1;
            }
        }
        self.miscounted += u64::from(counter != unread);
        for (kind, id, title) in &account.effects {
            let times = found.remove(&((*kind).to_owned(), *id, title.clone())).unwrap_or(0);
            self.changes += 1;
            self.effects += times.min(1);
            self.missing += u64::from(times == 0);
            self.repeated += times.saturating_sub(1);
        }
        self.unknown += found.values().sum::<u64>();
    }

    fn compare_sequences(&mut self, account: &Account, published: &Published) {
        for (id, version) in &account.versions {
            let events = published.subjects.get(&id.to_string());
            let known = events.map_or(0, |events| events.range(1..=*version).count() as u64);
            let beyond = events.map_or(0, |events| events.range(version + 1..).count() as u64);
            self.gaps += version - known + beyond;
        }
    }

    async fn compare_profile(&mut self, product: &Product, account: &Account, published: &Published) {
        let Some(name) = &account.display_name else {
            return;
        };
        let client = aws_sdk_dynamodb::Client::new(product.sdk());
        let request = client.get_item().table_name(product.table("notifications")).consistent_read(true);
        let request = request.key("pk", AttributeValue::S(format!("USER#{}", account.user.id)));
        let row = request.key("sk", AttributeValue::S("RECIPIENT".into())).send().await.expect("the row").item;
        let row = row.unwrap_or_default();
        let events = published.subjects.get(&account.user.id.to_string());
        // The first one, of the registration, was published before the run.
        let newest = events.and_then(|events| events.last_key_value()).map_or(1, |(sequence, _)| *sequence);
        let count = events.map_or(0, |events| events.range(2..).count() as u64);
        self.gaps += newest - 1 - count;
        let is_newest = row.get("displayName").is_some_and(|value| value.as_s() == Ok(name))
            && row.get("sequence").is_some_and(|value| value.as_n() == Ok(&newest.to_string()));
        self.stale_profiles += u64::from(!is_newest);
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("changes made", self.changes),
            ("with their effect", self.effects),
            ("missing", self.missing),
            ("repeated", self.repeated),
            ("entries without a change", self.unknown),
            ("wrong unread counts", self.miscounted),
            ("entries that are wrongly read or unread", self.misread),
            ("stale profiles", self.stale_profiles),
            ("gaps in sequences", self.gaps),
            ("changes with two event ids", self.two_ids),
            ("copies of events on the bus", self.copies),
            ("events after a later one", self.late),
        ];
        for (name, count) in lines {
            writeln!(f, "  {name:<44} {count:>8}")?;
        }
        Ok(())
    }
}

/// All entries of a user, and the unread count.
async fn inbox(account: &Account) -> (Vec<Value>, u64) {
    let user = account.user.account.sign_in().await.expect("a sign-in");
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let call = user.api("notifications").get("/notifications").query("limit", "100");
        let call = cursor.iter().fold(call, |call, cursor: &String| call.query("cursor", cursor));
        let page = call.expect(200).await;
        entries.extend(page["items"].as_array().cloned().unwrap_or_default());
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return (entries, page["unread"].as_u64().expect("a count"));
        }
    }
}
