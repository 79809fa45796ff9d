"""When background work may run: after the port answers, and until a stop is requested.

MiniStack restores its state before it listens and saves it after it has stopped
listening. Work that calls functions must do neither: functions call back over
the port, and an attempt that fails because the port is closed is not theirs.
"""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

_DRAIN_SECONDS = 8.0
"""How long a stop waits for running function attempts; AWS has no such limit."""

serving = threading.Event()
"""Set when the port answers: background work may start."""

stopping = threading.Event()
"""Set when a stop was requested: no new background work starts."""

_busy_checks: list[Callable[[], int]] = []
_serving_hooks: list[Callable[[], None]] = []


def may_run() -> bool:
    """Whether background work may start now."""
    return serving.is_set() and not stopping.is_set()


def when_serving(hook: Callable[[], None]) -> None:
    """Call `hook` once, when the port answers."""
    _serving_hooks.append(hook)


def wait_at_stop(busy: Callable[[], int]) -> None:
    """Make a clean stop wait while `busy` counts running work, 8 seconds at most."""
    _busy_checks.append(busy)


def install(port: int) -> None:
    """Let the server that MiniStack is about to start follow this module's rules."""
    import hypercorn.asyncio

    serve = hypercorn.asyncio.serve

    async def serve_and_drain(app: Any, config: Any) -> None:
        await serve(app, config, shutdown_trigger=_told_to_stop())

    hypercorn.asyncio.serve = serve_and_drain  # type: ignore[assignment]
    threading.Thread(target=_announce, args=(port,), daemon=True, name="busline-serving").start()


def _told_to_stop() -> Callable[[], Awaitable[None]]:
    async def trigger() -> None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, told.set)
        await told.wait()
        stopping.set()
        await asyncio.to_thread(_drain)

    return trigger


def _drain() -> None:
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline and any(busy() for busy in _busy_checks):
        time.sleep(0.02)


def _announce(port: int) -> None:
    while not stopping.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        except OSError:
            time.sleep(0.02)
    serving.set()
    for hook in _serving_hooks:
        hook()
