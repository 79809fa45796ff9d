use aws_json::{COGNITO, Client as Json, DYNAMODB, SECRETS};
use aws_sdk_s3::types::TopicConfiguration;
use tokio::task::{self, LocalSet};

use super::*;
use crate::change_set::TemplateSource;
use crate::cloud::LocalCloud;
use crate::home::Home;
use crate::python::Python;

const STACK: &str = "arn:aws:cloudformation:eu-west-1:000000000000:stack/notes/1";

/// From the newest to the oldest; an event without a name is the stack's own.
fn events(rows: &[(&str, &str, &str)]) -> Vec<StackEvent> {
    let event = |(name, id, status): &(&str, &str, &str)| {
        let (id, kind) =
            if name.is_empty() { (STACK, "AWS::CloudFormation::Stack") } else { (*id, "AWS::DynamoDB::Table") };
        let builder = StackEvent::builder().logical_resource_id(*name).physical_resource_id(id).resource_type(kind);
        builder.resource_status(ResourceStatus::from(*status)).build()
    };
    rows.iter().map(event).collect()
}

#[test]
fn what_a_deletion_retained_is_taken_back_and_not_what_updates_left() {
    let events = events(&[
        ("", "", "DELETE_COMPLETE"),
        ("", "", "DELETE_IN_PROGRESS"),
        ("", "", "DELETE_FAILED"),
        ("Table", "second", "DELETE_SKIPPED"),
        ("", "", "DELETE_IN_PROGRESS"),
        ("", "", "UPDATE_COMPLETE"),
        ("Table", "first", "DELETE_SKIPPED"),
        ("", "", "CREATE_COMPLETE"),
    ]);
    let table = Resource { name: "Table".into(), kind: "AWS::DynamoDB::Table".into(), id: "second".into() };
    assert_eq!(left_by(STACK, &events), [table]);
}

#[test]
fn nothing_is_taken_back_from_a_stack_that_was_never_created_completely() {
    let events = events(&[
        ("", "", "DELETE_COMPLETE"),
        ("Table", "empty", "DELETE_SKIPPED"),
        ("", "", "DELETE_IN_PROGRESS"),
        ("", "", "ROLLBACK_COMPLETE"),
        ("", "", "CREATE_IN_PROGRESS"),
    ]);
    assert_eq!(left_by(STACK, &events), []);
}

#[test]
fn an_import_has_no_property_that_refers_to_deleted_resources() {
    let template = json!({
        "Parameters": {"Api": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/api"}},
        "Outputs": {"Name": {"Value": {"Ref": "Topic"}}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Topic", "Condition": "Live", "Properties": {
                "BucketName": {"Fn::Sub": "notes-${Env}-${AWS::AccountId}"},
                "A": [{"Ref": "Topic"}],
                "B": {"Fn::GetAtt": ["Topic", "TopicArn"]},
                "C": {"Fn::GetAtt": "Topic.TopicArn"},
                "D": {"Fn::Sub": "x-${Topic.TopicName}"},
                "E": {"Fn::Sub": ["${Y}", {"Y": {"Ref": "Topic"}}]},
                "F": {"Fn::If": ["Live", {"Ref": "Queue"}, "Topic"]},
            }},
        },
    });
    let kept = |name: &str, kind: &str| Resource { name: name.into(), kind: kind.into(), id: "x".into() };
    let reduced = reduced(&template, &[kept("Bucket", "AWS::S3::Bucket"), kept("Queue", "AWS::SQS::Queue")]);
    let bucket = &reduced["Resources"]["Bucket"];
    let properties: Vec<&String> = bucket["Properties"].as_object().unwrap().keys().collect();
    assert_eq!(properties, ["BucketName", "F"]);
    assert_eq!(bucket["DeletionPolicy"], "Retain");
    assert!(["DependsOn", "Condition"].iter().all(|attribute| bucket.get(attribute).is_none()));
    assert!(reduced.get("Outputs").is_none() && reduced["Resources"].get("Topic").is_none());
    assert_eq!(reduced["Parameters"]["Api"], json!({"Type": "String"}));
}

/// One resource of each type that is taken back, and one that refers to what is not.
const TEMPLATE: &str = r#"
Parameters:
  Plan: {Type: String, Default: ESSENTIALS}
  Topics: {Type: "AWS::SSM::Parameter::Value<String>", Default: /notes/topic}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      TableName: notes
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: TopicPolicy
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      BucketName: notes-files
      NotificationConfiguration: {TopicConfigurations: [{Event: "s3:ObjectCreated:*", Topic: !Ref Topic}]}
  Queue:
    Type: AWS::SQS::Queue
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties: {QueueName: notes-dlq}
  Pool:
    Type: AWS::Cognito::UserPool
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {UserPoolName: notes, UserPoolTier: !Ref Plan}
  Secret:
    Type: AWS::SecretsManager::Secret
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties: {GenerateSecretString: {PasswordLength: 64}}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Topics}}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: "sns:Publish", Resource: !Ref Topic}
"#;

/// A stack on the local cloud.
struct Notes {
    target: Target,
}

impl Notes {
    async fn deploy(&self, stack: &str) -> Result<bool> {
        let changer = StackChanger::new(&self.target, stack);
        let step = Step::start(stack);
        let exists = changer.status().await?.is_some();
        let taken_back = !exists && take_back(&self.target, &changer, TEMPLATE, &step).await?;
        let template = TemplateSource::Inline(TEMPLATE.into());
        if let Some(change_set) = changer.propose(template, &BTreeMap::new(), &step).await? {
            changer.execute(&change_set, &step).await?;
        }
        step.done("deployed");
        Ok(taken_back)
    }

    /// Deletes the stack as the console does.
    async fn delete(&self, stack: &str) {
        let client = Client::new(&self.target.sdk);
        client.delete_stack().stack_name(stack).send().await.unwrap();
        while StackChanger::new(&self.target, stack).status().await.unwrap().is_some() {
            task::yield_now().await;
        }
    }

    async fn ids(&self, stack: &str) -> BTreeMap<String, String> {
        let client = Client::new(&self.target.sdk);
        let resources = client.list_stack_resources().stack_name(stack).into_paginator().items().send();
        let resources = resources.collect::<Result<Vec<_>, _>>().await.unwrap();
        let id = |one: aws_sdk_cloudformation::types::StackResourceSummary| {
            one.logical_resource_id.zip(one.physical_resource_id)
        };
        resources.into_iter().filter_map(id).collect()
    }

    async fn call(&self, service: aws_json::Service, action: &'static str, input: Value) -> Value {
        Json::new(&self.target.sdk, service).call(action, &input).await.unwrap()
    }

    async fn secret(&self, id: &str) -> Value {
        self.call(SECRETS, "GetSecretValue", json!({"SecretId": id})).await["SecretString"].clone()
    }
}

#[tokio::test]
async fn a_deleted_stack_comes_back_with_its_data() {
    let repo = Home::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = repo.beside(folder.path().to_owned());
    let python = Python::ready(&repo).await.unwrap();
    let local = LocalCloud::new(&home);
    let cloud = local.start(&python, None).await.unwrap();
    // As a task, so that the local cloud is stopped also after a failure.
    let outcome = LocalSet::new()
        .run_until(async {
            task::spawn_local(async move { come_back(&Notes { target: Target::local(cloud) }).await }).await
        })
        .await;
    local.kill().await.unwrap();
    outcome.unwrap();
}

async fn come_back(notes: &Notes) {
    let topic = json!({"Name": "/notes/topic", "Value": "first", "Type": "String"});
    notes.call(aws_json::SSM, "PutParameter", topic).await;
    assert!(!notes.deploy("notes").await.unwrap(), "the first deployment takes nothing back");
    let before = notes.ids("notes").await;
    let row = json!({"TableName": "notes", "Item": {"pk": {"S": "kept"}}});
    notes.call(DYNAMODB, "PutItem", row).await;
    let s3 = notes.target.s3();
    s3.put_object().bucket("notes-files").key("kept").body(b"x".to_vec().into()).send().await.unwrap();
    let user = json!({"UserPoolId": before["Pool"], "Username": "kept"});
    notes.call(COGNITO, "AdminCreateUser", user.clone()).await;
    let secret = notes.secret(&before["Secret"]).await;
    notes.delete("notes").await;
    // What an import reads from SSM is what the deleted stack had.
    notes.call(aws_json::SSM, "DeleteParameter", json!({"Name": "/notes/topic"})).await;
    let sqs = aws_sdk_sqs::Client::new(&notes.target.sdk);
    sqs.delete_queue().queue_url(&before["Queue"]).send().await.unwrap();
    let topic = json!({"Name": "/notes/topic", "Value": "second", "Type": "String"});
    notes.call(aws_json::SSM, "PutParameter", topic).await;

    assert!(notes.deploy("notes").await.unwrap(), "nothing was taken back");
    let after = notes.ids("notes").await;
    for name in ["Table", "Bucket", "Pool", "Secret"] {
        assert_eq!(after[name], before[name], "{name} is another one");
    }
    assert_eq!(after.len(), before.len(), "the stack is not whole: {after:?}");
    let row = notes.call(DYNAMODB, "GetItem", json!({"TableName": "notes", "Key": {"pk": {"S": "kept"}}})).await;
    assert_eq!(row["Item"]["pk"]["S"], "kept");
    s3.head_object().bucket("notes-files").key("kept").send().await.unwrap();
    notes.call(COGNITO, "AdminGetUser", user).await;
    assert_eq!(notes.secret(&before["Secret"]).await, secret);
    let configuration = s3.get_bucket_notification_configuration().bucket("notes-files").send().await.unwrap();
    let topics: Vec<&str> = configuration.topic_configurations().iter().map(TopicConfiguration::topic_arn).collect();
    assert_eq!(topics, [after["Topic"].as_str()], "the update adds what the import left out");

    notes.delete("notes").await;
    assert!(notes.deploy("notes").await.unwrap(), "it comes back a second time");
}
