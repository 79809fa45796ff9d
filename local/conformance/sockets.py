"""A WebSocket client as a browser is one: it offers subprotocols and can set no other header."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from types import TracebackType
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    RejectConnection,
    Request,
    TextMessage,
)

from conformance.cloud import patience


class RefusedError(Exception):
    """The handshake was answered by something else than a WebSocket."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


class Socket:
    """An open connection."""

    def __init__(self, url: str, *subprotocols: str) -> None:
        """Connect; raises `RefusedError` with the status of the answer."""
        address = urlsplit(url)
        port = address.port or (443 if address.scheme == "wss" else 80)
        self._stream = socket.create_connection((str(address.hostname), port), timeout=60)
        if address.scheme == "wss":
            context = ssl.create_default_context()
            self._stream = context.wrap_socket(self._stream, server_hostname=address.hostname)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._send(Request(address.netloc, address.path, subprotocols=list(subprotocols)))
        accepted = next(event for event in self._events(60))
        if isinstance(accepted, RejectConnection):
            self._stream.close()
            raise RefusedError(accepted.status_code)
        assert isinstance(accepted, AcceptConnection)
        self.subprotocol = accepted.subprotocol

    def send(self, text: str) -> None:
        """Send one message."""
        self._send(TextMessage(text))

    def next(self, seconds: float = 10) -> str | None:
        """The next message; None when none came in time, or the other side has closed."""
        for event in self._events(seconds * patience.factor):
            if isinstance(event, TextMessage):
                return str(event.data)
            if isinstance(event, CloseConnection):
                return None
        return None

    def __enter__(self) -> "Socket":
        """Itself; closed at the end of the block."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self._send(CloseConnection(1000))
        self._stream.close()

    def _send(self, event: Event) -> None:
        self._stream.sendall(self._protocol.send(event))

    def _events(self, seconds: float) -> Iterator[Event]:
        """What arrives, until the time is over or the other side ends."""
        deadline = time.monotonic() + seconds
        while True:
            yield from self._protocol.events()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._stream.settimeout(left)
            try:
                data = self._stream.recv(65_536)
            except TimeoutError:
                return
            if not data:
                return
            self._protocol.receive_data(data)
