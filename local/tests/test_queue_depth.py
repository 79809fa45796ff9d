"""A queue is as quick while one consumer holds nearly all of its messages."""

import time
from collections.abc import Iterator
from typing import Any

from busline_local.patches import queue_depth

DEPTH = 2_000


class Messages(list[dict[str, Any]]):
    """Messages of a queue, which count how often one is looked at."""

    def __init__(self, count: int) -> None:
        super().__init__(
            {
                "id": str(n),
                "body": "",
                "visible_at": 0.0,
                "receive_count": 0,
                "receipt_handle": None,
            }
            for n in range(count)
        )
        self.looks = 0

    def __getitem__(self, place: Any) -> Any:
        """Count a look."""
        self.looks += 1
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Count each look."""
        for message in super().__iter__():
            self.looks += 1
            yield message


def new_queue(name: str, count: int = DEPTH) -> dict[str, Any]:
    return {"attributes": {"QueueArn": name}, "messages": Messages(count)}


def receive(queue: dict[str, Any], hidden: int = 600) -> list[str]:
    return [message["receipt_handle"] for message in queue_depth._collect(queue, 10, hidden)]


def places(queue: dict[str, Any], *receipts: str) -> list[int]:
    entries = [{"ReceiptHandle": receipt} for receipt in receipts]
    return sorted(place for place, _message in queue_depth._held(queue, entries))


def test_the_last_messages_are_received_as_quickly_as_the_first() -> None:
    queue = new_queue("whole")
    received = [receipt for _ in range(DEPTH // 10) for receipt in receive(queue)]
    assert len(set(received)) == DEPTH
    assert receive(queue) == []
    looks = queue["messages"].looks
    assert DEPTH <= looks < 4 * DEPTH, f"{looks} looks at {DEPTH} messages"


def test_a_receipt_finds_its_message_at_once() -> None:
    queue = new_queue("held")
    received = [receipt for _ in range(DEPTH // 10) for receipt in receive(queue)]
    queue["messages"].looks = 0
    assert places(queue, *received) == list(range(DEPTH))
    looks = queue["messages"].looks
    assert DEPTH <= looks < 4 * DEPTH, f"{looks} looks for {DEPTH} receipts"


def test_messages_are_found_after_others_were_deleted() -> None:
    queue = new_queue("deleted", 60)
    received = [receipt for _ in range(5) for receipt in receive(queue)]
    queue["messages"] = queue["messages"][:5] + queue["messages"][25:]
    assert places(queue, *received) == list(range(30))
    assert places(queue, "unknown", "unknown@7") == []
    assert len(receive(queue)) == 10
    assert receive(queue) == []


def test_messages_that_are_visible_again_are_received_before_others() -> None:
    queue = new_queue("returned", 60)
    received = [receipt for _ in range(3) for receipt in receive(queue, hidden=600)]
    queue["messages"][12]["visible_at"] = time.time() - 1
    queue_depth._fronts.clear()
    assert places(queue, *received) == list(range(30))
    assert places(queue, receive(queue)[0]) == [12]


def test_messages_are_received_again_after_their_timeout() -> None:
    queue = new_queue("timeouts", 20)
    receive(queue, hidden=0)
    assert places(queue, *receive(queue)) == list(range(10))
    assert places(queue, *receive(queue)) == list(range(10, 20))
    assert receive(queue) == []
