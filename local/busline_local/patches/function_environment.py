"""A function sees the environment variables that AWS documents, and its own.

Stock: a function process inherits the server's whole environment, an
`AWS_ENDPOINT_URL` of the function's own is overwritten, and the variables about
logging are missing. An endpoint of one service that is an API of the account's
(`AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`) leads to the AWS of the wide world.

AWS: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>,
<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.

Patched: the documented variables, `PATH`, the function's own, and the endpoint
unless the function names one. The address of an API in a service's endpoint
becomes the one at which this server answers for it.
"""

import os
import re
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.responses import get_region
from ministack.services import lambda_svc

from busline_local.patches.lambda_logging_config import log_group, log_stream

_SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"
_API_ADDRESS = re.compile(r"https://(\w+)\.execute-api\.[\w-]+\.amazonaws\.com(?=/|$)")


def apply() -> None:
    """Build the documented environment for functions on `provided.*` runtimes."""
    lambda_svc._provided_worker_env = _environment


def _environment(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
    logging = config.get("LoggingConfig") or {}
    environment = {
        # A bootstrap may be a script.
        "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
    }
    if "ApplicationLogLevel" in logging:
        environment["AWS_LAMBDA_LOG_LEVEL"] = logging["ApplicationLogLevel"]
    environment |= lambda_svc._runtime_env_vars(config)
    environment |= {
        "_HANDLER": config.get("Handler", ""),
        "AWS_REGION": get_region(),
        "AWS_DEFAULT_REGION": get_region(),
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(config),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream(config),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": code_dir,
    }
    environment |= lambda_runtime.execution_credentials(config)
    return {name: _reachable(name, value) for name, value in environment.items()}


def _reachable(name: str, value: str) -> str:
    if not name.startswith(_SERVICE_ENDPOINT):
        return value
    here = f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/"
    return _API_ADDRESS.sub(lambda found: here + found[1], value)
