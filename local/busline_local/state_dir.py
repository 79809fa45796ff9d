"""The state folder and the lock that lets one server at a time have it."""

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path


class StateDirInUseError(Exception):
    """Another server holds the state folder."""


@dataclass(frozen=True)
class StateDirLock:
    """A held lock on a state folder. The kernel frees it when the process ends."""

    descriptor: int
    port: int

    def note_saved(self) -> None:
        """Tell the next server and the commands that all state was saved."""
        self._write(saved=True)

    def _write(self, *, saved: bool) -> None:
        # Never shorter, so that it needs no more room on a full disk.
        holder = json.dumps({"pid": os.getpid(), "port": self.port, "saved": saved})
        os.pwrite(self.descriptor, f"{holder:<80}".encode(), 0)

    @classmethod
    def acquire(cls, state_dir: Path, port: int) -> "StateDirLock":
        """Lock `state_dir` (made if absent) for this process, which serves on `port`.

        Raises `StateDirInUseError`, which names the holder's process id and
        port, when another server has it.
        """
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = state_dir / "lock.json"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            os.close(descriptor)
            raise StateDirInUseError(_in_use(state_dir, path)) from taken
        # The code of functions is unpacked again; files of an earlier server are not needed.
        shutil.rmtree(state_dir / "tmp", ignore_errors=True)
        for folder in ("services", "objects", "tmp"):
            (state_dir / folder).mkdir(mode=0o700, exist_ok=True)
        os.ftruncate(descriptor, 0)
        lock = cls(descriptor, port)
        lock._write(saved=False)
        return lock


def _in_use(state_dir: Path, lock: Path) -> str:
    try:
        holder = json.loads(lock.read_text())
        who = f"process {holder['pid']} on port {holder['port']}"
    except (OSError, ValueError, KeyError):
        # The holder has the lock but has not yet written its name.
        who = "a process that is just starting"
    return f"{state_dir} is in use by {who}; stop it, or name another --state-dir"
