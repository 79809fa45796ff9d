"""What the stores rest on: all or nothing, and why not."""

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.cloud import Client, Cloud, unique
from conformance.identities import account_id, clients_of_role

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html",
    ),
    pytest.mark.guard,
]


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


def put_new(table: str, pk: str, text: str = "") -> dict[str, Any]:
    return {
        "Put": {
            "TableName": table,
            "Item": {"pk": {"S": pk}, "text": {"S": text}},
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def exists(dynamodb: Client, table: str, pk: str) -> bool:
    answer = dynamodb.get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True)
    return "Item" in answer


def test_a_failed_condition_cancels_all_and_shows_the_item(cloud: Cloud, table: str) -> None:
    dynamodb = cloud.client("dynamodb")
    taken, free = unique("item"), unique("item")
    dynamodb.transact_write_items(TransactItems=[put_new(table, taken, "first")])
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as raised:
        dynamodb.transact_write_items(
            TransactItems=[put_new(table, free), put_new(table, taken, "second")]
        )
    reasons = raised.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == {"pk": {"S": taken}, "text": {"S": "first"}}
    assert not exists(dynamodb, table, free)


def test_a_token_makes_a_repeat_harmless(cloud: Cloud, table: str) -> None:
    dynamodb = cloud.client("dynamodb")
    pk, token = unique("item"), unique("token")
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[put_new(table, pk)], ClientRequestToken=token)
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        dynamodb.transact_write_items(
            TransactItems=[put_new(table, unique("item"))], ClientRequestToken=token
        )


@pytest.mark.parametrize("operation", ["put_item", "update_item", "delete_item"])
def test_a_failed_condition_shows_the_item_outside_transactions(
    cloud: Cloud, table: str, operation: str
) -> None:
    dynamodb = cloud.client("dynamodb")
    pk = {"pk": {"S": unique("item")}}
    dynamodb.put_item(TableName=table, Item=pk)
    request: dict[str, Any] = {"Item": pk} if operation == "put_item" else {"Key": pk}
    if operation == "update_item":
        request["UpdateExpression"] = "REMOVE anything"
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as raised:
        getattr(dynamodb, operation)(
            TableName=table,
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **request,
        )
    assert raised.value.response["Item"] == pk


def test_a_transaction_needs_the_permission_of_each_of_its_actions(
    cloud: Cloud, table: str
) -> None:
    arn = f"arn:aws:dynamodb:eu-west-1:{account_id(cloud)}:table/{table}"
    allowed = ["dynamodb:PutItem", "dynamodb:ConditionCheckItem"]
    writer = clients_of_role(cloud, {"Effect": "Allow", "Action": allowed, "Resource": arn})
    dynamodb = writer("dynamodb")
    key = {"TableName": table, "Key": {"pk": {"S": unique("item")}}}
    check = {"ConditionCheck": {**key, "ConditionExpression": "attribute_not_exists(pk)"}}
    dynamodb.transact_write_items(TransactItems=[put_new(table, unique("item")), check])
    for denied in ({"Delete": key}, {"Update": {**key, "UpdateExpression": "REMOVE anything"}}):
        with pytest.raises(dynamodb.exceptions.ClientError) as raised:
            dynamodb.transact_write_items(TransactItems=[put_new(table, unique("item")), denied])
        assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
