"""API Gateway's APIs behind a distribution.

Stock answers 502 for an origin `<api>.execute-api.<region>.amazonaws.com`, so
that nothing goes out to Amazon, also when the API is its own.

AWS: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html>
and <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vs-rest.html>.
The API is asked over HTTPS alone, and by its own name: a request that carries
the viewer's `Host` on is 403.

Patched by handing the request to the API as if it had come to its own address.
"""

import asyncio
import http.client
import re
from typing import Any
from urllib.parse import parse_qs, unquote

from ministack import app
from ministack.services import apigateway, apigateway_v1, cloudfront

_API_HOST = re.compile(r"^(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com$")

_Answer = tuple[int, str, dict[str, Any], bytes]
"""Status, reason, headers and body, as an origin gives them."""


def apply() -> None:
    """Look for an API of the origin's name before anything is sent out."""
    fetch = cloudfront._fetch_from_origin

    async def fetch_from_apis_too(origin: dict[str, Any], *request: Any) -> _Answer:
        api_id = _api_of(origin)
        if api_id is None:
            answer: _Answer = await fetch(origin, *request)
            return answer
        return await _fetch_from_api(api_id, origin, *request)

    cloudfront._fetch_from_origin = fetch_from_apis_too


def _api_of(origin: dict[str, Any]) -> str | None:
    named = _API_HOST.match(cloudfront._normalize_origin_host(origin["domain_name"]))
    if named is None:
        return None
    api_id = named["api"]
    ours = any(module.find_api_scope(api_id) is not None for module in (apigateway, apigateway_v1))
    return api_id if ours else None


async def _fetch_from_api(
    api_id: str,
    origin: dict[str, Any],
    method: str,
    uri: str,
    query: str,
    headers: dict[str, Any],
    body: bytes,
    viewer_is_https: bool,  # noqa: FBT001
    client_ip: str,
    forwarded_for: str,
    _distribution: str,
) -> _Answer:
    host, _port, use_https = cloudfront._origin_connect_target(origin, viewer_is_https)
    if not use_https:
        raise cloudfront.OriginUnreachable(f"{host} does not answer HTTP")
    sent = cloudfront._origin_request_headers(origin, headers, client_ip, forwarded_for)
    sent = {name.lower(): value for name, value in sent.items()}
    if sent["host"].partition(":")[0].lower() != host.lower():
        return _answer(403, {"Content-Type": "application/json"}, b'{"message":"Forbidden"}')
    raw_path = (origin.get("origin_path") or "") + uri
    called = app._handle_execute_api_request(
        f"{api_id}.execute-api.{app._MINISTACK_HOST}",
        unquote(raw_path),
        method,
        sent,
        body or b"",
        parse_qs(query, keep_blank_values=True),
        raw_path=raw_path,
        raw_query_string=query,
    )
    try:
        status, answered, data = await asyncio.wait_for(called, origin["read_timeout"])
    except TimeoutError as error:
        raise cloudfront.OriginTimeout(f"no response from {host}") from error
    return _answer(status, answered, data)


def _answer(status: int, headers: dict[str, Any], body: bytes | str) -> _Answer:
    pairs = [
        (name, value)
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    data = body.encode() if isinstance(body, str) else body
    reason = http.client.responses.get(status, "")
    return status, reason, cloudfront._multidict_from_pairs(pairs), data
