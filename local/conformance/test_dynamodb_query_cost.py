"""A Query costs what it reads, and reads what is there."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.cloud import Client, Cloud, unique

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html",
    ),
    pytest.mark.patch("dynamodb_query_cost"),
]

PAGE = 10
FEW, MANY = 20, 6_000


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> Iterator[tuple[Client, str]]:
    dynamodb, name = cloud.client("dynamodb"), unique("table")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in ("pk", "sk", "due")
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-due",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "due", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    for owner, count in (("few", FEW), ("many", MANY)):
        for start in range(0, count, 25):
            puts = [
                {"PutRequest": {"Item": item(owner, number)}}
                for number in range(start, min(start + 25, count))
            ]
            dynamodb.batch_write_item(RequestItems={name: puts})
    yield dynamodb, name
    dynamodb.delete_table(TableName=name)


def item(owner: str, number: int) -> dict[str, dict[str, str]]:
    due = {} if number % 4 == 0 else {"due": {"S": f"2026-{number % 12:02}"}}
    return {"pk": {"S": owner}, "sk": {"S": f"{number:06}"}, **due}


def query(dynamodb: Client, name: str, owner: str, sort: str = "", **more: Any) -> dict[str, Any]:
    values = {f":{key}": {"S": value} for key, value in more.pop("values", {}).items()}
    return dict(
        dynamodb.query(
            TableName=name,
            KeyConditionExpression=f"pk = :owner{sort}",
            ExpressionAttributeValues={":owner": {"S": owner}, **values},
            **more,
        )
    )


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


@pytest.mark.parametrize("index", [{}, {"IndexName": "by-due"}])
def test_a_page_costs_the_same_in_a_large_partition(
    table: tuple[Client, str], index: dict[str, str]
) -> None:
    def page(owner: str) -> dict[str, Any]:
        return query(*table, owner, Limit=PAGE, **index)

    assert page("many")["Count"] == page("few")["Count"] == PAGE
    # In turns, so that a machine that is busy for a while slows both.
    pairs = [(seconds(lambda: page("many")), seconds(lambda: page("few"))) for _ in range(9)]
    many, few = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert many < 5 * few


@pytest.mark.guard
@pytest.mark.parametrize("forward", [True, False])
def test_the_pages_of_an_index_hold_each_item_once_in_order(
    table: tuple[Client, str],
    forward: bool,  # noqa: FBT001
) -> None:
    items: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while True:
        page = query(
            *table, "many", IndexName="by-due", Limit=700, ScanIndexForward=forward, **start
        )
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    expected = sorted(
        (one["due"]["S"], one["sk"]["S"]) for n in range(MANY) if "due" in (one := item("", n))
    )
    found = [(one["due"]["S"], one["sk"]["S"]) for one in items]
    assert found == (expected if forward else expected[::-1])


@pytest.mark.guard
@pytest.mark.parametrize(
    ("sort", "values", "expected"),
    [
        (" AND sk = :a", {"a": "000007"}, [7]),
        (" AND sk < :a", {"a": "000002"}, [0, 1]),
        (" AND sk <= :a", {"a": "000002"}, [0, 1, 2]),
        (" AND sk > :a", {"a": "000017"}, [18, 19]),
        (" AND sk >= :a", {"a": "000018"}, [18, 19]),
        (" AND sk BETWEEN :a AND :b", {"a": "000003", "b": "000005"}, [3, 4, 5]),
        (" AND begins_with(sk, :a)", {"a": "00001"}, list(range(10, 20))),
        (" AND begins_with(sk, :a)", {"a": "9"}, []),
    ],
)
def test_a_condition_on_the_sort_key_selects_its_range(
    table: tuple[Client, str], sort: str, values: dict[str, str], expected: list[int]
) -> None:
    answer = query(*table, "few", sort, values=values, ConsistentRead=True)
    assert [int(one["sk"]["S"]) for one in answer["Items"]] == expected


@pytest.mark.guard
def test_a_page_shows_what_was_written_before_it(table: tuple[Client, str]) -> None:
    dynamodb, name = table
    moved = {"pk": {"S": "moving"}, "sk": {"S": "1"}}
    assert query(*table, "moving", IndexName="by-due")["Count"] == 0
    dynamodb.put_item(TableName=name, Item={**moved, "due": {"S": "2026-01"}})

    def due_in_january() -> int:
        january = query(
            *table, "moving", " AND due = :due", values={"due": "2026-01"}, IndexName="by-due"
        )
        return int(january["Count"])

    assert due_in_january() == 1
    dynamodb.update_item(
        TableName=name,
        Key=moved,
        UpdateExpression="SET due = :due",
        ExpressionAttributeValues={":due": {"S": "2026-02"}},
    )
    assert due_in_january() == 0
    assert query(*table, "moving", IndexName="by-due")["Count"] == 1
    dynamodb.delete_item(TableName=name, Key=moved)
    assert query(*table, "moving", IndexName="by-due")["Count"] == 0
    assert query(*table, "moving")["Count"] == 0
