"""Calls that the Lambda service makes in a function's name, with its role's permissions.

A destination or a dead-letter queue gets its message through the same API as
anybody's: signed with the role's credentials, so that the role's policies, the
target's policy, its limits and its subscriptions all apply.
<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
"""

import os
import threading
from typing import Any

import botocore.session
from botocore.config import Config
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_clients: dict[tuple[str, str, str], Any] = {}
_lock = threading.Lock()


def client(function_config: dict[str, Any], service: str) -> Any:
    """A client for `service` that acts as the function's execution role."""
    _account, region = lambda_svc._account_region_from_function_config(function_config)
    # Registers the role's session, so it is asked for even when the client is at hand.
    credentials = lambda_runtime.execution_credentials(function_config)
    key = (credentials["AWS_ACCESS_KEY_ID"], region, service)
    with _lock:
        if key not in _clients:
            _clients[key] = botocore.session.Session().create_client(
                service,
                region_name=region,
                endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=credentials["AWS_SESSION_TOKEN"] or None,
                config=Config(s3={"addressing_style": "path"}, max_pool_connections=32),
            )
        return _clients[key]
