"""Names of users that differ in capitals alone, in a pool that does not tell them apart.

Stock stores `CaseSensitive: false` and ignores it.

AWS: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cognito-userpool-usernameconfiguration.html>.
In such a pool any variation in case is the same user, who signs in with any of
them, and nobody else can sign up with one.

Patched where MiniStack looks a user up by name, `sub` or alias.
"""

from typing import Any

from ministack.services import cognito

Record = dict[str, Any]


def apply() -> None:
    """Look users up by the pool's own idea of sameness."""
    stock = cognito._resolve_user

    def resolve_user(pool: Record, username: Any) -> Any:
        found, refused = stock(pool, username)
        if found is not None or not _ignores_case(pool) or not isinstance(username, str):
            return found, refused
        for user in list(pool["_users"].values()):
            # Under the name as the user spells it, stock's own rules on aliases hold.
            own = next((name for name in _names(pool, user) if _same(name, username)), None)
            if own is not None and stock(pool, own)[0] is user:
                return user, None
        return found, refused

    cognito._resolve_user = resolve_user


def _ignores_case(pool: Record) -> bool:
    sensitive = (pool.get("UsernameConfiguration") or {}).get("CaseSensitive", True)
    # A template's value may come as text.
    return str(sensitive).lower() == "false"


def _names(pool: Record, user: Record) -> list[str]:
    attributes = {one["Name"]: one["Value"] for one in user.get("Attributes", [])}
    aliases = {*(pool.get("UsernameAttributes") or []), *(pool.get("AliasAttributes") or [])}
    return [user["Username"], *(attributes[alias] for alias in aliases & attributes.keys())]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
