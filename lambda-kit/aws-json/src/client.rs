//! One call: written, signed, sent, tried again, read.

use std::fmt;

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// An AWS service that speaks `awsJson1_0` or `awsJson1_1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// The first part of its host name, which is its name in signatures too.
    name: &'static str,
    /// What stands before an action's name in the header `X-Amz-Target`.
    target: &'static str,
    /// The version of the protocol, as part of the media type.
    version: &'static str,
}

/// Systems Manager, for its parameter store.
/// Actions: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html>
pub const SSM: Service = Service { name: "ssm", target: "AmazonSSM", version: "1.1" };

/// Amazon Cognito user pools.
/// Actions: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_Operations.html>
pub const COGNITO: Service =
    Service { name: "cognito-idp", target: "AWSCognitoIdentityProviderService", version: "1.1" };

/// Amazon `CloudWatch` Logs.
/// Actions: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html>
pub const LOGS: Service = Service { name: "logs", target: "Logs_20140328", version: "1.1" };

/// Amazon `CloudWatch` metrics.
/// Actions: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html>
pub const CLOUDWATCH: Service = Service { name: "monitoring", target: "GraniteServiceVersion20100801", version: "1.0" };

/// Amazon `DynamoDB`, for its control plane.
/// Actions: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html>
pub const DYNAMODB: Service = Service { name: "dynamodb", target: "DynamoDB_20120810", version: "1.0" };

/// AWS Secrets Manager.
/// Actions: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html>
pub const SECRETS: Service = Service { name: "secretsmanager", target: "secretsmanager", version: "1.1" };

/// AWS Certificate Manager.
/// Actions: <https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html>
pub const ACM: Service = Service { name: "acm", target: "CertificateManager", version: "1.1" };

/// A client of one service. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    service: Service,
    operation: Operation<Call, Answer, Refusal>,
}

/// One request, before it is written.
struct Call {
    action: &'static str,
    body: String,
}

/// The body of an answer.
struct Answer(Value);

/// Without the body, which may hold passwords and tokens.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.action).finish()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// What the service answered instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .0.code().unwrap_or("no code"), .0.message().unwrap_or("no message"))]
pub struct Refusal(ErrorMetadata);

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The request cannot be written as JSON, or the answer is not what the caller reads.
    #[error("{action} of {service} does not have the expected form")]
    Form {
        /// The name of the AWS service, such as `ssm`.
        service: &'static str,
        /// The action that was called.
        action: &'static str,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The service refused, or could not be asked.
    #[error("{action} of {service} failed")]
    Failed {
        /// The name of the AWS service, such as `ssm`.
        service: &'static str,
        /// The action that was called.
        action: &'static str,
        /// What the SDK's runtime reports.
        source: Box<SdkError<Refusal, HttpResponse>>,
    },
}

impl CallError {
    /// The code with which the service refused, such as `ParameterNotFound`; none when it did not answer.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal().and_then(Refusal::code)
    }

    /// What the service answered when it refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Form { .. } => None,
            Self::Failed { source, .. } => source.as_service_error(),
        }
    }
}

impl Client {
    /// A client that signs its calls with the configuration's credentials.
    ///
    /// `AWS_ENDPOINT_URL` is in the configuration; FIPS and dual-stack endpoints are not supported.
    #[must_use]
    pub fn new(config: &SdkConfig, service: Service) -> Self {
        Self::build(service, signed(builder(config, service), config, service))
    }

    /// A client for the actions that need no credentials, such as Cognito's `SignUp`.
    #[must_use]
    pub fn unsigned(config: &SdkConfig, service: Service) -> Self {
        Self::build(service, builder(config, service).no_auth())
    }

    fn build(service: Service, builder: OperationBuilder) -> Self {
        let operation = builder
            .serializer(move |call: Call| write(service, call))
            .deserializer::<Answer, Refusal>(read)
            .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .build();
        Self { service, operation }
    }

    /// Calls an action. Fields have the names of the API's reference, such as `WithDecryption`.
    ///
    /// # Errors
    /// When the service refuses or cannot be reached after the configured retries, or the answer has another form.
    pub async fn call<O: DeserializeOwned>(
        &self,
        action: &'static str,
        input: &impl Serialize,
    ) -> Result<O, CallError> {
        let service = self.service.name;
        let misfit = |source| CallError::Form { service, action, source };
        let body = serde_json::to_string(input).map_err(misfit)?;
        let failed = |source| CallError::Failed { service, action, source: Box::new(source) };
        let Answer(answer) = self.operation.invoke(Call { action, body }).await.map_err(failed)?;
        serde_json::from_value(answer).map_err(misfit)
    }
}

impl Client {
    /// Calls an action and ignores the body of its response.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn send(&self, action: &'static str, input: &impl Serialize) -> Result<(), CallError> {
        self.call::<IgnoredAny>(action, input).await?;
        Ok(())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.service.name).finish()
    }
}

fn builder(config: &SdkConfig, service: Service) -> OperationBuilder {
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let mut builder = Operation::builder()
        .service_name(service.name)
        .operation_name("call")
        .endpoint_url(&endpoint(config, service))
        .standard_retry(&retries)
        .with_connection_poisoning();
    if let Some(version) = config.behavior_version() {
        builder = builder.behavior_version(version);
    }
    if let Some(client) = config.http_client() {
        builder = builder.http_client(client);
    }
    if let Some(timeouts) = config.timeout_config() {
        builder = builder.timeout_config(timeouts.clone());
    }
    if let Some(sleep) = config.sleep_impl() {
        builder = builder.sleep_impl(sleep);
    }
    if let Some(time) = config.time_source() {
        builder = builder.time_source(time);
    }
    builder
}

/// Hosts of regional endpoints: <https://docs.aws.amazon.com/general/latest/gr/rande.html>
fn endpoint(config: &SdkConfig, service: Service) -> String {
    if let Some(url) = config.endpoint_url() {
        return url.to_owned();
    }
    let region = config.region().map_or("us-east-1", AsRef::as_ref);
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{}.{region}.{suffix}", service.name)
}

fn signed(builder: OperationBuilder, config: &SdkConfig, service: Service) -> OperationBuilder {
    let mut layer = Layer::new("signature");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static(service.name)),
        ..SigV4OperationSigningConfig::default()
    });
    let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new("signature")
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)));
    components.set_identity_cache(config.identity_cache());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
    }
    builder.runtime_plugin(StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components))
}

fn write(service: Service, call: Call) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(call.body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().insert("content-type", format!("application/x-amz-json-{}", service.version));
    request.headers_mut().insert("x-amz-target", format!("{}.{}", service.target, call.action));
    Ok(request)
}

fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<Refusal>> {
    let body = response.body().bytes().unwrap_or_default();
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(refusal(response, body)));
    }
    // Some actions answer with no body at all.
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map(Answer).map_err(|error| OrchestratorError::response(error.into()))
}

/// How errors are written:
/// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
fn refusal(response: &HttpResponse, body: &[u8]) -> Refusal {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let header = response.headers().get("x-amzn-errortype");
    let named = header.or_else(|| body["__type"].as_str()).or_else(|| body["code"].as_str());
    // `namespace#Code:https://…`, of which only the middle is the code.
    let code = named.map(|named| named.split(':').next().unwrap_or_default());
    let code = code.map(|code| code.rsplit('#').next().unwrap_or_default().to_owned());
    let message = body["message"].as_str().or_else(|| body["Message"].as_str()).map(str::to_owned);
    Refusal(
        ErrorMetadata::builder()
            .code(code.unwrap_or_else(|| format!("HTTP {}", response.status().as_u16())))
            .message(message.unwrap_or_else(|| "the service gave no reason".to_owned()))
            .build(),
    )
}
