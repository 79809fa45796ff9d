"""Who may send mail by SES."""

import pytest

from conformance.cloud import Cloud, unique
from conformance.mailbox import mails, sandbox
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/ses/latest/dg/verify-addresses-and-domains.html",
    ),
    pytest.mark.guard,
]

TEMPLATE = """
Parameters:
  Address: {Type: String}
Resources:
  Sender: {Type: AWS::SES::EmailIdentity, Properties: {EmailIdentity: !Ref Address}}
"""


def mail(sender: str, reader: str) -> dict[str, object]:
    return {
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": [reader]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Welcome"},
                "Body": {"Text": {"Data": "Hello"}, "Html": {"Data": "<p>Hello</p>"}},
            }
        },
    }


def test_the_identity_of_a_template_sends(cloud: Cloud) -> None:
    ses = cloud.client("sesv2")
    sender, reader = f"{unique('sender')}@example.com", f"{unique('reader')}@example.com"
    with stack(cloud) as it:
        it.deploy(TEMPLATE, Address=sender)
        sent = ses.send_email(**mail(f"Busline <{sender}>", reader))
        (received,) = mails(cloud, reader)
        assert received["MessageId"].startswith(sent["MessageId"].split("@")[0])
        assert received["Subject"] == "Welcome"
        assert (received["BodyText"], received["BodyHtml"]) == ("Hello", "<p>Hello</p>")


def test_an_unverified_sender_is_rejected(cloud: Cloud) -> None:
    ses = cloud.client("sesv2")
    reader = f"{unique('reader')}@example.com"
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(**mail(f"{unique('unverified')}@example.com", reader))
    assert not mails(cloud, reader)


def test_in_the_sandbox_an_unverified_recipient_is_rejected(cloud: Cloud) -> None:
    ses = cloud.client("sesv2")
    sender, reader = (f"{unique(name)}@example.com" for name in ("sender", "unverified"))
    ses.create_email_identity(EmailIdentity=sender)
    with sandbox(cloud), pytest.raises(ses.exceptions.MessageRejected):
        ses.send_email(**mail(sender, reader))
    assert ses.send_email(**mail(sender, reader))["MessageId"]
