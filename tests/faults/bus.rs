//! The bus behind the proxy, and a record of every event that it has accepted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};
use tests::product::Product;

/// An entry of `PutEvents`.
#[derive(Clone, Debug)]
pub(crate) struct Entry(Value);

#[derive(Debug)]
pub(crate) struct Bus {
    client: Client,
    published: Mutex<Published>,
}

/// The events that the bus has accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Published {
    /// The events of each subject, by their sequence.
    pub(crate) subjects: HashMap<String, BTreeMap<u64, Event>>,
    /// The number of events that came after a later one of their subject.
    pub(crate) late: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The event's id. Several ids when several events have the same sequence number.
    pub(crate) ids: Vec<String>,
    /// How often the bus has accepted it.
    pub(crate) copies: u64,
}

impl Entry {
    /// The entries of a call.
    pub(crate) fn all(body: &Value) -> Vec<Self> {
        body["Entries"].as_array().into_iter().flatten().cloned().map(Self).collect()
    }

    fn request(&self) -> PutEventsRequestEntry {
        let text = |field: &str| self.0[field].as_str().map(str::to_owned);
        let entry = PutEventsRequestEntry::builder().set_event_bus_name(text("EventBusName"));
        entry.set_source(text("Source")).set_detail_type(text("DetailType")).set_detail(text("Detail")).build()
    }
}

impl Bus {
    pub(crate) fn new(product: &Product) -> Self {
        Self { client: Client::new(product.sdk()), published: Mutex::default() }
    }

    /// Puts entries on the bus with the account's root keys, because the signature of a changed call is not valid. Returns
    /// the result of the first entry.
    pub(crate) async fn put(&self, entries: &[Entry]) -> Value {
        let requests = entries.iter().map(Entry::request).collect();
        let answer = match self.client.put_events().set_entries(Some(requests)).send().await {
            Ok(answer) => answer,
            Err(error) => return json!({"ErrorCode": "InternalFailure", "ErrorMessage": format!("{error:?}")}),
        };
        for (entry, result) in entries.iter().zip(answer.entries()) {
            if result.event_id().is_some() {
                self.record(entry);
            }
        }
        match answer.entries().iter().find(|result| result.error_code().is_some()) {
            Some(refused) => json!({"ErrorCode": refused.error_code(), "ErrorMessage": refused.error_message()}),
            None => json!({"EventId": answer.entries()[0].event_id()}),
        }
    }

    /// Records an entry that the bus has accepted.
    pub(crate) fn record(&self, entry: &Entry) {
        let detail: Value = serde_json::from_str(entry.0["Detail"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        let metadata = &detail["metadata"];
        let (Some(subject), Some(sequence), Some(id)) =
            (metadata["subject"].as_str(), metadata["sequence"].as_u64(), metadata["eventId"].as_str())
        else {
            eprintln!("the bus has accepted an event without subject, sequence or id");
            return;
        };
        let mut published = self.published.lock().unwrap();
        let events = published.subjects.entry(subject.to_owned()).or_default();
        let is_late = events.last_key_value().is_some_and(|(last, _)| *last > sequence);
        let event = events.entry(sequence).or_insert_with(|| Event { ids: vec![id.to_owned()], copies: 0 });
        event.copies += 1;
        if !event.ids.iter().any(|known| known == id) {
            event.ids.push(id.to_owned());
        }
        let first = event.copies == 1;
        published.late += u64::from(first && is_late);
    }

    pub(crate) fn published(&self) -> Published {
        self.published.lock().unwrap().clone()
    }
}
