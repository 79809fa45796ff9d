"""What a permission to publish or to send can be conditioned on."""

import functools
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from conformance.cloud import REGION, Client, Cloud, unique
from conformance.identities import account_id, clients_of_role
from conformance.mailbox import sandbox

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html",
    ),
    pytest.mark.patch("iam_condition_keys"),
]


def denied(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied")
    return False


def entry(bus: str, source: str, detail_type: str = "Happened.v1") -> dict[str, str]:
    return {"Source": source, "DetailType": detail_type, "Detail": "{}", "EventBusName": bus}


@pytest.fixture
def bus(cloud: Cloud) -> str:
    name = unique("bus")
    cloud.client("events").create_event_bus(Name=name)
    return name


def publisher(cloud: Cloud, bus: str, condition: dict[str, object]) -> Client:
    return clients_of_role(
        cloud,
        {
            "Effect": "Allow",
            "Action": "events:PutEvents",
            "Resource": f"arn:aws:events:{REGION}:{account_id(cloud)}:event-bus/{bus}",
            "Condition": condition,
        },
    )("events")


def test_a_publisher_may_publish_only_under_its_own_source(cloud: Cloud, bus: str) -> None:
    events = publisher(cloud, bus, {"StringEquals": {"events:source": "busline.orders"}})
    answer = events.put_events(Entries=[entry(bus, "busline.orders")])
    assert answer["FailedEntryCount"] == 0
    assert denied(lambda: events.put_events(Entries=[entry(bus, "busline.billing")]))


def test_one_foreign_entry_among_own_ones_denies_the_call(cloud: Cloud, bus: str) -> None:
    events = publisher(cloud, bus, {"StringEquals": {"events:source": "busline.orders"}})
    entries = [entry(bus, "busline.orders"), entry(bus, "busline.billing")]
    assert events.put_events(Entries=entries[:1])["FailedEntryCount"] == 0
    assert denied(lambda: events.put_events(Entries=entries))
    assert denied(lambda: events.put_events(Entries=entries[::-1]))


def test_a_publisher_may_be_bound_to_detail_types(cloud: Cloud, bus: str) -> None:
    allowed = ["TodoCreated.v1", "TodoDeleted.v1"]
    events = publisher(cloud, bus, {"ForAllValues:StringEquals": {"events:detail-type": allowed}})
    entries = [entry(bus, "busline.orders", detail_type) for detail_type in allowed]
    assert events.put_events(Entries=entries)["FailedEntryCount"] == 0
    stray = entry(bus, "busline.orders", "OrderStolen.v1")
    assert denied(lambda: events.put_events(Entries=[*entries, stray]))


def test_the_source_is_checked_for_a_bus_named_by_its_arn(cloud: Cloud, bus: str) -> None:
    events = publisher(cloud, bus, {"StringEquals": {"events:source": "busline.orders"}})
    arn = f"arn:aws:events:{REGION}:{account_id(cloud)}:event-bus/{bus}"
    answer = events.put_events(Entries=[entry(arn, "busline.orders")])
    assert answer["FailedEntryCount"] == 0
    assert denied(lambda: events.put_events(Entries=[entry(arn, "busline.billing")]))


def mail(sender: str, reader: str = "reader@example.com") -> dict[str, object]:
    return {
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": [reader]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    }


def test_a_sender_may_send_only_from_its_own_identity_and_address(cloud: Cloud) -> None:
    ses = cloud.client("sesv2")
    own, other = f"{unique('own')}@example.com", f"{unique('other')}@example.com"
    for address in (own, other):
        ses.create_email_identity(EmailIdentity=address)
    identities = f"arn:aws:ses:{REGION}:{account_id(cloud)}:identity"
    by_identity = {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": f"{identities}/{own}",
    }
    by_address = {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": f"{identities}/*",
        "Condition": {"StringEquals": {"ses:FromAddress": own}},
    }
    for statement in (by_identity, by_address):
        send = clients_of_role(cloud, statement)("sesv2").send_email
        assert send(**mail(own))["MessageId"]
        assert send(**mail(f"Busline <{own}>"))["MessageId"]
        assert denied(functools.partial(send, **mail(other)))


def test_in_the_sandbox_a_sender_needs_the_identity_of_the_recipient(cloud: Cloud) -> None:
    ses = cloud.client("sesv2")
    sender, other, reader = (f"{unique(name)}@example.com" for name in ("sender", "other", "to"))
    for address in (sender, other, reader):
        ses.create_email_identity(EmailIdentity=address)
    identities = f"arn:aws:ses:{REGION}:{account_id(cloud)}:identity"
    allow = {"Effect": "Allow", "Action": "ses:SendEmail"}
    own = {"Condition": {"StringEquals": {"ses:FromAddress": sender}}}
    with sandbox(cloud):
        one = clients_of_role(cloud, {**allow, **own, "Resource": f"{identities}/{sender}"})(
            "sesv2"
        )
        assert denied(lambda: one.send_email(**mail(sender, reader)))
        each = clients_of_role(cloud, {**allow, **own, "Resource": f"{identities}/*"})("sesv2")
        assert each.send_email(**mail(sender, reader))["MessageId"]
        assert denied(lambda: each.send_email(**mail(other, reader)))


def test_a_sender_needs_the_configuration_set_of_the_email(cloud: Cloud) -> None:
    ses, sender, name = cloud.client("sesv2"), f"{unique('sender')}@example.com", unique("set")
    ses.create_email_identity(EmailIdentity=sender)
    ses.create_configuration_set(ConfigurationSetName=name)
    prefix = f"arn:aws:ses:{REGION}:{account_id(cloud)}"
    allow = {"Effect": "Allow", "Action": "ses:SendEmail"}
    resources = [f"{prefix}:identity/{sender}", f"{prefix}:configuration-set/{name}"]
    one = clients_of_role(cloud, {**allow, "Resource": resources[:1]})("sesv2")
    assert denied(lambda: one.send_email(**mail(sender), ConfigurationSetName=name))
    both = clients_of_role(cloud, {**allow, "Resource": resources})("sesv2")
    assert both.send_email(**mail(sender), ConfigurationSetName=name)["MessageId"]
