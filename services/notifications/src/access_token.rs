//! Verification of access tokens. API Gateway verifies the tokens of HTTP APIs, but not of WebSocket APIs.

pub(crate) mod signing_keys;

use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use uuid::Uuid;

use crate::access_token::signing_keys::{SigningKeys, SigningKeysError};
use crate::domain::live::Session;

/// Verifies the access tokens of one client of one user pool.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>
#[derive(Debug)]
pub(crate) struct AccessTokenVerifier {
    pub(crate) keys: SigningKeys,
    /// The issuer in the tokens of the user pool.
    pub(crate) issuer: String,
    /// The id of the user pool's client.
    pub(crate) client: String,
}

/// Why a token was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// Without the library's message, which may quote the token.
    #[error("the token {0}")]
    Invalid(&'static str),
    #[error("the token is not signed with a key of the user pool")]
    UnknownKey,
    #[error("the token is not an access token of the product's client")]
    WrongTokenUse,
    #[error("the expiry time of the token is out of range")]
    InvalidExpiry,
    #[error("the signing keys of the user pool are not available")]
    Keys(#[from] SigningKeysError),
}

impl From<jsonwebtoken::errors::Error> for TokenError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Invalid(match error.kind() {
            ErrorKind::ExpiredSignature => "has expired",
            ErrorKind::ImmatureSignature => "is not valid yet",
            ErrorKind::InvalidIssuer => "has another issuer",
            ErrorKind::InvalidSignature => "has an invalid signature",
            ErrorKind::InvalidAlgorithm => "is not signed with RS256",
            _ => "is not an access token",
        })
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    exp: i64,
    auth_time: Option<i64>,
    token_use: String,
    client_id: String,
}

impl AccessTokenVerifier {
    /// The session of a valid access token.
    pub(crate) async fn verify(&self, token: &str) -> Result<Session, TokenError> {
        let key_id = jsonwebtoken::decode_header(token)?.kid.ok_or(TokenError::UnknownKey)?;
        let key = self.keys.find(&key_id).await?.ok_or(TokenError::UnknownKey)?;
        self.read(token, &key)
    }

    fn read(&self, token: &str, key: &Jwk) -> Result<Session, TokenError> {
        if key.common.key_algorithm != Some(KeyAlgorithm::RS256) {
            return Err(TokenError::UnknownKey);
        }
        let claims: Claims = jsonwebtoken::decode(token, &DecodingKey::from_jwk(key)?, &self.validation())?.claims;
        if claims.token_use != "access" || claims.client_id != self.client {
            return Err(TokenError::WrongTokenUse);
        }
        let expires_at = Timestamp::from_second(claims.exp).map_err(|_| TokenError::InvalidExpiry)?;
        let authenticated_at = claims.auth_time.and_then(|at| Timestamp::from_second(at).ok());
        Ok(Session { user: claims.sub, authenticated_at, expires_at })
    }

    /// The algorithm is fixed here and never taken from the token.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.validate_nbf = true;
        validation.leeway = 0;
        // An access token of Cognito has no `aud`; its client is in `client_id`.
        validation.validate_aud = false;
        validation
    }
}
