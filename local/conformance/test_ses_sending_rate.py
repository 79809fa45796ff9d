"""How many emails an account may send in a second."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.cloud import Client, Cloud, unique, wait_for
from conformance.mailbox import mails, sandbox
from conformance.test_mail_identities import mail

pytestmark = [
    pytest.mark.aws("https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html"),
    pytest.mark.patch("ses_sending_rate"),
]


def is_sent(ses: Client, sender: str, reader: str) -> bool:
    try:
        ses.send_email(**mail(sender, reader))
    except ses.exceptions.TooManyRequestsException as error:
        assert "Maximum sending rate exceeded" in str(error)  # noqa: PT017
        return False
    return True


def test_what_exceeds_the_rate_is_throttled_and_sent_later(cloud: Cloud) -> None:
    ses = cloud.client("sesv2")
    sender, reader = (f"{unique(name)}@example.com" for name in ("sender", "reader"))
    for address in (sender, reader):
        ses.create_email_identity(EmailIdentity=address)
    with sandbox(cloud):
        quota = ses.get_account()["SendQuota"]
        assert (quota["MaxSendRate"], quota["Max24HourSend"]) == (1, 200)
        with ThreadPoolExecutor() as pool:
            sent = list(pool.map(lambda _: is_sent(ses, sender, reader), range(20)))
        assert not all(sent)
        wait_for(lambda: is_sent(ses, sender, reader), what="an email within the rate")
        assert len(mails(cloud, reader)) == sum(sent) + 1
    assert ses.get_account()["SendQuota"]["MaxSendRate"] > 1
