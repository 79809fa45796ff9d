"""Logs that do not fit one page.

Stock ends `FilterLogEvents` after 10,000 events, or after `limit`, and names
no next page: what comes after them cannot be read.

AWS: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>.
A page holds as many events as fit in 1 MB, 10,000 at most; `nextToken` is
there when there are more.

Patched in place of MiniStack's own search. A token holds the moment at which the
page ended and how many of that moment's events it contained, so that lines
which are added or removed in between shift nothing.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs

_PAGE_EVENTS = 10_000
_PAGE_BYTES = 1 << 20

Record = dict[str, Any]


def apply() -> None:
    """Search page by page."""
    cloudwatch_logs._filter_log_events = _filter_log_events


def _filter_log_events(data: Record) -> Any:
    group = cloudwatch_logs._log_groups.get(cloudwatch_logs._resolve_log_group_name(data))
    if group is None:
        named = cloudwatch_logs._resolve_log_group_name(data)
        return error_response_json(
            "ResourceNotFoundException", f"The specified log group does not exist: {named}", 400
        )
    token = data.get("nextToken")
    try:
        moment, told = _read_token(token) if token else (data.get("startTime"), 0)
    except ValueError:
        return error_response_json(
            "InvalidParameterException", "The specified nextToken is invalid.", 400
        )
    found = islice(_matching(group, {**data, "startTime": moment}), told, None)
    return json_response({**_page(found, data, moment, told), "searchedLogStreams": []})


def _matching(group: Record, data: Record) -> Iterator[Record]:
    """The events of a group that a request asks for, the oldest first."""
    matches = cloudwatch_logs._compile_filter_pattern(data.get("filterPattern", ""))
    streams = group["streams"]
    with cloudwatch_logs._log_events_lock:
        named = data.get("logStreamNames") or list(streams)
        parts = [_part(streams[name], name, data) for name in named if name in streams]
    for event, stream in heapq.merge(*parts, key=_order):
        if matches(event.get("message", "")):
            yield {**event, "logStreamName": stream}


def _part(stream: Record, name: str, data: Record) -> Iterable[tuple[Record, str]]:
    """A stream's events in the request's range of time, with its name."""
    events, start, end = stream["events"], data.get("startTime"), data.get("endTime")
    first = 0 if start is None else bisect_left(events, start, key=_moment)
    last = len(events) if end is None else bisect_right(events, end, key=_moment)
    return zip(events[first:last], repeat(name))


def _page(found: Iterator[Record], data: Record, moment: int | None, told: int) -> Record:
    """As many events as a page holds, and the token of the next one if there is any."""
    most, size = min(data.get("limit") or _PAGE_EVENTS, _PAGE_EVENTS), 0
    events: list[Record] = []
    for event in found:
        size += len(event["message"].encode())
        if events and (len(events) == most or size > _PAGE_BYTES):
            return {"events": events, "nextToken": f"{moment}/{told}"}
        events.append(event)
        told = told + 1 if _moment(event) == moment else 1
        moment = _moment(event)
    return {"events": events}


def _read_token(token: str) -> tuple[int, int]:
    """The moment at which the last page ended, and how many of its events it contained."""
    moment, told = token.split("/")
    return int(moment), int(told)


def _moment(event: Record) -> int:
    """In milliseconds since 1970."""
    return int(event["timestamp"])


def _order(found: tuple[Record, str]) -> tuple[int, int]:
    event, _stream = found
    return _moment(event), int(event.get("ingestionTime", 0))
