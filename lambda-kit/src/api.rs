//! The runner of HTTP routes: typed access to the request, and a problem document for every failure.

use std::future::Future;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::request::RequestContext;
use lambda_http::{Adapter, Body, RequestExt, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{Instrument, error, info, info_span};
use uuid::Uuid;

use crate::admission::{Admission, Refusal};
use crate::aws;
use crate::caller::Caller;
use crate::clock;
use crate::correlation::CorrelationContext;
use crate::etag::{IfMatch, etag};
use crate::problem::Problem;
use crate::runtime;
use crate::telemetry;

/// The response of a route.
pub type Response = http::Response<Body>;

/// The maximum size of a request body, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// An error of a service's API that can be sent to the client.
pub trait ApiFailure: std::error::Error {
    /// The problem document to respond with; [`Problem::internal`] for failures of the service.
    fn problem(&self) -> Problem;
}

impl ApiFailure for Refusal {
    fn problem(&self) -> Problem {
        self.to_problem()
    }
}

/// Serves one route of signed-in users until the environment ends: calls `handler` with the state made at init and each
/// request. Refuses requests of sessions that have ended; see [`Admission`].
///
/// # Errors
/// When a setting of [`Admission`] is missing, or the Lambda runtime's API fails.
pub async fn serve<S, E, F, Fut>(state: S, handler: F) -> Result<(), lambda_runtime::Error>
where
    S: Sync + 'static,
    E: ApiFailure,
    F: Fn(&'static S, Request) -> Fut + Sync + 'static,
    Fut: Future<Output = Result<Response, E>> + Send,
{
    let admission = Admission::uncounted(&aws::load().await)?;
    run(Some(admission), state, handler).await
}

/// Serves one route as [`serve`] does, for a route that needs no access token.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub async fn serve_public<S, E, F, Fut>(state: S, handler: F) -> Result<(), lambda_runtime::Error>
where
    S: Sync + 'static,
    E: ApiFailure,
    F: Fn(&'static S, Request) -> Fut + Sync + 'static,
    Fut: Future<Output = Result<Response, E>> + Send,
{
    run(None, state, handler).await
}

/// Serves one route as [`serve`] does, for a route by which signed-in users change something. Also refuses requests of
/// users who have deleted their account, and requests beyond a user's rate; see [`Admission`].
///
/// # Errors
/// When a setting of [`Admission`] is missing, or the Lambda runtime's API fails.
pub async fn serve_writes<S, E, F, Fut>(state: S, handler: F) -> Result<(), lambda_runtime::Error>
where
    S: Sync + 'static,
    E: ApiFailure,
    F: Fn(&'static S, Request) -> Fut + Sync + 'static,
    Fut: Future<Output = Result<Response, E>> + Send,
{
    let admission = Admission::counted(&aws::load().await)?;
    run(Some(admission), state, handler).await
}

async fn run<S, E, F, Fut>(admission: Option<Admission>, state: S, handler: F) -> Result<(), lambda_runtime::Error>
where
    S: Sync + 'static,
    E: ApiFailure,
    F: Fn(&'static S, Request) -> Fut + Sync + 'static,
    Fut: Future<Output = Result<Response, E>> + Send,
{
    // Leaked once, in a process that serves until it is killed.
    let (admission, state, handler): &'static (_, S, F) = Box::leak(Box::new((admission, state, handler)));
    let service = service_fn(move |request: lambda_http::Request| {
        let request = Request::new(request);
        let span = info_span!(
            "request",
            request.id = request.correlation.causation_id,
            correlation.id = request.correlation.correlation_id,
            trace.id = request.correlation.traceparent.trace_id(),
            http.route = request.route(),
        );
        let respond = async move {
            let correlation_id = request.correlation.correlation_id.clone();
            let response = match admit(admission.as_ref(), &request).await {
                Ok(()) => response(handler(state, request).await),
                Err(refusal) => response(Err(refusal)),
            };
            Ok::<_, lambda_runtime::Error>(finish(response, &correlation_id))
        };
        respond.instrument(span)
    });
    // As `lambda_http::run` does it, which would not let a probe pass.
    runtime::run(Adapter::from(service)).await
}

async fn admit(admission: Option<&Admission>, request: &Request) -> Result<(), Refusal> {
    match admission {
        Some(admission) => admission.admit(&request.caller()?, clock::now()).await,
        None => Ok(()),
    }
}

fn response<E: ApiFailure>(result: Result<Response, E>) -> Response {
    result.unwrap_or_else(|failure| {
        let problem = failure.problem();
        if problem.status.is_server_error() {
            error!(error.chain = telemetry::chain(&failure), "a request failed on our side");
        }
        problem_response(&problem)
    })
}

fn finish(mut response: Response, correlation_id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(correlation_id) {
        response.headers_mut().insert("x-correlation-id", value);
    }
    // Every answer is about its caller, errors too: no cache on the way or in the browser may keep it.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    info!(http.status = response.status().as_u16(), "answered a request");
    response
}

/// A request to a route.
#[derive(Debug)]
pub struct Request {
    inner: lambda_http::Request,
    context: ApiGatewayV2httpRequestContext,
    path: QueryMap,
    query: QueryMap,
    correlation: CorrelationContext,
}

impl Request {
    fn new(inner: lambda_http::Request) -> Self {
        let context = match inner.request_context() {
            RequestContext::ApiGatewayV2(context) => context,
            // The crate's features allow this one kind of API.
            _ => ApiGatewayV2httpRequestContext::default(),
        };
        let header = |name| inner.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let request_id = context.request_id.as_deref().unwrap_or("unknown");
        let correlation =
            CorrelationContext::from_request(request_id, header("x-correlation-id"), header("traceparent"));
        Self { path: inner.path_parameters(), query: inner.query_string_parameters(), context, correlation, inner }
    }

    /// The correlation context that this request starts or continues.
    #[must_use]
    pub fn correlation(&self) -> &CorrelationContext {
        &self.correlation
    }

    /// The caller, from the claims that the API's authorizer has verified.
    ///
    /// # Errors
    /// 401 without claims, or when they are not those of an access token.
    pub fn caller(&self) -> Result<Caller, Problem> {
        let jwt = self.context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
        let claims = jwt.ok_or_else(|| Problem::unauthenticated("Send an access token as a Bearer token."))?;
        Caller::from_claims(&claims.claims)
    }

    /// A path parameter that is an id.
    ///
    /// # Errors
    /// 404 when it is not a UUID, because nothing can have such an id.
    pub fn path_id(&self, name: &str) -> Result<Uuid, Problem> {
        let text = self.path.first(name).unwrap_or("");
        Uuid::try_parse(text)
            .ok()
            .filter(|id| id.hyphenated().to_string() == text)
            .ok_or_else(|| Problem::not_found("Nothing has this id; ids are UUIDs in lower case."))
    }

    /// The query parameters, all of which must be in `known`.
    ///
    /// # Errors
    /// 400 when there is an unknown parameter, or one is given twice.
    pub fn query(&self, known: &[&str]) -> Result<Query<'_>, Problem> {
        for (name, _) in self.query.iter() {
            if !known.contains(&name) {
                return Err(Problem::invalid(format!(
                    "The query may have these parameters and no other: {}.",
                    known.join(", ")
                )));
            }
            if self.query.all(name).is_some_and(|values| values.len() > 1) {
                return Err(Problem::invalid(format!("The query parameter {name} may be given once.")));
            }
        }
        Ok(Query(&self.query))
    }

    /// A header's value; `None` if the request does not have it.
    ///
    /// # Errors
    /// 400 when it holds anything but visible ASCII.
    pub fn header(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        self.inner
            .headers()
            .get(name)
            .map(HeaderValue::to_str)
            .transpose()
            .map_err(|_| Problem::invalid(format!("The header {name} must be visible ASCII.")))
    }

    /// The condition of the header `If-Match`.
    ///
    /// # Errors
    /// 400 when the header is not a list of entity tags.
    pub fn if_match(&self) -> Result<IfMatch, Problem> {
        IfMatch::parse(self.header("if-match")?)
    }

    /// Whether the request has a body.
    #[must_use]
    pub fn has_body(&self) -> bool {
        !self.inner.body().is_empty()
    }

    /// Parses the JSON body as `T`. `T` should refuse unknown fields, so that a misspelt field is an error.
    ///
    /// # Errors
    /// 413 over [`MAX_BODY_BYTES`], 415 for another content type than JSON, 400 when it is not a JSON object or not a `T`.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let bytes = self.body_bytes()?;
        // serde would also accept an array as a struct: values in the order of its fields.
        if bytes.trim_ascii_start().first().is_some_and(|&first| first != b'{') {
            return Err(Problem::invalid("The body must be a JSON object."));
        }
        serde_json::from_slice(bytes).map_err(|error| Problem::invalid(format!("The body does not parse: {error}.")))
    }

    /// The bytes of a body of content type JSON.
    ///
    /// # Errors
    /// 413 over [`MAX_BODY_BYTES`], 415 for another content type than JSON.
    pub fn body_bytes(&self) -> Result<&[u8], Problem> {
        let bytes = self.inner.body().as_ref();
        if bytes.len() > MAX_BODY_BYTES {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
                format!("A body may have {MAX_BODY_BYTES} bytes; this one has {}.", bytes.len()),
            ));
        }
        let content_type = self.header("content-type")?.unwrap_or("").split(';').next().unwrap_or("").trim();
        if !["application/json", "application/merge-patch+json"]
            .iter()
            .any(|known| content_type.eq_ignore_ascii_case(known))
        {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "The body is not said to be JSON",
                "Send the header Content-Type: application/json.",
            ));
        }
        Ok(bytes)
    }

    fn route(&self) -> &str {
        self.context.route_key.as_deref().unwrap_or("unknown")
    }
}

/// The query parameters of a request.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a>(&'a QueryMap);

impl<'a> Query<'a> {
    /// The value of a parameter; `None` if the request does not have it.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.0.first(name)
    }
}

/// 200 with `body` as JSON.
///
/// # Errors
/// When `body` cannot be written as JSON.
pub fn ok<T: Serialize>(body: &T) -> Result<Response, serde_json::Error> {
    let mut response = Response::new(Body::from(serde_json::to_string(body)?));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// 200 with `body` as JSON and its version as `ETag`.
///
/// # Errors
/// When `body` cannot be written as JSON.
pub fn ok_with_etag<T: Serialize>(body: &T, version: u64) -> Result<Response, serde_json::Error> {
    let mut response = ok(body)?;
    response.headers_mut().insert(ETAG, etag(version));
    Ok(response)
}

/// 201 with `body` as JSON, its version as `ETag` and its address as `Location`.
///
/// # Errors
/// When `body` cannot be written as JSON.
pub fn created<T: Serialize>(body: &T, version: u64, location: &str) -> Result<Response, serde_json::Error> {
    let mut response = ok_with_etag(body, version)?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, value);
    }
    Ok(response)
}

/// 202 with `body` as JSON: the work has begun and ends later.
///
/// # Errors
/// When `body` cannot be written as JSON.
pub fn accepted<T: Serialize>(body: &T) -> Result<Response, serde_json::Error> {
    let mut response = ok(body)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// 204 without a body.
#[must_use]
pub fn no_content() -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn problem_response(problem: &Problem) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_string(problem).unwrap_or_default()));
    *response.status_mut() = problem.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn request(query: &[(&str, &str)]) -> Request {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
        let query = QueryMap::from(query.collect::<HashMap<_, _>>());
        let context = RequestContext::ApiGatewayV2(ApiGatewayV2httpRequestContext::default());
        Request::new(lambda_http::Request::default().with_query_string_parameters(query).with_request_context(context))
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{}", .0.detail)]
    struct Failed(Problem);

    impl ApiFailure for Failed {
        fn problem(&self) -> Problem {
            self.0.clone()
        }
    }

    #[test]
    fn no_answer_may_be_cached() {
        let problem = || Err(Failed(Problem::not_found("There is none.")));
        for answer in [Ok(no_content()), Ok(ok(&"mine").unwrap()), Ok(ok_with_etag(&"mine", 1).unwrap()), problem()] {
            let response = finish(response(answer), "c");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "{response:?}");
        }
    }

    #[test]
    fn a_refused_request_is_told_when_to_come_again() {
        let response = response(Err(Failed(Problem::too_many_requests("Ten are enough.", 7))));
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        let Body::Text(body) = response.body() else { panic!("a problem document") };
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["type"], &body["status"]), (&"urn:problem:busline:too-many-requests".into(), &429.into()));
    }

    #[test]
    fn an_unknown_query_parameter_is_refused() {
        let known = ["token"];
        assert_eq!(request(&[("token", "a")]).query(&known).unwrap().get("token"), Some("a"));
        let problem = request(&[("token", "a"), ("x", "1")]).query(&known).unwrap_err();
        assert_eq!(problem.detail, "The query may have these parameters and no other: token.");
    }
}
