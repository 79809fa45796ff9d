//! Sign-up, confirmation, sign-in and refreshed sessions.

use serde_json::{Value, json};
use tests::account::{CognitoError, claims};
use tests::api::Api;
use tests::product::Product;

#[tokio::test]
async fn a_new_user_signs_up_confirms_and_is_registered_once() {
    let product = Product::shared().await;
    let account = product.new_account();
    let mut registration = product.listen(json!({"detail": {"data": {"email": [account.email]}}})).await;
    account.sign_up(&[("name", "Ann <Example>"), ("locale", "de-CH"), ("zoneinfo", "Europe/Zurich")]).await.unwrap();

    let code = account.confirmation_code().await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(account.confirm(wrong).await, Err(CognitoError("CodeMismatchException".into())));
    assert_eq!(account.sign_in().await.unwrap_err(), CognitoError("UserNotConfirmedException".into()));
    account.confirm(&code).await.unwrap();
    let ann = account.sign_in().await.unwrap();

    let me = ann.api("users").get("/me").send().await.with_status(200);
    assert_eq!(me.header("etag"), "\"1\"");
    assert_eq!(me.body["id"], ann.id.to_string());
    assert_eq!(me.body["email"], account.email);
    assert_eq!(me.body["displayName"], "Ann <Example>");
    assert_eq!(me.body["locale"], "de-CH");
    assert_eq!(me.body["timeZone"], "Europe/Zurich");

    let heard = registration.until(1, "UserRegistered.v1").await;
    assert_eq!(heard.len(), 1, "Cognito may call the trigger several times, but the event is published once");
    assert_eq!(heard[0]["detail"]["data"]["userId"], ann.id.to_string());
}

#[tokio::test]
async fn a_weak_password_a_used_address_and_a_wrong_password_are_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;

    let mut weak = product.new_account();
    weak.password = "short".into();
    assert_eq!(weak.sign_up(&[]).await, Err(CognitoError("InvalidPasswordException".into())));
    assert_eq!(ann.account.sign_up(&[]).await, Err(CognitoError("UsernameExistsException".into())));

    let mut impostor = ann.account.clone();
    impostor.password.push('x');
    assert_eq!(impostor.sign_in().await.unwrap_err(), CognitoError("NotAuthorizedException".into()));
}

#[tokio::test]
async fn the_client_accepts_srp_only_so_that_no_password_is_sent() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let input = json!({
        "ClientId": product.user_pool_client(),
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": ann.account.email, "PASSWORD": ann.account.password},
    });
    let refused = product.cognito("InitiateAuth", input).await.unwrap_err();
    assert_eq!(refused, CognitoError("InvalidParameterException".into()));
}

#[tokio::test]
async fn a_user_with_an_invalid_name_can_sign_up() {
    let product = Product::shared().await;
    let account = product.new_account();
    account.sign_up(&[("name", "two\nlines"), ("locale", "!"), ("zoneinfo", "Mars/Olympus")]).await.unwrap();
    account.confirm(&account.confirmation_code().await).await.unwrap();
    let ann = account.sign_in().await.unwrap();
    let me = ann.api("users").get("/me").expect(200).await;
    let local_part = account.email.split('@').next().unwrap();
    assert_eq!((&me["displayName"], &me["locale"], &me["timeZone"]), (&json!(local_part), &json!("en"), &json!("UTC")));
}

#[tokio::test]
async fn a_refresh_token_returns_new_valid_tokens_until_it_is_revoked() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let refresh = async |token: &Value| {
        let input = json!({"ClientId": product.user_pool_client(), "RefreshToken": token});
        product.cognito("GetTokensFromRefreshToken", input).await.map(|answer| answer["AuthenticationResult"].clone())
    };
    let first = json!(ann.tokens.refresh_token);
    let tokens = refresh(&first).await.unwrap();
    let access_token = tokens["AccessToken"].as_str().unwrap();
    assert_eq!(claims(access_token)["sub"], ann.id.to_string());
    assert_ne!(access_token, ann.tokens.access_token);
    Api::new(&product, "users").with_token(access_token).get("/me").expect(200).await;

    let next = &tokens["RefreshToken"];
    assert_ne!(*next, first, "refresh tokens rotate");
    refresh(next).await.unwrap();
    let revocation = json!({"ClientId": product.user_pool_client(), "Token": next});
    product.cognito("RevokeToken", revocation).await.unwrap();
    assert!(refresh(next).await.is_err());
}
