"""The launcher's settings: what is forced, what is a default, where state lives."""

import os
from collections.abc import MutableMapping
from pathlib import Path

MINISTACK_VERSION = "1.5.33"
"""The version that the patches are written for."""

_FORCED = {
    # Everything local listens on the loopback interface alone.
    "BIND_HOST": "127.0.0.1",
    # Two listeners that Busline does not use, on fixed ports.
    "SFTP_ENABLED": "0",
    "IOT_MTLS_ENABLED": "0",
    # The server's own clients look for credentials nowhere else.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

_DEFAULTS = {
    # Permissions are enforced, as on AWS.
    "AUTH": "true",
    "MINISTACK_REGION": "eu-west-1",
    "MINISTACK_HOST": "127.0.0.1",
    # This many function processes may run at once, of about 12 MiB each: 64
    # requests side by side, and the most that event sources take for themselves.
    "LAMBDA_ACCOUNT_CONCURRENCY": "100",
    # An idle function process ends after this many seconds.
    "LAMBDA_WARM_TTL_SECONDS": "120",
    # A trigger that fails before tokens are issued fails the sign-in, as on AWS.
    "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
    # AWS waits one and two minutes between asynchronous attempts; a
    # developer does not want to.
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.5",
    "LOG_LEVEL": "WARNING",
}


def configure(environment: MutableMapping[str, str], port: int, state_dir: Path | None) -> None:
    """Write MiniStack's settings for a server on `port` into `environment`.

    MiniStack reads its settings while it is imported, so this comes first.
    With a `state_dir` the server keeps its state there; without one it
    forgets everything when it stops.
    """
    for name in [name for name in environment if name.startswith("AWS_")]:
        # The developer's own profile and keys are none of the local cloud's business.
        del environment[name]
    environment.update(_FORCED)
    for name, value in _DEFAULTS.items():
        environment.setdefault(name, value)
    environment["GATEWAY_PORT"] = str(port)
    # Functions reach the server only if the server itself has this setting.
    environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    # The SDKs' region must agree with MiniStack's own.
    environment["AWS_DEFAULT_REGION"] = environment["MINISTACK_REGION"]
    if state_dir is None:
        environment["PERSIST_STATE"] = "0"
        environment["S3_PERSIST"] = "0"
        return
    environment["PERSIST_STATE"] = "1"
    environment["STATE_DIR"] = str(state_dir / "services")
    environment["S3_PERSIST"] = "1"
    environment["S3_DATA_DIR"] = str(state_dir / "objects")
    # Unpacked function code and pid files, out of the machine's shared folder.
    environment["TMPDIR"] = str(state_dir / "tmp")
