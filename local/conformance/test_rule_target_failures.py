"""Rule targets that cannot be delivered to."""

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from conformance import functions, queues
from conformance.cloud import Client, Cloud, on_aws, unique, wait_for
from conformance.functions import Deployed
from conformance.queues import Queue

_DLQ = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"
_RETRIES = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html"

pytestmark = [
    pytest.mark.aws(_DLQ),
    pytest.mark.patch("rule_target_failures"),
]


@dataclass(frozen=True)
class Rule:
    """A rule for all events of a separate bus, with a dead-letter queue for its target."""

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


def test_an_event_for_a_deleted_function_is_kept_with_its_error(cloud: Cloud) -> None:
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


def test_a_failing_function_is_retried_and_is_no_failed_delivery(cloud: Cloud) -> None:
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


@dataclass(frozen=True)
class Destination:
    """An API destination: a function behind an HTTP API, which takes events or does not."""

    arn: str
    function: Deployed
    client: Client

    def answer(self, environment: dict[str, str]) -> None:
        """Change what the function does."""
        self.client.update_function_configuration(
            FunctionName=self.function.name, Environment={"Variables": environment}
        )


def destination(cloud: Cloud) -> Destination:
    """One with an unavailable service."""
    function = functions.deploy(cloud, environment={"ANSWER": "503"})
    events, client = cloud.client("events"), cloud.client("lambda")
    gateway = cloud.client("apigatewayv2")
    api = gateway.create_api(Name=unique("api"), ProtocolType="HTTP")
    integration = gateway.create_integration(
        ApiId=api["ApiId"],
        IntegrationType="AWS_PROXY",
        IntegrationUri=function.arn,
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    gateway.create_route(
        ApiId=api["ApiId"], RouteKey="POST /events", Target=f"integrations/{integration}"
    )
    gateway.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    client.add_permission(
        FunctionName=function.name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    url = (
        api["ApiEndpoint"]
        if on_aws()
        else f"{cloud.endpoint}/_aws/execute-api/{api['ApiId']}/$default"
    )
    connection = events.create_connection(
        Name=unique("connection"),
        AuthorizationType="API_KEY",
        AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "conformance"}
        },
    )["ConnectionArn"]
    created = events.create_api_destination(
        Name=unique("destination"),
        ConnectionArn=connection,
        InvocationEndpoint=f"{url}/events",
        HttpMethod="POST",
    )
    return Destination(created["ApiDestinationArn"], function, client)


def send_to(cloud: Cloud, failing: Rule, destination: Destination, **policy: int) -> None:
    """Make the destination the rule's target, under a role that may invoke it."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    allowed = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "events:InvokeApiDestination",
                "Resource": f"{destination.arn.rpartition('/')[0]}/*",
            }
        ],
    }
    iam, name = cloud.client("iam"), unique("role")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="invoke", PolicyDocument=json.dumps(allowed))
    failing.target(destination.arn, RoleArn=role["Arn"], RetryPolicy=policy)


@pytest.mark.aws(_RETRIES)
def test_an_event_for_an_unavailable_target_is_retried_until_it_is_accepted(cloud: Cloud) -> None:
    failing, unavailable = rule(cloud), destination(cloud)
    send_to(cloud, failing, unavailable)
    failing.put({"mark": 1})
    wait_for(lambda: len(unavailable.function.attempts()) > 1, what="a retry")
    unavailable.answer({})

    def taken() -> bool:
        before = len(unavailable.function.attempts())
        time.sleep(48 if on_aws() else 2)
        return len(unavailable.function.attempts()) == before

    assert wait_for(taken, what="the retries to end")
    assert failing.dead_letters.poll() == []


@pytest.mark.aws(_RETRIES, _DLQ)
def test_a_dead_letter_has_the_number_of_attempts(cloud: Cloud) -> None:
    failing, unavailable = rule(cloud), destination(cloud)
    send_to(cloud, failing, unavailable, MaximumRetryAttempts=2)
    event = failing.put({"mark": 1})

    message = failing.dead_letters.take()[0]

    assert json.loads(message["Body"])["id"] == event
    attributes = values(message)
    assert "503" in attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "RULE_ARN": failing.arn,
        "TARGET_ARN": unavailable.arn,
        "ERROR_CODE": "ERROR_FROM_TARGET",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "2",
    }
    assert len(unavailable.function.attempts()) == 3


@pytest.mark.aws(_RETRIES, _DLQ)
def test_a_dead_letter_tells_that_its_event_was_too_old(cloud: Cloud) -> None:
    failing, unavailable = rule(cloud), destination(cloud)
    # AWS takes no age under a minute.
    send_to(cloud, failing, unavailable, MaximumEventAgeInSeconds=60 if on_aws() else 5)
    failing.put({"mark": 1})
    attributes = values(failing.dead_letters.take()[0])
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert int(attributes["RETRY_ATTEMPTS"]) > 0
    assert int(attributes["RETRY_ATTEMPTS"]) + 1 == len(unavailable.function.attempts())


def test_a_topic_that_does_not_admit_the_rule_gets_nothing(cloud: Cloud) -> None:
    failing, sns = rule(cloud), cloud.client("sns")
    topic, queue = queues.topic_with_queue(cloud)
    sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps(
            queues.policy("events", "sns:Publish", topic, f"{failing.arn}-x")
        ),
    )
    failing.target(topic)
    failing.put({"mark": 1})
    assert values(failing.dead_letters.take()[0])["ERROR_CODE"] == "NO_PERMISSIONS"
    assert queue.poll() == []
