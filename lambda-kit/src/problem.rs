//! Problem documents: the one shape of an error on the wire (RFC 9457, `application/problem+json`).

use http::StatusCode;
use http::header::CONTENT_TYPE;
use lambda_http::Body;
use serde::Serialize;

use crate::api::Response;

/// An error as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Names the kind of problem for programs: `urn:problem:busline:<kind>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words, the same for each of its kind.
    pub title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    /// What was wrong this time and what would be right.
    pub detail: String,
    /// The fields that broke a rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One field that broke a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: &'static str,
    /// The rule, in words.
    pub message: String,
}

impl Problem {
    /// A problem of the kind `kind` (lower case, dashes).
    #[must_use]
    pub fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { kind: format!("urn:problem:busline:{kind}"), title, status, detail: detail.into(), errors: Vec::new() }
    }

    /// 400: the request breaks a rule that `detail` names.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", "The request breaks a rule", detail)
    }

    /// 400: fields of the body break rules.
    #[must_use]
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect::<Vec<_>>();
        Self { errors, ..Self::invalid(detail.join("; ")) }
    }

    /// 401: the request says not who is calling.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first", detail)
    }

    /// 404: nothing is there, or it is not the caller's; the answer is the same.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 409: others changed the same thing at the same time, again and again.
    #[must_use]
    pub fn contended() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "contended",
            "Others are changing the same thing",
            "Nothing was changed; try again.",
        )
    }

    /// 500: our fault. Says nothing of its cause, which is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something failed on our side",
            "The request may be tried again; the log names the cause under this response's x-correlation-id.",
        )
    }

    /// The problem as a response.
    #[must_use]
    pub fn into_response(self) -> Response {
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/problem+json"));
        response
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
