//! Past the product: the cloud's own APIs, called by Bob with what he has, which is no key of the account.

use serde_json::{Value, json};
use tests::bus::TestEvent;
use tests::signature::{AccessKeys, Request, Signer};
use uuid::Uuid;

use crate::attacks::{Attacker, Table, Victim};

pub(crate) async fn attack(table: &mut Table, ann: &Victim, bob: &Attacker) {
    accounts(table, ann, bob).await;
    apis(table, ann, bob).await;
}

/// What the pool's public client lets anybody call.
async fn accounts(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let product = ann.user.product();
    let (pool, client) = (product.user_pool(), product.user_pool_client());
    let (hers, own) = (&ann.user.account.email, bob.token());
    let password = json!({"USERNAME": hers, "PASSWORD": bob.user.account.password});
    let refresh = json!({"REFRESH_TOKEN": bob.user.tokens.refresh_token});
    let cut = &own[..own.len() - 6];
    for (attack, operation, input) in [
        ("a tampered token", "GetUser", json!({"AccessToken": cut})),
        ("a tampered token", "DeleteUser", json!({"AccessToken": cut})),
        ("his own token", "GetUser", json!({"AccessToken": own})),
        ("his own token", "GlobalSignOut", json!({"AccessToken": own})),
        ("his own token", "DeleteUser", json!({"AccessToken": own})),
        (
            "her address, with his password",
            "InitiateAuth",
            json!({"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": password}),
        ),
        (
            "a flow that is switched off",
            "InitiateAuth",
            json!({"ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": refresh}),
        ),
        (
            "a guessed code for her password",
            "ConfirmForgotPassword",
            json!({"ClientId": client, "Username": hers, "ConfirmationCode": "000000", "Password": "Pw-0123456789"}),
        ),
        ("an administrator's call", "AdminGetUser", json!({"UserPoolId": pool, "Username": hers})),
        (
            "an administrator's call",
            "AdminAddUserToGroup",
            json!({"UserPoolId": pool, "Username": bob.user.account.email, "GroupName": "admin"}),
        ),
        (
            "an administrator's call",
            "AdminSetUserPassword",
            json!({"UserPoolId": pool, "Username": hers, "Password": "Pw-0123456789", "Permanent": true}),
        ),
        ("an administrator's call", "AdminDeleteUser", json!({"UserPoolId": pool, "Username": hers})),
        ("an administrator's call", "ListUsers", json!({"UserPoolId": pool})),
        (
            "an administrator's call",
            "UpdateUserPoolClient",
            json!({"UserPoolId": pool, "ClientId": client, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}),
        ),
    ] {
        let outcome = product.cognito(operation, input).await;
        table.call("accounts", attack, &outcome);
    }
    attributes(table, bob).await;
}

/// Attributes that the client may not write, or nobody: the subject, groups, what the pool does not know.
async fn attributes(table: &mut Table, bob: &Attacker) {
    let product = bob.user.product();
    let mallory = product.user().await;
    for name in ["sub", "cognito:groups", "custom:groups", "email_verified"] {
        let value = json!([{"Name": name, "Value": Uuid::new_v4()}]);
        let input = json!({"AccessToken": mallory.tokens.access_token, "UserAttributes": value});
        let outcome = product.cognito("UpdateUserAttributes", input).await;
        table.call("accounts", "an attribute that it may not write", &outcome);
    }
    for name in ["sub", "cognito:groups"] {
        let outcome = product.new_account().sign_up(&[(name, "admin")]).await;
        table.call("accounts", "a sign-up with such an attribute", &outcome);
    }
    // Whatever the attributes say, who is in a group is not one of them.
    let again = mallory.account.sign_in().await.expect("a sign-in");
    let call = table.request(reqwest::Method::GET, "users", "/users").bearer_auth(&again.tokens.access_token);
    table.refused("accounts", "an attribute with the group admin", call, &[403]).await;
}

/// Calls that need the account's permission: to put an event into Ann's inbox, to read her rows.
async fn apis(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let product = ann.user.product();
    let data = json!({"todoId": Uuid::now_v7(), "ownerId": ann.id(), "title": "forged", "priority": "low", "tags": []});
    let event = TestEvent::new("todos", "TodoCreated", Uuid::now_v7(), 1, &data);
    let entry = json!({
        "EventBusName": product.bus(), "Source": event.source, "DetailType": event.detail_type,
        "Detail": event.detail.to_string(),
    });
    let function = format!("busline-{}-notifications-update-inbox", product.env());
    let on_the_bus = json!({"source": event.source, "detail-type": event.detail_type, "detail": event.detail});
    let scan = |service: &str| {
        Request::json("dynamodb", "DynamoDB_20120810.Scan", &json!({"TableName": product.table(service)}))
    };
    let queue = json!({"QueueUrl": product.dead_letter_queue_url("notifications")});
    let invocation = format!("/2015-03-31/functions/{function}/invocations");
    let requests = [
        ("an event of todos on the bus", Request::json("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}))),
        (
            "the subscriber invoked",
            Request::plain("lambda", reqwest::Method::POST, &invocation, &on_the_bus.to_string()),
        ),
        ("all rows of users", scan("users")),
        ("all rows of todos", scan("todos")),
        ("all rows of notifications", scan("notifications")),
        ("the dead-letter queue read", Request::json("sqs", "AmazonSQS.ReceiveMessage", &queue)),
        ("the dead-letter queue purged", Request::json("sqs", "AmazonSQS.PurgeQueue", &queue)),
        (
            "the parameters",
            Request::json("ssm", "AmazonSSM.GetParametersByPath", &json!({"Path": "/busline", "Recursive": true})),
        ),
    ];
    let made_up = AccessKeys { id: "AKIAIOSFODNN7EXAMPLE".into(), secret: "wJalrXUtnFEMI/K7MDENG".into(), token: None };
    let with_jwt = AccessKeys { token: Some(bob.token().to_owned()), ..made_up.clone() };
    for (attack, request) in &requests {
        for keys in [&made_up, &with_jwt] {
            let reply = Signer::new(product, keys.clone()).send(request).await;
            let is_refused = matches!(reply.status, 400 | 401 | 403);
            table.note("cloud", attack, &format!("{} with made-up keys", reply.status), is_refused);
        }
        for call in [unsigned(table, request), unsigned(table, request).bearer_auth(bob.token())] {
            table.refused("cloud", attack, call, &[400, 401, 403]).await;
        }
    }
    let seen: Value = ann.user.api("notifications").get("/notifications?limit=100").expect(200).await;
    let forged = seen["items"].as_array().unwrap().iter().any(|entry| entry["title"] == "forged");
    table.note("cloud", "her inbox afterwards", if forged { "FORGED" } else { "as it was" }, !forged);
}

fn unsigned(table: &Table, request: &Request) -> reqwest::RequestBuilder {
    let url = format!("{}{}", table.product.endpoint().trim_end_matches('/'), request.path);
    let call = table.product.http().request(request.method.clone(), url).body(request.body.clone());
    request.headers.iter().fold(call, |call, (name, value)| call.header(*name, value))
}
