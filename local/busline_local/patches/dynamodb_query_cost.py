"""A Query that costs what it reads, not what is there.

Stock sorts and tests every item of the partition for every page, so that one
page of a user with 100,000 items takes seconds.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
Items of a partition are kept in the order of the sort key; a page reads the
items that match the key condition, from the start key on, up to `Limit` or
1 MB, and costs no more.
Patched by keeping each partition of the table and of its indexes in order, and
by letting MiniStack's own Query run over the few items that the page can
reach. What is in the page, and every error, is decided by MiniStack as before.
Queries over keys of several attributes and the legacy `KeyConditions` are left
to it altogether.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ministack.services import dynamodb

Item = dict[str, Any]
Table = dict[str, Any]

Entry = tuple[tuple[Any, ...], Any, Any]
"""An item's place: what it is ordered by, and its key in the table."""

Order = dict[Any, list[Entry]]
"""The entries of each partition, in order."""

_ORDERS = "busline orders"
"""Where the orders are kept: among MiniStack's derived index data, which it
drops when items or indexes are replaced, and never saves."""

_BASE = None
"""In place of an index's name: the table itself."""


def apply() -> None:
    """Keep the orders with every write; narrow every Query by them."""
    index_item = dynamodb._index_item
    stock_query = dynamodb._query

    def index_item_in_order(
        table: Table,
        base_pk: Any,
        base_sk: Any,
        item: Item,
        add: bool,  # noqa: FBT001
    ) -> None:
        index_item(table, base_pk, base_sk, item, add)
        orders = (table.get(dynamodb._INDEX_MEMBERS) or {}).get(_ORDERS)
        if orders is not None:
            _change(orders, table, (base_pk, base_sk), item, insort if add else _remove)

    def query_what_is_read(data: Item) -> Any:
        table = _table_of(data)
        keys = None if table is None else _page(table, data)
        if table is None or keys is None:
            return stock_query(data)
        scope = vars(dynamodb) | {"_tables": {table["TableName"]: _view(table, keys)}}
        return FunctionType(stock_query.__code__, scope)(data)

    dynamodb._index_item = index_item_in_order
    dynamodb._query = query_what_is_read


def _table_of(data: Item) -> Table | None:
    name = data.get("TableName")
    if not isinstance(name, str):
        return None
    table: Table | None = dynamodb._tables.get(dynamodb._normalize_table_name(name))
    return table


def _page(table: Table, data: Item) -> list[tuple[Any, Any]] | None:
    """The keys of all items that the page can reach, and few more; None to leave it to stock."""
    schema = _schemas(table).get(data.get("IndexName"))
    condition = data.get("KeyConditionExpression")
    if schema is None or not isinstance(condition, str) or not condition.strip():
        return None
    hash_name, order_keys = schema
    values = data.get("ExpressionAttributeValues") or {}
    names = data.get("ExpressionAttributeNames") or {}
    try:
        partition = dynamodb._extract_pk_from_condition(condition, values, names, hash_name)
        entries = _orders(table)[data.get("IndexName")].get(partition, [])
        low, high = _range(entries, order_keys, condition, names, values)
        start = data.get("ExclusiveStartKey")
        forward = data.get("ScanIndexForward", True)
        if start and forward:
            low = max(low, bisect_right(entries, _place(start, order_keys), key=_order_of))
        elif start:
            high = min(high, bisect_left(entries, _place(start, order_keys), key=_order_of))
        reachable = range(low, high) if forward else range(high - 1, low - 1, -1)
        return _until_full(table, data, (entries[i] for i in reachable))
    except (ValueError, TypeError, LookupError, AttributeError):
        # Something in the request is malformed, which stock reports; or an item
        # has just expired, and stock reads what is left.
        return None


def _range(
    entries: list[Entry],
    order_keys: list[tuple[str, str]],
    condition: str,
    names: dict[str, str],
    values: dict[str, Item],
) -> tuple[int, int]:
    """Where the entries begin and end that match the sort key's condition, if there is one."""
    sort_name, sort_type = order_keys[0]

    def value(token: tuple[str, str]) -> Any:
        return dynamodb._sort_key_value(values[token[1]], sort_type)

    for clause in dynamodb._key_condition_clauses(dynamodb._tokenize(condition)):
        tokens = [token for token in clause if token[0] not in ("LPAREN", "RPAREN", "COMMA")]
        kinds = [kind for kind, _ in tokens]
        function = tokens[0][1].lower() == "begins_with"
        operand = tokens[1] if function else tokens[0]
        if names.get(operand[1], operand[1]) != sort_name:
            continue
        if function:
            return _beginning_with(entries, value(tokens[2]))
        if kinds[1:] == ["IDENT", "VALUE_REF", "IDENT", "VALUE_REF"]:
            return _left(entries, value(tokens[2])), _right(entries, value(tokens[4]))
        bounds: dict[str, Callable[[Any], tuple[int, int]]] = {
            "EQ": lambda v: (_left(entries, v), _right(entries, v)),
            "LT": lambda v: (0, _left(entries, v)),
            "LE": lambda v: (0, _right(entries, v)),
            "GT": lambda v: (_right(entries, v), len(entries)),
            "GE": lambda v: (_left(entries, v), len(entries)),
        }
        return bounds[kinds[1]](value(tokens[2]))
    return 0, len(entries)


def _beginning_with(entries: list[Entry], prefix: Any) -> tuple[int, int]:
    low = _left(entries, prefix)
    # 0 for the entries that begin so, then 1.
    beyond = bisect_left(entries, 1, lo=low, key=lambda e: int(not e[0][0].startswith(prefix)))
    return low, beyond


def _left(entries: list[Entry], value: Any) -> int:
    return bisect_left(entries, value, key=lambda entry: entry[0][0])


def _right(entries: list[Entry], value: Any) -> int:
    return bisect_right(entries, value, key=lambda entry: entry[0][0])


def _until_full(table: Table, data: Item, entries: Any) -> list[tuple[Any, Any]]:
    """The keys of the page's items and, as MiniStack looks one ahead, of the one after it."""
    limit = data.get("Limit")
    index = data.get("IndexName")
    keys: list[tuple[Any, Any]] = []
    size = 0
    for _, pk, sk in entries:
        if size > dynamodb._DDB_PAGE_SIZE_BYTES or (limit is not None and len(keys) > int(limit)):
            break
        keys.append((pk, sk))
        item = table["items"][pk][sk]
        read = dynamodb._apply_index_projection(item, table, index) if index else item
        size += dynamodb._item_size_bytes(read)
    return keys


def _view(table: Table, keys: list[tuple[Any, Any]]) -> Table:
    """The table as if it had these items alone."""
    items: dict[Any, dict[Any, Item]] = {}
    for pk, sk in keys:
        items.setdefault(pk, {})[sk] = table["items"][pk][sk]
    view = {**table, "items": items}
    # Derived from all items; made again from the few, when asked for.
    view.pop(dynamodb._INDEX_MEMBERS, None)
    return view


def _orders(table: Table) -> dict[str | None, Order]:
    members = dynamodb._index_members(table)
    orders: dict[str | None, Order] | None = members.get(_ORDERS)
    if orders is None:
        orders = {name: {} for name in _schemas(table)}
        for pk, partition in list(table["items"].items()):
            for sk, item in list(partition.items()):
                _change(orders, table, (pk, sk), item, list.append)
        for order in orders.values():
            for entries in order.values():
                entries.sort()
        members[_ORDERS] = orders
    return orders


def _change(
    orders: dict[str | None, Order],
    table: Table,
    key: tuple[Any, Any],
    item: Item,
    change: Callable[[list[Entry], Entry], None],
) -> None:
    for name, (hash_name, order_keys) in _schemas(table).items():
        if name not in orders or hash_name not in item:
            continue
        if name is not _BASE and order_keys[0][0] not in item:
            # A sparse index: without its sort key an item is not in it.
            continue
        partition = dynamodb._extract_key_val(item[hash_name])
        entries = orders[name].setdefault(partition, [])
        change(entries, (_place(item, order_keys), *key))
        if not entries:
            del orders[name][partition]


def _remove(entries: list[Entry], entry: Entry) -> None:
    at = bisect_left(entries, entry)
    if at < len(entries) and entries[at] == entry:
        del entries[at]


def _schemas(table: Table) -> dict[str | None, tuple[str, list[tuple[str, str]]]]:
    """For the table and each index: the partition key, and what its items are ordered by.

    Indexes with keys of several attributes are left out.
    """
    schemas: dict[str | None, tuple[str, list[tuple[str, str]]]] = {
        _BASE: (table["pk_name"], dynamodb._index_order_keys(table, table.get("sk_name")))
    }
    for name, hashes, ranges in dynamodb._index_key_schemas(table):
        if len(hashes) == 1 and len(ranges) <= 1:
            schemas[name] = (hashes[0], dynamodb._index_order_keys(table, ranges))
    return schemas


def _place(item: Item, order_keys: list[tuple[str, str]]) -> tuple[Any, ...]:
    return tuple(dynamodb._index_order_value(item, name, kind) for name, kind in order_keys)


def _order_of(entry: Entry) -> tuple[Any, ...]:
    return entry[0]
