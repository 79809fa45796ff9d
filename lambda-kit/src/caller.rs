//! The caller of a route, from the access token's claims that the API's authorizer has verified.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::problem::Problem;

/// The user who signed in to get the request's access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user pool's `sub`, the only key to a user's data.
    pub subject: Uuid,
    /// The user pool's user name, for calls to the pool.
    pub username: String,
    /// When the user last entered their password; refreshed tokens keep this time. `None` if the token has no `auth_time`.
    ///
    /// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
    pub authenticated_at: Option<Timestamp>,
    groups: Vec<String>,
}

impl Caller {
    /// Reads the caller from verified claims.
    ///
    /// # Errors
    /// 401 when the token is not an access token, or has no valid subject.
    pub fn from_claims(claims: &HashMap<String, String>) -> Result<Self, Problem> {
        let claim = |name: &str| claims.get(name).map_or("", String::as_str);
        if claim("token_use") != "access" {
            return Err(Problem::unauthenticated("Send the access token; this is a token of another use."));
        }
        let Ok(subject) = Uuid::parse_str(claim("sub")) else {
            return Err(Problem::unauthenticated("The token names no subject."));
        };
        Ok(Self {
            subject,
            username: claim("username").to_owned(),
            authenticated_at: claim("auth_time").parse().ok().and_then(|at| Timestamp::from_second(at).ok()),
            groups: groups(claim("cognito:groups")),
        })
    }

    /// Whether the caller is a member of the user pool's group `group`.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|name| name == group)
    }
}

/// Parses a list claim, which HTTP APIs pass as a text such as `[admin staff]`. Names of groups have no white space.
fn groups(claim: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str(claim) {
        return list;
    }
    let inner = claim.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(claim);
    inner.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const SUB: &str = "0198c0de-0000-7000-8000-000000000001";

    #[test]
    fn an_access_token_identifies_its_caller() {
        let pairs =
            [("token_use", "access"), ("sub", SUB), ("auth_time", "1795246462"), ("cognito:groups", "[admin staff]")];
        let caller = Caller::from_claims(&claims(&pairs)).unwrap();
        assert_eq!(caller.subject.to_string(), SUB);
        assert_eq!(caller.authenticated_at, Timestamp::from_second(1_795_246_462).ok());
        assert!(caller.is_in("admin") && caller.is_in("staff") && !caller.is_in("adm"));
    }

    #[test]
    fn other_tokens_are_refused() {
        for pairs in [
            &[("token_use", "id"), ("sub", SUB)][..],
            &[("sub", SUB)],
            &[("token_use", "access")],
            &[("token_use", "access"), ("sub", "admin")],
        ] {
            let problem = Caller::from_claims(&claims(pairs)).unwrap_err();
            assert_eq!(problem.status, http::StatusCode::UNAUTHORIZED);
        }
    }
}
