"""An identity that is deleted sends no more."""

import pytest

from conformance.cloud import Cloud, unique
from conformance.stacks import stack
from conformance.test_mail_identities import TEMPLATE, mail

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeleteEmailIdentity.html"
    ),
    pytest.mark.patch("ses_deleted_identities"),
]


def test_a_deleted_identity_of_a_template_sends_no_more(cloud: Cloud) -> None:
    ses = cloud.client("sesv2")
    domain = f"{unique('sender')}.example.com"
    message = mail(f"no-reply@{domain}", f"{unique('reader')}@example.com")
    with stack(cloud) as it:
        it.deploy(TEMPLATE, Address=domain)
        ses.delete_email_identity(EmailIdentity=domain)
        with pytest.raises(ses.exceptions.MessageRejected):
            ses.send_email(**message)
        ses.create_email_identity(EmailIdentity=domain)
        assert ses.send_email(**message)["MessageId"]
