"""Asynchronous invocation: retries, dead dead_letters, and records of the whole."""

import json
import re
from typing import Any

import pytest

from conformance import functions, queues
from conformance.cloud import Cloud, on_aws, unique, wait_for
from conformance.functions import Deployed

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    pytest.mark.patch("async_invocation"),
]


def invoke(cloud: Cloud, function: Deployed, payload: dict[str, Any]) -> str:
    answer = cloud.client("lambda").invoke(
        FunctionName=function.name, InvocationType="Event", Payload=json.dumps(payload)
    )
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def on_event(cloud: Cloud, function: Deployed, **settings: Any) -> None:
    cloud.client("lambda").put_function_event_invoke_config(FunctionName=function.name, **settings)


def destination(kind: str, arn: str) -> dict[str, Any]:
    return {kind: {"Destination": arn}}


def test_a_failing_event_is_tried_three_times_under_one_request_id(cloud: Cloud) -> None:
    function = functions.deploy(cloud)
    invoke(cloud, function, {"do": "fail", "mark": 1})
    wait_for(lambda: len(function.attempts()) == 3)
    assert len({attempt["attempt"] for attempt in function.attempts()}) == 1


@pytest.mark.guard
def test_retries_wait_longer_each_time(cloud: Cloud) -> None:
    function = functions.deploy(cloud)
    invoke(cloud, function, {"do": "fail", "mark": 1})
    wait_for(lambda: len(function.attempts()) == 3)
    # AWS waits one minute and two; the local cloud is told to wait 100 ms and 200 ms.
    unit = 60_000 if on_aws() else 100
    first, second, third = [moment for moment, _marks in function.moments()]
    assert second - first >= unit
    assert third - second >= 2 * unit


def test_an_event_that_is_too_old_is_not_retried(cloud: Cloud) -> None:
    queue = queues.create(cloud)
    function = functions.deploy(cloud, ("sqs:SendMessage", queue.arn))
    # No age may be under a minute on AWS, which waits as long before the first retry.
    age = 60 if on_aws() else 0
    failure = destination("OnFailure", queue.arn)
    on_event(cloud, function, MaximumEventAgeInSeconds=age, DestinationConfig=failure)
    invoke(cloud, function, {"do": "fail", "mark": 1})
    record = json.loads(queue.take()[0]["Body"])
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert function.marks() == [[1]]


@pytest.mark.parametrize("retries", [0, 1])
def test_the_failure_record_holds_the_whole_invocation(cloud: Cloud, retries: int) -> None:
    queue = queues.create(cloud)
    function = functions.deploy(cloud, ("sqs:SendMessage", queue.arn))
    failure = destination("OnFailure", queue.arn)
    on_event(cloud, function, MaximumRetryAttempts=retries, DestinationConfig=failure)
    event = {"do": "fail", "mark": 1, "text": "é" * 10}
    invoke(cloud, function, event)

    record = json.loads(queue.take()[0]["Body"])

    request = function.attempts()[0]["attempt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": retries + 1,
        },
        "requestPayload": event,
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorMessage": "told to fail", "errorType": "Poison"},
    }
    assert queue.poll() == []


def test_a_dead_letter_is_the_event_with_three_attributes(cloud: Cloud) -> None:
    queue = queues.create(cloud)
    function = functions.deploy(
        cloud, ("sqs:SendMessage", queue.arn), DeadLetterConfig={"TargetArn": queue.arn}
    )
    on_event(cloud, function, MaximumRetryAttempts=0)
    event = {"do": "fail", "mark": 1}
    invoke(cloud, function, event)

    message = queue.take()[0]

    assert json.loads(message["Body"]) == event
    assert message["MessageAttributes"] == {
        "RequestID": {"DataType": "String", "StringValue": function.attempts()[0]["attempt"]},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "told to fail"},
    }


def test_a_dead_letter_keeps_its_attributes_through_a_topic(cloud: Cloud) -> None:
    topic, queue = queues.topic_with_queue(cloud)
    function = functions.deploy(
        cloud, ("sns:Publish", topic), DeadLetterConfig={"TargetArn": topic}
    )
    on_event(cloud, function, MaximumRetryAttempts=0)
    invoke(cloud, function, {"do": "fail", "mark": 1})
    message = queue.take()[0]
    assert json.loads(message["Body"]) == {"do": "fail", "mark": 1}
    assert message["MessageAttributes"].keys() == {"RequestID", "ErrorCode", "ErrorMessage"}


def test_the_message_of_an_error_is_cut_to_one_kilobyte(cloud: Cloud) -> None:
    queue = queues.create(cloud)
    function = functions.deploy(
        cloud, ("sqs:SendMessage", queue.arn), DeadLetterConfig={"TargetArn": queue.arn}
    )
    on_event(cloud, function, MaximumRetryAttempts=0)
    invoke(cloud, function, {"do": "fail", "mark": 1, "saying": "x" * 5_000})
    attributes = queue.take()[0]["MessageAttributes"]
    assert attributes["ErrorMessage"]["StringValue"] == "x" * 1_024


@pytest.mark.parametrize("kind", ["queue", "topic"])
def test_a_success_is_recorded_whole(cloud: Cloud, kind: str) -> None:
    topic, queue = queues.topic_with_queue(cloud)
    arn, action = (queue.arn, "sqs:SendMessage") if kind == "queue" else (topic, "sns:Publish")
    function = functions.deploy(cloud, (action, arn))
    on_event(cloud, function, DestinationConfig=destination("OnSuccess", arn))
    invoke(cloud, function, {"mark": 1})
    record = json.loads(queue.take()[0]["Body"])
    record.pop("timestamp")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": function.attempts()[0]["attempt"],
            "functionArn": f"{function.arn}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"mark": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"done": [1]},
    }


@pytest.mark.guard
def test_a_failure_reaches_a_queue_through_a_topic(cloud: Cloud) -> None:
    topic, queue = queues.topic_with_queue(cloud, MaximumMessageSize="1048576")
    function = functions.deploy(cloud, ("sns:Publish", topic))
    failure = destination("OnFailure", topic)
    on_event(cloud, function, MaximumRetryAttempts=0, DestinationConfig=failure)
    for size in (300_000, 900_000):
        invoke(cloud, function, {"do": "fail", "mark": size, "text": "x" * size})
    records = [json.loads(message["Body"]) for message in queue.take(2)]
    assert sorted(len(record["requestPayload"]["text"]) for record in records) == [300_000, 900_000]


def test_a_topic_with_a_limit_of_256_kib_gets_a_large_record_without_payloads(cloud: Cloud) -> None:
    topic, queue = queues.topic_with_queue(cloud)
    function = functions.deploy(cloud, ("sns:Publish", topic))
    failure = destination("OnFailure", topic)
    on_event(cloud, function, MaximumRetryAttempts=0, DestinationConfig=failure)
    invoke(cloud, function, {"do": "fail", "mark": 1, "text": "x" * 300_000})
    record = json.loads(queue.take()[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert "requestPayload" not in record


@pytest.mark.parametrize(("kind", "do"), [("OnFailure", "fail"), ("OnSuccess", "succeed")])
def test_an_outcome_reaches_a_bus(cloud: Cloud, kind: str, do: str) -> None:
    events, queue = cloud.client("events"), queues.create(cloud)
    bus = unique("bus")
    bus_arn = events.create_event_bus(Name=bus)["EventBusArn"]
    rule = events.put_rule(
        Name=unique("rule"), EventBusName=bus, EventPattern=json.dumps({"source": ["lambda"]})
    )["RuleArn"]
    queue.admit("events.amazonaws.com", rule)
    events.put_targets(
        Rule=rule.rsplit("/", 1)[-1], EventBusName=bus, Targets=[{"Id": "1", "Arn": queue.arn}]
    )
    function = functions.deploy(cloud, ("events:PutEvents", bus_arn))
    on_event(cloud, function, MaximumRetryAttempts=0, DestinationConfig=destination(kind, bus_arn))
    invoke(cloud, function, {"do": do, "mark": 1})

    event = json.loads(queue.take()[0]["Body"])

    assert event["detail-type"] == (
        f"Lambda Function Invocation Result - {kind.removeprefix('On')}"
    )
    assert event["source"] == "lambda"
    assert event["resources"] == [bus_arn, f"{function.arn}:$LATEST"]
    assert event["detail"]["requestPayload"] == {"do": do, "mark": 1}
    if kind == "OnSuccess":
        assert event["detail"]["requestContext"]["condition"] == "Success"
        assert event["detail"]["responsePayload"] == {"done": [1]}


def test_a_success_invokes_another_function(cloud: Cloud) -> None:
    second = functions.deploy(cloud)
    first = functions.deploy(cloud, ("lambda:InvokeFunction", second.arn))
    on_event(cloud, first, DestinationConfig=destination("OnSuccess", second.arn))
    invoke(cloud, first, {"mark": 7})
    assert wait_for(second.marks) == [[7]]


def test_a_failure_is_kept_in_a_bucket(cloud: Cloud) -> None:
    s3, bucket = cloud.client("s3"), unique("bucket")
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    arn = f"arn:aws:s3:::{bucket}"
    function = functions.deploy(cloud, ("s3:ListBucket", arn), ("s3:PutObject", f"{arn}/*"))
    failure = destination("OnFailure", arn)
    on_event(cloud, function, MaximumRetryAttempts=0, DestinationConfig=failure)
    invoke(cloud, function, {"do": "fail", "mark": 1})
    found = wait_for(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))
    assert found[0]["Key"].startswith(f"aws/lambda/async/{function.name}/")
    record = json.loads(s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read())
    assert record["requestPayload"] == {"do": "fail", "mark": 1}


@pytest.mark.guard
def test_a_role_that_may_not_send_loses_the_record(cloud: Cloud) -> None:
    closed, opened = queues.create(cloud), queues.create(cloud)
    # The dead letter goes first: once the destination has its record, both were sent.
    function = functions.deploy(
        cloud, ("sqs:SendMessage", opened.arn), DeadLetterConfig={"TargetArn": closed.arn}
    )
    failure = destination("OnFailure", opened.arn)
    on_event(cloud, function, MaximumRetryAttempts=0, DestinationConfig=failure)
    invoke(cloud, function, {"do": "fail", "mark": 1})
    assert len(opened.take()) == 1
    assert closed.poll() == []


def test_zero_reserved_concurrency_fails_an_event_without_an_attempt(cloud: Cloud) -> None:
    queue = queues.create(cloud)
    function = functions.deploy(
        cloud, ("sqs:SendMessage", queue.arn), DeadLetterConfig={"TargetArn": queue.arn}
    )
    cloud.client("lambda").put_function_concurrency(
        FunctionName=function.name, ReservedConcurrentExecutions=0
    )
    invoke(cloud, function, {"mark": 1})
    assert json.loads(queue.take()[0]["Body"]) == {"mark": 1}
    assert function.attempts() == []


def test_a_topic_retries_its_function(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    function = functions.deploy(cloud)
    cloud.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn)
    sns.publish(TopicArn=topic, Message=json.dumps({"do": "fail", "mark": 3}))
    wait_for(lambda: len(function.attempts()) == 3)


def test_an_event_over_one_mebibyte_is_refused(cloud: Cloud) -> None:
    function = functions.deploy(cloud)
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(
            FunctionName=function.name,
            InvocationType="Event",
            Payload=json.dumps({"text": "x" * 1_048_576}),
        )


def test_an_alias_has_its_own_settings(cloud: Cloud) -> None:
    queue = queues.create(cloud)
    function = functions.deploy(cloud, ("sqs:SendMessage", queue.arn))
    client = cloud.client("lambda")
    version = client.publish_version(FunctionName=function.name)["Version"]
    client.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    client.put_function_event_invoke_config(
        FunctionName=function.name,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig=destination("OnFailure", queue.arn),
    )
    client.invoke(
        FunctionName=f"{function.name}:live",
        InvocationType="Event",
        Payload=json.dumps({"do": "fail", "mark": 1}),
    )
    record = json.loads(queue.take()[0]["Body"])
    assert record["requestContext"]["functionArn"] == f"{function.arn}:live"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"]["executedVersion"] == version
