"""A function has the time on a busy machine that it would have on its own CPU."""

import os
from typing import Any

import pytest
from ministack.core import lambda_runtime

from busline_local import busy_machine


class Worker:
    """A worker that tells the timeout with which it is invoked."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def invoke(self, _event: str) -> int:
        """The timeout in seconds."""
        return int(self.config["Timeout"])


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(lambda_runtime, "ProvidedWorker", Worker)
    monkeypatch.setattr(Worker, "invoke", Worker.invoke)
    busy_machine.install()
    return Worker({"Timeout": 10, "MemorySize": 256})


@pytest.mark.parametrize(("load", "seconds"), [(0.2, 10), (2.0, 10), (3.0, 15), (40.0, 200)])
def test_a_timeout_is_as_many_times_longer_as_processes_share_a_core(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, load: float, seconds: int
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert worker.invoke("an event") == seconds


def test_a_timeout_is_the_declared_one_again_when_the_load_has_gone(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts = []
    for load in (40.0, 40.0, 1.0):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        timeouts.append(worker.invoke("an event"))
    assert timeouts == [200, 200, 10]
