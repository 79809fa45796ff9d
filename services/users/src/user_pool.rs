//! Calls to Cognito: reads and removes users of the pool.

use std::collections::HashSet;

use aws_config::SdkConfig;
use aws_json::{COGNITO, CallError, Client};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::domain::profile::Attributes;

/// The attribute with a user's unique id, which no later user gets.
const SUBJECT: &str = "sub";

/// Ends all sessions of a user: no new tokens are issued for them.
const SIGN_OUT: &str = "AdminUserGlobalSignOut";

/// The maximum page size of `ListUsers`.
const PAGE: u32 = 60;

/// The user pool, with its administrator's actions.
#[derive(Clone, Debug)]
pub(crate) struct UserPool {
    client: Client,
    id: String,
}

/// A user of the pool. Without `Debug`: addresses must not reach logs.
#[derive(Deserialize)]
pub(crate) struct PoolUser {
    #[serde(rename = "UserAttributes", alias = "Attributes", default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserPage {
    #[serde(default)]
    users: Vec<PoolUser>,
    pagination_token: Option<String>,
}

impl UserPool {
    pub(crate) fn new(config: &SdkConfig, id: String) -> Self {
        Self { client: Client::new(config, COGNITO), id }
    }

    /// The user with this name; `None` if the pool has none.
    pub(crate) async fn user(&self, username: &str) -> Result<Option<PoolUser>, UserPoolError> {
        let request = json!({"UserPoolId": self.id, "Username": username});
        match self.client.call("AdminGetUser", &request).await {
            Ok(user) => Ok(Some(user)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The subjects of all users, 60 per call: about ten thousand users a minute.
    ///
    /// The list is eventually consistent: a user who is missing in it may exist.
    /// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>
    pub(crate) async fn subjects(&self) -> Result<HashSet<Uuid>, UserPoolError> {
        let mut request = json!({"UserPoolId": self.id, "AttributesToGet": [SUBJECT], "Limit": PAGE});
        let mut subjects = HashSet::new();
        loop {
            let page: UserPage = self.client.call("ListUsers", &request).await?;
            subjects.extend(page.users.iter().filter_map(|user| user.attribute(SUBJECT)?.parse::<Uuid>().ok()));
            match page.pagination_token.filter(|token| !token.is_empty()) {
                Some(token) => request["PaginationToken"] = json!(token),
                None => return Ok(subjects),
            }
        }
    }

    /// Ends all sessions of a user. A user who does not exist has none.
    pub(crate) async fn sign_out(&self, subject: Uuid) -> Result<(), UserPoolError> {
        match self.client.send(SIGN_OUT, &json!({"UserPoolId": self.id, "Username": subject})).await {
            Err(error) if is_not_found(&error) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Ends all sessions of a user and removes them from the pool. A user who does not exist counts as removed.
    ///
    /// The subject serves as the user name, because no other user ever gets it.
    pub(crate) async fn remove(&self, subject: Uuid) -> Result<(), UserPoolError> {
        let request = json!({"UserPoolId": self.id, "Username": subject});
        for action in [SIGN_OUT, "AdminDeleteUser"] {
            match self.client.send(action, &request).await {
                Err(error) if is_not_found(&error) => return Ok(()),
                done => done?,
            }
        }
        Ok(())
    }
}

fn is_not_found(error: &CallError) -> bool {
    error.code() == Some("UserNotFoundException")
}

impl PoolUser {
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        Attributes {
            subject: self.attribute(SUBJECT),
            email: self.attribute("email"),
            name: self.attribute("name"),
            locale: self.attribute("locale"),
            time_zone: self.attribute("zoneinfo"),
        }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.name == name);
        found.and_then(|attribute| attribute.value.as_deref())
    }
}

/// Why a call to Cognito failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserPoolError {
    #[error("the call to Cognito failed")]
    Call(#[from] CallError),
}
