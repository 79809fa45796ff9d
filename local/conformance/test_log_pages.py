"""Logs that do not fit one page of FilterLogEvents."""

import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from conformance.cloud import Client, Cloud, unique

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"
    ),
    pytest.mark.patch("log_pages"),
]

STREAMS = ("one", "two")
BATCH = 10_000
"""The most events that PutLogEvents takes at once."""


class Group:
    """A log group of two streams."""

    def __init__(self, cloud: Cloud) -> None:
        self.logs: Client = cloud.client("logs")
        self.name = unique("/busline/conformance")
        self.logs.create_log_group(logGroupName=self.name)
        for stream in STREAMS:
            self.logs.create_log_stream(logGroupName=self.name, logStreamName=stream)

    def write(self, stream: str, moment: int, *lines: str) -> None:
        """Write lines of one moment, in milliseconds since 1970."""
        events = [{"timestamp": moment, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=self.name, logStreamName=stream, logEvents=events)

    def pages(self, **request: object) -> Iterator[list[str]]:
        """The lines of each page of a search."""
        paginator = self.logs.get_paginator("filter_log_events")
        for page in paginator.paginate(logGroupName=self.name, **request):
            yield [event["message"] for event in page["events"]]

    def lines(self, **request: object) -> list[str]:
        """The lines of all pages of a search."""
        return [line for page in self.pages(**request) for line in page]


@pytest.fixture
def group(cloud: Cloud) -> Iterator[Group]:
    made = Group(cloud)
    yield made
    made.logs.delete_log_group(logGroupName=made.name)


def now() -> int:
    return int(time.time() * 1000)


def test_every_line_is_listed_once_although_one_moment_fills_more_than_a_page(group: Group) -> None:
    moment = now() - 60_000
    written = []
    for number, stream in enumerate(STREAMS):
        lines = [f"{number}-{line}" for line in range(BATCH - 1)]
        group.write(stream, moment, *lines)
        written += lines
    group.write("one", moment + 1, "last")
    pages = list(group.pages())
    assert max(len(page) for page in pages) <= BATCH
    lines = [line for page in pages for line in page]
    assert lines[-1] == "last"
    assert sorted(lines[:-1]) == sorted(written)


def test_a_limit_applies_to_a_page(group: Group) -> None:
    moment = now() - 60_000
    for number in range(7):
        group.write(STREAMS[number % 2], moment + number // 3, f"wanted {number}", "other")
    pages = list(group.pages(limit=3, filterPattern="wanted"))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [line for page in pages for line in page] == [f"wanted {number}" for number in range(7)]


def test_a_page_holds_a_megabyte(group: Group) -> None:
    moment = now() - 60_000
    lines = [f"{number}{'x' * 200_000}" for number in range(6)]
    for number, line in enumerate(lines):
        group.write("one", moment + number, line)
    pages = list(group.pages())
    assert all(sum(map(len, page)) <= 1 << 20 for page in pages)
    assert [line for page in pages for line in page] == lines


def test_lines_written_between_two_pages_shift_nothing(group: Group) -> None:
    moment = now() - 60_000
    group.write("one", moment, "1", "2", "3")
    pages = group.pages(limit=2)
    seen = next(pages)
    group.write("two", moment - 1, "earlier")
    group.write("two", moment + 1, "later")
    seen += [line for page in pages for line in page]
    assert seen == ["1", "2", "3", "later"]


def test_the_time_range_applies_to_every_page(group: Group) -> None:
    moment = now() - 60_000
    for number in range(6):
        group.write("one", moment + number, str(number))
    between = group.lines(limit=1, startTime=moment + 1, endTime=moment + 4)
    assert between == ["1", "2", "3", "4"]


def test_an_invented_token_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        group.logs.filter_log_events(logGroupName=group.name, nextToken="mine")


@pytest.mark.guard
def test_the_last_page_names_no_next_one(group: Group) -> None:
    group.write("one", now(), "1", "2")
    answer = group.logs.filter_log_events(logGroupName=group.name, limit=2)
    assert "nextToken" not in answer
