//! The registry of participants: one SSM parameter for each service that holds personal data, written by its own stack.
//!
//! The parameter's name is `/busline/<env>/participants/<service>`, its value lists the tasks: `erasure,export`.

use aws_config::SdkConfig;
use aws_json::CallError;
use aws_json::ssm::parameters_by_path;

use crate::domain::participants::{IncompleteRegistry, RegisteredParticipants};

#[derive(Clone, Debug)]
pub(crate) struct ParticipantRegistry {
    sdk: SdkConfig,
    path: String,
}

/// Why the registry could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    #[error("the call to SSM failed")]
    Call(#[from] CallError),
    #[error("the answer of SSM cannot be used")]
    Incomplete(#[from] IncompleteRegistry),
}

impl ParticipantRegistry {
    /// `path` is the parameters' common path, without a slash at its end.
    pub(crate) fn new(sdk: &SdkConfig, path: String) -> Self {
        Self { sdk: sdk.clone(), path }
    }

    /// The participants that are registered now.
    pub(crate) async fn read(&self) -> Result<RegisteredParticipants, RegistryError> {
        let parameters = parameters_by_path(&self.sdk, &self.path).await?;
        let entries = parameters.iter().map(|(name, tasks)| (name.rsplit('/').next().unwrap_or(name), tasks.as_str()));
        Ok(RegisteredParticipants::from_entries(entries)?)
    }
}
