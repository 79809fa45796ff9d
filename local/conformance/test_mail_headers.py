"""Headers of a mail."""

import pytest

from conformance.cloud import Cloud, unique
from conformance.mailbox import mails
from conformance.test_mail_identities import mail

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageHeader.html"
    ),
    pytest.mark.patch("mail_headers"),
]

UNSUBSCRIBE = [
    {"Name": "List-Unsubscribe", "Value": "<https://example.com/unsubscribe?token=1>"},
    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
]


def given(headers: list[dict[str, str]], sender: str, reader: str) -> dict[str, object]:
    content: dict[str, dict[str, object]] = mail(sender, reader)["Content"]  # type: ignore[assignment]
    simple = {**content["Simple"], "Headers": headers}
    return {**mail(sender, reader), "Content": {"Simple": simple}}


@pytest.fixture
def sender(cloud: Cloud) -> str:
    address = f"{unique('sender')}@example.com"
    cloud.client("sesv2").create_email_identity(EmailIdentity=address)
    return address


def test_an_email_has_the_given_headers(cloud: Cloud, sender: str) -> None:
    reader = f"{unique('reader')}@example.com"
    cloud.client("sesv2").send_email(**given(UNSUBSCRIBE, sender, reader))
    (received,) = mails(cloud, reader)
    assert received["Headers"] == UNSUBSCRIBE


def test_an_invalid_header_is_refused(cloud: Cloud, sender: str) -> None:
    ses = cloud.client("sesv2")
    reader = f"{unique('reader')}@example.com"
    for name, value in [
        ("X Y", "1"),
        ("X:Y", "1"),
        ("X", "1\r\nBcc: other@example.com"),
        ("X", ""),
    ]:
        with pytest.raises(ses.exceptions.ClientError):
            ses.send_email(**given([{"Name": name, "Value": value}], sender, reader))
    with pytest.raises(ses.exceptions.ClientError):
        ses.send_email(
            **given([{"Name": f"X-{n}", "Value": "1"} for n in range(16)], sender, reader)
        )
    assert not mails(cloud, reader)
