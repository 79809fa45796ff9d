//! A real event for each function, as the local cloud would give it one.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tests::account::{User, claims};
use tests::product::{Product, Service};
use tests::socket::PROTOCOL;
use uuid::Uuid;

use crate::files;

/// People and things that the events are about.
#[derive(Debug)]
pub(crate) struct Scenes {
    user: User,
    admin: User,
    /// Events that the bus carried, by type.
    events: BTreeMap<String, Value>,
    /// A row of each publisher's outbox.
    outbox: BTreeMap<String, Value>,
}

impl Scenes {
    /// Lets a user do everything once and keeps what came of it.
    ///
    /// # Errors
    /// When the product does not do it.
    pub(crate) async fn set(product: &Product) -> Result<Self> {
        let mut bus = product.listen(json!({"source": [{"prefix": "busline."}]})).await;
        let user = product.user().await;
        let admin = product.user().await;
        admin.join_group("admin").await;
        let admin = admin.person.sign_in().await.ok().context("the administrator cannot sign in")?;
        user.users().patch("/me").json(&json!({"displayName": "Ann"})).expect(200).await;
        let item = create(&user).await?;
        let todos = user.todos();
        let path = format!("/todos/{item}");
        todos.patch(&path).json(&json!({"title": "Buy bread"})).expect(200).await;
        todos.post(&format!("{path}/complete")).expect(200).await;
        todos.post(&format!("{path}/reopen")).expect(200).await;
        files::everything_once(&user, &item, &mut bus).await;
        todos.delete(&path).expect(204).await;
        bus.until(1, "UserProfileChanged.v1").await;
        let heard = bus.until(1, "TodoDeleted.v1").await;
        let by_type = |event: &Value| (event["detail-type"].as_str().unwrap_or_default().to_owned(), event.clone());
        let events = heard.iter().map(by_type).collect();
        unread_entry(&user, &item).await;
        let mut outbox = BTreeMap::new();
        for service in [Service::Users, Service::Todos] {
            outbox.insert(service.name().to_owned(), outbox_row(product, service).await?);
        }
        Ok(Self { user, admin, events, outbox })
    }

    /// The user whom the events are about.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// An event for a job, new each time: as if nothing had handled it yet.
    ///
    /// # Errors
    /// When there is none for a job of this name.
    pub(crate) async fn event(&self, service: &str, job: &str) -> Result<Value> {
        let (user, none) = (&self.user, Value::Null);
        let title = json!({"title": "Buy milk", "dueAt": "2026-12-24T18:00:00Z", "tags": ["home"]});
        Ok(match (service, job) {
            ("users", "get-me") => route(user, "GET", "/me", None, &none),
            ("users", "change-me") => {
                let name = format!("Ann {}", Uuid::new_v4());
                route(user, "PATCH", "/me", None, &json!({ "displayName": name }))
            }
            ("users", "list-users") => route(&self.admin, "GET", "/users", None, &none),
            ("users", "refresh-session") => {
                let session = user.person.sign_in().await.ok().context("the user cannot sign in")?;
                let body = json!({"refreshToken": session.tokens.refresh_token});
                route(user, "POST", "/auth/refresh", None, &body)
            }
            ("users", "post-confirmation") => confirmation(),
            ("todos", "create-todo") => route(user, "POST", "/todos", None, &title),
            ("todos", "list-todos") => route(user, "GET", "/todos", None, &none),
            ("todos", "get-todo") => route(user, "GET", "/todos/{id}", Some(&create(user).await?), &none),
            ("todos", "change-todo") => {
                route(user, "PATCH", "/todos/{id}", Some(&create(user).await?), &json!({"title": "Buy bread"}))
            }
            ("todos", "complete-todo") => {
                route(user, "POST", "/todos/{id}/complete", Some(&create(user).await?), &none)
            }
            ("todos", "reopen-todo") => {
                let item = create(user).await?;
                user.todos().post(&format!("/todos/{item}/complete")).expect(200).await;
                route(user, "POST", "/todos/{id}/reopen", Some(&item), &none)
            }
            ("todos", "delete-todo") => route(user, "DELETE", "/todos/{id}", Some(&create(user).await?), &none),
            ("todos", "create-attachment") => {
                let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
                route(user, "POST", "/todos/{id}/attachments", Some(&create(user).await?), &body)
            }
            ("todos", "list-attachments") => {
                route(user, "GET", "/todos/{id}/attachments", Some(&create(user).await?), &none)
            }
            ("todos", "get-attachment" | "delete-attachment") => {
                let method = if job == "get-attachment" { "GET" } else { "DELETE" };
                let item = create(user).await?;
                let announced = files::announce(user, &item).await;
                let mut event = route(user, method, "/todos/{id}/attachments/{attachmentId}", Some(&item), &none);
                event["pathParameters"]["attachmentId"] = json!(announced.id);
                event
            }
            ("todos", "check-attachment") => files::uploaded(user, &create(user).await?).await?,
            ("todos", "delete-files") => self.bus_event("AttachmentDeleted.v1")?,
            ("notifications", "attachment-ready") => self.bus_event("AttachmentReady.v1")?,
            ("notifications", "attachment-rejected") => self.bus_event("AttachmentRejected.v1")?,
            ("users" | "todos", "publish") => self.batch(service)?,
            ("notifications", "list-notifications") => route(user, "GET", "/notifications", None, &none),
            ("notifications", "read-notification") => {
                let entry = unread_entry(user, &create(user).await?).await;
                route(user, "POST", "/notifications/{id}/read", Some(&entry), &none)
            }
            ("notifications", "todo-created" | "push-todos") => self.bus_event("TodoCreated.v1")?,
            ("notifications", "todo-changed") => self.bus_event("TodoChanged.v1")?,
            ("notifications", "todo-completed") => self.bus_event("TodoCompleted.v1")?,
            ("notifications", "todo-reopened") => self.bus_event("TodoReopened.v1")?,
            ("todos", "delete-attachments") | ("notifications", "todo-deleted") => self.bus_event("TodoDeleted.v1")?,
            ("notifications", "user-registered" | "recipient-registered" | "send-welcome-mail") => {
                self.bus_event("UserRegistered.v1")?
            }
            ("notifications", "recipient-changed" | "push-users") => self.bus_event("UserProfileChanged.v1")?,
            ("notifications", "authorize-connection") => json!({
                "type": "REQUEST",
                "methodArn": "arn:aws:execute-api:eu-west-1:000000000000:abcd1234/live/$connect",
                "headers": {"Sec-WebSocket-Protocol": format!("{PROTOCOL}, {}", user.tokens.access_token)},
            }),
            ("notifications", "connect" | "disconnect" | "ping") => json!({
                "requestContext": {
                    "connectionId": "bench",
                    "authorizer": {"sub": user.id, "exp": claims(&user.tokens.access_token)["exp"].to_string()},
                },
            }),
            ("notifications", "push-inbox") => {
                let counter = json!({
                    "pk": {"S": format!("USER#{}", user.id)}, "sk": {"S": "UNREAD"}, "unread": {"N": "1"},
                });
                json!({"Records": [{
                    "eventName": "MODIFY", "dynamodb": {"SequenceNumber": "1", "NewImage": counter},
                }]})
            }
            _ => bail!("there is no event for {service} {job}: give it one in bench/src/scene.rs"),
        })
    }

    /// A bus event with a new id; one about a user is about a new one.
    fn bus_event(&self, detail_type: &str) -> Result<Value> {
        let mut event = self.events.get(detail_type).with_context(|| format!("no {detail_type} was heard"))?.clone();
        event["detail"]["metadata"]["eventId"] = json!(Uuid::now_v7());
        if detail_type.starts_with("User") {
            let user = json!(Uuid::new_v4());
            event["detail"]["metadata"]["subject"] = user.clone();
            event["detail"]["data"]["userId"] = user;
        }
        Ok(event)
    }

    /// A batch of one record of a table's stream.
    fn batch(&self, service: &str) -> Result<Value> {
        let row = self.outbox.get(service).with_context(|| format!("{service} has no outbox"))?;
        Ok(json!({"Records": [{
            "eventID": Uuid::new_v4().simple().to_string(),
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "eu-west-1",
            "dynamodb": {
                "ApproximateCreationDateTime": Timestamp::now().as_second(),
                "Keys": {"pk": row["pk"], "sk": row["sk"]},
                "NewImage": row,
                "SequenceNumber": "100000000000000000001",
                "SizeBytes": row.to_string().len(),
                "StreamViewType": "NEW_IMAGE",
            },
        }]}))
    }
}

/// Fails unless a function did its job.
///
/// # Errors
/// When it answered with an error.
pub(crate) fn expect_success(job: &str, answer: &Value) -> Result<()> {
    let status = answer["statusCode"].as_u64();
    let left = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
    if status.is_some_and(|status| status >= 300) || left > 0 {
        bail!("{job} did not do its job: {answer}");
    }
    Ok(())
}

/// The id of a new item.
///
/// # Errors
/// When it has none.
pub(crate) async fn create(user: &User) -> Result<String> {
    let item = user.todos().post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    item["id"].as_str().map(str::to_owned).context("a new item has no id")
}

/// The newest unread entry, once it is about this item.
async fn unread_entry(user: &User, item: &str) -> String {
    tests::wait::eventually("an entry in the inbox", async || {
        let inbox = user.notifications().get("/notifications?unread=true&limit=1").expect(200).await;
        let newest = &inbox["items"][0];
        newest["id"].as_str().filter(|_| newest["todoId"] == item).map(str::to_owned)
    })
    .await
}

/// The event of an HTTP API in payload format 2.0.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
fn route(user: &User, method: &str, route: &str, id: Option<&str>, body: &Value) -> Value {
    let path = route.replace("{id}", id.unwrap_or_default());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut own: Map<String, Value> = claims(&user.tokens.access_token).as_object().cloned().unwrap_or_default();
    for (name, value) in &mut own {
        *value = match value.as_array().filter(|_| name == "cognito:groups") {
            Some(groups) => json!(format!("[{}]", groups.iter().map(&text).collect::<Vec<_>>().join(" "))),
            None => json!(text(value)),
        };
    }
    let key = format!("{method} {route}");
    let mut event = json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "*/*", "content-type": "application/json", "host": "bench.example.com"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "bench",
            "authorizer": {"jwt": {"claims": own, "scopes": null}},
            "domainName": "bench.example.com",
            "domainPrefix": "bench",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench",
            },
            "requestId": Uuid::new_v4(),
            "routeKey": key,
            "stage": "$default",
            "time": "21/Nov/2026:09:30:05 +0000",
            "timeEpoch": Timestamp::now().as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if let Some(id) = id {
        event["pathParameters"] = json!({ "id": id });
    }
    if !body.is_null() {
        event["body"] = json!(body.to_string());
    }
    event
}

/// The event of the user pool's trigger.
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

/// A row of a service's outbox, as the table's stream shows it.
async fn outbox_row(product: &Product, service: Service) -> Result<Value> {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let scan = client.scan().table_name(product.table(service)).filter_expression("sk = :outbox");
    let scan = scan.expression_attribute_values(":outbox", AttributeValue::S("OUTBOX".to_owned()));
    let found = scan.send().await.context("cannot read a table")?.items.unwrap_or_default();
    let row = found.into_iter().next().with_context(|| format!("the outbox of {} is empty", service.name()))?;
    let shown = row.into_iter().map(|(name, value)| match value {
        AttributeValue::S(text) => Ok((name, json!({ "S": text }))),
        AttributeValue::N(number) => Ok((name, json!({ "N": number }))),
        other => bail!("an outbox row holds text and numbers alone, not {other:?}"),
    });
    Ok(Value::Object(shown.collect::<Result<_>>()?))
}
