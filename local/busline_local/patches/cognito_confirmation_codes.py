"""Codes that only the owner of the mailbox can know.

Stock mails the same code to everyone, 123456 to confirm a sign-up and 654321
to reset a password, and does not count the address as verified once it has
been confirmed.
AWS: https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
sends each user a random code of six digits, and confirming it verifies the
attribute that it was sent to, where the pool verifies it automatically.
Patched where the code is mailed: it is drawn there and kept with the user.
"""

import secrets
from typing import Any

from ministack.services import cognito

_RESET = "password"
"""The name under which MiniStack mails the code that resets a password."""


def apply() -> None:
    """Draw a code for each mail; verify the address that a code confirms."""
    send = cognito._send_verification_email
    confirm = cognito._confirm_sign_up

    def send_drawn_code(
        pool: dict[str, Any],
        username: str,
        attributes: dict[str, str],
        _same_for_all: str,
        attribute_name: str = "email",
    ) -> Any:
        code = f"{secrets.randbelow(1_000_000):06}"
        kept_as = "_reset_code" if attribute_name == _RESET else "_confirmation_code"
        user, _ = cognito._resolve_user(pool, username)
        user[kept_as] = code
        return send(pool, username, attributes, code, attribute_name)

    def confirm_and_verify(data: dict[str, Any]) -> Any:
        answer = confirm(data)
        if answer[0] == 200:
            _verify_address(data)
        return answer

    cognito._send_verification_email = send_drawn_code
    cognito._confirm_sign_up = confirm_and_verify


def _verify_address(data: dict[str, Any]) -> None:
    pool, _ = cognito._pool_for_client(data["ClientId"])
    if "email" not in pool.get("AutoVerifiedAttributes", []):
        return
    user, _ = cognito._resolve_user(pool, data["Username"])
    verified = {"Name": "email_verified", "Value": "true"}
    user["Attributes"] = cognito._merge_attributes(user["Attributes"], [verified])
