"""The endpoint under test.

Settings by environment: `BUSLINE_CONFORMANCE=stock` starts MiniStack without
patches; `BUSLINE_CONFORMANCE_ENDPOINT` names a running endpoint instead, and
nothing is started.
"""

import os
from collections.abc import Iterator

import pytest

from conformance.cloud import Cloud, Server


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The endpoint under test: a running one if the environment names it, else our own."""
    given = os.environ.get("BUSLINE_CONFORMANCE_ENDPOINT")
    if given is not None:
        yield Cloud(given)
        return
    server = Server(tmp_path_factory.mktemp("cloud") / "state")
    try:
        yield Cloud(server.endpoint)
    finally:
        server.stop()
