"""Attributes that users may write by themselves.

Stock lets users write any attribute at sign-up and later, even `sub`, which
their next token then carries.

AWS: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>.
A client writes its `WriteAttributes` alone; one that names none writes all
attributes of the pool but `sub` and those that say what is verified. An
attribute that cannot be changed has the value of the sign-up for ever.

Patched before MiniStack's own calls.
"""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cognito

_NEVER = ("sub", "email_verified", "phone_number_verified")
"""What no client may write; see the page above, on permissions and on `sub`."""

Record = dict[str, Any]


def apply() -> None:
    """Ask the client and the pool before anything is written."""
    sign_up = cognito._sign_up
    update = cognito._update_user_attributes
    admin_update = cognito._admin_update_user_attributes

    def sign_up_with_writable(data: Record) -> Any:
        pool, _ = cognito._pool_for_client(data.get("ClientId"))
        return _refusal(pool, data.get("ClientId"), data) or sign_up(data)

    def update_writable(data: Record) -> Any:
        user, pool = cognito._user_pool_for_access_token(data.get("AccessToken", ""))
        if user is None:
            return update(data)
        client = cognito._token_claims(data["AccessToken"])["client_id"]
        return _refusal(pool, client, data) or _fixed(pool, data) or update(data)

    def admin_update_mutable(data: Record) -> Any:
        pool, _ = cognito._resolve_pool(data.get("UserPoolId"))
        return _fixed(pool, data) or admin_update(data)

    cognito._sign_up = sign_up_with_writable
    cognito._update_user_attributes = update_writable
    cognito._admin_update_user_attributes = admin_update_mutable


def _refusal(pool: Record | None, client_id: Any, data: Record) -> Any:
    """The error of a client that writes what it may not; None when it writes nothing such."""
    client = pool["_clients"].get(client_id) if pool else None
    if pool is None or client is None or _names(data) <= _writable(pool, client):
        return None
    return error_response_json(
        "NotAuthorizedException", "A client attempted to write unauthorized attribute", 400
    )


def _writable(pool: Record, client: Record) -> set[str]:
    given = client.get("WriteAttributes") or [one["Name"] for one in _schema(pool)]
    return set(given).difference(_NEVER)


def _fixed(pool: Record | None, data: Record) -> Any:
    """The error of a change to what cannot change; None when there is no such change."""
    mutable = {one["Name"] for one in _schema(pool) if one["Mutable"]} if pool else _names(data)
    fixed = sorted(_names(data) - mutable)
    if not fixed:
        return None
    return error_response_json(
        "InvalidParameterException", f"user.{fixed[0]}: Attribute cannot be updated.\n", 400
    )


def _schema(pool: Record) -> list[Record]:
    attributes: list[Record] = cognito._ensure_schema_attributes(pool)["SchemaAttributes"]
    return attributes


def _names(data: Record) -> set[str]:
    return {one["Name"] for one in data.get("UserAttributes") or []}
