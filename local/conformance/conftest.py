"""The endpoint under test.

Settings by environment: `BUSLINE_CONFORMANCE=stock` starts MiniStack without
patches, `BUSLINE_CONFORMANCE=without:<patch>` without that one;
`BUSLINE_CONFORMANCE_ENDPOINT` names a running endpoint instead (`aws` for AWS
itself, with the credentials of the environment), and nothing is started.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cases import MarkError, case_of
from conformance.cloud import Cloud, Server, given_endpoint, on_aws, patience, unpatched


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse the suite if any of its cases does not say what it is about."""
    faults = []
    for item in items:
        if item.path.parent != Path(__file__).parent:
            continue
        try:
            case_of(item)
        except MarkError as error:
            faults.append(str(error))
    if faults:
        raise pytest.UsageError(*faults)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The endpoint under test: a running one if the environment names it, else our own."""
    given = given_endpoint()
    if given is not None:
        yield Cloud(None if on_aws() else given)
        return
    server = Server(tmp_path_factory.mktemp("cloud") / "state")
    try:
        yield Cloud(server.endpoint)
    finally:
        server.stop()


@pytest.fixture(scope="session", autouse=True)
def patient_with_aws() -> None:
    """Give AWS the minutes that it takes for what is done here in seconds."""
    if on_aws():
        patience.factor = 24


@pytest.fixture(autouse=True)
def impatient_without_patches(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait no long time for what a server without the case's patch never does."""
    usual = patience.factor
    if unpatched() and case_of(request.node).patches:
        patience.factor = 1 / 3
    yield
    patience.factor = usual
