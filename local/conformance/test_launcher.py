"""The launcher: one server a state folder, one clear line when it cannot start."""

import subprocess
import sys
from pathlib import Path

from conformance.cloud import LOCAL, Server, free_port


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "busline_local", *arguments],
        cwd=LOCAL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_second_server_on_the_same_state_names_the_first(tmp_path: Path) -> None:
    first = Server(tmp_path / "state")
    try:
        second = start("--port", str(free_port()), "--state-dir", str(tmp_path / "state"))
    finally:
        status = first.stop()
    assert second.returncode == 1
    assert f"process {first.process.pid} on port {first.port}" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert status == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    first = Server(tmp_path / "state")
    try:
        second = start("--port", str(first.port), "--state-dir", str(tmp_path / "other"))
    finally:
        first.stop()
    assert second.returncode == 1
    assert f"127.0.0.1:{first.port}" in second.stderr
    assert len(second.stderr.splitlines()) == 1
