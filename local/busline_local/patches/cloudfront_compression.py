"""Files that a distribution compresses on their way to the viewer.

Stock stores `Compress` and sends every file as long as it is.

AWS: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html>:
compressed is what the behaviour and its cache policy say, when the viewer
takes it, of the listed types and between 1,000 and 10,000,000 bytes; the
answer has `Content-Encoding` and `Vary`, and its `ETag` becomes weak.

Patched for gzip. CloudFront prefers Brotli, which Python has no code for, and
which makes smaller files: what is measured here is an upper bound.
"""

import gzip
from typing import Any

from ministack.services import cloudfront

_LEAST, _MOST = 1_000, 10_000_000
_STATUSES = (200, 403, 404)
_TYPES = {
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/xml",
    "image/svg+xml",
    "image/x-icon",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
    "text/xml",
}
"""Those of AWS's list that a page is made of."""

_Answer = tuple[int, dict[str, Any], Any]


def apply() -> None:
    """Compress the answers of the data plane, where the behaviour enables it."""
    handle = cloudfront.handle_viewer_request
    read_behavior = cloudfront._dataplane_behavior

    def behavior_with_compress(element: Any, *more: Any) -> dict[str, Any]:
        compress = cloudfront._text(element, "Compress", "false").strip().lower() == "true"
        return {**read_behavior(element, *more), "compress": compress}

    async def handle_compressing(
        distribution: dict[str, Any],
        method: str,
        path: str,
        raw_uri: str,
        raw_query: str,
        headers: dict[str, Any],
        *more: Any,
        **named: Any,
    ) -> _Answer:
        answer: _Answer = await handle(
            distribution, method, path, raw_uri, raw_query, headers, *more, **named
        )
        if method == "GET" and _takes_gzip(headers) and _compresses(distribution, path):
            return _compressed(answer)
        return answer

    cloudfront._dataplane_behavior = behavior_with_compress
    cloudfront.handle_viewer_request = handle_compressing


def _takes_gzip(headers: dict[str, Any]) -> bool:
    offered = str(headers.get("accept-encoding", "")).lower().split(",")
    return any(coding.strip().partition(";")[0] == "gzip" for coding in offered)


def _compresses(distribution: dict[str, Any], path: str) -> bool:
    parsed = cloudfront.parse_distribution_dataplane_config(distribution)
    behavior = cloudfront._match_behavior(parsed, path)
    if behavior is None or not behavior["compress"]:
        return False
    policy = cloudfront.cache_policy_params(behavior["cache_policy_id"]) or {}
    return bool(policy.get("EnableAcceptEncodingGzip"))


def _compressed(answer: _Answer) -> _Answer:
    status, headers, body = answer
    by_name = {name.lower(): name for name in headers}
    kind = str(headers.get(by_name.get("content-type", ""), "")).partition(";")[0].strip().lower()
    if (
        status not in _STATUSES
        or kind not in _TYPES
        or "content-encoding" in by_name
        or not isinstance(body, bytes)
        or not _LEAST <= len(body) <= _MOST
    ):
        return answer
    sent = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    sent["Content-Encoding"] = "gzip"
    sent["Vary"] = ", ".join(
        filter(None, [headers.get(by_name.get("vary", "")), "Accept-Encoding"])
    )
    tag = headers.get(by_name.get("etag", ""), "")
    if tag and not str(tag).startswith("W/"):
        sent[by_name["etag"]] = f"W/{tag}"
    return status, sent, gzip.compress(body, compresslevel=9, mtime=0)
