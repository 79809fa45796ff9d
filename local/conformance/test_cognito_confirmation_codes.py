"""Codes that Cognito mails."""

import pytest

from conformance import user_pools
from conformance.cloud import Cloud
from conformance.mailbox import last_code
from conformance.user_pools import PASSWORD, address

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html",
    ),
    pytest.mark.patch("cognito_confirmation_codes"),
]


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_each_user_gets_a_different_code(cloud: Cloud) -> None:
    _, browser = user_pools.create(cloud)
    addresses = [address() for _ in range(4)]
    for email in addresses:
        browser.sign_up(email, PASSWORD)
    assert len({last_code(cloud, email) for email in addresses}) > 1


@pytest.mark.guard
def test_only_the_emailed_code_confirms(cloud: Cloud) -> None:
    pool, browser = user_pools.create(cloud)
    email = address()
    browser.sign_up(email, PASSWORD)
    code = last_code(cloud, email)
    for wrong in (another(code), "abc"):
        with pytest.raises(browser.cognito.exceptions.CodeMismatchException):
            browser.confirm(email, wrong)
    browser.confirm(email, code)
    user = cloud.client("cognito-idp").admin_get_user(UserPoolId=pool, Username=email)
    assert user["UserStatus"] == "CONFIRMED"


def test_the_confirmed_address_is_verified(cloud: Cloud) -> None:
    pool, browser = user_pools.create(cloud)
    email = address()
    browser.sign_up(email, PASSWORD)
    browser.confirm(email, last_code(cloud, email))
    user = cloud.client("cognito-idp").admin_get_user(UserPoolId=pool, Username=email)
    attributes = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
    assert attributes["email_verified"] == "true"


@pytest.mark.guard
def test_a_password_is_reset_only_with_the_emailed_code(cloud: Cloud) -> None:
    pool, browser = user_pools.create(cloud)
    email = user_pools.signed_up(cloud, pool, browser)
    reset = {"ClientId": browser.client_id, "Username": email}
    browser.cognito.forgot_password(**reset)
    code = last_code(cloud, email)
    new = f"{PASSWORD}-new"
    with pytest.raises(browser.cognito.exceptions.CodeMismatchException):
        browser.cognito.confirm_forgot_password(
            **reset, ConfirmationCode=another(code), Password=new
        )
    browser.cognito.confirm_forgot_password(**reset, ConfirmationCode=code, Password=new)
    assert browser.sign_in(email, new)["AccessToken"]
