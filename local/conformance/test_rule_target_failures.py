"""Rule targets that cannot be delivered to."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from conformance import functions, queues
from conformance.cloud import Client, Cloud, unique, wait_for
from conformance.functions import Deployed
from conformance.queues import Queue

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html",
    ),
    pytest.mark.patch("rule_target_failures"),
]


@dataclass(frozen=True)
class Rule:
    """A rule for all events of its own bus, with a dead-letter queue for its target."""

    arn: str
    bus: str
    dead_letters: Queue
    events: Client

    def target(self, arn: str, **settings: Any) -> None:
        """Send the events to `arn`."""
        self.events.put_targets(
            Rule=self.arn.rsplit("/", 1)[-1],
            EventBusName=self.bus,
            Targets=[
                {
                    "Id": "target",
                    "Arn": arn,
                    "DeadLetterConfig": {"Arn": self.dead_letters.arn},
                    **settings,
                }
            ],
        )

    def put(self, detail: dict[str, Any]) -> str:
        """Put an event on the bus; its id."""
        answer = self.events.put_events(
            Entries=[
                {
                    "Source": "busline.conformance",
                    "DetailType": "Tested.v1",
                    "Detail": json.dumps(detail),
                    "EventBusName": self.bus,
                }
            ]
        )
        return str(answer["Entries"][0]["EventId"])


def rule(cloud: Cloud) -> Rule:
    events, bus = cloud.client("events"), unique("bus")
    events.create_event_bus(Name=bus)
    pattern = json.dumps({"source": [{"prefix": ""}]})
    arn = events.put_rule(Name=unique("rule"), EventBusName=bus, EventPattern=pattern)["RuleArn"]
    dead_letters = queues.create(cloud)
    dead_letters.admit("events.amazonaws.com", arn)
    return Rule(arn, bus, dead_letters, events)


def admit(cloud: Cloud, function: Deployed, rule: Rule) -> None:
    cloud.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule.arn,
    )


def values(message: dict[str, Any]) -> dict[str, str]:
    attributes = message["MessageAttributes"]
    return {name: attribute["StringValue"] for name, attribute in attributes.items()}


def test_an_event_for_a_function_that_is_gone_is_kept_with_its_error(cloud: Cloud) -> None:
    function, failing = functions.deploy(cloud), rule(cloud)
    admit(cloud, function, failing)
    failing.target(function.arn, RetryPolicy={"MaximumRetryAttempts": 3})
    cloud.client("lambda").delete_function(FunctionName=function.name)

    event = failing.put({"mark": 1})

    message = failing.dead_letters.take()[0]
    body = json.loads(message["Body"])
    assert body["id"] == event
    assert body["detail"] == {"mark": 1}
    attributes = values(message)
    assert function.name in attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "RULE_ARN": failing.arn,
        "TARGET_ARN": function.arn,
        "ERROR_CODE": "NO_RESOURCE",
        "RETRY_ATTEMPTS": "0",
    }


def test_a_function_without_a_permission_for_the_rule_is_not_invoked(cloud: Cloud) -> None:
    function, failing = functions.deploy(cloud), rule(cloud)
    failing.target(function.arn)
    failing.put({"mark": 1})
    assert values(failing.dead_letters.take()[0])["ERROR_CODE"] == "NO_PERMISSIONS"
    assert function.attempts() == []


def test_a_permission_for_another_rule_does_not_help(cloud: Cloud) -> None:
    function, failing, other = functions.deploy(cloud), rule(cloud), rule(cloud)
    admit(cloud, function, other)
    failing.target(function.arn)
    failing.put({"mark": 1})
    assert values(failing.dead_letters.take()[0])["ERROR_CODE"] == "NO_PERMISSIONS"


def test_a_queue_that_does_not_admit_the_rule_gets_nothing(cloud: Cloud) -> None:
    queue, failing = queues.create(cloud), rule(cloud)
    failing.target(queue.arn)
    failing.put({"mark": 1})
    assert values(failing.dead_letters.take()[0])["ERROR_CODE"] == "NO_PERMISSIONS"
    assert queue.poll() == []


@pytest.mark.guard
def test_a_dead_letter_queue_that_does_not_admit_the_rule_gets_nothing(cloud: Cloud) -> None:
    function, failing = functions.deploy(cloud), rule(cloud)
    failing.dead_letters.admit("events.amazonaws.com", f"{failing.arn}-other")
    failing.target(function.arn)
    failing.put({"mark": 1})
    assert failing.dead_letters.poll() == []


def test_a_function_that_fails_is_retried_and_is_no_failed_delivery(cloud: Cloud) -> None:
    function, working = functions.deploy(cloud), rule(cloud)
    admit(cloud, function, working)
    working.target(function.arn)
    working.put({"do": "fail", "mark": 5})
    wait_for(lambda: function.marks() == [[5], [5], [5]])
    assert working.dead_letters.poll() == []


def test_a_failing_event_of_900_kb_is_kept_whole(cloud: Cloud) -> None:
    failing = rule(cloud)
    failing.target(queues.create(cloud).arn)
    failing.put({"text": "x" * 900_000})
    body = json.loads(failing.dead_letters.take()[0]["Body"])
    assert len(body["detail"]["text"]) == 900_000
