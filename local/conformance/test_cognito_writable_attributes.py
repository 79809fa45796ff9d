"""What users may write about themselves."""

import base64
import json
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conformance import user_pools
from conformance.browser import Browser
from conformance.cloud import Cloud, unique
from conformance.user_pools import PASSWORD, address

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html",
        "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html",
    ),
    pytest.mark.patch("cognito_writable_attributes"),
]

SUBJECT = "00000000-0000-4000-8000-000000000000"


def attributes(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def signed_in(cloud: Cloud, pool: str, browser: Browser) -> str:
    email = user_pools.signed_up(cloud, pool, browser)
    return str(browser.sign_in(email, PASSWORD)["AccessToken"])


def update(browser: Browser, token: str, **values: str) -> None:
    browser.cognito.update_user_attributes(AccessToken=token, UserAttributes=attributes(**values))


def sign_up(browser: Browser, **values: str) -> None:
    email = address()
    browser.cognito.sign_up(
        ClientId=browser.client_id,
        Username=email,
        Password=PASSWORD,
        UserAttributes=attributes(email=email, **values),
    )


def about(browser: Browser, token: str) -> dict[str, str]:
    known = browser.cognito.get_user(AccessToken=token)["UserAttributes"]
    return {one["Name"]: one["Value"] for one in known}


def refused(browser: Browser) -> AbstractContextManager[object]:
    error = browser.cognito.exceptions.NotAuthorizedException
    return pytest.raises(error, match="unauthorized attribute")


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


@pytest.mark.parametrize("name", ["sub", "email_verified", "cognito:groups", "custom:unknown"])
def test_an_unwritable_attribute_is_refused(cloud: Cloud, name: str) -> None:
    pool, browser = user_pools.create(cloud)
    token = signed_in(cloud, pool, browser)
    with refused(browser):
        update(browser, token, **{name: SUBJECT})
    with refused(browser):
        sign_up(browser, **{name: SUBJECT})
    assert about(browser, token).get(name) != SUBJECT
    assert claims(token)["sub"] == about(browser, token)["sub"]


def test_a_client_writes_only_its_own_attributes(cloud: Cloud) -> None:
    pool, browser = user_pools.create(cloud, WriteAttributes=["email", "name"])
    token = signed_in(cloud, pool, browser)
    update(browser, token, name="Ann")
    sign_up(browser, name="Ann")
    with refused(browser):
        sign_up(browser, nickname="Ann")
    # One that it may write beside it does not help.
    with refused(browser):
        update(browser, token, name="Bob", nickname="Bob")
    assert about(browser, token)["name"] == "Ann"


@pytest.mark.guard
def test_a_client_without_a_list_writes_the_standard_attributes(cloud: Cloud) -> None:
    pool, browser = user_pools.create(cloud)
    token = signed_in(cloud, pool, browser)
    update(browser, token, name="Ann", locale="de-CH")
    sign_up(browser, name="Ann", zoneinfo="Europe/Zurich")
    assert about(browser, token)["locale"] == "de-CH"


def test_an_immutable_attribute_does_not_change(cloud: Cloud) -> None:
    cognito = cloud.client("cognito-idp")
    badge = {"Name": "badge", "AttributeDataType": "String", "Mutable": False}
    pool = cognito.create_user_pool(
        PoolName=unique("conformance"), UsernameAttributes=["email"], Schema=[badge]
    )["UserPool"]["Id"]
    browser = user_pools.browser(cloud, pool)
    token = signed_in(cloud, pool, browser)
    user = about(browser, token)["sub"]
    with pytest.raises(browser.cognito.exceptions.InvalidParameterException):
        update(browser, token, **{"custom:badge": "1"})
    for name in ("custom:badge", "sub"):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            cognito.admin_update_user_attributes(
                UserPoolId=pool, Username=user, UserAttributes=attributes(**{name: SUBJECT})
            )
    assert about(browser, token)["sub"] == user
