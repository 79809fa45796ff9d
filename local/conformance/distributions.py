"""Requests to distributions by their name, as a browser sends them."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

from conformance.cloud import Cloud


@dataclass(frozen=True)
class Answer:
    """What a distribution answered."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    cloud: Cloud, host: str, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    """Send one request to the distribution of this name."""
    sent = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection: http.client.HTTPConnection
    if cloud.endpoint is None:
        connection = http.client.HTTPSConnection(host, timeout=120)
    else:
        connection = http.client.HTTPConnection(urlsplit(cloud.endpoint).netloc, timeout=120)
    try:
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, named, answer.read())
    finally:
        connection.close()
