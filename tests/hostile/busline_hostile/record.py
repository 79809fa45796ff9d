"""The requests of a run: statuses to count, and sent texts to search for in the logs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemathesis import Case

# A shorter text, or one with few different characters, may be in a log by chance.
MIN_CHARACTERS = 12
MIN_DIFFERENT = 6

# The gateway answers requests without a token or route; a function may use these statuses, too.
_GATEWAY_STATUSES = (401, 403, 404)

# Texts that Schemathesis took from answers, and that logs may contain: ids and times.
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)")


@dataclass
class Record:
    """The number of answers by status, and the private texts that were sent."""

    statuses: Counter[int] = field(default_factory=Counter)
    sent: set[str] = field(default_factory=set)

    def add(self, case: Case[Any], status: int) -> None:
        """Add one request and the status of its answer."""
        self.statuses[status] += 1
        self.sent.update(
            text
            for text in _private_texts(case)
            if isinstance(text, str) and _is_recognizable(text)
        )

    def requests(self) -> int:
        """The number of answered requests."""
        return self.statuses.total()

    def answered_by_functions(self) -> int:
        """The number of requests that a function has answered for certain, not the gateway."""
        return sum(n for status, n in self.statuses.items() if status not in _GATEWAY_STATUSES)

    def include(self, other: Record) -> None:
        """Add what another run recorded."""
        self.statuses += other.statuses
        self.sent |= other.sent

    def write(self, path: Path) -> None:
        """Write the record as JSON."""
        content = {"statuses": self.statuses, "sent": sorted(self.sent)}
        path.write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read a record that `write` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        statuses = {int(status): count for status, count in content["statuses"].items()}
        return cls(Counter(statuses), set(content["sent"]))


def _private_texts(case: Case[Any]) -> Iterator[object]:
    """Every text of the body, and the other private values of a request."""
    yield from _texts(case.body)
    query: dict[str, Any] = case.query or {}
    yield query.get("cursor")
    yield query.get("token")
    headers: dict[str, Any] = dict(case.headers or {})
    yield headers.get("Idempotency-Key")


def _texts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield value


def _is_recognizable(text: str) -> bool:
    return (
        len(text) >= MIN_CHARACTERS
        and len(set(text)) >= MIN_DIFFERENT
        and not _ID.fullmatch(text)
        and not _TIME.fullmatch(text)
    )
