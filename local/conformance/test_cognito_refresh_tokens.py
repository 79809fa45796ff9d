"""Refresh tokens: rotation, grace period, and the flows that a client allows."""

import base64
import json
from typing import Any

import pytest

from conformance import user_pools
from conformance.browser import Browser
from conformance.cloud import Cloud, wait_for
from conformance.stacks import stack
from conformance.user_pools import PASSWORD

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html",
    ),
    pytest.mark.patch("cognito_refresh_tokens"),
]

SRP_ALONE = ["ALLOW_USER_SRP_AUTH"]


def rotating(seconds: int) -> dict[str, Any]:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": seconds}
    return {"ExplicitAuthFlows": SRP_ALONE, "RefreshTokenRotation": rotation}


def refresh(browser: Browser, token: str) -> dict[str, Any]:
    answer = browser.cognito.get_tokens_from_refresh_token(
        ClientId=browser.client_id, RefreshToken=token
    )
    return dict(answer["AuthenticationResult"])


def signed_in(cloud: Cloud, **client: Any) -> tuple[Browser, dict[str, Any]]:
    pool, browser = user_pools.create(cloud, **client)
    email = user_pools.signed_up(cloud, pool, browser)
    return browser, browser.sign_in(email, PASSWORD)


def test_a_refresh_rotates_the_token(cloud: Cloud) -> None:
    browser, tokens = signed_in(cloud, **rotating(60))
    second = refresh(browser, tokens["RefreshToken"])
    assert second["RefreshToken"] != tokens["RefreshToken"]
    third = refresh(browser, second["RefreshToken"])
    assert subject(third["AccessToken"]) == subject(tokens["AccessToken"])


@pytest.mark.guard
def test_a_rotated_token_works_again_within_its_grace_period(cloud: Cloud) -> None:
    browser, tokens = signed_in(cloud, **rotating(60))
    refresh(browser, tokens["RefreshToken"])
    assert refresh(browser, tokens["RefreshToken"])["AccessToken"]


def test_a_rotated_token_is_refused_after_its_grace_period(cloud: Cloud) -> None:
    browser, tokens = signed_in(cloud, **rotating(0))
    successor = refresh(browser, tokens["RefreshToken"])["RefreshToken"]

    def refused() -> bool:
        try:
            refresh(browser, tokens["RefreshToken"])
        except browser.cognito.exceptions.RefreshTokenReuseException:
            return True
        return False

    wait_for(refused, seconds=5)
    assert refresh(browser, successor)["AccessToken"]


def test_rotation_excludes_refreshing_by_initiate_auth(cloud: Cloud) -> None:
    browser, tokens = signed_in(cloud, **rotating(60))
    with pytest.raises(browser.cognito.exceptions.ClientError):
        by_initiate_auth(browser, tokens["RefreshToken"])


@pytest.mark.guard
def test_a_client_without_rotation_keeps_its_token(cloud: Cloud) -> None:
    flows = [*SRP_ALONE, "ALLOW_REFRESH_TOKEN_AUTH"]
    browser, tokens = signed_in(cloud, ExplicitAuthFlows=flows)
    for _ in range(2):
        assert "RefreshToken" not in refresh(browser, tokens["RefreshToken"])
        assert by_initiate_auth(browser, tokens["RefreshToken"])["AccessToken"]


def test_a_client_has_only_the_flows_that_it_allows(cloud: Cloud) -> None:
    browser, tokens = signed_in(cloud, ExplicitAuthFlows=SRP_ALONE)
    with pytest.raises(browser.cognito.exceptions.ClientError):
        by_initiate_auth(browser, tokens["RefreshToken"])


def by_initiate_auth(browser: Browser, token: str) -> dict[str, Any]:
    answer = browser.cognito.initiate_auth(
        ClientId=browser.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": token},
    )
    return dict(answer["AuthenticationResult"])


def subject(token: str) -> str:
    claims = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(f"{claims}=="))["sub"])


TEMPLATE = """
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Pool
      ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH]
"""
ROTATION = """
      RefreshTokenRotation: {Feature: ENABLED, RetryGracePeriodSeconds: 30}
"""


def test_a_template_sets_the_rotation_of_its_client(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(TEMPLATE + ROTATION)
        assert rotation_of(cloud, it.physical_id("Pool"), it.physical_id("Client")) == {
            "Feature": "ENABLED",
            "RetryGracePeriodSeconds": 30,
        }
        it.deploy(TEMPLATE)
        rotation = rotation_of(cloud, it.physical_id("Pool"), it.physical_id("Client"))
        assert rotation["Feature"] == "DISABLED"


def rotation_of(cloud: Cloud, pool: str, client: str) -> dict[str, Any]:
    described = cloud.client("cognito-idp").describe_user_pool_client(
        UserPoolId=pool, ClientId=client
    )
    return dict(described["UserPoolClient"]["RefreshTokenRotation"])
