"""PutEvents: errors by entry, and limits."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from conformance import queues
from conformance.cloud import Client, Cloud, unique
from conformance.queues import Queue

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html",
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html",
    ),
    pytest.mark.patch("put_events"),
]


@pytest.fixture(scope="module")
def bus(cloud: Cloud) -> str:
    name = unique("bus")
    cloud.client("events").create_event_bus(Name=name)
    return name


@pytest.fixture
def delivered(cloud: Cloud, bus: str) -> Queue:
    """A queue that gets every event of the bus from now on."""
    events, queue = cloud.client("events"), queues.create(cloud)
    rule = unique("rule")
    arn = events.put_rule(
        Name=rule, EventBusName=bus, EventPattern=json.dumps({"source": [{"prefix": ""}]})
    )["RuleArn"]
    queue.admit("events.amazonaws.com", arn)
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "1", "Arn": queue.arn}])
    return queue


def entry(bus: str, **fields: Any) -> dict[str, Any]:
    good = {
        "Source": "busline.conformance",
        "DetailType": "Tested.v1",
        "Detail": '{"mark": 1}',
        "EventBusName": bus,
    }
    return {name: value for name, value in (good | fields).items() if value is not None}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"Source": None}, "InvalidArgument"),
        ({"DetailType": None}, "InvalidArgument"),
        ({"Detail": None}, "InvalidArgument"),
        ({"DetailType": "x" * 129}, "InvalidArgument"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Detail": '"text"'}, "MalformedDetail"),
        pytest.param(
            {"Source": "aws.conformance"},
            "NotAuthorizedForSourceException",
            marks=pytest.mark.guard,
        ),
    ],
)
def test_an_invalid_entry_is_refused_and_the_others_pass(
    cloud: Cloud, bus: str, delivered: Queue, fault: dict[str, Any], code: str
) -> None:
    answer = cloud.client("events").put_events(
        Entries=[entry(bus), entry(bus, **fault), entry(bus)]
    )
    assert answer["FailedEntryCount"] == 1
    assert [result.get("ErrorCode") for result in answer["Entries"]] == [None, code, None]
    sent = {answer["Entries"][place]["EventId"] for place in (0, 2)}
    assert {json.loads(message["Body"])["id"] for message in delivered.take(2)} == sent


def test_a_request_without_a_valid_entry_fails(cloud: Cloud, bus: str) -> None:
    events = cloud.client("events")
    refused = pytest.raises(events.exceptions.ClientError, match="Source is a required argument")
    with refused:
        events.put_events(Entries=[entry(bus, Source=None)])


@pytest.mark.guard
def test_eleven_entries_are_refused(cloud: Cloud, bus: str) -> None:
    events = cloud.client("events")
    with pytest.raises(events.exceptions.ClientError, match="ValidationException"):
        events.put_events(Entries=[entry(bus)] * 11)


@pytest.mark.parametrize("parts", [1, 4])
def test_one_mebibyte_in_all_is_refused(cloud: Cloud, bus: str, parts: int) -> None:
    events: Client = cloud.client("events")
    detail = json.dumps({"text": "x" * (1_048_576 // parts)})
    with pytest.raises(events.exceptions.ClientError, match="over the limit"):
        events.put_events(Entries=[entry(bus, Detail=detail)] * parts)


def test_an_event_of_900_kb_is_delivered_with_its_time(
    cloud: Cloud, bus: str, delivered: Queue
) -> None:
    time = datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)
    detail = json.dumps({"text": "x" * 900_000})
    cloud.client("events").put_events(Entries=[entry(bus, Detail=detail, Time=time)])
    event = json.loads(delivered.take()[0]["Body"])
    assert event["time"] == "2024-02-29T12:30:15Z"
    assert len(event["detail"]["text"]) == 900_000
