//! Scenarios in which accounts are deleted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use jiff::Timestamp;
use serde_json::json;
use tests::account::User;
use tests::bus::TestEvent;
use tests::permissions::erasure::{deletion_id, leave_data, purge_queues, put_row};
use tests::permissions::grants::Function;
use tests::permissions::needed::Outcome;
use tests::product::Product;
use uuid::Uuid;

use super::{SERVICE, Workspace, exports, profiles, text, texts};

/// How long the services may take for all deletions of the scenarios.
const ALL_DELETIONS: Duration = Duration::from_mins(2);

impl Workspace {
    /// A user is deleted who has data in each place where an erasure looks.
    pub(super) async fn erases(&self, function: &Function) -> Outcome {
        let product = &self.product;
        let user = profiles::sign_up(product, &product.new_account()).await;
        leave_data(product, SERVICE, user).await;
        exports::leave_objects(product, user).await;
        let event = TestEvent::from_example("users", "UserDeleted", user);
        let outcome = self.invoke(function, &event.as_delivered()).await;
        if outcome.is_err() {
            purge_queues(product, SERVICE).await;
        }
        outcome
    }

    /// The last participant answers that it has erased a user.
    pub(super) async fn completes_deletion(&self, function: &Function) -> Outcome {
        let (service, name) = answer(function, "UserDataErased");
        // The first deletion completes. In the second one, participants are missing that have registered meanwhile.
        for participants in [self.product.services(), vec![service.clone()]] {
            let user = Uuid::new_v4();
            let answered = participants.iter().filter(|other| **other != service).cloned().collect::<Vec<_>>();
            put_record(&self.product, user, &participants, &answered).await;
            exports::leave_objects(&self.product, user).await;
            let data = json!({"deletionId": deletion_id(user), "erasedAt": Timestamp::now()});
            self.invoke(function, &TestEvent::new(&service, &name, user, 1, &data).as_delivered()).await?;
        }
        Ok(())
    }

    /// A user with a profile was deleted in Cognito, of which the product is not told.
    pub(super) async fn finds_removed_pool_user(&self, function: &Function) -> Outcome {
        // One deletion is answered and open; in another one, participants are missing that have registered meanwhile.
        let all = self.product.services();
        put_record(&self.product, Uuid::new_v4(), &all, &all).await;
        put_record(&self.product, Uuid::new_v4(), &[SERVICE.to_owned()], &[SERVICE.to_owned()]).await;
        let user = self.product.user().await;
        user.api(SERVICE).get("/me").expect(200).await;
        make_registration_old(&user).await;
        user.delete_from_cognito().await;
        self.invoke(function, &json!({})).await
    }
}

/// The participant's event that a function processes: service and name. A function of every participant is called with
/// this service's own answer.
pub(super) fn answer(function: &Function, name: &str) -> (String, String) {
    match function.events.first() {
        Some((service, detail_type)) => (service.clone(), detail_type.trim_end_matches(".v1").to_owned()),
        None => (SERVICE.to_owned(), name.to_owned()),
    }
}

/// Waits until every deletion is complete, because erasures receive messages of the queues in which other tests look.
pub(super) async fn wait_until_complete(product: &Product) {
    let deadline = Instant::now() + ALL_DELETIONS;
    while open_deletions(product).await > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn open_deletions(product: &Product) -> i32 {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let query = client.query().table_name(product.table(SERVICE)).index_name("byRegistration");
    let query = query.key_condition_expression("directory = :open");
    let query = query.expression_attribute_values(":open", text("DELETIONS")).select(Select::Count);
    query.send().await.expect("an index that answers").count
}

/// The record of an open deletion.
async fn put_record(product: &Product, user: Uuid, participants: &[String], answered: &[String]) {
    let (now, id) = (Timestamp::now(), deletion_id(user));
    let participants: Vec<&str> = participants.iter().map(String::as_str).collect();
    let answered: HashMap<String, AttributeValue> =
        answered.iter().map(|service| (service.clone(), text(&now.to_string()))).collect();
    let row = [
        ("pk", text(&format!("DELETION#{id}"))),
        ("sk", text("DELETION")),
        ("directory", text("DELETIONS")),
        ("byRegistration", text(&format!("{now:.3}"))),
        ("deletionId", text(&id)),
        ("requestedAt", text(&now.to_string())),
        ("userId", text(&user.to_string())),
        ("participants", texts(&participants)),
        ("erasedBy", AttributeValue::M(answered)),
        ("removedParticipants", AttributeValue::M(HashMap::new())),
        ("sequence", AttributeValue::N("1".to_owned())),
        ("eventIds", texts(&[&Uuid::new_v4().to_string()])),
    ];
    put_row(product, SERVICE, row).await;
}

/// Makes the registration look old, for the job that skips new profiles.
async fn make_registration_old(user: &User) {
    let (product, sort) = (user.product(), format!("2026-01-01T00:00:00.000Z#{}", user.id));
    let update = aws_sdk_dynamodb::Client::new(product.sdk()).update_item().table_name(product.table(SERVICE));
    let update = update.key("pk", text(&format!("USER#{}", user.id))).key("sk", text("PROFILE"));
    let update = update.update_expression("SET byRegistration = :sort").condition_expression("attribute_exists(pk)");
    update.expression_attribute_values(":sort", text(&sort)).send().await.expect("a profile");
}
