"""Users who sign up at the same moment.

Stock looks a user up by walking the pool's users, and fails with an internal
error when another user signs up at the same time: a `ConfirmSignUp` may so confirm
its user and never invoke the PostConfirmation trigger.

AWS: <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html>:
the only bound on calls at the same time is their rate, answered with
`TooManyRequestsException`.

Patched by looking up in a copy, which Python makes in one step.
"""

from typing import Any

from ministack.services import cognito

Record = dict[str, Any]


def apply() -> None:
    """Look users up in a copy of the pool's users."""
    stock = cognito._resolve_user

    def resolve_user(pool: Record, username: Any) -> Any:
        return stock({**pool, "_users": dict(pool["_users"])}, username)

    cognito._resolve_user = resolve_user
