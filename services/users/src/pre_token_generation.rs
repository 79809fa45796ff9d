//! The user pool's trigger before it issues tokens: takes from access tokens the scope with which a user may call Cognito's
//! own operations on their account.
//!
//! With that scope, whoever has an access token, even a refreshed one, may call `DeleteUser` or `UpdateUserAttributes`
//! without the user's password, and this service is not told. The page needs none of these operations.
//!
//! Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>

use lambda_kit::runtime;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

/// The scope of Cognito's operations on the account of the token's user.
const SELF_SERVICE: &str = "aws.cognito.signin.user.admin";

/// Runs the `pre-token-generation` job until the environment ends. It works without calls: no sign-in waits for another
/// service.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub(crate) async fn run() -> Result<(), lambda_runtime::Error> {
    runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<Value, lambda_runtime::Error>(without_self_service(event.payload))
    }))
    .await
}

/// The event with the answer of the trigger's version 2, in which access tokens can be changed.
fn without_self_service(mut event: Value) -> Value {
    let mut change = json!({"accessTokenGeneration": {"scopesToSuppress": [SELF_SERVICE]}});
    // Groups stay only if they are handed back: an empty answer about them takes them from the token.
    let groups = &event["request"]["groupConfiguration"];
    if groups.is_object() {
        change["groupOverrideDetails"] = groups.clone();
    }
    if let Some(event) = event.as_object_mut() {
        event.insert("response".to_owned(), json!({"claimsAndScopeOverrideDetails": change}));
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_token_is_issued_without_the_scope_and_the_rest_of_the_event_stays() {
        let groups = json!({"groupsToOverride": ["admins"], "iamRolesToOverride": [], "preferredRole": null});
        let event = json!({
            "version": "2", "triggerSource": "TokenGeneration_RefreshTokens", "userName": "ann",
            "request": {"scopes": [SELF_SERVICE], "groupConfiguration": groups}, "response": {"claimsAndScopeOverrideDetails": null},
        });
        let answer = without_self_service(event.clone());
        let change = &answer["response"]["claimsAndScopeOverrideDetails"];
        let scopes = json!({"scopesToSuppress": [SELF_SERVICE]});
        assert_eq!(*change, json!({"accessTokenGeneration": scopes, "groupOverrideDetails": groups}));
        assert_eq!((&answer["request"], &answer["userName"]), (&event["request"], &event["userName"]));
    }
}
