//! What takes long to come about: a reminder, an export, a deletion. Each is played once, by somebody of its own, when a
//! function first asks for it, so that who measures something else need not wait for it.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::product::{Product, Service};
use tests::upload::Announced;
use tests::wait::eventually;
use tokio::sync::OnceCell;

use crate::scene::{Heard, create, shape};

/// Longer than Scheduler takes to have a schedule, on the local cloud.
const SOON: SignedDuration = SignedDuration::from_secs(3);

/// The stories, as far as they were played.
#[derive(Debug, Default)]
pub(super) struct Stories {
    reminder: OnceCell<Story>,
    export: OnceCell<Story>,
    deletion: OnceCell<Story>,
}

/// Whom it happened to, and what the bus carried.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) user: User,
    pub(super) heard: Heard,
}

impl Stories {
    /// Somebody who wants every mail was reminded of an item.
    pub(super) async fn reminder(&self, product: &Product) -> &Story {
        self.reminder.get_or_init(async || remind(product).await).await
    }

    /// Somebody has exported everything.
    pub(super) async fn export(&self, product: &Product) -> Result<&Story> {
        self.export.get_or_try_init(async || export(product).await).await
    }

    /// Somebody has deleted their account, so long ago that an erasure has nothing to wait for.
    pub(super) async fn deletion(&self, product: &Product) -> Result<&Story> {
        self.deletion.get_or_try_init(async || delete(product).await).await
    }
}

async fn remind(product: &Product) -> Story {
    let mut bus = product.listen(json!({"source": ["busline.todos"]})).await;
    let user = product.user().await;
    let wishes = json!({"reminderMail": true, "digestMail": true, "digestHour": 7});
    user.notifications().patch("/preferences").json(&wishes).expect(200).await;
    let item = json!({"title": "Buy milk", "dueAt": Timestamp::now() + SOON});
    user.todos().post("/todos").json(&item).expect(201).await;
    let heard = Heard::of(bus.until(1, "TodoDue.v1").await);
    Story { user, heard }
}

async fn export(product: &Product) -> Result<Story> {
    let mut bus = product.listen(json!({"detail-type": [{"wildcard": "*Export*"}]})).await;
    let user = product.user().await;
    let item = create(&user).await?;
    let file = Announced::new(&user, &format!("/todos/{item}"), "x.txt", "text/plain", 1).await;
    file.form.upload(product, b"x").await;
    file.settled(&user).await;
    user.users().post("/me/export").expect(202).await;
    let heard = Heard::of(bus.until(1, "UserExportReady.v1").await);
    Ok(Story { user, heard })
}

async fn delete(product: &Product) -> Result<Story> {
    let mut bus = product.listen(json!({"detail-type": [{"suffix": "Deleted.v1"}, {"suffix": "Erased.v1"}]})).await;
    let user = product.user().await;
    create(&user).await?;
    user.users().delete("/me").expect(202).await;
    bus.until(1, "NotificationsErased.v1").await;
    let heard = Heard::of(bus.until(1, "TodosErased.v1").await);
    Ok(Story { user, heard })
}

impl Story {
    /// What stops the mails to this user: the token in one of them.
    pub(super) async fn token(&self) -> String {
        eventually("a mail with a token", async || {
            let mails = self.user.product().mails_to(&self.user.person.email).await;
            let links = mails.iter().filter_map(|mail| mail.header("List-Unsubscribe"));
            links
                .filter_map(|link| link.split("token=").nth(1))
                .map(|token| token.trim_end_matches('>').to_owned())
                .next()
        })
        .await
    }

    /// A part of the export comes, and it is the last one: as if the archive were not there yet.
    pub(super) async fn last_part(&self, detail_type: &str) -> Result<Value> {
        let product = self.user.product();
        let update = Client::new(product.sdk()).update_item().table_name(product.table(Service::Users));
        let update = update.set_key(Some(shape::key_of(&self.user, "EXPORT")));
        let update = update.update_expression("REMOVE archivedUntil").condition_expression("attribute_exists(pk)");
        update.send().await.context("there is no export")?;
        self.heard.again(detail_type)
    }
}
