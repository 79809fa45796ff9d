"""No line of a function is lost between its pipe and its log."""

import os
import queue
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime

from busline_local.patches.invocation_latency import drain, pump


class Worker(lambda_runtime.Worker):  # type: ignore[misc]
    """A worker of MiniStack; what its function writes, the test does."""

    def __init__(self, lines: "queue.Queue[str]") -> None:
        reading, self._writing = os.pipe()
        pipe = os.fdopen(reading, "rb")
        self._proc = SimpleNamespace(stdout=pipe)
        self._stderr_queue = lines
        self._carrier = threading.Thread(target=pump, args=(self, pipe, lines))
        self._carrier.start()

    def write(self, text: bytes) -> None:
        """What is written is in the pipe, or has been read."""
        os.write(self._writing, text)

    def log(self) -> str:
        """What the invocation that has just ended has logged."""
        return drain(lambda_runtime.Worker._drain_stderr_bounded)(self)

    def stop(self) -> str:
        """End the function; what it had not yet logged."""
        os.close(self._writing)
        self._carrier.join()
        return str(self._drain_stderr())


class Slow(queue.Queue[str]):
    """A queue into which nothing gets at once, as when the reading thread has to wait."""

    def put_nowait(self, item: str) -> None:
        """Put a line, later."""
        time.sleep(0.05)
        super().put_nowait(item)


@pytest.fixture(params=[queue.Queue, Slow])
def lines(request: Any) -> "queue.Queue[str]":
    return request.param(maxsize=100)  # type: ignore[no-any-return]


def test_output_is_in_the_log_of_its_invocation(lines: "queue.Queue[str]") -> None:
    worker = Worker(lines)
    for number in range(5):
        worker.write(b"%d\nand more\n" % number)
        assert worker.log() == f"{number}\nand more"
    assert worker.stop() == ""


def test_an_incomplete_line_is_held_back(lines: "queue.Queue[str]") -> None:
    worker = Worker(lines)
    worker.write(b"one\r\ntw")
    assert worker.log() == "one"
    worker.write(b"o\n")
    assert worker.log() == "two"
    assert worker.stop() == ""


def test_the_last_line_needs_no_line_break(lines: "queue.Queue[str]") -> None:
    worker = Worker(lines)
    worker.write(b"one\ntwo")
    assert worker.stop() == "one\ntwo"


def test_the_oldest_lines_are_dropped_above_the_limit() -> None:
    worker = Worker(queue.Queue(maxsize=2))
    worker.write(b"one\ntwo\nthree\n")
    assert worker.stop() == "two\nthree"
