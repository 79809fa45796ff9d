"""Transactions on one item at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conformance.cloud import Cloud, unique, wait_for

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html",
    ),
    pytest.mark.patch("transaction_conflicts"),
]

CALLERS = 4


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> Iterator[str]:
    dynamodb, name = cloud.client("dynamodb"), unique("table")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    yield name
    dynamodb.delete_table(TableName=name)


def add_one(table: str, pk: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "Key": {"pk": {"S": pk}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def at_once(*calls: Callable[[], object]) -> list[ClientError | None]:
    """Make the calls at the same moment; how each was refused."""
    together = Barrier(len(calls))

    def make(call: Callable[[], object]) -> ClientError | None:
        together.wait()
        try:
            call()
        except ClientError as error:
            return error
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def test_conflicting_transactions_are_cancelled_without_effect(cloud: Cloud, table: str) -> None:
    clients = [cloud.client("dynamodb") for _ in range(CALLERS)]
    shared = unique("item")
    counted = 0

    def transact(client: Any, own: str) -> Callable[[], object]:
        items = [{"Update": add_one(table, pk)} for pk in (own, shared)]
        return lambda: client.transact_write_items(TransactItems=items)

    def refusals() -> list[ClientError]:
        nonlocal counted
        found = at_once(*(transact(client, unique("own")) for client in clients))
        counted += found.count(None)
        return [error for error in found if error]

    for error in wait_for(refusals, what="two transactions to meet"):
        assert error.response["Error"]["Code"] == "TransactionCanceledException"
        codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
        assert codes == ["None", "TransactionConflict"]
    item = clients[0].get_item(TableName=table, Key={"pk": {"S": shared}}, ConsistentRead=True)
    assert item["Item"]["n"] == {"N": str(counted)}


def test_a_write_in_conflict_with_a_transaction_is_refused(cloud: Cloud, table: str) -> None:
    first, second = cloud.client("dynamodb"), cloud.client("dynamodb")
    pk = unique("item")

    def refused() -> ClientError | None:
        found = at_once(
            lambda: first.transact_write_items(TransactItems=[{"Update": add_one(table, pk)}]),
            lambda: second.update_item(**add_one(table, pk)),
        )
        return found[1]

    error = wait_for(refused, what="a write to meet a transaction")
    assert error
    assert error.response["Error"]["Code"] == "TransactionConflictException"


@pytest.mark.guard
def test_transactions_on_different_items_do_not_conflict(cloud: Cloud, table: str) -> None:
    clients = [cloud.client("dynamodb") for _ in range(CALLERS)]

    def transact(client: Any) -> Callable[[], object]:
        items = [{"Update": add_one(table, unique("item"))}]
        return lambda: client.transact_write_items(TransactItems=items)

    for _ in range(20):
        assert at_once(*map(transact, clients)) == [None] * CALLERS


@pytest.mark.guard
def test_an_item_is_writable_after_the_transaction(cloud: Cloud, table: str) -> None:
    dynamodb, pk = cloud.client("dynamodb"), unique("item")
    for _ in range(3):
        dynamodb.transact_write_items(TransactItems=[{"Update": add_one(table, pk)}])
    impossible = {**add_one(table, pk), "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[{"Update": impossible}])
    dynamodb.update_item(**add_one(table, pk))
