"""Users who sign up at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance import user_pools
from conformance.cloud import Cloud, unique
from conformance.user_pools import PASSWORD, address

pytestmark = [
    pytest.mark.aws("https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html"),
    pytest.mark.patch("cognito_concurrent_sign_ups"),
]

SIGN_UPS = 500
LOOK_UPS = 12

# Users with many attributes: others sign up while the server searches them.
DETAILS = [f"detail{number}" for number in range(48)]


def test_an_account_is_found_while_others_sign_up(cloud: Cloud) -> None:
    cognito = cloud.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName=unique("conformance"),
        UsernameAttributes=["email"],
        Schema=[{"Name": name, "AttributeDataType": "String", "Mutable": True} for name in DETAILS],
    )["UserPool"]["Id"]
    browser = user_pools.browser(cloud, pool, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    details = [{"Name": f"custom:{name}", "Value": "x"} for name in DETAILS]

    def sign_up(_: int) -> str:
        email = address()
        browser.cognito.sign_up(
            ClientId=browser.client_id,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": email}, *details],
        )
        for _ in range(LOOK_UPS):
            with pytest.raises(cognito.exceptions.UserNotFoundException):
                cognito.admin_get_user(UserPoolId=pool, Username="nobody")
        return str(cognito.admin_get_user(UserPoolId=pool, Username=email)["UserStatus"])

    with ThreadPoolExecutor(12) as people:
        found = list(people.map(sign_up, range(SIGN_UPS)))
    assert found == ["UNCONFIRMED"] * SIGN_UPS
