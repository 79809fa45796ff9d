"""User pools that do not tell users apart by capitals."""

import pytest

from conformance import user_pools
from conformance.browser import Browser
from conformance.cloud import Cloud
from conformance.stacks import stack
from conformance.user_pools import PASSWORD, address

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cognito-userpool-usernameconfiguration.html"
    ),
    pytest.mark.patch("cognito_case_sensitivity"),
]

TEMPLATE = """
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      UsernameAttributes: [email]
      UsernameConfiguration: {CaseSensitive: SENSITIVE}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Pool, ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH]}
"""


def test_user_names_are_case_insensitive(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(TEMPLATE.replace("SENSITIVE", "false"))
        pool = it.physical_id("Pool")
        browser = Browser(cloud, pool, it.physical_id("Client"))
        email = user_pools.signed_up(cloud, pool, browser)
        assert browser.sign_in(email.upper(), PASSWORD)["AccessToken"]
        with pytest.raises(browser.cognito.exceptions.UsernameExistsException):
            browser.sign_up(email.capitalize(), PASSWORD)


@pytest.mark.guard
def test_a_case_sensitive_pool_has_two_users(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(TEMPLATE.replace("SENSITIVE", "true"))
        pool = it.physical_id("Pool")
        browser = Browser(cloud, pool, it.physical_id("Client"))
        email = user_pools.signed_up(cloud, pool, browser)
        browser.sign_up(email.capitalize(), PASSWORD)
        with pytest.raises(browser.cognito.exceptions.ClientError):
            browser.sign_in(email.upper(), PASSWORD)


@pytest.mark.guard
def test_another_address_is_another_user(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(TEMPLATE.replace("SENSITIVE", "false"))
        pool = it.physical_id("Pool")
        browser = Browser(cloud, pool, it.physical_id("Client"))
        user_pools.signed_up(cloud, pool, browser)
        with pytest.raises(browser.cognito.exceptions.ClientError):
            browser.sign_in(address(), PASSWORD)
