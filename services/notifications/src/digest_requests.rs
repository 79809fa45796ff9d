//! Requests to send one digest: asynchronous invocations of the function `send-digest-mail`, one for each user, so that
//! a digest that fails does not delay the others.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use jiff::Timestamp;
use lambda_runtime::Error;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::digest::DigestId;

/// The input of `send-digest-mail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DigestRequest {
    user_id: Uuid,
    /// The time that it was planned for, which names the day too.
    digest_at: Timestamp,
}

impl From<DigestId> for DigestRequest {
    fn from(digest: DigestId) -> Self {
        Self { user_id: digest.user, digest_at: digest.at }
    }
}

impl From<DigestRequest> for DigestId {
    fn from(request: DigestRequest) -> Self {
        Self { user: request.user_id, at: request.digest_at }
    }
}

/// Invokes the function `send-digest-mail`.
#[derive(Clone, Debug)]
pub(crate) struct DigestInvoker {
    pub(crate) lambda: Client,
    /// The name of the function, `SEND_DIGEST_FUNCTION`.
    pub(crate) function: String,
}

impl DigestInvoker {
    pub(crate) async fn request(&self, digest: DigestId) -> Result<(), Error> {
        let payload = serde_json::to_vec(&DigestRequest::from(digest))?;
        let call = self.lambda.invoke().function_name(&self.function).invocation_type(InvocationType::Event);
        call.payload(Blob::new(payload)).send().await?;
        Ok(())
    }
}
