//! Names that a stack will use and that something else has already, and the states of stacks.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Debug;

use anyhow::Result;
use aws_json::{COGNITO, Client, DYNAMODB, LOGS};
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::StackStatus;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::{Finding, Subject};
use crate::aws::{self, Target};
use crate::change_set::StackChanger;
use crate::planned::Resource;
use crate::stacks;

pub(super) const STACKS: &str = "stacks";
const NAMES: &str = "names";

/// How many names are looked up at a time.
const AT_ONCE: usize = 8;

/// The ends of error codes for what does not exist; SQS has an old and a new one.
const NOT_FOUND: [&str; 3] = ["ResourceNotFoundException", "QueueDoesNotExist", "NonExistentQueue"];

/// The stacks of the environment that exist, and what they contain.
pub(super) struct Deployed {
    stacks: BTreeMap<String, StackStatus>,
    /// The names or ids of all their resources.
    resources: BTreeSet<String>,
}

impl Deployed {
    pub(super) fn has_stack(&self, stack: &str) -> bool {
        self.stacks.contains_key(stack)
    }

    /// Whether a resource of this name belongs to one of the stacks; a queue's id there is its URL.
    pub(super) fn owns(&self, name: &str) -> bool {
        self.resources.contains(name) || self.resources.iter().any(|id| id.ends_with(&format!("/{name}")))
    }
}

pub(super) async fn deployed(subject: &Subject<'_>) -> Result<Deployed> {
    let client = aws_sdk_cloudformation::Client::new(&subject.target.sdk);
    let mut deployed = Deployed { stacks: BTreeMap::new(), resources: BTreeSet::new() };
    for stack in subject.stacks.all() {
        let name = stacks::stack_name(&subject.target.env, &stack.name);
        let Some(status) = StackChanger::new(subject.target, &name).status().await? else { continue };
        if status == StackStatus::DeleteComplete {
            continue;
        }
        deployed.stacks.insert(stack.name.clone(), status);
        let resources = client.list_stack_resources().stack_name(&name).into_paginator().items().send();
        let resources = resources.collect::<Result<Vec<_>, _>>().await;
        let resources = resources.map_err(aws::failed(&format!("list the resources of {name}")))?;
        deployed.resources.extend(resources.into_iter().filter_map(|resource| resource.physical_resource_id));
    }
    Ok(deployed)
}

pub(super) async fn check(subject: &Subject<'_>, deployed: &Deployed) -> Vec<Finding> {
    let look_ups = &LookUps::new(subject.target);
    let planned = subject.plan.resources.iter().filter_map(|resource| {
        let (property, kind) = named(&resource.kind)?;
        let name = resource.text(property).filter(|name| !deployed.owns(name))?;
        Some((resource, kind, name))
    });
    let used = stream::iter(planned).map(async |(resource, kind, name)| match look_ups.find(kind, name).await {
        Ok(Use::Free) => None,
        Ok(found) => Some(taken(resource, name, found)),
        Err(error) => Some(Finding::unknown(
            NAMES,
            &error,
            "to read buckets, tables, queues, functions, log groups and user pools",
        )),
    });
    let used: Vec<Option<Finding>> = used.buffered(AT_ONCE).collect().await;
    let mut used: Vec<Finding> = used.into_iter().flatten().collect();
    if used.is_empty() {
        used.push(Finding::ready(NAMES, "no name is in use outside the environment's stacks"));
    }
    used.insert(0, states(deployed));
    used
}

/// Stacks in a state from which CloudFormation cannot update them.
fn states(deployed: &Deployed) -> Finding {
    let stuck = deployed.stacks.iter().filter(|(_, status)| {
        matches!(status, StackStatus::DeleteFailed | StackStatus::UpdateFailed | StackStatus::UpdateRollbackFailed)
    });
    let stuck: Vec<String> = stuck.map(|(stack, status)| format!("{stack} is in {status}")).collect();
    if stuck.is_empty() {
        let found = match deployed.stacks.len() {
            0 => "none is deployed yet".to_owned(),
            count => format!("{count} are deployed, and none is stuck"),
        };
        return Finding::ready(STACKS, found);
    }
    Finding::stops(
        STACKS,
        [
            stuck.join(", "),
            "CloudFormation changes such a stack no more".to_owned(),
            "in the console, continue its rollback or delete it".to_owned(),
        ],
    )
}

/// What has a name.
#[derive(Clone, Copy)]
enum Kind {
    Bucket,
    Table,
    Queue,
    Function,
    LogGroup,
    UserPool,
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Free,
    /// By something in this account.
    InAccount,
    /// By a bucket of another account.
    Elsewhere,
}

/// The property with the name of a resource, for types of which a second one of a name is refused or is a mistake.
fn named(kind: &str) -> Option<(&'static str, Kind)> {
    Some(match kind {
        "AWS::S3::Bucket" => ("BucketName", Kind::Bucket),
        "AWS::DynamoDB::Table" => ("TableName", Kind::Table),
        "AWS::SQS::Queue" => ("QueueName", Kind::Queue),
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => ("FunctionName", Kind::Function),
        "AWS::Logs::LogGroup" => ("LogGroupName", Kind::LogGroup),
        "AWS::Cognito::UserPool" => ("UserPoolName", Kind::UserPool),
        _ => return None,
    })
}

fn taken(resource: &Resource, name: &str, found: Use) -> Finding {
    let (stack, kind) = (&resource.stack, &resource.kind);
    if kind == "AWS::Cognito::UserPool" {
        let texts = [
            format!("a user pool {name} exists and is not of the stack {stack}"),
            "the stack creates a second one, in which nobody has signed up: users of the first cannot sign in"
                .to_owned(),
            "if it was kept when its stack was deleted, import it into the stack, or delete it".to_owned(),
        ];
        return Finding::warning(NAMES, texts);
    }
    let place = if found == Use::Elsewhere { "in another account" } else { "and is not of that stack" };
    let todo = match found {
        Use::Elsewhere => "choose another name for the environment".to_owned(),
        _ => "if it was kept when its stack was deleted, import it into the stack or delete it; else choose another name for \
              the environment"
            .to_owned(),
    };
    let texts = [
        format!("{name} ({kind} of the stack {stack}) exists {place}"),
        format!("CloudFormation cannot create it, and rolls the stack {stack} back"),
        todo,
    ];
    Finding::stops(NAMES, texts)
}

/// The clients that look names up.
struct LookUps {
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    sqs: aws_sdk_sqs::Client,
    dynamodb: Client,
    logs: Client,
    cognito: Client,
}

impl LookUps {
    fn new(target: &Target) -> Self {
        let sdk = &target.sdk;
        Self {
            s3: target.s3(),
            lambda: aws_sdk_lambda::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
            dynamodb: Client::new(sdk, DYNAMODB),
            logs: Client::new(sdk, LOGS),
            cognito: Client::new(sdk, COGNITO),
        }
    }

    async fn find(&self, kind: Kind, name: &str) -> Result<Use> {
        let is_there = match kind {
            Kind::Bucket => return self.bucket(name).await,
            Kind::Table => match self.dynamodb.send("DescribeTable", &json!({"TableName": name})).await {
                Err(error) if error.code() == Some("ResourceNotFoundException") => false,
                found => found.map(|()| true).map_err(aws::call_failed(&format!("look for the table {name}")))?,
            },
            Kind::Queue => is_found(self.sqs.get_queue_url().queue_name(name).send().await, name)?,
            Kind::Function => {
                is_found(self.lambda.get_function_configuration().function_name(name).send().await, name)?
            }
            Kind::LogGroup => {
                let (input, fields) = (json!({"logGroupNamePrefix": name}), ["logGroups", "logGroupName", "nextToken"]);
                listed(&self.logs, "DescribeLogGroups", input, fields, name).await?
            }
            Kind::UserPool => {
                let (input, fields) = (json!({"MaxResults": 60}), ["UserPools", "Name", "NextToken"]);
                listed(&self.cognito, "ListUserPools", input, fields, name).await?
            }
        };
        Ok(if is_there { Use::InAccount } else { Use::Free })
    }

    /// S3 answers 403 for a bucket of another account, and 301 for one of another region.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
    async fn bucket(&self, name: &str) -> Result<Use> {
        let Err(error) = self.s3.head_bucket().bucket(name).send().await else { return Ok(Use::InAccount) };
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Ok(Use::Free),
            Some(403) => Ok(Use::Elsewhere),
            Some(301) => Ok(Use::InAccount),
            _ => Err(aws::failed(&format!("look for the bucket {name}"))(error)),
        }
    }
}

/// Whether a call found what it names.
fn is_found<O, E, R>(found: Result<O, SdkError<E, R>>, name: &str) -> Result<bool>
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug + 'static,
{
    match found {
        Ok(_) => Ok(true),
        Err(error) if error.code().is_some_and(|code| NOT_FOUND.iter().any(|ending| code.ends_with(ending))) => {
            Ok(false)
        }
        Err(error) => Err(aws::failed(&format!("look for {name}"))(error)),
    }
}

/// Whether a list has an entry of a name; its fields are the list, an entry's name, and the token of the next page.
async fn listed(
    client: &Client,
    action: &'static str,
    mut input: Value,
    [list, entry, token]: [&str; 3],
    name: &str,
) -> Result<bool> {
    loop {
        let page: Value = client.call(action, &input).await.map_err(aws::call_failed(&format!("call {action}")))?;
        let entries = page[list].as_array().map(Vec::as_slice).unwrap_or_default();
        if entries.iter().any(|one| one[entry] == name) {
            return Ok(true);
        }
        match page[token].as_str() {
            Some(next) if !next.is_empty() => input[token] = json!(next),
            _ => return Ok(false),
        }
    }
}
