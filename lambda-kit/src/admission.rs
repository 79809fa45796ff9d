//! Admits requests of users: those of sessions that have not ended, and those by which users change something if they have
//! an account and stay within a rate.
//!
//! A service counts in its own table, and no two services share a count. One row counts one user's requests of one minute,
//! all of them and those of each route, by one conditional write that needs no read before. Only that user's requests
//! write it, so it is as busy as they are.
//!
//! A failed or throttled count fails the request: the table that holds the counts holds everything else that the request
//! needs, so a request that is served without its count would fail as well.

use std::collections::HashMap;
use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::caller::Caller;
use crate::personal_data::tombstone;
use crate::problem::Problem;
use crate::sessions;
use crate::settings::{MissingSettings, Settings};
use crate::table::TableError;
use crate::ttl;

/// Hashed before the id, so that the hash cannot be compared with hashes made for another purpose.
const LABEL: &str = "busline requests of user ";

/// The length of the period that one row counts, in seconds.
const PERIOD: u32 = 60;

/// How long a row is kept after its minute has begun.
const RETENTION: SignedDuration = SignedDuration::from_mins(5);

/// Admits requests of users to one route.
#[derive(Clone, Debug)]
pub struct Admission {
    client: Client,
    table: String,
    /// `None` for a route that counts no requests.
    rate: Option<Rate>,
}

#[derive(Clone, Debug)]
struct Rate {
    /// The attribute that counts the requests to this route: the name of its job, which no two routes share.
    route: String,
    limits: Limits,
}

/// How many requests of one user a minute allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Requests to all routes of the service by which users change something.
    pub service: u32,
    /// Requests to the one route that the function serves.
    pub route: u32,
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, route } = self;
        write!(f, "{service} changes a minute")?;
        if route < service { write!(f, ", {route} of this kind") } else { Ok(()) }
    }
}

/// Why a request is not served.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request does not identify its caller.
    #[error("the request was refused: {}", .0.detail)]
    Unauthenticated(Problem),
    /// The token is valid, but its user has deleted their account.
    #[error("the account of the token was deleted")]
    AccountDeleted,
    /// The token is valid, but its user has signed out on all devices since they entered their password for it.
    #[error("the session of the token has ended")]
    SessionEnded,
    /// The user has sent as many requests as one minute allows.
    #[error("more than {limits}")]
    TooManyWrites {
        /// How many one minute allows.
        limits: Limits,
        /// The seconds until the next minute.
        retry_after: u32,
    },
    /// The user's account or requests could not be looked up.
    #[error("the table failed")]
    Table(#[from] TableError),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Unauthenticated(problem)
    }
}

impl Refusal {
    /// The problem document to respond with.
    pub(crate) fn to_problem(&self) -> Problem {
        match self {
            Self::Unauthenticated(problem) => problem.clone(),
            Self::AccountDeleted => Problem::unauthenticated("The account of this token was deleted."),
            Self::SessionEnded => {
                Problem::unauthenticated("The session of this token has ended on all devices; sign in again.")
            }
            Self::TooManyWrites { limits, retry_after } => Problem::too_many_requests(
                format!("A user may send {limits}; send this again in {retry_after} seconds."),
                *retry_after,
            ),
            Self::Table(_) => Problem::internal(),
        }
    }
}

impl Admission {
    /// For a route by which nothing is changed, or that a user must always be able to use. Reads the setting
    /// `TABLE_NAME`.
    ///
    /// # Errors
    /// When the setting is missing.
    pub fn uncounted(config: &SdkConfig) -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self { client: Client::new(config), table: settings.text("TABLE_NAME"), rate: None })
    }

    /// For a route by which users change something. Reads the settings `TABLE_NAME`, `WRITES_PER_MINUTE`, and
    /// `ROUTE_WRITES_PER_MINUTE` if this route may be used less often.
    ///
    /// # Errors
    /// Names the settings that are missing.
    pub fn counted(config: &SdkConfig) -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            client: Client::new(config),
            table: settings.text("TABLE_NAME"),
            rate: Some(Rate { route: settings.text("_HANDLER"), limits: limits(settings) }),
        })
    }

    /// Admits a request if the session of its token has not ended. On a route that counts, the user must also have an
    /// account, and have sent fewer requests than a minute allows.
    ///
    /// # Errors
    /// When the request must not be served, or the table fails.
    pub async fn admit(&self, caller: &Caller, now: Timestamp) -> Result<(), Refusal> {
        let account = async { Ok(tombstone::read(&self.client, &self.table, caller.subject).await?) };
        let (account, ()) = tokio::try_join!(account, self.count(caller.subject, now))?;
        if sessions::is_ended(&account, caller.authenticated_at) {
            return Err(Refusal::SessionEnded);
        }
        // What is left of a deleted account may be read: nothing after its erasure.
        if self.rate.is_some() && account.deleted_at.is_some() { Err(Refusal::AccountDeleted) } else { Ok(()) }
    }

    async fn count(&self, user: Uuid, now: Timestamp) -> Result<(), Refusal> {
        let Some(Rate { route, limits }) = &self.rate else { return Ok(()) };
        let counted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(user, now)))
            .update_expression("ADD #count :one, #route :one SET #expiresAt = :expiresAt")
            .condition_expression(
                "(attribute_not_exists(#count) OR #count < :limit) \
                 AND (attribute_not_exists(#route) OR #route < :routeLimit)",
            )
            .expression_attribute_names("#count", "count")
            .expression_attribute_names("#route", route)
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":limit", AttributeValue::N(limits.service.to_string()))
            .expression_attribute_values(":routeLimit", AttributeValue::N(limits.route.to_string()))
            .expression_attribute_values(":expiresAt", expiry(now))
            .send()
            .await;
        let Err(error) = counted else { return Ok(()) };
        if error.code() == Some("ConditionalCheckFailedException") {
            return Err(Refusal::TooManyWrites { limits: *limits, retry_after: seconds_left(now) });
        }
        Err(TableError::call(error).into())
    }
}

fn limits(settings: &mut Settings) -> Limits {
    let service = settings.number("WRITES_PER_MINUTE");
    Limits { service, route: settings.number_or("ROUTE_WRITES_PER_MINUTE", service) }
}

/// The key of the row that counts a user's requests in the minute of `now`: `pk` is `WRITES#<hash of the user>`, `sk` is
/// `MINUTE#<minutes since 1970>`. The hash keeps the row out of the user's data, which is exported.
#[must_use]
pub fn key(user: Uuid, now: Timestamp) -> HashMap<String, AttributeValue> {
    let minute = now.as_second().div_euclid(PERIOD.into());
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(format!("WRITES#{}", tombstone::hash(LABEL, user)))),
        ("sk".to_owned(), AttributeValue::S(format!("MINUTE#{minute}"))),
    ])
}

/// The seconds until the next minute, at least one.
fn seconds_left(now: Timestamp) -> u32 {
    let passed = now.as_second().rem_euclid(PERIOD.into());
    u32::try_from(passed).map_or(PERIOD, |passed| PERIOD - passed)
}

fn expiry(now: Timestamp) -> AttributeValue {
    AttributeValue::N(ttl::expires_at(now, RETENTION).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_user_and_minute_has_a_row_that_does_not_name_the_user() {
        let (ann, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (start, end, next) =
            (at("2026-11-23T02:30:00Z"), at("2026-11-23T02:30:59.999Z"), at("2026-11-23T02:31:00Z"));
        assert_eq!(key(ann, start), key(ann, end));
        assert_ne!(key(ann, end), key(ann, next));
        assert_ne!(key(ann, end), key(bob, end));
        assert!(!key(ann, start)["pk"].as_s().unwrap().contains(&ann.simple().to_string()));
    }

    #[test]
    fn a_refused_user_may_come_again_when_the_minute_is_over() {
        assert_eq!(seconds_left(at("2026-11-23T02:30:00Z")), 60);
        assert_eq!(seconds_left(at("2026-11-23T02:30:59.999Z")), 1);
        let limits = Limits { service: 600, route: 600 };
        let problem = Refusal::TooManyWrites { limits, retry_after: 7 }.to_problem();
        assert_eq!((problem.status, problem.retry_after), (http::StatusCode::TOO_MANY_REQUESTS, Some(7)));
        assert_eq!(problem.detail, "A user may send 600 changes a minute; send this again in 7 seconds.");
    }

    #[test]
    fn the_refusal_of_a_route_that_allows_less_names_both_limits() {
        let limits = Limits { service: 600, route: 30 };
        let problem = Refusal::TooManyWrites { limits, retry_after: 7 }.to_problem();
        assert!(problem.detail.contains("600 changes a minute, 30 of this kind;"), "{}", problem.detail);
    }
}
