//! Each function at its own job: a real request, event or stream record, and whether it was done.
//!
//! The functions play side by side, and one that another needs may lack a permission at that moment: what a scene only
//! prepares is tried until it works.

pub(crate) mod events;
pub(crate) mod exports;
mod failures;
mod reminders;
mod sockets;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::api::{Api, Call};
use tests::bus::Forged;
use tests::product::{Product, Service};
use tests::upload::Announced;
use tests::wait::eventually;
use uuid::Uuid;

use crate::deletions;
use crate::files;
use crate::grants::{Grant, Job};
use crate::scenes::events::{event, on_the_bus};

/// Whether a job was done; else what was seen instead.
pub(crate) type Done = Result<(), String>;

/// Where the functions play.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    product: Product,
    /// Owns to-do items and an inbox.
    ann: User,
    /// Loses their profile, for the scenes that make it anew.
    lost: User,
    /// Changes their profile, for the scenes of the publisher.
    carol: User,
    admin: User,
    /// A file of hers that is ready.
    file: Announced,
}

/// How long an effect may take before it counts as not there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience(pub(crate) Duration);

impl Stage {
    pub(crate) async fn set(product: &Product) -> Self {
        let admin = product.user().await;
        admin.join_group("admin").await;
        let admin = admin.person.sign_in().await.expect("a sign-in");
        let (ann, lost, carol) = (product.user().await, product.user().await, product.user().await);
        let file = files::ready(&ann).await;
        Self { product: product.clone(), ann, lost, carol, admin, file }
    }

    /// Plays the scene in which a function uses one of its permissions.
    pub(crate) async fn play(&self, job: &Job, grant: &Grant, patience: Patience) -> Done {
        match grant.action.as_str() {
            "logs:CreateLogStream" | "logs:PutLogEvents" => self.logs(job, patience).await,
            "sns:Publish" => self.keeps_a_failed_event(job, patience).await,
            // It is read when an environment starts.
            "secretsmanager:GetSecretValue" => {
                reminders::start_anew(&self.product, job).await;
                self.works(job, patience).await
            }
            "s3:PutObject" | "s3:ListBucket" if job.name != "erase" && grant.resource.contains("-failures-") => {
                self.keeps_a_failed_record(job, patience).await
            }
            _ => self.works(job, patience).await,
        }
    }

    async fn works(&self, job: &Job, patience: Patience) -> Done {
        let todos = self.ann.todos();
        match (job.service, job.name.as_str()) {
            (Service::Todos, "create-todo") => answers(todos.post("/todos").json(&json!({"title": "x"})), 201).await,
            (Service::Todos, "list-todos") => {
                for query in ["", "?status=open", "?sort=due", "?sort=due&status=open"] {
                    answers(todos.get(&format!("/todos{query}")), 200).await?;
                }
                Ok(())
            }
            (Service::Todos, "get-todo") => answers(todos.get(&self.item().await), 200).await,
            (Service::Todos, "change-todo") => {
                answers(todos.patch(&self.item().await).json(&json!({"title": "y"})), 200).await
            }
            (Service::Todos, "complete-todo") => {
                answers(todos.post(&format!("{}/complete", self.item().await)), 200).await
            }
            (Service::Todos, "reopen-todo") => {
                let item = self.item().await;
                let complete = || todos.post(&format!("{item}/complete"));
                eventually("a completed item", async || answers(complete(), 200).await.ok()).await;
                answers(todos.post(&format!("{item}/reopen")), 200).await
            }
            (Service::Todos, "delete-todo") => answers(todos.delete(&self.item().await), 204).await,
            (Service::Todos, "create-attachment") => files::creates(&self.ann, &self.item().await).await,
            (Service::Todos, "list-attachments") => files::links(&self.ann, self.file.list_path()).await,
            (Service::Todos, "get-attachment") => files::links(&self.ann, &self.file.path).await,
            (Service::Todos, "delete-attachment") => {
                let announced = files::announced(&self.ann, &self.item().await).await;
                answers(todos.delete(&announced.path), 204).await
            }
            (Service::Todos, "check-attachment") => files::checks(&self.ann, &self.item().await, patience).await,
            (Service::Todos, "delete-attachments") => {
                let event = files::item_deleted(&self.ann, &self.item().await).await;
                self.invoked(job, &on_the_bus(&event)).await
            }
            (Service::Todos, "delete-files") => {
                let event = files::attachment_deleted(&self.ann).await;
                self.invoked(job, &on_the_bus(&event)).await
            }
            (Service::Todos, "schedule") => self.schedules(patience).await,
            (Service::Todos, "remind") => {
                let item = self.due_item().await;
                let due = json!({"todoId": item["id"], "ownerId": self.ann.id, "dueAt": item["dueAt"]});
                self.invoked(job, &due).await
            }
            (
                _,
                "request-export"
                | "get-export"
                | "export"
                | "todos-exported"
                | "notifications-exported"
                | "send-export-mail",
            ) => self.exports(job).await,
            (_, "erase") => {
                let asks = deletions::of_somebody(&self.product, job.service).await;
                let done = self.invoked(job, &on_the_bus(&asks)).await;
                if done.is_err() {
                    // What it could not give back would stay hidden for minutes.
                    deletions::empty_queues(&self.product, job.service).await;
                }
                done
            }
            (_, "publish") => self.publishes(job.service, patience).await,
            (Service::Users, _) => self.profiles(job).await,
            (Service::Notifications, "list-notifications") => {
                answers(self.ann.notifications().get("/notifications"), 200).await?;
                answers(self.ann.notifications().get("/notifications?unread=true"), 200).await
            }
            (
                Service::Notifications,
                "read-notifications" | "get-preferences" | "change-preferences" | "ask-unsubscribe" | "unsubscribe"
                | "send-reminder-mail" | "plan-digests" | "send-digest-mail",
            ) => self.mails(job).await,
            (Service::Notifications, "read-notification") => {
                let entry = self.entry().await;
                answers(self.ann.notifications().post(&format!("/notifications/{entry}/read")), 200).await
            }
            (
                Service::Notifications,
                "authorize-connection" | "connect" | "disconnect" | "ping" | "push-todos" | "push-users" | "push-inbox",
            ) => self.sockets(job, patience).await,
            (Service::Notifications, _) => self.invoked(job, &event(job)).await,
            (_, name) => panic!("{name} has no scene: show here how it does its job"),
        }
    }

    /// The scenes of people: their profiles, their sessions, and how their deletion goes on.
    async fn profiles(&self, job: &Job) -> Done {
        match job.name.as_str() {
            "get-me" => {
                self.lose_profile(&self.lost).await;
                answers(self.lost.users().get("/me"), 200).await
            }
            "change-me" => {
                self.lose_profile(&self.admin).await;
                let name = json!({"displayName": Uuid::new_v4().to_string()});
                answers(self.admin.users().patch("/me").json(&name), 200).await
            }
            "list-users" => answers(self.admin.users().get("/users"), 200).await,
            // Its job needs no permission: Cognito asks for none. Somebody without a token gets an answer too.
            "refresh-session" => answers(Api::new(&self.product, Service::Users).post("/auth/refresh"), 401).await,
            "post-confirmation" => self.registers().await,
            "delete-me" => {
                let somebody = self.product.user().await;
                answers(somebody.users().delete("/me"), 202).await
            }
            "todos-erased" | "notifications-erased" => {
                let answer = deletions::last_answer(&self.product, &job.name).await;
                self.invoked(job, &on_the_bus(&answer)).await
            }
            "watch-deletions" => {
                deletions::at_cognito(&self.product).await;
                self.invoked(job, &json!({})).await
            }
            name => panic!("{name} has no scene: show here how it does its job"),
        }
    }

    /// The path of an open item that is due.
    async fn item(&self) -> String {
        let body = json!({"title": "x", "dueAt": "2027-01-01T00:00:00Z"});
        eventually("an item", async || {
            let answer = self.ann.todos().post("/todos").json(&body).send().await;
            (answer.status == 201).then(|| answer.header("location").to_owned())
        })
        .await
    }

    /// An open item that is due some day.
    async fn due_item(&self) -> Value {
        let body = json!({"title": "x", "dueAt": "2199-01-01T00:00:00Z"});
        eventually("an item", async || {
            let answer = self.ann.todos().post("/todos").json(&body).send().await;
            (answer.status == 201).then_some(answer.body)
        })
        .await
    }

    /// The id of an unread entry in the inbox.
    async fn entry(&self) -> String {
        let data =
            json!({"todoId": Uuid::now_v7(), "ownerId": self.ann.id, "title": "x", "priority": "low", "tags": []});
        let event = Forged::new("todos", "TodoCreated", Uuid::now_v7(), 1, &data);
        let function = format!("busline-{}-notifications-todo-created", self.product.env());
        eventually("an entry", async || self.invoke(&function, &on_the_bus(&event)).await.ok()).await;
        event.id().to_owned()
    }

    /// As if the user pool's trigger had missed them.
    async fn lose_profile(&self, user: &User) {
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let request = client.delete_item().table_name(self.product.table(Service::Users));
        let request = request.key("pk", text(&format!("USER#{}", user.id))).key("sk", text("PROFILE"));
        request.send().await.expect("a row that can be deleted");
    }

    /// The trigger never fails: what tells is whether there is a profile afterwards.
    async fn registers(&self) -> Done {
        let person = self.product.person();
        person.sign_up(&[]).await.expect("a sign-up");
        let pool = aws_sdk_cognitoidentityprovider::Client::new(self.product.sdk());
        let confirm = pool.admin_confirm_sign_up().user_pool_id(self.product.user_pool()).username(&person.email);
        confirm.send().await.expect("a confirmation");
        let found = pool.admin_get_user().user_pool_id(self.product.user_pool()).username(&person.email).send().await;
        let attributes = found.expect("the user").user_attributes.unwrap_or_default();
        let sub = attributes.into_iter().find(|attribute| attribute.name == "sub").and_then(|sub| sub.value);
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let request = client.get_item().table_name(self.product.table(Service::Users)).consistent_read(true);
        let request = request.key("pk", text(&format!("USER#{}", sub.expect("a sub")))).key("sk", text("PROFILE"));
        let row = request.send().await.expect("the table answers").item;
        row.map(drop).ok_or_else(|| "no profile was written".to_owned())
    }

    /// A change of a table is heard on the bus.
    async fn publishes(&self, service: Service, patience: Patience) -> Done {
        let (mark, field, detail_type) = match service {
            Service::Todos => (Uuid::new_v4().to_string(), "title", "TodoCreated.v1"),
            Service::Users => (Uuid::new_v4().to_string(), "displayName", "UserProfileChanged.v1"),
            Service::Notifications => (deletions::mark(), "deletionId", "NotificationsErased.v1"),
        };
        let mut listener = self.product.listen(json!({"detail": {"data": {field: [mark]}}})).await;
        let body = json!({field: mark});
        eventually("a change", async || match service {
            Service::Todos => answers(self.ann.todos().post("/todos").json(&body), 201).await.ok(),
            Service::Notifications => deletions::commit(&self.product, service, &mark).await.ok(),
            Service::Users => answers(self.carol.users().patch("/me").json(&body), 200).await.ok(),
        })
        .await;
        let heard = tokio::time::timeout(patience.0, listener.until(1, detail_type)).await;
        heard.map(drop).map_err(|_| format!("no event within {:?}", patience.0))
    }

    /// The function's next lines arrive in its log.
    async fn logs(&self, job: &Job, patience: Patience) -> Done {
        let since = Timestamp::now();
        self.works(job, Patience(Duration::from_secs(30))).await.map_err(|seen| format!("before any log: {seen}"))?;
        let client = aws_sdk_cloudwatchlogs::Client::new(self.product.sdk());
        let group = format!("Busline/{}/{}", self.product.env(), job.service.name());
        let stream = format!("/{}[", job.function(self.product.env()));
        let found = tokio::time::timeout(patience.0, async {
            loop {
                let request = client.filter_log_events().log_group_name(&group).start_time(since.as_millisecond());
                let mut pages = request.into_paginator().send();
                while let Some(page) = pages.next().await {
                    let lines = page.expect("a group's lines").events.unwrap_or_default();
                    if lines.iter().any(|line| line.log_stream_name().is_some_and(|name| name.contains(&stream))) {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        found.await.map_err(|_| format!("no line within {:?}", patience.0))
    }

    async fn invoked(&self, job: &Job, event: &Value) -> Done {
        self.invoke(&job.function(self.product.env()), event).await
    }

    async fn invoke(&self, function: &str, event: &Value) -> Done {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.invoke().function_name(function).payload(Blob::new(event.to_string()));
        let answer = request.send().await.expect("a function that can be invoked");
        match answer.function_error {
            None => Ok(()),
            Some(_) => {
                Err(answer.payload.map(|body| String::from_utf8_lossy(body.as_ref()).into_owned()).unwrap_or_default())
            }
        }
    }
}

async fn answers(call: Call, status: u16) -> Done {
    let answer = call.send().await;
    if answer.status == status { Ok(()) } else { Err(format!("answered {}", answer.status)) }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
