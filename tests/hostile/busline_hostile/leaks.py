"""Searches the functions' log lines for tokens, e-mail addresses and bodies."""

import json
import re
from collections.abc import Iterable, Iterator

from busline_hostile.record import MIN_CHARACTERS

# A JSON Web Token, signed or encrypted: its header is a JSON object in base64url.
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.")
# `todos@0.1.0` is a service with its version: a domain does not end in digits. Amazon SES's ids of
# emails look like addresses in its domain, and contain no personal data.
_ADDRESS = re.compile(
    r"[\w.+%-]+@(?![\w-]+\.amazonses\.com\b)[\w-]+(\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE
)
# The fields of bodies in JSON, also in JSON within JSON.
_BODY = re.compile(r"\\*\"(title|notes|tags|dueAt|displayName|timeZone|refreshToken)\\*\" *:")


class Search:
    """A search for what no log line may contain."""

    def __init__(self, sent: Iterable[str]) -> None:
        """Search for the sent texts too."""
        self._sent: dict[str, list[str]] = {}
        for text in sent:
            self._sent.setdefault(text[:MIN_CHARACTERS], []).append(text)

    def findings(self, line: str) -> Iterator[str]:
        """The kinds of what a line must not contain, without the text itself."""
        for name, pattern in (("a token", _TOKEN), ("an address", _ADDRESS), ("a body", _BODY)):
            if pattern.search(line):
                yield name
        if any(self._contains_sent_text(text) for text in {line, *_decoded(line)}):
            yield "a text that was sent"

    def _contains_sent_text(self, text: str) -> bool:
        for start in range(len(text) - MIN_CHARACTERS + 1):
            candidates = self._sent.get(text[start : start + MIN_CHARACTERS], ())
            if any(text.startswith(candidate, start) for candidate in candidates):
                return True
        return False


def _decoded(line: str) -> Iterator[str]:
    """Every text of a structured line, without JSON's escapes."""
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
