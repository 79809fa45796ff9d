//! Whether an account has a resource of a name.

use std::error::Error;
use std::fmt::Debug;

use anyhow::Result;
use aws_json::{COGNITO, Client, DYNAMODB, LOGS, SECRETS};
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};

use crate::aws::{self, Target};

/// The ends of error codes for what does not exist; SQS has an old and a new one.
const NOT_FOUND: [&str; 3] = ["ResourceNotFoundException", "QueueDoesNotExist", "NonExistentQueue"];

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Bucket,
    Table,
    Queue,
    Function,
    LogGroup,
    /// A name, which several pools may have; [`Self::UserPool`] is an id.
    UserPoolName,
    UserPool,
    Secret,
}

/// Whether a name is in use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Use {
    Free,
    /// By something in this account.
    InAccount,
    /// By a bucket of another account, or one of this account that the caller may not read.
    Hidden,
}

/// The clients that look names up.
pub(crate) struct LookUps {
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    sqs: aws_sdk_sqs::Client,
    dynamodb: Client,
    logs: Client,
    cognito: Client,
    secrets: Client,
}

impl LookUps {
    pub(crate) fn new(target: &Target) -> Self {
        let sdk = &target.sdk;
        Self {
            s3: target.s3(),
            lambda: aws_sdk_lambda::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
            dynamodb: Client::new(sdk, DYNAMODB),
            logs: Client::new(sdk, LOGS),
            cognito: Client::new(sdk, COGNITO),
            secrets: Client::new(sdk, SECRETS),
        }
    }

    pub(crate) async fn find(&self, kind: Kind, name: &str) -> Result<Use> {
        let found = match kind {
            Kind::Bucket => return self.bucket(name).await,
            Kind::Table => is_there(&self.dynamodb, "DescribeTable", json!({"TableName": name}), name).await?,
            Kind::UserPool => is_there(&self.cognito, "DescribeUserPool", json!({"UserPoolId": name}), name).await?,
            Kind::Secret => is_there(&self.secrets, "DescribeSecret", json!({"SecretId": name}), name).await?,
            Kind::Queue => is_found(self.sqs.get_queue_url().queue_name(name).send().await, name)?,
            Kind::Function => {
                is_found(self.lambda.get_function_configuration().function_name(name).send().await, name)?
            }
            Kind::LogGroup => {
                let (input, fields) = (json!({"logGroupNamePrefix": name}), ["logGroups", "logGroupName", "nextToken"]);
                listed(&self.logs, "DescribeLogGroups", input, fields, name).await?
            }
            Kind::UserPoolName => {
                let (input, fields) = (json!({"MaxResults": 60}), ["UserPools", "Name", "NextToken"]);
                listed(&self.cognito, "ListUserPools", input, fields, name).await?
            }
        };
        Ok(if found { Use::InAccount } else { Use::Free })
    }

    /// S3 answers 403 for a bucket that the caller may not read, of whatever account, and 301 for one of another region.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
    async fn bucket(&self, name: &str) -> Result<Use> {
        let Err(error) = self.s3.head_bucket().bucket(name).send().await else { return Ok(Use::InAccount) };
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Ok(Use::Free),
            Some(403) => Ok(Use::Hidden),
            Some(301) => Ok(Use::InAccount),
            _ => Err(aws::failed(&format!("look for the bucket {name}"))(error)),
        }
    }
}

/// Whether a description is answered, and not that there is nothing of the name.
async fn is_there(client: &Client, action: &'static str, input: Value, name: &str) -> Result<bool> {
    match client.send(action, &input).await {
        Err(error) if error.code().is_some_and(is_not_found) => Ok(false),
        found => found.map(|()| true).map_err(aws::call_failed(&format!("look for {name}"))),
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
        Err(error) if error.code().is_some_and(is_not_found) => Ok(false),
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

fn is_not_found(code: &str) -> bool {
    NOT_FOUND.iter().any(|ending| code.ends_with(ending))
}
