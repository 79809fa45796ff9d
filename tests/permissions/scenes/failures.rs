//! What a function keeps of what it could not do.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::{Value, json};
use tests::disruption::finish;
use tests::product::{Product, Service};
use tests::signature::{Keys, Request, Signer};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::grants::Job;
use crate::scenes::events::event;
use crate::scenes::{Done, Patience, Stage, text};

/// One look at a dead-letter queue at a time: a look hides for a while what it saw.
static LOOK: Mutex<()> = Mutex::const_new(());

impl Stage {
    /// An event that cannot be read ends in the dead-letter queue.
    pub(super) async fn keeps_a_failed_event(&self, job: &Job, patience: Patience) -> Done {
        let mut event = event(job);
        let mark = Uuid::new_v4().to_string();
        event["detail"]["data"] = json!({"unreadable": mark});
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.invoke().function_name(job.function(self.product.env()));
        let request = request.invocation_type(InvocationType::Event).payload(Blob::new(event.to_string()));
        request.send().await.expect("a function that takes events");
        self.letter(job.service, &mark, patience).await
    }

    /// A record that is no outbox row ends in the bucket and is told of in the dead-letter queue, and what comes behind
    /// it in the stream is published.
    pub(super) async fn keeps_a_failed_record(&self, job: &Job, patience: Patience) -> Done {
        let poison = Poison::put(&self.product, job).await;
        let behind = self.works(job, Patience(Duration::from_secs(30))).await;
        behind.and(self.letter(job.service, &poison.mapping, patience).await)
    }

    /// Waits for a dead letter and takes it out.
    async fn letter(&self, service: Service, part: &str, patience: Patience) -> Done {
        let letters = self.product.dead_letters(service);
        let found = tokio::time::timeout(patience.0, async {
            loop {
                let look = LOOK.lock().await;
                let found = letters.with(part).await;
                for letter in &found {
                    letters.remove(letter).await;
                    self.forget_object(&letter.body).await;
                }
                drop(look);
                if !found.is_empty() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        });
        found.await.map_err(|_| format!("no dead letter within {:?}", patience.0))
    }

    /// Deletes the object that a dead letter tells of, if it is of that kind.
    async fn forget_object(&self, letter: &Value) {
        let told = &letter["Records"][0]["s3"];
        let (Some(bucket), Some(key)) = (told["bucket"]["name"].as_str(), told["object"]["key"].as_str()) else {
            return;
        };
        let root = Signer::new(&self.product, Keys::root());
        let reply = root.send(&Request::plain("s3", reqwest::Method::DELETE, &format!("/{bucket}/{key}"), "")).await;
        assert_eq!(reply.status, 204, "{}", reply.body);
    }
}

/// A row in a service's table that is no outbox row although its key says so. Its batch is given up at once while this
/// lives, so that no test waits for the retries.
struct Poison {
    product: Product,
    service: Service,
    key: String,
    /// What makes the job read the row.
    sort_key: &'static str,
    /// The id of the stream's mapping, part of the key of every batch that it gave up.
    mapping: String,
    retries: i32,
}

impl Poison {
    async fn put(product: &Product, job: &Job) -> Self {
        let lambda = aws_sdk_lambda::Client::new(product.sdk());
        let listed = lambda.list_event_source_mappings().function_name(job.function(product.env())).send().await;
        let mapping = listed.expect("mappings").event_source_mappings.unwrap_or_default().pop();
        let mapping = mapping.expect("a stream's mapping");
        let poison = Self {
            product: product.clone(),
            service: job.service,
            key: format!("OUTBOX#{}", Uuid::new_v4()),
            sort_key: if job.name == "schedule" { "TODO#poison" } else { "OUTBOX" },
            mapping: mapping.uuid.expect("a mapping's id"),
            retries: mapping.maximum_retry_attempts.expect("bounded retries"),
        };
        set_retries(product, &poison.mapping, 0).await;
        let table = aws_sdk_dynamodb::Client::new(product.sdk()).put_item().table_name(product.table(job.service));
        let put = table.item("pk", text(&poison.key)).item("sk", text(poison.sort_key));
        let put = if job.name == "schedule" { put.item("dueAt", text("2199-01-01T00:00:00Z")) } else { put };
        put.send().await.expect("a row that can be written");
        poison
    }
}

impl Drop for Poison {
    fn drop(&mut self) {
        let (product, service, key) = (self.product.clone(), self.service, self.key.clone());
        let sort_key = self.sort_key;
        let (mapping, retries) = (self.mapping.clone(), self.retries);
        finish(async move {
            let table = aws_sdk_dynamodb::Client::new(product.sdk()).delete_item().table_name(product.table(service));
            let delete = table.key("pk", text(&key)).key("sk", text(sort_key));
            delete.send().await.expect("a row that can be deleted");
            set_retries(&product, &mapping, retries).await;
        });
    }
}

async fn set_retries(product: &Product, mapping: &str, retries: i32) {
    let lambda = aws_sdk_lambda::Client::new(product.sdk());
    let update = lambda.update_event_source_mapping().uuid(mapping).maximum_retry_attempts(retries);
    update.send().await.expect("a mapping that can be changed");
}
