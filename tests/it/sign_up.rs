//! From a stranger to a user who has signed in.

use serde_json::json;
use tests::account::{Refused, claims};
use tests::api::Api;
use tests::product::{Product, Service};
use tests::wait::eventually;

use crate::inbox;

#[tokio::test]
async fn a_stranger_signs_up_confirms_and_is_greeted_once_by_mail_and_once_in_the_inbox() {
    let product = Product::shared().await;
    let person = product.person();
    let mut registration = product.listen(json!({"detail": {"data": {"email": [person.email]}}})).await;
    person.sign_up(&[("name", "Ann <Example>"), ("locale", "de-CH"), ("zoneinfo", "Europe/Zurich")]).await.unwrap();

    let code = person.mailed_code().await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(person.confirm(wrong).await, Err(Refused("CodeMismatchException".into())));
    assert_eq!(person.sign_in().await.unwrap_err(), Refused("UserNotConfirmedException".into()));
    person.confirm(&code).await.unwrap();
    let ann = person.sign_in().await.unwrap();

    let me = ann.users().get("/me").send().await.with_status(200);
    assert_eq!(me.header("etag"), "\"1\"");
    assert_eq!(me.body["id"], ann.id.to_string());
    assert_eq!(me.body["email"], person.email);
    assert_eq!(me.body["displayName"], "Ann <Example>");
    assert_eq!(me.body["locale"], "de-CH");
    assert_eq!(me.body["timeZone"], "Europe/Zurich");

    let entries = inbox::eventually_of(&ann, 1).await;
    assert_eq!(entries[0]["kind"], "welcome");
    assert_eq!(entries[0]["todoId"], json!(null));
    let heard = registration.until(1, "UserRegistered.v1").await;
    assert_eq!(heard.len(), 1, "Cognito's trigger may come thrice, the event comes once");
    assert_eq!(heard[0]["detail"]["metadata"]["eventId"], entries[0]["id"]);

    let mail = eventually("the welcome mail", async || {
        product.mails_to(&person.email).await.into_iter().find(tests::mail::Mail::is_welcome)
    })
    .await;
    assert!(mail.body_text.unwrap().contains("Ann <Example>"));
    assert!(mail.body_html.unwrap().contains("Ann &#60;Example&#62;"), "a name is no markup");
    let all = product.mails_to(&person.email).await;
    assert_eq!(all.iter().filter(|mail| mail.is_welcome()).count(), 1);
}

#[tokio::test]
async fn a_weak_password_a_taken_address_and_a_wrong_password_are_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;

    let mut weak = product.person();
    weak.password = "short".into();
    assert_eq!(weak.sign_up(&[]).await, Err(Refused("InvalidPasswordException".into())));
    assert_eq!(ann.person.sign_up(&[]).await, Err(Refused("UsernameExistsException".into())));

    let mut impostor = ann.person.clone();
    impostor.password.push('x');
    assert_eq!(impostor.sign_in().await.unwrap_err(), Refused("NotAuthorizedException".into()));
}

#[tokio::test]
async fn a_password_is_never_sent_the_client_takes_srp_alone() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let input = json!({
        "ClientId": product.user_pool_client(),
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": ann.person.email, "PASSWORD": ann.person.password},
    });
    let refused = product.cognito("InitiateAuth", input).await.unwrap_err();
    assert_eq!(refused, Refused("InvalidParameterException".into()));
}

#[tokio::test]
async fn a_name_that_breaks_a_rule_keeps_nobody_out() {
    let product = Product::shared().await;
    let person = product.person();
    person.sign_up(&[("name", "two\nlines"), ("locale", "!"), ("zoneinfo", "Mars/Olympus")]).await.unwrap();
    person.confirm(&person.mailed_code().await).await.unwrap();
    let ann = person.sign_in().await.unwrap();
    let me = ann.users().get("/me").expect(200).await;
    let local_part = person.email.split('@').next().unwrap();
    assert_eq!((&me["displayName"], &me["locale"], &me["timeZone"]), (&json!(local_part), &json!("en"), &json!("UTC")));
}

#[tokio::test]
async fn a_refresh_token_gives_new_tokens_that_work() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let anybody = Api::new(&product, Service::Users);

    let body = json!({"refreshToken": ann.tokens.refresh_token});
    let tokens = anybody.post("/auth/refresh").json(&body).expect(200).await;
    let access_token = tokens["accessToken"].as_str().unwrap();
    assert_eq!(claims(access_token)["sub"], ann.id.to_string());
    assert_ne!(access_token, ann.tokens.access_token);
    let renewed = Api::new(&product, Service::Todos).with_token(access_token);
    renewed.get("/todos").expect(200).await;

    let next = json!({"refreshToken": tokens["refreshToken"]});
    assert_ne!(next, body, "refresh tokens rotate");
    anybody.post("/auth/refresh").json(&next).expect(200).await;
}

#[tokio::test]
async fn a_refresh_without_a_good_token_is_401() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let anybody = Api::new(&product, Service::Users);
    let refresh = || anybody.post("/auth/refresh");
    let token = ann.tokens.refresh_token.as_str();
    let cut = &token[..token.len() - 1];

    refresh().expect_problem(401, "unauthenticated").await;
    for body in [
        json!({}),
        json!({"refreshToken": null}),
        json!({"refreshToken": ""}),
        json!({"refreshToken": "garbage"}),
        json!({"refreshToken": cut}),
        json!({"refreshToken": ann.tokens.access_token}),
    ] {
        refresh().json(&body).expect_problem(401, "unauthenticated").await;
    }
    refresh().json(&json!({"refreshToken": 7})).expect_problem(400, "invalid-request").await;
    refresh().json(&json!({"refreshToken": token, "scope": "all"})).expect_problem(400, "invalid-request").await;
    refresh().text("application/json", "{").expect_problem(400, "invalid-request").await;
    refresh().text("text/plain", token).expect_problem(415, "not-json").await;

    let revocation = json!({"ClientId": product.user_pool_client(), "Token": token});
    product.cognito("RevokeToken", revocation).await.unwrap();
    refresh().json(&json!({"refreshToken": token})).expect_problem(401, "unauthenticated").await;
}
