"""Transactions on one item at the same time conflict.

Stock runs one request after the other, so that no transaction ever meets
another.

AWS: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>.
While a TransactWriteItems request is under way, another one that has an item in
common with it is cancelled with the reason `TransactionConflict`, a PutItem,
UpdateItem or DeleteItem of such an item fails with
TransactionConflictException, and a second request with the same token fails
with TransactionInProgressException. Plain reads are let through.

Patched: a transaction is under way for `_UNDER_WAY_SECONDS` before it is carried
out, as it is on AWS for the few milliseconds that its two phases take.
"""

import asyncio
import json
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import dynamodb

_UNDER_WAY_SECONDS = 0.001
"""Long enough for what comes at the same time to meet, and little beside a request's own time."""

_MESSAGE = "Transaction is ongoing for the item"

_SINGLE_WRITES = {"PutItem": "Item", "UpdateItem": "Key", "DeleteItem": "Key"}
"""The operations on one item, and where each names it."""

Place = tuple[str, ...]
"""Account, Region, table and key of an item."""

_under_way: set[Place] = set()
"""The items of all transactions that are under way."""

_tokens: set[Place] = set()
"""The tokens of all transactions that are under way."""


def apply() -> None:
    """Keep account of transactions that are under way, and refuse what meets them."""
    stock = dynamodb.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any
    ) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        refused = None
        if action in _SINGLE_WRITES:
            refused = _refuse_a_single_write(action, body)
        elif action == "TransactGetItems":
            refused = _cancel(_items_of(body))
        elif action == "TransactWriteItems":
            return await transact(method, path, headers, body, query_params)
        return refused or await stock(method, path, headers, body, query_params)

    async def transact(*request: Any) -> Any:
        body = request[3]
        items = _items_of(body)
        refused = _refuse_a_token_in_use(body) or _cancel(items)
        if refused:
            return refused
        own, token = {item for item in items if item}, _token_of(body)
        # No `await` lies between the questions above and this: nothing can come between.
        _under_way.update(own)
        _tokens.update(token)
        try:
            await asyncio.sleep(_UNDER_WAY_SECONDS)
            return await stock(*request)
        finally:
            _under_way.difference_update(own)
            _tokens.difference_update(token)

    dynamodb.handle_request = handle_request


def _refuse_a_single_write(action: str, body: bytes) -> Any:
    if not _under_way:
        return None
    request = _object(body)
    if _place(request.get("TableName"), request.get(_SINGLE_WRITES[action])) in _under_way:
        return error_response_json("TransactionConflictException", _MESSAGE, 400)
    return None


def _refuse_a_token_in_use(body: bytes) -> Any:
    if _token_of(body) & _tokens:
        message = "The transaction with the given request token is already in progress."
        return error_response_json("TransactionInProgressException", message, 400)
    return None


def _cancel(items: list[Place | None]) -> Any:
    """The answer to a transaction that meets another; None if it meets none."""
    if _under_way.isdisjoint(item for item in items if item):
        return None
    reasons = [
        {"Code": "TransactionConflict", "Message": _MESSAGE}
        if item in _under_way
        else {"Code": "None"}
        for item in items
    ]
    codes = ", ".join(reason["Code"] for reason in reasons)
    status, headers, body = error_response_json(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        400,
    )
    return (
        status,
        headers,
        json.dumps({**json.loads(body), "CancellationReasons": reasons}).encode(),
    )


def _items_of(body: bytes) -> list[Place | None]:
    """The place of each item of a transaction; None for one that does not say where it is."""
    members = _object(body).get("TransactItems")
    if not isinstance(members, list):
        return []
    actions = [
        next(iter(member.values()), None) if isinstance(member, dict) else None
        for member in members
    ]
    return [
        _place(action.get("TableName"), action.get("Key") or action.get("Item"))
        if isinstance(action, dict)
        else None
        for action in actions
    ]


def _place(table_name: Any, attributes: Any) -> Place | None:
    table = dynamodb._tables.get(dynamodb._normalize_table_name(table_name) or "")
    if table is None or not isinstance(attributes, dict):
        return None
    names = [name for name in (table["pk_name"], table["sk_name"]) if name]
    key = [json.dumps(attributes.get(name)) for name in names]
    return (get_account_id(), get_region(), table["TableName"], *key)


def _token_of(body: bytes) -> set[Place]:
    token = _object(body).get("ClientRequestToken")
    return {(get_account_id(), get_region(), token)} if isinstance(token, str) else set()


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        # DynamoDB itself refuses such a body.
        return {}
    return value if isinstance(value, dict) else {}
