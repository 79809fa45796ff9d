//! Events as AWS sends them to a function.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tests::account::{User, claims};
use uuid::Uuid;

/// A request of a user to an HTTP API, in payload format 2.0. `route` is a method and a path such as
/// `GET /orders/{id}`; a null body is none.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
pub(crate) fn http_request(user: &User, route: &str, parameters: &[(&str, &str)], body: &Value) -> Value {
    let (method, path) = route.split_once(' ').unwrap_or(("", route));
    let fill = |path: String, (name, value): &(&str, &str)| path.replace(&format!("{{{name}}}"), value);
    let path = parameters.iter().fold(path.to_owned(), fill);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "*/*", "content-type": "application/json", "host": "bench.example.com"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "bench",
            "authorizer": {"jwt": {"claims": claims_as_texts(user), "scopes": null}},
            "domainName": "bench.example.com",
            "domainPrefix": "bench",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench",
            },
            "requestId": Uuid::new_v4(),
            "routeKey": route,
            "stage": "$default",
            "time": "21/Nov/2026:09:30:05 +0000",
            "timeEpoch": Timestamp::now().as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if !parameters.is_empty() {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        event["pathParameters"] = Value::Object(parameters.collect());
    }
    if !body.is_null() {
        event["body"] = json!(body.to_string());
    }
    event
}

/// The claims of the access token as API Gateway passes them: each one is a text.
fn claims_as_texts(user: &User) -> Map<String, Value> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut claims = claims(&user.tokens.access_token).as_object().cloned().unwrap_or_default();
    for value in claims.values_mut() {
        *value = json!(match value.as_array() {
            Some(values) => format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(" ")),
            None => text(value),
        });
    }
    claims
}

/// A batch of a table's stream with one new row, in `DynamoDB`'s JSON.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html>
pub(crate) fn inserted(row: &Value) -> Value {
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

/// A row of a user in a service's table, in `DynamoDB`'s JSON.
///
/// # Errors
/// When there is no such row.
pub(crate) async fn row(user: &User, service: &str, sort_key: &str) -> Result<Value> {
    let product = user.product();
    let get = Client::new(product.sdk()).get_item().table_name(product.table(service)).consistent_read(true);
    let get = get.key("pk", AttributeValue::S(format!("USER#{}", user.id)));
    let row = get.key("sk", AttributeValue::S(sort_key.to_owned())).send().await.context("cannot read a table")?.item;
    to_json(row.with_context(|| format!("there is no row {sort_key} of the user"))?)
}

fn to_json(row: HashMap<String, AttributeValue>) -> Result<Value> {
    let attribute = |(name, value)| Ok((name, attribute_to_json(value)?));
    Ok(Value::Object(row.into_iter().map(attribute).collect::<Result<_>>()?))
}

fn attribute_to_json(value: AttributeValue) -> Result<Value> {
    Ok(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::Null(_) => json!({ "NULL": true }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::L(values) => {
            json!({ "L": values.into_iter().map(attribute_to_json).collect::<Result<Vec<_>>>()? })
        }
        AttributeValue::M(values) => json!({ "M": to_json(values)? }),
        other => bail!("no row of the product contains {other:?}"),
    })
}
