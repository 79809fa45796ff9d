"""What a role may do, and no more."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conformance import queues
from conformance.cloud import REGION, Client, Cloud, unique
from conformance.identities import account_id, clients_of_role

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
    ),
    pytest.mark.guard,
]

_CONDITIONS = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html"
)


@dataclass(frozen=True)
class Things:
    """One of each thing that a service of the product may touch."""

    account: str
    table: str
    bucket: str
    queue: str
    topic: str
    bus: str
    parameter: str

    def arns(self) -> dict[str, str]:
        """The ARN of each."""
        place = f"{REGION}:{self.account}"
        return {
            "dynamodb": f"arn:aws:dynamodb:{place}:table/{self.table}",
            "s3": f"arn:aws:s3:::{self.bucket}/*",
            "sqs": f"arn:aws:sqs:{place}:{self.queue.rsplit('/', 1)[-1]}",
            "sns": self.topic,
            "events": f"arn:aws:events:{place}:event-bus/{self.bus}",
            "ssm": f"arn:aws:ssm:{place}:parameter{self.parameter}",
        }

    def use(self, service: str, client: Client) -> Any:
        """Run the service's operation of `_ACTIONS`."""
        key = {"pk": {"S": "1"}}
        match service:
            case "dynamodb":
                return client.put_item(TableName=self.table, Item=key)
            case "s3":
                return client.put_object(Bucket=self.bucket, Key="failed/1", Body=b"1")
            case "sqs":
                return client.send_message(QueueUrl=self.queue, MessageBody="1")
            case "sns":
                return client.publish(TopicArn=self.topic, Message="1")
            case "events":
                entry = {"Source": "busline.conformance", "DetailType": "Tested.v1", "Detail": "{}"}
                return client.put_events(Entries=[{**entry, "EventBusName": self.bus}])
            case _:
                return client.get_parameter(Name=self.parameter)


_ACTIONS = {
    "dynamodb": "dynamodb:PutItem",
    "s3": "s3:PutObject",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "ssm": "ssm:GetParameter",
}


@pytest.fixture(scope="module")
def things(cloud: Cloud) -> Things:
    name = unique("thing")
    s3 = cloud.client("s3")
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    cloud.client("dynamodb").get_waiter("table_exists").wait(TableName=name)
    cloud.client("events").create_event_bus(Name=name)
    cloud.client("ssm").put_parameter(Name=f"/{name}", Value="1", Type="String")
    topic = cloud.client("sns").create_topic(Name=name)["TopicArn"]
    queue = queues.create(cloud).url
    return Things(account_id(cloud), name, name, queue, topic, name, f"/{name}")


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def denied(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in ("AccessDenied", "AccessDeniedException", "AuthorizationError"), code
        return True
    return False


@pytest.mark.parametrize("service", _ACTIONS)
def test_a_role_may_do_what_its_policy_allows_and_nothing_else(
    cloud: Cloud, things: Things, service: str
) -> None:
    action, arn = _ACTIONS[service], things.arns()[service]
    others = [name for name in _ACTIONS if name != service]
    right = clients_of_role(cloud, allow(action, arn))
    assert not denied(lambda: things.use(service, right(service)))
    for other in others:
        assert denied(lambda other=other: things.use(other, right(other))), other  # type: ignore[misc]
    wrong = {
        "another resource": allow(action, f"{arn.removesuffix('/*')}-other"),
        "another action": allow(f"{service}:Delete*", arn),
    }
    for why, statement in wrong.items():
        client = clients_of_role(cloud, statement)(service)
        assert denied(lambda client=client: things.use(service, client)), why  # type: ignore[misc]


@pytest.mark.parametrize("service", _ACTIONS)
def test_a_denial_overrides_an_allow(cloud: Cloud, things: Things, service: str) -> None:
    both = [
        allow(f"{service}:*", "*"),
        {**allow(_ACTIONS[service], things.arns()[service]), "Effect": "Deny"},
    ]
    client = clients_of_role(cloud, *both)(service)
    assert denied(lambda: things.use(service, client))


@pytest.mark.aws(_CONDITIONS)
def test_a_condition_on_the_account_of_a_bucket_is_enforced(cloud: Cloud, things: Things) -> None:
    arn = things.arns()["s3"]
    for account, is_denied in ((things.account, False), ("111122223333", True)):
        condition = {"StringEquals": {"s3:ResourceAccount": account}}
        client = clients_of_role(cloud, allow("s3:PutObject", arn, Condition=condition))("s3")
        assert denied(lambda client=client: things.use("s3", client)) == is_denied  # type: ignore[misc]


@pytest.mark.aws(_CONDITIONS)
def test_a_condition_key_that_a_request_does_not_have_denies(cloud: Cloud, things: Things) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "orders"}}
    statement = allow("sqs:SendMessage", things.arns()["sqs"], Condition=condition)
    client = clients_of_role(cloud, statement)("sqs")
    assert denied(lambda: things.use("sqs", client))


@pytest.mark.aws(
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html"
)
@pytest.mark.parametrize("admits", ["the topic", "another topic", "another service", "nobody"])
def test_a_queue_accepts_messages_only_of_an_admitted_topic(cloud: Cloud, admits: str) -> None:
    topic, queue = queues.topic_with_queue(cloud)
    match admits:
        case "another topic":
            queue.admit("sns.amazonaws.com", f"{topic}-other")
        case "another service":
            queue.admit("events.amazonaws.com", topic)
        case "nobody":
            queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
    cloud.client("sns").publish(TopicArn=topic, Message="1")
    if admits == "the topic":
        assert [message["Body"] for message in queue.take()] == ["1"]
    else:
        assert queue.poll() == []


@pytest.mark.aws(
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html"
)
def test_a_queue_that_does_not_admit_a_bucket_cannot_be_notified(
    cloud: Cloud, things: Things
) -> None:
    s3, queue = cloud.client("s3"), queues.create(cloud)
    to_the_queue = {"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}
    queue.admit("s3.amazonaws.com", f"arn:aws:s3:::{things.bucket}-other")
    with pytest.raises(s3.exceptions.ClientError, match="Unable to validate"):
        s3.put_bucket_notification_configuration(
            Bucket=things.bucket,
            NotificationConfiguration={"QueueConfigurations": [to_the_queue]},
        )


@pytest.mark.aws(
    "https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)
def test_a_topic_policy_names_who_may_publish(cloud: Cloud, things: Things) -> None:
    sns, topic = cloud.client("sns"), things.topic
    client = clients_of_role(cloud, allow("sqs:SendMessage", "*"))("sns")
    assert denied(lambda: client.publish(TopicArn=topic, Message="1"))
    everyone = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": things.account},
                "Action": "sns:Publish",
                "Resource": topic,
            }
        ],
    }
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(everyone)
    )
    # The account as a principal leaves it to IAM, which allows this role nothing.
    assert denied(lambda: client.publish(TopicArn=topic, Message="1"))
