"""DynamoDB stream batches that fail, in whole and in part."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance import functions, queues
from conformance.cloud import Client, Cloud, unique, wait_for
from conformance.functions import Deployed
from conformance.queues import Queue

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html",
    ),
    pytest.mark.patch("stream_batches"),
]

_READ = [
    f"dynamodb:{action}"
    for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
]


@dataclass(frozen=True)
class Table:
    """A table with a stream."""

    name: str
    stream: str
    client: Client

    def write(self, *marks: str, do: str = "succeed") -> None:
        """Put one item for each mark; the function fails on the mark `poison`."""
        for mark in marks:
            item = {"pk": mark, "mark": mark, "do": "fail" if mark == "poison" else do}
            self.client.put_item(
                TableName=self.name, Item={name: {"S": value} for name, value in item.items()}
            )


def table(cloud: Cloud) -> Table:
    client, name = cloud.client("dynamodb"), unique("table")
    described = client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return Table(name, described["TableDescription"]["LatestStreamArn"], client)


def connect(cloud: Cloud, table: Table, function: Deployed, **settings: Any) -> str:
    """Map the table's stream to the function; the mapping's id."""
    created = cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=table.stream,
        FunctionName=function.name,
        StartingPosition="TRIM_HORIZON",
        **settings,
    )
    return str(created["UUID"])


def failures_to(arn: str) -> dict[str, Any]:
    return {"DestinationConfig": {"OnFailure": {"Destination": arn}}}


def test_a_poison_record_is_isolated_and_the_good_ones_pass(cloud: Cloud) -> None:
    queue, source = queues.create(cloud), table(cloud)
    function = functions.deploy(cloud, (_READ, source.stream), ("sqs:SendMessage", queue.arn))
    source.write("a", "b", "poison", "c", "d")
    mapping = connect(
        cloud,
        source,
        function,
        BatchSize=10,
        MaximumRetryAttempts=2,
        BisectBatchOnFunctionError=True,
        **failures_to(queue.arn),
    )
    record = json.loads(queue.take()[0]["Body"])
    source.write("e")
    wait_for(lambda: ["e"] in function.marks())

    batches = function.marks()
    passed = [batch for batch in batches if "poison" not in batch]
    assert [mark for batch in passed for mark in batch] == ["a", "b", "c", "d", "e"]
    # Alone it is tried once and retried twice: splitting cost no retry.
    assert batches.count(["poison"]) == 3
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["functionArn"] == function.arn
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    info = record["DDBStreamBatchInfo"]
    assert info["batchSize"] == 1
    assert info["streamArn"] == source.stream
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert "payload" not in record
    assert queue.poll() == []
    assert mapping


def test_retries_are_bounded_without_splitting(cloud: Cloud) -> None:
    queue, source = queues.create(cloud), table(cloud)
    function = functions.deploy(cloud, (_READ, source.stream), ("sqs:SendMessage", queue.arn))
    source.write("a", "poison", "b")
    connect(cloud, source, function, MaximumRetryAttempts=1, **failures_to(queue.arn))
    record = json.loads(queue.take()[0]["Body"])
    assert record["DDBStreamBatchInfo"]["batchSize"] == 3
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert function.marks() == [["a", "poison", "b"]] * 2


def test_a_reported_failure_is_retried_from_there(cloud: Cloud) -> None:
    queue, source = queues.create(cloud), table(cloud)
    function = functions.deploy(
        cloud,
        (_READ, source.stream),
        ("sqs:SendMessage", queue.arn),
        environment={"ANSWER": "report"},
    )
    source.write("a", "b", "poison", "c")
    connect(
        cloud,
        source,
        function,
        MaximumRetryAttempts=1,
        BisectBatchOnFunctionError=True,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        **failures_to(queue.arn),
    )
    record = json.loads(queue.take()[0]["Body"])
    # A report is no error: the batch is not split, and goes whole when retries end.
    assert record["DDBStreamBatchInfo"]["batchSize"] == 2
    assert "functionError" not in record["responseContext"]
    assert function.marks() == [["a", "b", "poison", "c"], ["poison", "c"]]


@pytest.mark.guard
def test_a_report_without_the_response_type_is_ignored(cloud: Cloud) -> None:
    source = table(cloud)
    function = functions.deploy(cloud, (_READ, source.stream), environment={"ANSWER": "report"})
    source.write("poison")
    connect(cloud, source, function, MaximumRetryAttempts=3)
    wait_for(function.marks)
    source.write("a")
    wait_for(lambda: function.marks() == [["poison"], ["a"]])


def test_a_bucket_keeps_the_whole_event_and_announces_it(cloud: Cloud) -> None:
    s3, bucket = cloud.client("s3"), unique("bucket")
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    arn = f"arn:aws:s3:::{bucket}"
    announced = queues.create(cloud)
    announced.admit("s3.amazonaws.com", arn)
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": announced.arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    source = table(cloud)
    function = functions.deploy(
        cloud,
        (_READ, source.stream),
        ("s3:ListBucket", arn),
        ("s3:PutObject", f"{arn}/*"),
    )
    mapping = connect(cloud, source, function, MaximumRetryAttempts=0, **failures_to(arn))
    source.write("poison")

    def object_created() -> dict[str, Any] | None:
        events = [json.loads(message["Body"]) for message in announced.poll()]
        return next((event for event in events if "Records" in event), None)

    event = wait_for(object_created)
    assert event
    key = event["Records"][0]["s3"]["object"]["key"]
    stamp = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}"
    assert re.fullmatch(rf"aws/lambda/{mapping}/shardId-[0-9-]+/{stamp}", key)
    record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    records = json.loads(record["payload"])["Records"]
    assert records[0]["dynamodb"]["NewImage"]["mark"] == {"S": "poison"}


def test_records_that_are_too_old_go_to_the_destination(cloud: Cloud, tmp_path: Path) -> None:
    queue, source = queues.create(cloud), table(cloud)
    function = functions.deploy(
        cloud,
        (_READ, source.stream),
        ("sqs:SendMessage", queue.arn),
        environment={"WAIT_FOR": str(tmp_path / "never")},
    )
    connect(cloud, source, function, MaximumRecordAgeInSeconds=1, **failures_to(queue.arn))
    source.write("a")
    record = json.loads(queue.take()[0]["Body"])
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"


def test_one_mapping_does_not_block_another(cloud: Cloud) -> None:
    stuck, source = table(cloud), table(cloud)
    busy = functions.deploy(cloud, (_READ, stuck.stream), environment={"SECONDS": "40"}, Timeout=60)
    working = functions.deploy(cloud, (_READ, source.stream))
    connect(cloud, stuck, busy)
    connect(cloud, source, working)
    stuck.write("a")
    source.write("a")
    wait_for(working.marks)
    assert busy.marks() == []


@pytest.mark.guard
def test_a_filter_selects_the_records(cloud: Cloud) -> None:
    source = table(cloud)
    function = functions.deploy(cloud, (_READ, source.stream))
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"pk": {"S": ["b", "d"]}}}}
    connect(cloud, source, function, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    source.write("a", "b", "c", "d")
    wait_for(lambda: [mark for batch in function.marks() for mark in batch] == ["b", "d"])


def test_a_role_that_may_not_read_the_stream_cannot_be_mapped(cloud: Cloud) -> None:
    source = table(cloud)
    for allowed in ((), ((_READ[:-1], source.stream),), ((_READ, f"{source.stream}-other"),)):
        function = functions.deploy(cloud, *allowed)
        client = cloud.client("lambda")
        with pytest.raises(client.exceptions.InvalidParameterValueException, match="in IAM"):
            connect(cloud, source, function)


def test_a_failure_reaches_a_queue_through_a_topic(cloud: Cloud) -> None:
    topic, queue = queues.topic_with_queue(cloud)
    source = table(cloud)
    function = functions.deploy(cloud, (_READ, source.stream), ("sns:Publish", topic))
    connect(cloud, source, function, MaximumRetryAttempts=0, **failures_to(topic))
    source.write("poison")
    record = json.loads(only(queue)["Body"])
    # Metadata alone: who wants the records reads them from the stream, while they are there.
    assert record.keys() == {
        *("version", "timestamp", "requestContext", "responseContext", "DDBStreamBatchInfo")
    }
    assert record["requestContext"].keys() == {
        *("requestId", "functionArn", "condition", "approximateInvokeCount")
    }
    assert record["DDBStreamBatchInfo"].keys() == {
        *("shardId", "startSequenceNumber", "endSequenceNumber", "batchSize", "streamArn"),
        *("approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord"),
    }


def only(queue: Queue) -> dict[str, Any]:
    message = queue.take()[0]
    assert queue.poll() == []
    return message
