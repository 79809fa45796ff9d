"""The launcher: one server a state folder, one clear line when it cannot start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from busline_local.__main__ import _refuse_another_version
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


def test_a_stop_tells_whether_all_state_was_saved(tmp_path: Path) -> None:
    def stop(server: Server) -> tuple[int, bool]:
        status = server.stop()
        return status, json.loads((server.state_dir / "lock.json").read_text())["saved"]

    assert stop(Server(tmp_path / "state")) == (0, True)
    second = Server(tmp_path / "state")
    # As on a full disk, this file cannot be written.
    (tmp_path / "state/services/iam.json").unlink(missing_ok=True)
    (tmp_path / "state/services/iam.json").mkdir()
    assert stop(second) == (1, False)
    assert "not all state could be saved" in second.log.read_text()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    first = Server(tmp_path / "state")
    try:
        second = start("--port", str(first.port), "--state-dir", str(tmp_path / "other"))
    finally:
        first.stop()
    assert second.returncode == 1
    assert f"127.0.0.1:{first.port}" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_an_unknown_patch_is_named(tmp_path: Path) -> None:
    unknown = ("--without", "nothing", "--state-dir", str(tmp_path / "state"))
    refused = start("--port", str(free_port()), *unknown)
    assert refused.returncode == 1
    assert "nothing is no patch" in refused.stderr


def test_another_version_of_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _package: "1.5.34")
    with pytest.raises(SystemExit, match=r"written for ministack 1\.5\.33, but 1\.5\.34"):
        _refuse_another_version()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's table of sockets")
def test_nothing_listens_beyond_the_loopback_interface(tmp_path: Path) -> None:
    server = Server(tmp_path / "state", BIND_HOST="0.0.0.0")  # noqa: S104
    try:
        sockets = Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines()[1:]
        own = {
            link.readlink().name.removeprefix("socket:[").removesuffix("]")
            for link in Path(f"/proc/{server.process.pid}/fd").iterdir()
            if "socket:" in str(link.readlink())
        }
        listening = [
            fields[1]
            for fields in (line.split() for line in sockets)
            if fields[3] == "0A" and fields[9] in own
        ]
    finally:
        server.stop()
    # 127.0.0.1 as the kernel writes it.
    assert listening
    assert all(address.startswith("0100007F:") for address in listening)
