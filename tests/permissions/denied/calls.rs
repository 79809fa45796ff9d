//! The calls: each needs one power and no other, and changes nothing.

use reqwest::Method;
use serde_json::{Value, json};
use tests::signature::Request;
use uuid::Uuid;

use crate::denied::questions::Power;
use crate::grants::texts;

/// A call that needs this power and no other.
pub(super) fn request((action, resource, condition): &Power, mark: Uuid) -> Request {
    let name = resource.rsplit([':', '/']).next().unwrap_or_default();
    match action.as_str() {
        _ if action.starts_with("dynamodb:") => rows(action, resource, mark),
        "events:PutEvents" => {
            let condition: Value = serde_json::from_str(condition).expect("a condition");
            let source = texts(&condition["StringEquals"]["events:source"]).remove(0);
            put_event(resource, &source)
        }
        "s3:PutObject" => {
            let path = resource.split(":::").nth(1).expect("a bucket and a prefix").trim_end_matches('*');
            // An empty object in the service's own folder: taken away afterwards, with what the bucket says of it.
            Request::plain("s3", Method::PUT, &format!("/{path}permissions-{mark}"), "")
        }
        "s3:GetObject" | "s3:DeleteObject" => {
            let path = resource.split(":::").nth(1).expect("a bucket and a prefix").trim_end_matches('*');
            let method = if action == "s3:GetObject" { Method::GET } else { Method::DELETE };
            Request::plain("s3", method, &format!("/{path}permissions-{mark}"), "")
        }
        "s3:ListBucket" => {
            let bucket = resource.split(":::").nth(1).expect("a bucket");
            Request::plain("s3", Method::GET, &format!("/{bucket}?list-type=2&max-keys=1"), "")
        }
        "sns:Publish" => {
            let message = format!("permissions-{mark}");
            let body = json!({"mark": message}).to_string();
            let fields = [("Action", "Publish"), ("TopicArn", resource), ("Message", &body), ("Version", "2010-03-31")];
            Request::query("sns", &fields)
        }
        "ses:SendEmail" => {
            let condition: Value = serde_json::from_str(condition).expect("a condition");
            let sender = texts(&condition["StringEquals"]["ses:FromAddress"]).remove(0);
            mail(&sender)
        }
        "scheduler:CreateSchedule" | "scheduler:UpdateSchedule" => {
            let group = resource.split(":schedule/").nth(1).and_then(|rest| rest.split('/').next());
            // Incomplete: who may is told what is missing.
            let body = json!({"GroupName": group, "ScheduleExpression": "at(2199-01-01T00:00:00)"}).to_string();
            let method = if action.ends_with("CreateSchedule") { Method::POST } else { Method::PUT };
            Request::plain("scheduler", method, &format!("/schedules/{mark}"), &body)
        }
        "scheduler:GetSchedule" | "scheduler:DeleteSchedule" => {
            let group = resource.split(":schedule/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
            let method = if action.ends_with("GetSchedule") { Method::GET } else { Method::DELETE };
            Request::plain("scheduler", method, &format!("/schedules/{mark}?groupName={group}"), "")
        }
        "secretsmanager:GetSecretValue" => {
            Request::json("secretsmanager", "secretsmanager.GetSecretValue", &json!({"SecretId": resource}))
        }
        "lambda:InvokeFunction" => {
            let path = format!("/2015-03-31/functions/{name}/invocations");
            Request::plain("lambda", Method::POST, &path, "{}")
        }
        "cognito-idp:AdminGetUser" | "cognito-idp:AdminDeleteUser" | "cognito-idp:AdminUserGlobalSignOut" => {
            let operation = action.trim_start_matches("cognito-idp:");
            let body = json!({"UserPoolId": name, "Username": mark});
            Request::json("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), &body)
        }
        "cognito-idp:ListUsers" => {
            let body = json!({"UserPoolId": name, "Limit": 1});
            Request::json("cognito-idp", "AWSCognitoIdentityProviderService.ListUsers", &body)
        }
        _ if action.starts_with("sqs:") => letters(action, resource),
        "execute-api:ManageConnections" => {
            let mut parts = resource.rsplit(':').next().expect("a connection's ARN").split('/');
            let mut part = || parts.next().expect("an API, its stage and a method");
            let (api, stage, method) = (part(), part(), part());
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            Request::plain("execute-api", method, &format!("/_aws/execute-api/{api}/{stage}/@connections/{mark}"), "")
        }
        other => panic!("there is no call for {other}: write here one that needs it alone"),
    }
}

/// A call of SQS that hides, moves and deletes nothing: about a message that is not there.
fn letters(action: &str, resource: &str) -> Request {
    let operation = action.trim_start_matches("sqs:");
    let mut parts = resource.rsplit(':');
    let (queue, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut body = json!({"QueueUrl": format!("http://127.0.0.1/{account}/{queue}")});
    match operation {
        "ReceiveMessage" => body["VisibilityTimeout"] = json!(0),
        "DeleteMessage" => body["ReceiptHandle"] = json!("none"),
        "ChangeMessageVisibility" => {
            body["ReceiptHandle"] = json!("none");
            body["VisibilityTimeout"] = json!(0);
        }
        "GetQueueAttributes" => body["AttributeNames"] = json!(["QueueArn"]),
        // Empty: who may is told so.
        "SendMessage" => body["MessageBody"] = json!(""),
        other => panic!("there is no call for sqs:{other}: write here one that needs it alone"),
    }
    Request::json("sqs", &format!("AmazonSQS.{operation}"), &body)
}

/// A call of DynamoDB about a row that is not there.
pub(super) fn rows(action: &str, resource: &str, mark: Uuid) -> Request {
    let operation = action.trim_start_matches("dynamodb:");
    let key = json!({"pk": {"S": format!("PERMISSIONS#{mark}")}, "sk": {"S": "PERMISSIONS"}});
    let mut body = json!({"TableName": table(resource)});
    match operation {
        "GetItem" => body["Key"] = key,
        "ConditionCheckItem" => {
            let check =
                json!({"TableName": table(resource), "Key": key, "ConditionExpression": "attribute_exists(pk)"});
            let body = json!({"TransactItems": [{"ConditionCheck": check}]});
            return Request::json("dynamodb", "DynamoDB_20120810.TransactWriteItems", &body);
        }
        "PutItem" | "DeleteItem" | "UpdateItem" => {
            body[if operation == "PutItem" { "Item" } else { "Key" }] = key;
            body["ConditionExpression"] = json!("attribute_exists(pk)");
            if operation == "UpdateItem" {
                body["UpdateExpression"] = json!("SET x = :x");
                body["ExpressionAttributeValues"] = json!({":x": {"S": "x"}});
            }
        }
        "BatchWriteItem" => {
            let requests = json!({table(resource): [{"DeleteRequest": {"Key": key}}]});
            return Request::json("dynamodb", "DynamoDB_20120810.BatchWriteItem", &json!({ "RequestItems": requests }));
        }
        "Query" => {
            let index = resource.split("/index/").nth(1);
            body["KeyConditionExpression"] = json!("#key = :key");
            // Indexes with a partition key of their own.
            let partition = match index {
                Some("byRegistration") => "directory",
                Some("byDigest") => "digestShard",
                Some("byUser") => "user",
                _ => "pk",
            };
            body["ExpressionAttributeNames"] = json!({"#key": partition});
            body["ExpressionAttributeValues"] = json!({":key": {"S": "PERMISSIONS"}});
            if let Some(index) = index {
                body["IndexName"] = json!(index);
            }
        }
        "Scan" => body["Limit"] = json!(1),
        other => panic!("there is no call for dynamodb:{other}: write here one that needs it alone"),
    }
    Request::json("dynamodb", &format!("DynamoDB_20120810.{operation}"), &body)
}

fn table(arn: &str) -> &str {
    arn.split(":table/").nth(1).and_then(|rest| rest.split('/').next()).expect("a table's ARN")
}

/// An event that no rule matches.
pub(super) fn put_event(bus: &str, source: &str) -> Request {
    let entry = json!({"EventBusName": bus, "Source": source, "DetailType": "PermissionsTested.v1", "Detail": "{}"});
    Request::json("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}))
}

pub(super) fn mail(sender: &str) -> Request {
    let body = json!({
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": ["permissions@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "Permissions"}, "Body": {"Text": {"Data": "x"}}}},
    });
    let headers = vec![("content-type", "application/json".to_owned())];
    Request { headers, ..Request::plain("ses", Method::POST, "/v2/email/outbound-emails", &body.to_string()) }
}
