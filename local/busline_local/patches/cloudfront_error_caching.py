"""Errors of an origin that a distribution answers again, to whoever asks.

Stock asks the origin for every request.

AWS: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html>:
an error that answers a GET or HEAD is cached for the `ErrorCachingMinTTL` of
its code among the `CustomErrorResponses`, or for 10 seconds, whatever the cache
policy is; `Cache-Control` shortens that for 404, 410, 414 and 501 alone. The
key of the managed policy CachingDisabled has neither the query string nor
`Authorization`: one viewer gets the error that answered another.

Patched by keeping those answers. The key has the path alone, as both managed
policies that Busline uses have it.
"""

import time
from typing import Any

from ministack.services import cloudfront

_DEFAULT_SECONDS = 10.0
_CACHED = {404, 405, 414, 500, 501, 502, 503, 504}
_HEEDS_CACHE_CONTROL = {404, 410, 414, 501}
_DIRECTIVES_AGAINST = ("no-store", "no-cache", "private", "max-age=0")

_Answer = tuple[int, str, dict[str, Any], bytes]
"""Status, reason, headers and body, as an origin gives them."""

_Key = tuple[str, str, str, str]
"""The distribution's ARN, the origin, the method and the path."""


def apply() -> None:
    """Look for a kept error before the origin is asked."""
    fetch = cloudfront._fetch_from_origin
    kept: dict[_Key, tuple[float, _Answer]] = {}

    async def fetch_unless_kept(
        origin: dict[str, Any], method: str, uri: str, *request: Any
    ) -> _Answer:
        arn = str(request[-1])
        key = (arn, origin["id"], method, uri)
        if key in kept:
            until, earlier = kept.pop(key)
            if time.monotonic() < until:
                kept[key] = until, earlier
                return earlier
        answer: _Answer = await fetch(origin, method, uri, *request)
        seconds = _seconds(arn, method, answer)
        if seconds > 0:
            kept[key] = (time.monotonic() + seconds, answer)
        return answer

    cloudfront._fetch_from_origin = fetch_unless_kept


def _seconds(arn: str, method: str, answer: _Answer) -> float:
    """How long an answer is kept."""
    status, _reason, headers, _body = answer
    if method not in ("GET", "HEAD") or status not in _CACHED:
        return 0.0
    if status in _HEEDS_CACHE_CONTROL and _is_not_to_be_kept(headers):
        return 0.0
    return _configured(arn).get(status, _DEFAULT_SECONDS)


def _is_not_to_be_kept(headers: dict[str, Any]) -> bool:
    named = {name.lower(): str(value).lower() for name, value in headers.items()}
    return any(directive in named.get("cache-control", "") for directive in _DIRECTIVES_AGAINST)


def _configured(arn: str) -> dict[int, float]:
    """The distribution's own seconds, by status."""
    ours = [one for one in cloudfront._distributions.values() if one.get("ARN") == arn]
    if not ours:
        return {}
    errors = cloudfront._find(cloudfront._dist_config_el(ours[0]), "CustomErrorResponses")
    items = cloudfront._find(errors, "Items") if errors is not None else None
    if items is None:
        return {}
    rows = [(cloudfront._text(item, "ErrorCode"), _ttl(item)) for item in items]
    return {int(code): seconds for code, seconds in rows if code}


def _ttl(item: Any) -> float:
    text = cloudfront._text(item, "ErrorCachingMinTTL", "")
    return float(text) if text else _DEFAULT_SECONDS
