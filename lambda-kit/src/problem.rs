//! Problem documents (RFC 9457, `application/problem+json`): the body of every error response.

use http::StatusCode;
use serde::Serialize;

/// The error that a client gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Identifies the kind of problem for programs: `urn:problem:busline:<kind>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Describes the kind of problem; the same text for all problems of the kind.
    pub title: &'static str,
    /// The HTTP status of the response.
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    /// What was wrong with this request, and what would be right.
    pub detail: String,
    /// The invalid fields of the body, if that is the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The header `Retry-After`: after how many seconds the same request may succeed.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

/// An invalid field of a request body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name in the JSON body.
    pub field: &'static str,
    /// The rule that the value breaks.
    pub message: String,
}

impl Problem {
    /// Makes a problem of the kind `kind`, in lower case with dashes.
    #[must_use]
    pub fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:problem:busline:{kind}"),
            title,
            status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// 400: the request breaks a rule that `detail` names.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", "The request breaks a rule", detail)
    }

    /// 400: fields of the body are invalid.
    #[must_use]
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect::<Vec<_>>();
        Self { errors, ..Self::invalid(detail.join("; ")) }
    }

    /// 401: the request does not identify its caller.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first", detail)
    }

    /// 404: the resource does not exist, or belongs to another user; the response is the same.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 409: other requests changed the same resource in each attempt.
    #[must_use]
    pub fn contended() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "contended",
            "Others are changing the same thing",
            "Nothing was changed; try again.",
        )
    }

    /// 429: `detail` names the limit, which allows another request after `retry_after` seconds.
    #[must_use]
    pub fn too_many_requests(detail: impl Into<String>, retry_after: u32) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// 500: a failure of the service. Its cause is only in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something failed on our side",
            "The request may be tried again; the log names the cause under this response's x-correlation-id.",
        )
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
