"""A warm invocation waits for nothing but the function.

Stock: the Runtime API writes head and body of an answer in two packets, and the
second waits about 40 ms for the first one's acknowledgement; then the server
waits 50 ms for log lines that a silent function never writes; then an event
source that looked in vain looks again after 50 ms. A new function is kept
waiting for half a second before it may be invoked.

AWS: a warm invocation costs the function's own time and no fixed wait,
<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.

Patched: small packets go out at once, and the log is what the function has
written when its answer arrives: whoever collects it empties the pipe first.
"""

import contextlib
import http.server
import os
import queue
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_PIPE_BYTES = 1 << 20
"""More than a pipe holds: one read empties it."""

Lines = queue.Queue[str]


@dataclass
class Output:
    """What one process writes, on its way from the pipe to the queue of its lines.

    Two threads may carry it: MiniStack's own, which waits for output, and the
    one that collects the log of an invocation. The lock is held from the pipe
    to the queue, so that no line is out of the one and not yet in the other.
    """

    pipe: Any
    lock: threading.Lock = field(default_factory=threading.Lock)
    rest: bytes = b""
    """The beginning of an incomplete line."""

    def carry(self, lines: Lines) -> bool:
        """Move what is there; whether the process may write more."""
        with self.lock:
            if self.pipe.closed:
                return False
            try:
                piece = os.read(self.pipe.fileno(), _PIPE_BYTES)
            except BlockingIOError:
                return True
            *whole, self.rest = (self.rest + piece).split(b"\n")
            if not piece and self.rest:
                whole, self.rest = [self.rest], b""
            for line in whole:
                _put(lines, line.decode("utf-8", errors="replace").rstrip("\r"))
            return bool(piece)

    def close(self) -> None:
        """Give the pipe back."""
        with self.lock:
            self.pipe.close()


_outputs: WeakKeyDictionary[Lines, Output] = WeakKeyDictionary()
"""By the queue of a process: MiniStack makes one for each."""


def apply() -> None:
    """Remove the fixed waits."""
    http.server.BaseHTTPRequestHandler.disable_nagle_algorithm = True
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = 0.005
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0.02
    lambda_runtime.ProvidedWorker._pump_output = pump
    lambda_runtime.ProvidedWorker._drain_stderr_bounded = drain(
        lambda_runtime.Worker._drain_stderr_bounded
    )


def pump(_worker: Any, pipe: Any, lines: Lines) -> None:
    """Carry the output of a process for its whole life."""
    output = _output(pipe, lines)
    readable = select.poll()
    readable.register(pipe.fileno(), select.POLLIN)
    while output.carry(lines):
        readable.poll()
    output.close()


def drain(stock: Callable[..., str]) -> Callable[..., str]:
    """How a worker collects the log of the invocation that has just ended."""

    def drained(worker: Any, first_line_wait: float | None = None) -> str:
        if first_line_wait is not None:
            # A process that has failed to start: its last words may be on the way.
            return stock(worker, first_line_wait=first_line_wait)
        process, lines = worker._proc, worker._stderr_queue
        if process is not None and not process.stdout.closed:
            _output(process.stdout, lines).carry(lines)
        return str(worker._drain_stderr())

    return drained


def _output(pipe: Any, lines: Lines) -> Output:
    """The output that ends in this queue; whichever thread asks first makes it."""
    made = Output(pipe)
    output = _outputs.setdefault(lines, made)
    if output is made:
        os.set_blocking(pipe.fileno(), False)
    return output


def _put(lines: Lines, line: str) -> None:
    """Add a line; the oldest goes when there are too many."""
    if lines.full():
        with contextlib.suppress(queue.Empty):
            lines.get_nowait()
    lines.put_nowait(line)
