//! Scenarios in which users export their data.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tests::account::User;
use tests::bus::TestEvent;
use tests::permissions::erasure::{deletion_id, put_row, put_tombstone};
use tests::permissions::grants::Function;
use tests::permissions::needed::{Outcome, expect_status};
use tests::product::Product;
use uuid::Uuid;

use super::{SERVICE, Workspace, deletions, text, texts};

impl Workspace {
    pub(super) async fn exercise_exports(&self, function: &Function) -> Outcome {
        match function.job.as_str() {
            // A new user, who has requested no export today.
            "request-export" => expect_status(self.product.user().await.api(SERVICE).post("/me/export"), 202).await,
            "get-export" => links_to_archive(&self.product.user().await).await,
            "export" => {
                let event = TestEvent::from_example("users", "UserExportRequested", self.user.id);
                self.invoke(function, &event.as_delivered()).await
            }
            _ => self.collects_parts(function).await,
        }
    }

    /// The last part of an export arrives, and a part for a deleted user.
    async fn collects_parts(&self, function: &Function) -> Outcome {
        let product = &self.product;
        let (user, deleted) = (Uuid::new_v4(), Uuid::new_v4());
        let export = Uuid::now_v7();
        let (service, name) = deletions::answer(function, "UserDataExported");
        // The other participant is not registered any more.
        put_export(product, user, export, &[&service, "removed"], []).await;
        let part = format!("parts/{service}/{}/{export}/{service}-1.json", deletion_id(user));
        product.put_object(&bucket(product), &part, "[]").await;
        put_tombstone(product, SERVICE, deleted).await;
        leave_objects(product, deleted).await;
        for (user, export) in [(user, export), (deleted, Uuid::now_v7())] {
            let data = json!({"userId": user, "exportId": export, "key": "parts/", "bytes": 1});
            let event = TestEvent::new(&service, &name, export, 1, &data);
            self.invoke(function, &event.as_delivered()).await?;
        }
        Ok(())
    }
}

/// The link in the response leads to the caller's archive.
async fn links_to_archive(user: &User) -> Outcome {
    let (product, export) = (user.product(), Uuid::now_v7());
    let key = format!("archives/{}/{export}.zip", deletion_id(user.id));
    product.put_object(&bucket(product), &key, "[]").await;
    let until = text(&(Timestamp::now() + SignedDuration::from_hours(1)).to_string());
    let ready = [("archivedUntil", until), ("bytes", AttributeValue::N("1".to_owned()))];
    put_export(product, user.id, export, &[SERVICE], ready).await;
    let response = user.api(SERVICE).get("/me/export").send().await;
    let Some(url) = response.body["downloadUrl"].as_str() else {
        return Err(format!("answered with {}", response.status));
    };
    let status = product.http().get(url).send().await.expect("S3 answers").status();
    if status == 200 { Ok(()) } else { Err(format!("the link was answered with {status}")) }
}

/// Stores a part and an archive of a user.
pub(super) async fn leave_objects(product: &Product, user: Uuid) {
    let (hash, bucket) = (deletion_id(user), bucket(product));
    for service in product.services() {
        product.put_object(&bucket, &format!("parts/{service}/{hash}/x/x"), "[]").await;
    }
    product.put_object(&bucket, &format!("archives/{hash}/x.zip"), "[]").await;
}

/// A user's newest export, which waits for these participants.
async fn put_export(
    product: &Product,
    user: Uuid,
    export: Uuid,
    participants: &[&str],
    more: impl IntoIterator<Item = (&str, AttributeValue)>,
) {
    let now = text(&Timestamp::now().to_string());
    let row = [
        ("pk", text(&format!("USER#{user}"))),
        ("sk", text("EXPORT")),
        ("id", text(&export.to_string())),
        ("userId", text(&user.to_string())),
        ("requestedAt", now.clone()),
        ("requests", AttributeValue::L(vec![now])),
        ("participants", texts(participants)),
        ("exportedBy", AttributeValue::M(HashMap::new())),
    ];
    put_row(product, SERVICE, row.into_iter().chain(more)).await;
}

fn bucket(product: &Product) -> String {
    format!("busline-{}-users-exports-000000000000", product.env())
}
