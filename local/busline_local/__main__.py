"""Starts the local cloud: `python -m busline_local --port 4566 --state-dir .local`.

Exit status: 0 after a clean stop (SIGTERM or SIGINT) with all state saved, 1
with one line on standard error when it cannot start or save.
"""

import argparse
import importlib.metadata
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from busline_local import settings
from busline_local.state_dir import StateDirInUseError, StateDirLock


def main() -> None:
    """Read the command line, lock port and state folder, serve until a stop is requested."""
    arguments = _arguments()
    _refuse_another_version()
    _refuse_a_taken_port(arguments.port)
    if arguments.state_dir is None:
        lock = None
    else:
        try:
            lock = StateDirLock.acquire(arguments.state_dir.resolve(), arguments.port)
        except StateDirInUseError as error:
            sys.exit(f"busline_local: {error}")
    state_dir = arguments.state_dir.resolve() if lock else None
    settings.configure(os.environ, arguments.port, state_dir)
    # Python may have looked up the temporary folder before TMPDIR was set.
    tempfile.tempdir = None
    if not arguments.stock:
        _apply_patches(set(arguments.without))
    is_saved = _serve(arguments.port)
    if lock and is_saved:
        lock.note_saved()
    if not is_saved:
        sys.exit(
            "busline_local: not all state could be saved; the messages above tell what and why"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m busline_local", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=4566, help="the port on 127.0.0.1 (default: 4566)"
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        help="keep the state in this folder; without it, nothing outlives the process",
    )
    parser.add_argument(
        "--stock",
        action="store_true",
        help="apply no patch: to see which conformance tests need which",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PATCH",
        help="leave this patch out; may be given several times",
    )
    return parser.parse_args()


def _refuse_another_version() -> None:
    try:
        found = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != settings.MINISTACK_VERSION:
        sys.exit(
            f"busline_local: the patches are written for ministack {settings.MINISTACK_VERSION}, "
            f"but {found} is installed; install local/requirements.lock"
        )


def _refuse_a_taken_port(port: int) -> None:
    with socket.socket() as probe:
        # As the server itself does: a port with connections that are still
        # in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(
                f"busline_local: cannot serve on 127.0.0.1:{port}: {error.strerror}; "
                "stop what has the port, or name another --port"
            )


def _apply_patches(without: set[str]) -> None:
    # Importing MiniStack reads the settings from the environment: not before they are made.
    from busline_local.patches import PATCHES

    unknown = without - {patch.name for patch in PATCHES}
    if unknown:
        sys.exit(
            f"busline_local: {', '.join(sorted(unknown))} is no patch; "
            "busline_local/patches/__init__.py lists them"
        )
    for patch in PATCHES:
        if patch.name not in without:
            patch.apply()


def _serve(port: int) -> bool:
    """Serve until a stop is requested; whether all state was saved then."""
    from ministack import app
    from ministack.core import lambda_runtime

    from busline_local import busy_machine, lifecycle

    lifecycle.install(port)
    busy_machine.install()
    # MiniStack logs what it could not save, and ends as if it had.
    failures: list[logging.LogRecord] = []
    logging.getLogger("persistence").addFilter(_collector(failures))

    # MiniStack has its own command line.
    sys.argv = sys.argv[:1]
    app.main()
    # Functions are processes; none may outlive the server that they call.
    lambda_runtime.reset()
    return not failures


def _collector(errors: list[logging.LogRecord]) -> Callable[[logging.LogRecord], bool]:
    def collect(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            errors.append(record)
        return True

    return collect


if __name__ == "__main__":
    main()
