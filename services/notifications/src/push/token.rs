//! Access tokens. API Gateway verifies those of HTTP APIs itself, and none of WebSockets.

use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use uuid::Uuid;

use crate::push::keys::{Keys, KeysError};

/// Verifies the access tokens of one client of one user pool.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) keys: Keys,
    /// The pool, as its tokens name it.
    pub(crate) issuer: String,
    /// The client that the tokens were given to.
    pub(crate) client: String,
}

/// Who signed in, and until when that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) user: Uuid,
    pub(crate) expires_at: Timestamp,
}

/// Why a token is not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// Without the library's words, which may quote what the token says.
    #[error("the token {0}")]
    Invalid(&'static str),
    #[error("the token names no key of the user pool")]
    UnknownKey,
    #[error("the token is no access token of the product's client")]
    OtherUse,
    #[error("the token's end is no time")]
    NoEnd,
    #[error("the user pool's keys are not known")]
    NoKeys(#[from] KeysError),
}

impl From<jsonwebtoken::errors::Error> for TokenError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Invalid(match error.kind() {
            ErrorKind::ExpiredSignature => "has expired",
            ErrorKind::ImmatureSignature => "does not hold yet",
            ErrorKind::InvalidIssuer => "is of another issuer",
            ErrorKind::InvalidSignature => "has a signature that is not the user pool's",
            ErrorKind::InvalidAlgorithm => "is not signed with RS256",
            _ => "is no access token",
        })
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    exp: i64,
    token_use: String,
    client_id: String,
}

impl Verifier {
    /// The session of an access token.
    pub(crate) async fn verify(&self, token: &str) -> Result<Session, TokenError> {
        let named = jsonwebtoken::decode_header(token)?.kid.ok_or(TokenError::UnknownKey)?;
        let key = self.keys.find(&named).await?.ok_or(TokenError::UnknownKey)?;
        self.read(token, &key)
    }

    fn read(&self, token: &str, key: &Jwk) -> Result<Session, TokenError> {
        if key.common.key_algorithm != Some(KeyAlgorithm::RS256) {
            return Err(TokenError::UnknownKey);
        }
        let claims: Claims = jsonwebtoken::decode(token, &DecodingKey::from_jwk(key)?, &self.rules())?.claims;
        if claims.token_use != "access" || claims.client_id != self.client {
            return Err(TokenError::OtherUse);
        }
        let expires_at = Timestamp::from_second(claims.exp).map_err(|_| TokenError::NoEnd)?;
        Ok(Session { user: claims.sub, expires_at })
    }

    /// The algorithm is ours to choose, never the token's.
    fn rules(&self) -> Validation {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_required_spec_claims(&["exp", "iss", "sub"]);
        rules.set_issuer(&[&self.issuer]);
        rules.validate_nbf = true;
        rules.leeway = 0;
        // An access token of Cognito has no `aud`; its client is in `client_id`.
        rules.validate_aud = false;
        rules
    }
}
