//! The events of the users service.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::product::Service;
use uuid::Uuid;

use crate::scene::Scenes;
use crate::scene::shape::{confirmation, route};

impl Scenes {
    pub(super) async fn of_users(&self, job: &str) -> Result<Option<Value>> {
        let (user, product, none) = (&self.user, &self.product, Value::Null);
        Ok(Some(match job {
            "get-me" => route(user, "GET", "/me", None, &none),
            "change-me" => {
                let name = format!("Ann {}", Uuid::new_v4());
                route(user, "PATCH", "/me", None, &json!({ "displayName": name }))
            }
            // Whoever is deleted is nobody's any more, and whoever asks for an export gets the same one for a day.
            "delete-me" => route(&product.user().await, "DELETE", "/me", None, &none),
            "request-export" => route(&product.user().await, "POST", "/me/export", None, &none),
            "get-export" => route(&self.stories.export(product).await?.user, "GET", "/me/export", None, &none),
            "list-users" => route(&self.admin, "GET", "/users", None, &none),
            "refresh-session" => {
                let session = user.person.sign_in().await.ok().context("the user cannot sign in")?;
                let body = json!({"refreshToken": session.tokens.refresh_token});
                route(user, "POST", "/auth/refresh", None, &body)
            }
            "post-confirmation" => confirmation(),
            "erase" => self.stories.deletion(product).await?.heard.again("UserDeleted.v1")?,
            "todos-erased" => self.stories.deletion(product).await?.heard.again("TodosErased.v1")?,
            "notifications-erased" => self.stories.deletion(product).await?.heard.again("NotificationsErased.v1")?,
            "watch-deletions" => json!({}),
            "todos-exported" => self.stories.export(product).await?.last_part("TodosExported.v1").await?,
            "notifications-exported" => {
                self.stories.export(product).await?.last_part("NotificationsExported.v1").await?
            }
            "publish" => self.outbox(Service::Users).await?,
            _ => return Ok(None),
        }))
    }
}
