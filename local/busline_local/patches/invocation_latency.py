"""A warm invocation waits for nothing but the function.

Stock: the Runtime API writes head and body of an answer in two packets, and the
second waits about 40 ms for the first one's acknowledgement; then the server
waits 50 ms for log lines that a silent function never writes; then an event
source that looked in vain looks again after 50 ms. A new function is kept
waiting for half a second before it may be invoked.

AWS: a warm invocation costs the function's own time and no fixed wait,
<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.

Mended: small packets go out at once, and the log is what the function's pipe
holds when its answer arrives.
"""

import array
import fcntl
import http.server
import termios
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_LONGEST_DRAIN_SECONDS = 0.25


def apply() -> None:
    """Remove the fixed waits."""
    http.server.BaseHTTPRequestHandler.disable_nagle_algorithm = True
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = 0.005
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0.02
    stock = lambda_runtime.Worker._drain_stderr_bounded

    def drain(worker: Any, first_line_wait: float | None = None) -> str:
        if first_line_wait is not None:
            # A process that has failed to start: its last words may be on the way.
            return str(stock(worker, first_line_wait=first_line_wait))
        return _drain(worker)

    lambda_runtime.ProvidedWorker._drain_stderr_bounded = drain


def _drain(worker: Any) -> str:
    process = worker._proc
    deadline = time.monotonic() + _LONGEST_DRAIN_SECONDS
    while process is not None and _unread(process.stdout) and time.monotonic() < deadline:
        time.sleep(0.001)
    # The reading thread has taken the last line, but may not have put it down yet.
    time.sleep(0.0005)
    return str(worker._drain_stderr())


def _unread(pipe: Any) -> int:
    """Bytes that the function has written and nobody has read."""
    if pipe.closed:
        return 0
    waiting = array.array("i", [0])
    try:
        fcntl.ioctl(pipe.fileno(), termios.FIONREAD, waiting)
    except (OSError, ValueError):
        # Closed in between: the process is gone.
        return 0
    return waiting[0]
