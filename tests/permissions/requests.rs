//! Requests that each need one permission and no other, and change nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{GlobalSecondaryIndexDescription, KeySchemaElement, KeyType};
use reqwest::Method;
use serde_json::{Value, json};
use tests::permissions::grants::texts;
use tests::product::Product;
use tests::signature::Request;
use uuid::Uuid;

use crate::questions::Permission;

/// Makes the requests of one run.
pub(crate) struct Requests {
    /// A part of all names that the requests use.
    pub(crate) mark: Uuid,
    /// The partition key of each global index, by the end of its ARN: `<table>/index/<index>`.
    index_keys: HashMap<String, String>,
}

impl Requests {
    pub(crate) async fn new(product: &Product) -> Self {
        let client = aws_sdk_dynamodb::Client::new(product.sdk());
        let mut index_keys = HashMap::new();
        for service in &product.services() {
            let name = product.table(service);
            let table = client.describe_table().table_name(name).send().await.expect("a table").table;
            for index in table.expect("a description").global_secondary_indexes() {
                let end = format!("{name}/index/{}", index.index_name().expect("a name"));
                index_keys.insert(end, partition_key(index));
            }
        }
        Self { mark: Uuid::new_v4(), index_keys }
    }

    /// A request that needs this permission and no other.
    pub(crate) fn for_permission(&self, permission: &Permission) -> Request {
        let (action, resource, _) = permission;
        if action.starts_with("dynamodb:") {
            let end = resource.split(":table/").nth(1).unwrap_or_default();
            let key = self.index_keys.get(end).map_or("pk", String::as_str);
            return rows(action, resource, self.mark, key);
        }
        request(permission, self.mark)
    }
}

fn partition_key(index: &GlobalSecondaryIndexDescription) -> String {
    let is_partition_key = |element: &&KeySchemaElement| *element.key_type() == KeyType::Hash;
    let element = index.key_schema().iter().find(is_partition_key).expect("a partition key");
    element.attribute_name().to_owned()
}

fn request((action, resource, condition): &Permission, mark: Uuid) -> Request {
    let name = resource.rsplit([':', '/']).next().unwrap_or_default();
    match action.as_str() {
        "events:PutEvents" => {
            let condition: Value = serde_json::from_str(condition).expect("a condition");
            let source = texts(&condition["StringEquals"]["events:source"]).remove(0);
            put_event(resource, &source)
        }
        "s3:PutObject" => {
            let path = resource.split(":::").nth(1).expect("a bucket and a prefix").trim_end_matches('*');
            // An empty object, which is deleted afterwards with the message that reports it.
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
            send_email(&sender)
        }
        "scheduler:CreateSchedule" | "scheduler:UpdateSchedule" => {
            let group = resource.split(":schedule/").nth(1).and_then(|rest| rest.split('/').next());
            // Incomplete: the role that is allowed to do it gets a validation error.
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
        "ssm:GetParametersByPath" => {
            let path = resource.split(":parameter").nth(1).expect("the path of parameters");
            Request::json("ssm", "AmazonSSM.GetParametersByPath", &json!({"Path": path, "MaxResults": 1}))
        }
        _ if action.starts_with("sqs:") => messages(action, resource),
        "execute-api:ManageConnections" => {
            let mut parts = resource.rsplit(':').next().expect("a connection's ARN").split('/');
            let mut part = || parts.next().expect("an API, its stage and a method");
            let (api, stage, method) = (part(), part(), part());
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            Request::plain("execute-api", method, &format!("/_aws/execute-api/{api}/{stage}/@connections/{mark}"), "")
        }
        other => panic!("there is no request for {other}: write one here that needs only this permission"),
    }
}

/// A request to SQS that hides, moves and deletes nothing: it is about a message that does not exist.
fn messages(action: &str, resource: &str) -> Request {
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
        // Empty: the role that is allowed to do it gets a validation error.
        "SendMessage" => body["MessageBody"] = json!(""),
        other => panic!("there is no request for sqs:{other}: write one here that needs only this permission"),
    }
    Request::json("sqs", &format!("AmazonSQS.{operation}"), &body)
}

/// A request to DynamoDB about a row that does not exist. `partition_key` is that of the queried table or index.
pub(crate) fn rows(action: &str, resource: &str, mark: Uuid, partition_key: &str) -> Request {
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
            body["ExpressionAttributeNames"] = json!({"#key": partition_key});
            body["ExpressionAttributeValues"] = json!({":key": {"S": "PERMISSIONS"}});
            if let Some(index) = index {
                body["IndexName"] = json!(index);
            }
        }
        "Scan" => body["Limit"] = json!(1),
        other => panic!("there is no request for dynamodb:{other}: write one here that needs only this permission"),
    }
    Request::json("dynamodb", &format!("DynamoDB_20120810.{operation}"), &body)
}

fn table(arn: &str) -> &str {
    arn.split(":table/").nth(1).and_then(|rest| rest.split('/').next()).expect("a table's ARN")
}

/// An event that no rule matches.
pub(crate) fn put_event(bus: &str, source: &str) -> Request {
    let entry = json!({"EventBusName": bus, "Source": source, "DetailType": "PermissionsTested.v1", "Detail": "{}"});
    Request::json("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}))
}

pub(crate) fn send_email(sender: &str) -> Request {
    let body = json!({
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": ["permissions@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "Permissions"}, "Body": {"Text": {"Data": "x"}}}},
    });
    let headers = vec![("content-type", "application/json".to_owned())];
    Request { headers, ..Request::plain("ses", Method::POST, "/v2/email/outbound-emails", &body.to_string()) }
}
