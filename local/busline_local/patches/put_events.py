"""PutEvents: each entry is checked by itself, and the request has a size.

Stock: entries without source, type or detail, with a detail that is no JSON
object, and of any size are all accepted; an entry's time is replaced by now;
every event ever sent stays in memory.

AWS: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>
(`InvalidArgument` and `MalformedDetail` answer for single entries) and
<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
(ten entries, less than 1 MB together; a request in which no entry is complete
fails as a whole).

Patched as documented.
"""

import json
import time
from datetime import datetime
from typing import Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
)
from ministack.services import eventbridge

_MAXIMUM_ENTRIES = 10
_TOTAL_BYTES = 1_048_576
_TYPE_CHARACTERS = 128
_TIME_BYTES = 14
"""<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>"""

_REQUIRED = ("Source", "DetailType", "Detail")

Entry = dict[str, Any]


def apply() -> None:
    """Check what is put on a bus as AWS does."""
    eventbridge._put_events = _put_events


def _put_events(data: Entry, allow_aws_source: bool = False) -> Any:  # noqa: FBT001, FBT002
    entries: list[Entry] = data.get("Entries") or []
    if not 1 <= len(entries) <= _MAXIMUM_ENTRIES:
        return error_response_json(
            "ValidationException",
            f"1 validation error detected: Value at 'entries' failed to satisfy constraint: "
            f"Member must have length between 1 and {_MAXIMUM_ENTRIES}",
            400,
        )
    if sum(_size(entry) for entry in entries) >= _TOTAL_BYTES:
        return error_response_json(
            "ValidationException",
            "Total size of the entries in the request is over the limit.",
            400,
        )
    missing = [_missing(entry) for entry in entries]
    if all(missing):
        return error_response_json("ValidationException", _required(str(missing[0])), 400)
    results = [_put(entry, aws_sources=allow_aws_source) for entry in entries]
    failed = sum("ErrorCode" in result for result in results)
    return json_response({"FailedEntryCount": failed, "Entries": results})


def _size(entry: Entry) -> int:
    fields = [entry.get(name) or "" for name in _REQUIRED] + list(entry.get("Resources") or [])
    timed = _TIME_BYTES if entry.get("Time") is not None else 0
    return timed + sum(len(str(value).encode()) for value in fields)


def _missing(entry: Entry) -> str | None:
    return next((name for name in _REQUIRED if not entry.get(name)), None)


def _required(name: str) -> str:
    return f"Parameter {name} is not valid. Reason: {name} is a required argument."


def _put(entry: Entry, *, aws_sources: bool) -> Entry:
    bus, refused = eventbridge._event_bus_name_from_ref(entry.get("EventBusName") or "default")
    if refused:
        return _error(*refused)
    missing = _missing(entry)
    if missing:
        return _error("InvalidArgument", _required(missing))
    if len(entry["DetailType"]) > _TYPE_CHARACTERS:
        reason = f"Detail type must be less than or equal to {_TYPE_CHARACTERS} characters."
        return _error("InvalidArgument", f"Parameter DetailType is not valid. Reason: {reason}")
    if not aws_sources and entry["Source"].startswith("aws."):
        return _error("NotAuthorizedForSourceException", "Not authorized for the source.")
    if not _is_object(entry["Detail"]):
        return _error("MalformedDetail", "Detail is malformed.")
    event = {
        "EventId": new_uuid(),
        "Source": entry["Source"],
        "DetailType": entry["DetailType"],
        "Detail": entry["Detail"],
        "EventBusName": bus,
        "Time": _seconds(entry.get("Time")),
        "Resources": entry.get("Resources") or [],
        "Account": get_account_id(),
        "Region": get_region(),
    }
    view = eventbridge._pattern_event_view(event)
    eventbridge._dispatch_event(event, view)
    eventbridge._archive_event(event, view)
    return {"EventId": event["EventId"]}


def _error(code: str, message: str) -> Entry:
    return {"ErrorCode": code, "ErrorMessage": message}


def _is_object(detail: Any) -> bool:
    try:
        return isinstance(json.loads(detail), dict)
    except (TypeError, ValueError, RecursionError):
        return False


def _seconds(given: Any) -> int:
    """Epoch seconds, whole as MiniStack keeps them, of a number or an RFC 3339 text."""
    if isinstance(given, str):
        return int(datetime.fromisoformat(given).timestamp())
    return int(time.time() if given is None else given)
