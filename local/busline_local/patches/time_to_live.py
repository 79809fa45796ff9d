"""Items that expire are deleted by DynamoDB, which the stream's record names.

Stock deletes an expired item without a word in the table's stream, also when
the attribute is no number.

AWS: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>.
The deletion is a REMOVE record with the service as `userIdentity`. Only a
number of seconds that lies in the last five years expires an item:
<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html>.
AWS deletes within a few days; the local cloud looks every minute, or every
`DYNAMODB_TTL_SECONDS`.

Patched by deleting in a thread of our own, in place of stock's.
"""

import logging
import os
import threading
import time
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import dynamodb, dynamodb_streams

from busline_local import lifecycle

_LOG = logging.getLogger("busline.ttl")

_STOCK_THREAD = "dynamodb-ttl-reaper"
_FIVE_YEARS_SECONDS = 5 * 365 * 24 * 3600

_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

Item = dict[str, Any]

_expiring: ContextVar[bool] = ContextVar("expiring", default=False)
"""Whether the change in hand is the service's own deletion of an expired item."""


def apply() -> None:
    """Take the deletions over, and let their records name the service."""
    remove, record_of = dynamodb._remove_item, dynamodb._build_change_record

    def remove_item(*arguments: Any) -> Any:
        # Stock's own thread runs already; it must not delete before ours has told the stream.
        if threading.current_thread().name == _STOCK_THREAD:
            return None
        return remove(*arguments)

    def build_change_record(*arguments: Any) -> Item:
        record: Item = record_of(*arguments)
        if _expiring.get():
            record["userIdentity"] = dict(_IDENTITY)
        return record

    dynamodb._remove_item = remove_item
    dynamodb._build_change_record = build_change_record
    dynamodb_streams._cap_page_bytes = _as_the_api_spells_it(dynamodb_streams._cap_page_bytes)
    seconds = float(os.environ.get("DYNAMODB_TTL_SECONDS", "60"))
    threading.Thread(
        target=_keep_deleting, args=(seconds,), daemon=True, name="busline-ttl"
    ).start()


def _as_the_api_spells_it(page_of: Any) -> Any:
    """GetRecords spells the names of an identity with capitals; functions get them without."""

    def page(records: list[Item]) -> list[Item]:
        return [
            {
                **record,
                "userIdentity": {"Type": identity["type"], "PrincipalId": identity["principalId"]},
            }
            if (identity := record.get("userIdentity"))
            else record
            for record in page_of(records)
        ]

    return page


def _keep_deleting(seconds: float) -> None:
    while not lifecycle.stopping.wait(seconds):
        if not lifecycle.serving.is_set():
            continue
        for (account, region, name), setting in dynamodb._ttl_settings.all_items():
            if setting.get("TimeToLiveStatus") == "ENABLED":
                with request_scope(account, region):
                    _delete_expired(name, setting["AttributeName"])


def _delete_expired(table_name: str, attribute: str) -> None:
    table = dynamodb._tables.get(table_name)
    if table is None:
        return
    now = time.time()
    deleted = 0
    for partition_key, items in list(table["items"].items()):
        for sort_key, item in list(items.items()):
            # Requests continue in parallel: only items that still exist are deleted.
            if _has_expired(item, attribute, now) and items.get(sort_key) is item:
                _delete(table, table_name, partition_key, sort_key)
                deleted += 1
    if deleted:
        _LOG.info("deleted %d expired items of %s", deleted, table_name)


def _has_expired(item: Item, attribute: str, now: float) -> bool:
    value = item.get(attribute)
    if not isinstance(value, dict) or "N" not in value:
        return False
    return bool(now - _FIVE_YEARS_SECONDS < float(value["N"]) <= now)


def _delete(table: Item, table_name: str, partition_key: Any, sort_key: Any) -> None:
    with dynamodb._lock:
        old = dynamodb._remove_item(table, partition_key, sort_key)
    if old is None:
        return
    token = _expiring.set(True)
    try:
        dynamodb._emit_stream_event(table_name, "REMOVE", old, None)
    finally:
        _expiring.reset(token)
