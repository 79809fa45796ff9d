"""Reading the parameters of a path needs a permission on that path.

Stock checks `ssm:GetParametersByPath` against the resource `*`.
AWS: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
The permission is checked against `arn:aws:ssm:<region>:<account>:parameter/<path>`.
Patched where MiniStack reads the resource out of a request.
"""

import json
from typing import Any

from ministack.core import iam_actions


def apply() -> None:
    """Name the path as the resource of the call."""
    stock = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> Any:
        target = headers.get("x-amz-target", "")
        if service == "ssm" and target.endswith(".GetParametersByPath"):
            parameters = _parameters_path(body)
            if parameters:
                return f"arn:aws:ssm:{region}:{account_id}:parameter/{parameters.strip('/')}"
        return stock(service, method, path, headers, body, query_params, region, account_id)

    iam_actions.extract_resource_arn = extract_resource_arn


def _parameters_path(body: bytes) -> str:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return ""
    path = request.get("Path") if isinstance(request, dict) else None
    return path if isinstance(path, str) else ""
