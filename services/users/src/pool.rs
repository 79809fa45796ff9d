//! Calls to Cognito: reading and removing a user of the pool, and new tokens for an old session.

use std::collections::HashSet;

use aws_config::SdkConfig;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::operation::admin_delete_user::AdminDeleteUserError;
use aws_sdk_cognitoidentityprovider::operation::admin_get_user::AdminGetUserError;
use aws_sdk_cognitoidentityprovider::operation::admin_user_global_sign_out::AdminUserGlobalSignOutError;
use aws_sdk_cognitoidentityprovider::operation::get_tokens_from_refresh_token::GetTokensFromRefreshTokenError;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthenticationResultType, UserType};
use uuid::Uuid;

use crate::domain::Attributes;

/// The attribute that tells a user from every other one there ever was.
const SUBJECT: &str = "sub";

/// Cognito lists at most so many users a call.
const PAGE: i32 = 60;

/// The user pool, seen as its administrator sees it.
#[derive(Clone, Debug)]
pub(crate) struct UserPool {
    client: Client,
    id: String,
}

/// A user of the pool. Without `Debug`: addresses are not for logs.
pub(crate) struct PoolUser(Vec<AttributeType>);

impl UserPool {
    pub(crate) fn new(config: &SdkConfig, id: String) -> Self {
        Self { client: Client::new(config), id }
    }

    /// The user with this name, `None` when the pool has none.
    pub(crate) async fn user(&self, username: &str) -> Result<Option<PoolUser>, PoolError> {
        let request = self.client.admin_get_user().user_pool_id(&self.id);
        match request.username(username).send().await {
            Ok(user) => Ok(Some(PoolUser(user.user_attributes.unwrap_or_default()))),
            Err(error) if error.as_service_error().is_some_and(AdminGetUserError::is_user_not_found_exception) => {
                Ok(None)
            }
            Err(error) => Err(PoolError::Call(error.into())),
        }
    }

    /// The subjects of everybody in the pool, 60 a call: some ten thousand people in a minute.
    ///
    /// The list follows the pool with some delay: whoever is missing may be there.
    /// Source: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>
    pub(crate) async fn subjects(&self) -> Result<HashSet<Uuid>, PoolError> {
        let request = self.client.list_users().user_pool_id(&self.id).attributes_to_get(SUBJECT).limit(PAGE);
        let mut pages = request.into_paginator().send();
        let mut subjects = HashSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| PoolError::Call(error.into()))?;
            let attributes = page.users().iter().flat_map(UserType::attributes);
            let named = attributes.filter(|attribute| attribute.name() == SUBJECT);
            subjects.extend(named.filter_map(|attribute| attribute.value()?.parse::<Uuid>().ok()));
        }
        Ok(subjects)
    }

    /// Ends every session of a user and removes them from the pool; somebody who is not there is removed already.
    ///
    /// A user is named by their subject, which no other user ever has.
    pub(crate) async fn remove(&self, subject: Uuid) -> Result<(), PoolError> {
        let request = self.client.admin_user_global_sign_out().user_pool_id(&self.id);
        match request.username(subject.to_string()).send().await {
            Ok(_) => {}
            Err(error)
                if error.as_service_error().is_some_and(AdminUserGlobalSignOutError::is_user_not_found_exception) =>
            {
                return Ok(());
            }
            Err(error) => return Err(PoolError::Call(error.into())),
        }
        let request = self.client.admin_delete_user().user_pool_id(&self.id);
        match request.username(subject.to_string()).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(AdminDeleteUserError::is_user_not_found_exception) => {
                Ok(())
            }
            Err(error) => Err(PoolError::Call(error.into())),
        }
    }
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
        let found = self.0.iter().find(|attribute| attribute.name() == name);
        found.and_then(AttributeType::value)
    }
}

/// The sessions of the pool's public client.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    client: Client,
    client_id: String,
}

/// How a session went on.
pub(crate) enum Refreshed {
    Tokens(AuthenticationResultType),
    /// The token is none of this pool's, or it is expired, revoked or replaced, or its user is gone.
    Refused,
    /// Cognito is asked too often.
    Throttled,
}

impl Sessions {
    pub(crate) fn new(config: &SdkConfig, client_id: String) -> Self {
        Self { client: Client::new(config), client_id }
    }

    /// New tokens for a session.
    ///
    /// The client rotates refresh tokens, which rules out the older flow `REFRESH_TOKEN_AUTH`.
    /// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html>
    pub(crate) async fn refresh(&self, token: &str) -> Result<Refreshed, PoolError> {
        let request = self.client.get_tokens_from_refresh_token();
        let answer = request.client_id(&self.client_id).refresh_token(token).send().await;
        match answer {
            Ok(answer) => answer.authentication_result.map(Refreshed::Tokens).ok_or(PoolError::NoTokens),
            Err(error) => error.as_service_error().and_then(refusal).ok_or_else(|| PoolError::Call(error.into())),
        }
    }
}

fn refusal(error: &GetTokensFromRefreshTokenError) -> Option<Refreshed> {
    use GetTokensFromRefreshTokenError as Refusal;
    match error {
        // The only parameter that comes from outside is the token: a wrong one does not even have the form of one.
        Refusal::InvalidParameterException(_)
        | Refusal::NotAuthorizedException(_)
        | Refusal::RefreshTokenReuseException(_)
        | Refusal::UserNotFoundException(_) => Some(Refreshed::Refused),
        Refusal::TooManyRequestsException(_) => Some(Refreshed::Throttled),
        _ => None,
    }
}

/// Why Cognito did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    #[error("the call to Cognito failed")]
    Call(#[source] lambda_runtime::Error),
    #[error("Cognito answered without tokens")]
    NoTokens,
}
