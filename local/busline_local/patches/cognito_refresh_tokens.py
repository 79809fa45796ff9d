"""Refresh token rotation, and the end of a refresh token.

Stock drops `RefreshTokenRotation`, so a refresh token can be used for ever,
by whoever has it; it accepts an expired one, and lets a client use flows that
it does not allow.
AWS: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
With rotation, GetTokensFromRefreshToken answers with a new refresh token that
expires when the old one would have; the old one works for
`RetryGracePeriodSeconds` more (0 if unset), then fails with
RefreshTokenReuseException; and REFRESH_TOKEN_AUTH is refused.
Patched over MiniStack's own calls; when which token was rotated is kept with
the user until the token would have expired.
"""

import json
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import cognito
from ministack.services.cloudformation import provisioners

_DISABLED = {"Feature": "DISABLED"}
_REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
_ROTATED = "_rotated_refresh_tokens"

Json = dict[str, Any]


def apply() -> None:
    """Keep the setting, rotate by it, and refuse what it excludes."""
    _keep_rotation_of_clients()
    _refuse_flows_that_the_client_lacks()
    _refuse_expired_tokens()
    _rotate()


def _keep_rotation_of_clients() -> None:
    provisioners._COGNITO_USER_POOL_CLIENT_UPDATABLE["RefreshTokenRotation"] = _DISABLED
    for name in ("_create_user_pool_client", "_update_user_pool_client"):
        setattr(cognito, name, _keeping_rotation(getattr(cognito, name)))


def _keeping_rotation(stock: Any) -> Any:
    def put(data: Json) -> Any:
        status, headers, body = stock(data)
        if status != 200 or "RefreshTokenRotation" not in data:
            return status, headers, body
        answer = json.loads(body)["UserPoolClient"]
        client = cognito._user_pools[data["UserPoolId"]]["_clients"][answer["ClientId"]]
        client["RefreshTokenRotation"] = data["RefreshTokenRotation"]
        return json_response(
            {"UserPoolClient": {key: value for key, value in client.items() if value is not None}}
        )

    return put


def _refuse_flows_that_the_client_lacks() -> None:
    cognito._PASSWORD_AUTH_FLOWS["USER_SRP_AUTH"] = (
        {"ALLOW_USER_SRP_AUTH"},
        "USER_SRP_AUTH is not enabled for the client.",
    )
    for flow in _REFRESH_FLOWS:
        cognito._PASSWORD_AUTH_FLOWS[flow] = (
            {"ALLOW_REFRESH_TOKEN_AUTH"},
            f"{flow} is not enabled for the client.",
        )
    flow_error = cognito._auth_flow_error

    def rotation_or_flow_error(action: str, data: Json) -> Any:
        if data.get("AuthFlow") in _REFRESH_FLOWS and _grace_seconds(data) is not None:
            return error_response_json(
                "InvalidParameterException",
                "The client rotates refresh tokens: call GetTokensFromRefreshToken "
                f"in place of {data['AuthFlow']}.",
                400,
            )
        return flow_error(action, data)

    cognito._auth_flow_error = rotation_or_flow_error


def _refuse_expired_tokens() -> None:
    owner_of = cognito._refresh_auth_user

    def owner_of_live(pool: Json, pool_id: str, client_id: str, token: str) -> Any:
        user, error = owner_of(pool, pool_id, client_id, token)
        if error is None and cognito._token_claims(token)["exp"] <= time.time():
            return None, error_response_json(
                "NotAuthorizedException", "Refresh Token has expired", 400
            )
        return user, error

    cognito._refresh_auth_user = owner_of_live


def _rotate() -> None:
    get_tokens = cognito._get_tokens_from_refresh_token

    def get_tokens_and_rotate(data: Json) -> Any:
        grace_seconds = _grace_seconds(data)
        if grace_seconds is None:
            return get_tokens(data)
        token = data.get("RefreshToken", "")
        pool, pool_id = cognito._pool_for_client(data["ClientId"])
        user, error = cognito._refresh_auth_user(pool, pool_id, data["ClientId"], token)
        if error is not None:
            return error
        claims = cognito._token_claims(token)
        rotated = _rotated_tokens(user)
        since = rotated.get(claims["jti"], {}).get("at")
        if since is not None and time.time() > since + grace_seconds:
            return error_response_json(
                "RefreshTokenReuseException", "Refresh token has been invalidated by rotation.", 400
            )
        status, headers, body = get_tokens(data)
        if status != 200:
            return status, headers, body
        if since is None:
            rotated[claims["jti"]] = {"at": time.time(), "expires": claims["exp"]}
        answer = json.loads(body)
        answer["AuthenticationResult"]["RefreshToken"] = _successor(claims, pool_id)
        return json_response(answer)

    cognito._get_tokens_from_refresh_token = get_tokens_and_rotate


def _grace_seconds(data: Json) -> int | None:
    """How long the request's client honours a rotated token; None where it does not rotate."""
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    client = pool["_clients"][data["ClientId"]] if pool else {}
    rotation = client.get("RefreshTokenRotation", _DISABLED)
    return int(rotation.get("RetryGracePeriodSeconds", 0)) if rotation != _DISABLED else None


def _rotated_tokens(user: Json) -> Json:
    """The user's rotated tokens by their ids; those that have expired are forgotten."""
    now = time.time()
    kept = {jti: one for jti, one in user.get(_ROTATED, {}).items() if one["expires"] > now}
    user[_ROTATED] = kept
    return kept


def _successor(claims: Json, pool_id: str) -> str:
    """The next refresh token of the session: as the last one, under a new id."""
    token: str = cognito._signed_jwt({**claims, "jti": new_uuid()}, pool_id, "access")
    return token
