//! Sending messages to open WebSocket connections, with the management API of API Gateway.

pub(crate) mod message;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use lambda_runtime::Error;

/// The timeout of one attempt, so that a client that reads too slowly does not delay the job.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// The connections of one WebSocket API.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>
#[derive(Clone, Debug)]
pub(crate) struct WebSocketClient(Client);

/// Whether a call reached its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Delivered,
    /// The connection has ended, or is not open yet.
    Gone,
}

impl WebSocketClient {
    pub(crate) fn new(endpoint: String, aws: &SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
        Self(Client::from_conf(Builder::from(aws).endpoint_url(endpoint).timeout_config(timeouts).build()))
    }

    /// Sends a text message. The SDK tries up to three times.
    pub(crate) async fn send(&self, connection: &str, text: &str) -> Result<Delivery, Error> {
        let call = self.0.post_to_connection().connection_id(connection).data(Blob::new(text.as_bytes()));
        match call.send().await {
            Ok(_) => Ok(Delivery::Delivered),
            Err(error) if error.as_service_error().is_some_and(PostToConnectionError::is_gone_exception) => {
                Ok(Delivery::Gone)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn close(&self, connection: &str) -> Result<Delivery, Error> {
        match self.0.delete_connection().connection_id(connection).send().await {
            Ok(_) => Ok(Delivery::Delivered),
            Err(error) if error.as_service_error().is_some_and(DeleteConnectionError::is_gone_exception) => {
                Ok(Delivery::Gone)
            }
            Err(error) => Err(error.into()),
        }
    }
}
