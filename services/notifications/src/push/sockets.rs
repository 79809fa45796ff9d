//! The open WebSockets, as API Gateway lets a backend reach them.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use lambda_runtime::Error;

/// How long one attempt may take: a client that reads too slowly must not hold up the others.
const PATIENCE: Duration = Duration::from_secs(2);

/// API Gateway's side of the connections.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>
#[derive(Clone, Debug)]
pub(crate) struct Sockets(Client);

/// Whether somebody was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Somebody,
    /// The connection has ended, or has not begun.
    Nobody,
}

impl Sockets {
    /// The connections of the API at `endpoint`.
    pub(crate) fn at(endpoint: String, aws: &SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
        Self(Client::from_conf(Builder::from(aws).endpoint_url(endpoint).timeout_config(timeouts).build()))
    }

    /// Sends a text. Tried three times.
    pub(crate) async fn send(&self, connection: &str, text: &str) -> Result<Reached, Error> {
        let call = self.0.post_to_connection().connection_id(connection).data(Blob::new(text.as_bytes()));
        match call.send().await {
            Ok(_) => Ok(Reached::Somebody),
            Err(error) if error.as_service_error().is_some_and(PostToConnectionError::is_gone_exception) => {
                Ok(Reached::Nobody)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a connection, if it has not ended.
    pub(crate) async fn end(&self, connection: &str) -> Result<Reached, Error> {
        match self.0.delete_connection().connection_id(connection).send().await {
            Ok(_) => Ok(Reached::Somebody),
            Err(error) if error.as_service_error().is_some_and(DeleteConnectionError::is_gone_exception) => {
                Ok(Reached::Nobody)
            }
            Err(error) => Err(error.into()),
        }
    }
}
