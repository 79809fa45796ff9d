//! Sessions of signed-in users.

/// The tokens of a refreshed session. Without `Debug`: tokens must not reach logs.
pub(crate) struct Tokens {
    pub(crate) access_token: Option<String>,
    pub(crate) id_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_in_seconds: i32,
    pub(crate) token_type: Option<String>,
}

/// The result of refreshing a session.
pub(crate) enum RefreshOutcome {
    Refreshed(Tokens),
    /// The refresh token is not one of this pool, is expired, revoked or replaced, or its user was deleted.
    Refused,
    /// Cognito's request quota is used up.
    Throttled,
}
