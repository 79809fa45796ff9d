"""What policies allow when an AWS service acts: in a role's name, or for another resource."""

import time
from functools import lru_cache
from typing import Any

from ministack import app
from ministack.core.arn import parse_arn
from ministack.core.iam_evaluator import (
    EvalContext,
    _gather_role_policies,
    _permissions_boundary,
    evaluate,
    evaluate_resource_policy,
)
from ministack.services import iam, lambda_svc


def function_admits(function_arn: str, service: str, source_arn: str) -> bool:
    """Whether the function's policy lets `service` invoke it for `source_arn`.

    <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>:
    without a statement for the service, the service may not invoke. Everything
    is admitted while permissions are not enforced (`AUTH` is not `true`).
    """
    if not app.AUTH:
        return True
    name, _qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(function_arn)
    account, region = lambda_svc._lambda_function_account_region_from_arn(function_arn)
    function = lambda_svc._functions.get_scoped(account, region, name)
    if function is None:
        return False
    # A bucket's ARN names no account; MiniStack's buckets and functions share one.
    source_account = parse_arn(source_arn).account_id or account
    request = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=region,
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": source_account},
    )
    decision = evaluate_resource_policy(function["policy"], request, service=service).decision
    return bool(decision == "Allow")


def role_allows(function_config: dict[str, Any], action: str, resource_arn: str) -> bool:
    """Whether the function's execution role allows `action` on `resource_arn`.

    For what Lambda does itself in the role's name: reading streams, writing
    logs. An answer may be two seconds old. Everything is allowed while
    permissions are not enforced.
    """
    if not app.AUTH:
        return True
    account, region = lambda_svc._account_region_from_function_config(function_config)
    role = str(function_config.get("Role", "")).rsplit("/", 1)[-1]
    return _role_allows(account, region, role, action, resource_arn, int(time.monotonic() / 2))


@lru_cache(maxsize=4096)
def _role_allows(
    account: str, region: str, role: str, action: str, resource_arn: str, _age: int
) -> bool:
    request = EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/lambda",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=region,
    )
    boundary = _permissions_boundary(iam._roles, role, account)
    decision = evaluate(request, _gather_role_policies(role, account), *boundary).decision
    return bool(decision == "Allow")
