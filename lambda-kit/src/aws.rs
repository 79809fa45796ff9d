//! The SDK's configuration, loaded once at init and shared by every client of a function.

use aws_config::{BehaviorVersion, SdkConfig};

/// Region, credentials and retries from the environment that Lambda gives.
pub async fn load() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::latest()).await
}
