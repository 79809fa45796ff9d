"""A stack takes over secrets that exist.

Stock imports tables, queues, buckets and user pools, and no secret: a stack
that is created again of what its deletion retained cannot have its secret back.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html:
`AWS::SecretsManager::Secret`, identified by `Id`, its ARN.
"""

from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import changesets, provisioners

_TYPE = "AWS::SecretsManager::Secret"


def apply() -> None:
    """Add the type to those that can be imported."""
    changesets._IMPORT_LOOKUPS[_TYPE] = (("Id",), _problem)
    provisioners._RESOURCE_HANDLERS[_TYPE]["import"] = _import


def _problem(secret_id: str) -> str | None:
    if secretsmanager._resolve(secret_id)[1] is not None:
        return None
    return str(changesets._IMPORT_NOT_FOUND.format(type=_TYPE, value=secret_id))


def _import(identifier: dict[str, str]) -> tuple[str, dict[str, Any]]:
    name, secret = secretsmanager._resolve(identifier["Id"])
    return str(name), {"Id": secret["ARN"], "Arn": secret["ARN"]}
