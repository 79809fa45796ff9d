"""User pools with a public client, as the users service has one."""

from typing import Any

from conformance.browser import Browser
from conformance.cloud import Cloud, unique

PASSWORD = "Correct-Horse-7"


def address() -> str:
    """An unused email address."""
    return f"{unique('reader')}@example.com"


def create(cloud: Cloud, **client: Any) -> tuple[str, Browser]:
    """A new pool's id, and a browser of it; `client` as for CreateUserPoolClient."""
    cognito = cloud.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName=unique("conformance"),
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=["email"],
    )["UserPool"]["Id"]
    return pool, browser(cloud, pool, **client)


def browser(cloud: Cloud, pool: str, **client: Any) -> Browser:
    """A browser that knows a new client of the pool."""
    created = cloud.client("cognito-idp").create_user_pool_client(
        UserPoolId=pool, ClientName=unique("web"), **client
    )
    return Browser(cloud, pool, created["UserPoolClient"]["ClientId"])


def signed_up(cloud: Cloud, pool: str, browser: Browser) -> str:
    """The address of a new user, confirmed by an administrator."""
    email = address()
    browser.sign_up(email, PASSWORD)
    cloud.client("cognito-idp").admin_confirm_sign_up(UserPoolId=pool, Username=email)
    return email
