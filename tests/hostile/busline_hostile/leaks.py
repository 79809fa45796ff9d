"""Looks for tokens, e-mail addresses and bodies in what the functions logged."""

import json
import re
from collections.abc import Iterable, Iterator

from busline_hostile.record import MIN_CHARACTERS

# A JSON Web Token, signed or encrypted: its header is a JSON object in base64url.
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.")
# `todos@0.1.0` names a service and its version: a domain ends in letters. What Amazon SES calls a
# mail looks like an address of its own domain, and says nothing of a person.
_ADDRESS = re.compile(
    r"[\w.+%-]+@(?![\w-]+\.amazonses\.com\b)[\w-]+(\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE
)
# The fields of bodies, as they stand in JSON, also in JSON within JSON.
_BODY = re.compile(r"\\*\"(title|notes|tags|dueAt|displayName|timeZone|refreshToken)\\*\" *:")


class Search:
    """A search for what must be in no log line."""

    def __init__(self, sent: Iterable[str]) -> None:
        """Look also for the texts that were sent."""
        self._sent: dict[str, list[str]] = {}
        for text in sent:
            self._sent.setdefault(text[:MIN_CHARACTERS], []).append(text)

    def findings(self, line: str) -> Iterator[str]:
        """What a line holds that it must not, in words that do not repeat it."""
        for name, pattern in (("a token", _TOKEN), ("an address", _ADDRESS), ("a body", _BODY)):
            if pattern.search(line):
                yield name
        if any(self._holds_a_sent_text(text) for text in {line, *_decoded(line)}):
            yield "a text that was sent"

    def _holds_a_sent_text(self, text: str) -> bool:
        for start in range(len(text) - MIN_CHARACTERS + 1):
            candidates = self._sent.get(text[start : start + MIN_CHARACTERS], ())
            if any(text.startswith(candidate, start) for candidate in candidates):
                return True
        return False


def _decoded(line: str) -> Iterator[str]:
    """Every text of a structured line, freed of JSON's escapes."""
    try:
        value = json.loads(line)
    except ValueError:
        return
    yield from _texts(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
