"""The time of authentication outlives a refresh.

Stock gives refreshed tokens the time of the refresh as `auth_time`, as if the
user had given their password again.
AWS: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
`auth_time` is when the user completed authentication; `iat` is when the token
was issued.
Patched: a session's refresh token carries the time, and what it is exchanged for
has it from there.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import cognito

_refreshed: ContextVar[int | None] = ContextVar("refreshed", default=None)
"""The time of authentication of the session that is being refreshed."""

_newest: dict[str, int] = {}
"""The time of authentication of the session that was opened last, by its `origin_jti`."""


def apply() -> None:
    """Write the time into every token of a session, the one to refresh it included."""
    refresh = cognito._refresh_auth_result
    sign = cognito._signed_jwt

    def refresh_with_time(pool: Any, pool_id: str, client_id: str, token: str) -> Any:
        claims = cognito._token_claims(token) or {}
        remembered = _refreshed.set(claims.get("auth_time"))
        try:
            return refresh(pool, pool_id, client_id, token)
        finally:
            _refreshed.reset(remembered)

    def sign_with_time(claims: dict[str, Any], *rest: Any) -> Any:
        return sign(_with_time(claims), *rest)

    cognito._refresh_auth_result = refresh_with_time
    cognito._signed_jwt = sign_with_time


def _with_time(claims: dict[str, Any]) -> dict[str, Any]:
    since = _refreshed.get()
    if since is not None:
        return {**claims, "auth_time": since}
    session = claims.get("origin_jti", "")
    if session not in _newest and "auth_time" in claims:
        _newest.clear()
        _newest[session] = claims["auth_time"]
    # The tokens of a session are signed one right after the other, the one to refresh it last.
    return {**claims, "auth_time": _newest[session]} if session in _newest else claims
