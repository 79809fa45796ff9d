//! Events as AWS gives them to a function.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tests::account::{User, claims};
use tests::product::{Product, Service};
use uuid::Uuid;

/// The event of an HTTP API in payload format 2.0.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
pub(super) fn route(user: &User, method: &str, route: &str, id: Option<&str>, body: &Value) -> Value {
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
pub(super) fn confirmation() -> Value {
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

/// A batch of a table's stream: this row is new.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html>
pub(super) fn inserted(row: &Value) -> Value {
    json!({"Records": [{
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
    }]})
}

/// A row of a service's outbox, as the table's stream shows it.
pub(super) async fn outbox_row(product: &Product, service: Service) -> Result<Value> {
    let client = Client::new(product.sdk());
    let scan = client.scan().table_name(product.table(service)).filter_expression("sk = :outbox");
    let scan = scan.expression_attribute_values(":outbox", AttributeValue::S("OUTBOX".to_owned()));
    let found = scan.send().await.context("cannot read a table")?.items.unwrap_or_default();
    let row = found.into_iter().next().with_context(|| format!("the outbox of {} is empty", service.name()))?;
    shown(row)
}

/// A row of the user's, as the table's stream shows it.
pub(super) async fn row_of(user: &User, service: Service, sort_key: &str) -> Result<Value> {
    let product = user.product();
    let get = Client::new(product.sdk()).get_item().table_name(product.table(service)).consistent_read(true);
    let get = get.set_key(Some(key_of(user, sort_key)));
    let row = get.send().await.context("cannot read a table")?.item;
    shown(row.with_context(|| format!("there is no row {sort_key} of the user"))?)
}

/// The key of a row of the user's.
pub(super) fn key_of(user: &User, sort_key: &str) -> HashMap<String, AttributeValue> {
    let text = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    HashMap::from([text("pk", format!("USER#{}", user.id)), text("sk", sort_key.to_owned())])
}

fn shown(row: HashMap<String, AttributeValue>) -> Result<Value> {
    let attribute = |(name, value)| Ok((name, typed(value)?));
    Ok(Value::Object(row.into_iter().map(attribute).collect::<Result<_>>()?))
}

/// DynamoDB's JSON.
fn typed(value: AttributeValue) -> Result<Value> {
    Ok(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(answer) => json!({ "BOOL": answer }),
        AttributeValue::Null(_) => json!({ "NULL": true }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::L(values) => json!({ "L": values.into_iter().map(typed).collect::<Result<Vec<_>>>()? }),
        AttributeValue::M(values) => json!({ "M": shown(values)? }),
        other => bail!("no row of ours holds {other:?}"),
    })
}
