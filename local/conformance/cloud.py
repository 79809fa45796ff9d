"""What the conformance tests stand on: servers, clients, waiting, names."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config

REGION = "eu-west-1"
LOCAL = Path(__file__).resolve().parent.parent

Client = Any
"""A boto3 client; the SDK has no type hints."""

T = TypeVar("T")


class Server:
    """A separate local cloud, with a free port and a state folder for this test."""

    def __init__(self, state_dir: Path, *arguments: str, **environment: str) -> None:
        """Start it and wait until it is ready, or has ended."""
        self.state_dir = state_dir
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = state_dir.parent / f"{state_dir.name}-{self.port}.log"
        if given_endpoint() is not None:
            pytest.skip("starts its own servers")
        arguments = (*arguments, *unpatched())
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "busline_local",
                    "--port",
                    str(self.port),
                    "--state-dir",
                    str(state_dir),
                    *arguments,
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(LOCAL),
                    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
                    "DYNAMODB_TTL_SECONDS": "0.5",
                    **environment,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(self._ready, seconds=60, what="the server to be ready")

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            pytest.fail(f"the server ended with {self.process.returncode}: {self.log.read_text()}")
        with contextlib.suppress(OSError):
            url = f"{self.endpoint}/_ministack/ready"
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310
                return bool(answer.status == 200)
        return False

    def stop(self) -> int:
        """Ask it to stop cleanly; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Cloud:
    """The endpoint under test, and what tests need of it."""

    def __init__(self, endpoint: str | None) -> None:
        self.endpoint = endpoint

    def client(self, service: str, **credentials: str) -> Client:
        """A client for `service`; as the root user unless `credentials` say otherwise."""
        if self.endpoint is None:
            return boto3.client(service, region_name=REGION, **credentials)
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            # Without the SDK's own checks a test may ask for less time than AWS's minimum.
            config=Config(
                retries={"max_attempts": 0},
                s3={"addressing_style": "path"},
                parameter_validation=False,
            ),
            **({"aws_access_key_id": "test", "aws_secret_access_key": "test"} | credentials),
        )


def given_endpoint() -> str | None:
    """The endpoint that the environment names, if it does; `aws` for AWS itself."""
    return os.environ.get("BUSLINE_CONFORMANCE_ENDPOINT")


def on_aws() -> bool:
    """Whether the cases run against AWS itself."""
    return given_endpoint() == "aws"


def unpatched() -> list[str]:
    """What the environment lets servers go without, as arguments of the launcher."""
    wanted = os.environ.get("BUSLINE_CONFORMANCE", "")
    match wanted.partition(":"):
        case ("", "", ""):
            return []
        case ("stock", "", ""):
            return ["--stock"]
        case ("without", ":", patch):
            return ["--without", patch]
    pytest.exit(f"BUSLINE_CONFORMANCE is {wanted}; it may be `stock` or `without:<patch>`", 4)


@dataclass
class Patience:
    """How much longer or shorter than planned tests wait for what must happen.

    Longer, because another program may use this machine's processors; AWS takes
    minutes for what is done here in seconds.
    """

    factor: float = 4.0


patience = Patience()


def free_port() -> int:
    """A port on the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], T], seconds: float = 15, what: str = "") -> T:
    """The first true answer of `condition`; fails the test after `seconds`, times `patience`."""
    seconds *= patience.factor
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain for {what or condition.__name__}")
        time.sleep(0.05)


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"
