"""Items that expire."""

import json
import time
from typing import Any

import pytest

from conformance import functions
from conformance.cloud import Cloud, on_aws, unique, wait_for
from conformance.test_stream_batches import _READ, connect, table

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html"
    ),
    pytest.mark.patch("time_to_live"),
    pytest.mark.skipif(on_aws(), reason="AWS deletes within a few days"),
]

YEAR_SECONDS = 365 * 24 * 3600


def test_an_expired_item_is_deleted_with_the_service_in_its_record(cloud: Cloud) -> None:
    dynamodb, name = cloud.client("dynamodb"), unique("table")
    stream = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
    )
    now = int(time.time())
    stamps = {
        "expired": {"N": str(now - 5)},
        "later": {"N": str(now + YEAR_SECONDS)},
        "no number": {"S": str(now - 5)},
        "long ago": {"N": str(now - 6 * YEAR_SECONDS)},
    }
    for key, stamp in stamps.items():
        dynamodb.put_item(TableName=name, Item={"pk": {"S": key}, "expiresAt": stamp})
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "never"}})

    (removed,) = wait_for(lambda: removals(cloud, stream), what="the REMOVE record")

    assert removed["dynamodb"]["OldImage"]["pk"] == {"S": "expired"}
    assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    left = {item["pk"]["S"] for item in dynamodb.scan(TableName=name)["Items"]}
    assert left == stamps.keys() - {"expired"} | {"never"}


def test_a_filter_can_select_the_deletions_of_the_service(cloud: Cloud) -> None:
    source = table(cloud)
    function = functions.deploy(cloud, (_READ, source.stream))
    pattern = {"userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}}
    connect(cloud, source, function, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    source.client.update_time_to_live(
        TableName=source.name,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"},
    )
    source.write("deleted", "kept")
    source.client.delete_item(TableName=source.name, Key={"pk": {"S": "deleted"}})
    expired = {"N": str(int(time.time()) - 5)}
    source.client.put_item(
        TableName=source.name,
        Item={"pk": {"S": "expired"}, "mark": {"S": "expired"}, "expiresAt": expired},
    )
    assert wait_for(function.marks) == [["expired"]]


@pytest.mark.guard
def test_an_ordinary_deletion_has_no_user_identity(cloud: Cloud) -> None:
    dynamodb, name = cloud.client("dynamodb"), unique("table")
    stream = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "gone"}})
    dynamodb.delete_item(TableName=name, Key={"pk": {"S": "gone"}})
    (removed,) = wait_for(lambda: removals(cloud, stream), what="the REMOVE record")
    assert "userIdentity" not in removed


def removals(cloud: Cloud, stream: str) -> list[dict[str, Any]]:
    streams = cloud.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    return [dict(record) for record in records if record["eventName"] == "REMOVE"]
