"""Users who sign up at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance import user_pools
from conformance.cloud import Cloud
from conformance.user_pools import PASSWORD, address

pytestmark = [
    pytest.mark.aws("https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html"),
    pytest.mark.patch("cognito_concurrent_sign_ups"),
]

SIGN_UPS = 700

# Users with much to tell: it is while the server reads through them that somebody else comes.
DETAILS = [
    {"Name": name, "Value": "x"}
    for name in (
        *("name", "given_name", "middle_name", "family_name", "nickname"),
        *("picture", "profile", "website", "zoneinfo", "locale"),
    )
]


def test_everybody_is_found_while_others_sign_up(cloud: Cloud) -> None:
    pool, browser = user_pools.create(cloud, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    cognito = cloud.client("cognito-idp")

    def sign_up(_: int) -> str:
        email = address()
        browser.cognito.sign_up(
            ClientId=browser.client_id,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": email}, *DETAILS],
        )
        for _ in range(3):
            with pytest.raises(cognito.exceptions.UserNotFoundException):
                cognito.admin_get_user(UserPoolId=pool, Username="nobody")
        return str(cognito.admin_get_user(UserPoolId=pool, Username=email)["UserStatus"])

    with ThreadPoolExecutor(12) as people:
        found = list(people.map(sign_up, range(SIGN_UPS)))
    assert found == ["UNCONFIRMED"] * SIGN_UPS
