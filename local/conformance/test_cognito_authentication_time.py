"""`auth_time`: when the user entered the password, however old the session is."""

import base64
import json
import time
from typing import Any

import pytest

from conformance import user_pools
from conformance.cloud import Cloud
from conformance.user_pools import PASSWORD

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html",
    ),
    pytest.mark.patch("cognito_authentication_time"),
]


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def test_a_refreshed_token_keeps_the_time_of_authentication(cloud: Cloud) -> None:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}
    pool, browser = user_pools.create(
        cloud, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"], RefreshTokenRotation=rotation
    )
    email = user_pools.signed_up(cloud, pool, browser)
    tokens = browser.sign_in(email, PASSWORD)
    since = claims(tokens["AccessToken"])["auth_time"]
    # The claims count seconds: without a whole one between, no difference would show.
    while time.time() < since + 1.1:
        time.sleep(0.05)
    refreshed = tokens
    for _ in range(2):
        refreshed = browser.cognito.get_tokens_from_refresh_token(
            ClientId=browser.client_id, RefreshToken=refreshed["RefreshToken"]
        )["AuthenticationResult"]
        for name in ("AccessToken", "IdToken"):
            said = claims(refreshed[name])
            assert said["auth_time"] == since
            assert said["iat"] > since
