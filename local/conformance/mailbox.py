"""The emails that the local cloud sent, which are not delivered."""

import contextlib
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.cloud import Cloud, on_aws


def mails(cloud: Cloud, address: str) -> list[dict[str, Any]]:
    """What was sent to `address`, oldest first; skips the test where the mail cannot be read."""
    if cloud.endpoint is None:
        pytest.skip("only the local cloud shows what it mailed")
    with urllib.request.urlopen(f"{cloud.endpoint}/_ministack/ses/messages") as answer:  # noqa: S310
        accounts = json.load(answer)["messages"]
    return [mail for sent in accounts.values() for mail in sent if address in mail["To"]]


def last_code(cloud: Cloud, address: str) -> str:
    """The code in the last mail to `address`."""
    codes = re.findall(r"\b\d{6}\b", mails(cloud, address)[-1]["BodyText"])
    assert len(codes) == 1
    return str(codes[0])


@contextlib.contextmanager
def sandbox(cloud: Cloud) -> Iterator[None]:
    """The account may send to verified addresses alone, and few emails."""
    if on_aws():
        pytest.skip("no account returns to the sandbox")
    _put_access(cloud, granted=False)
    # One email a second: another test's was before.
    time.sleep(1)
    try:
        yield
    finally:
        _put_access(cloud, granted=True)


def _put_access(cloud: Cloud, *, granted: bool) -> None:
    cloud.client("sesv2").put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://example.com", ProductionAccessEnabled=granted
    )
