//! What the benchmarks (`tests/bench`) let this service do.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::permissions::erasure::deletion_id;
use tests::product::Product;
use tests::wait::eventually;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::scenarios::{ItemKind, Owner, Pending, Scenarios};
use crate::trigger_events::http_request;

const SERVICE: &str = "users";

/// A user has one profile: only the number of users grows.
const ITEM_KINDS: [ItemKind; 1] =
    [ItemKind { sort_key_prefix: "PROFILE", owners: &[Owner::Others], jobs: &["get-me", "change-me", "list-users"] }];

struct UsersScenarios {
    product: Product,
    user: User,
    administrator: OnceCell<User>,
}

pub(super) async fn scenarios(user: &User) -> Result<Box<dyn Scenarios>> {
    // From now on the profile exists.
    user.api(SERVICE).patch("/me").json(&json!({"displayName": "Ann"})).expect(200).await;
    let (product, user) = (user.product().clone(), user.clone());
    Ok(Box::new(UsersScenarios { product, user, administrator: OnceCell::new() }))
}

impl Scenarios for UsersScenarios {
    fn event<'a>(&'a self, job: &'a str) -> Pending<'a, Option<Value>> {
        Box::pin(async move {
            let (user, product) = (&self.user, &self.product);
            Ok(Some(match job {
                "get-me" => http_request(user, "GET /me", &[], &Value::Null),
                "change-me" => {
                    let body = json!({"displayName": format!("Ann {}", Uuid::new_v4())});
                    http_request(user, "PATCH /me", &[], &body)
                }
                // A new user: nobody can be deleted twice, and exports of one day are limited.
                "delete-me" => http_request(&product.user().await, "DELETE /me", &[], &Value::Null),
                "request-export" => http_request(&product.user().await, "POST /me/export", &[], &Value::Null),
                "get-export" => http_request(&exported(product).await.0, "GET /me/export", &[], &Value::Null),
                "sign-out" => http_request(&product.user().await, "POST /me/sign-out", &[], &Value::Null),
                "pre-token-generation" => token_request(),
                "list-users" => http_request(self.administrator().await?, "GET /users", &[], &Value::Null),
                "post-confirmation" => confirmation(),
                "watch-deletions" => json!({}),
                "participant-erased" => erasure_answer(product).await,
                "participant-exported" => last_part(product).await?,
                "export" => TestEvent::from_example(SERVICE, "UserExportRequested", user.id).as_delivered(),
                _ => return Ok(None),
            }))
        })
    }

    fn item_kinds(&self) -> &'static [ItemKind] {
        &ITEM_KINDS
    }
}

impl UsersScenarios {
    async fn administrator(&self) -> Result<&User> {
        let sign_up = async || {
            let user = self.product.user().await;
            user.join_group("admin").await;
            user.account.sign_in().await.ok().context("the administrator cannot sign in")
        };
        self.administrator.get_or_try_init(sign_up).await
    }
}

/// A new user with a finished export, and its id.
async fn exported(product: &Product) -> (User, Value) {
    let user = product.user().await;
    user.api(SERVICE).post("/me/export").expect(202).await;
    let export = eventually("a finished export", async || {
        let export = user.api(SERVICE).get("/me/export").expect(200).await;
        (export["status"] == "ready").then_some(export)
    });
    let id = export.await["id"].clone();
    (user, id)
}

/// A participant announces its part, which is the last one: the archive does not exist yet.
async fn last_part(product: &Product) -> Result<Value> {
    let (user, id) = exported(product).await;
    let update = Client::new(product.sdk()).update_item().table_name(product.table(SERVICE));
    let update = update.key("pk", AttributeValue::S(format!("USER#{}", user.id)));
    let update = update.key("sk", AttributeValue::S("EXPORT".to_owned()));
    let update = update.update_expression("REMOVE archivedUntil").condition_expression("attribute_exists(pk)");
    update.send().await.context("there is no export")?;
    let data = json!({"userId": user.id, "exportId": id, "key": "parts/", "bytes": 1});
    Ok(TestEvent::new(SERVICE, "UserDataExported", user.id, 1, &data).as_delivered())
}

/// A participant answers that it has erased a user, while the deletion waits for others.
async fn erasure_answer(product: &Product) -> Value {
    let user = product.user().await;
    user.api(SERVICE).delete("/me").expect(202).await;
    let data = json!({"deletionId": deletion_id(user.id), "erasedAt": Timestamp::now()});
    TestEvent::new(SERVICE, "UserDataErased", user.id, 1, &data).as_delivered()
}

/// The event of the user pool's trigger before it issues tokens.
///
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>
fn token_request() -> Value {
    json!({
        "version": "2",
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_bench",
        "userName": Uuid::new_v4(),
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "bench"},
        "triggerSource": "TokenGeneration_RefreshTokens",
        "request": {"userAttributes": {}, "groupConfiguration": {}, "scopes": ["aws.cognito.signin.user.admin"]},
        "response": {"claimsAndScopeOverrideDetails": null},
    })
}

/// The event of the user pool's trigger for a new user.
///
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html>
fn confirmation() -> Value {
    let subject = Uuid::new_v4();
    json!({
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_bench",
        "userName": subject,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "bench"},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": {
            "sub": subject,
            "cognito:user_status": "CONFIRMED",
            "email": format!("bench-{}@example.com", subject.simple()),
            "email_verified": "true",
        }},
        "response": {},
    })
}
