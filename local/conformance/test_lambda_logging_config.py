"""Where and how functions log."""

import json
from typing import Any

import pytest

from conformance import functions
from conformance.cloud import Cloud, unique
from conformance.functions import Deployed

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html",
    ),
    pytest.mark.patch("lambda_logging_config"),
]


def invoke(cloud: Cloud, function: Deployed) -> None:
    cloud.client("lambda").invoke(FunctionName=function.name, Payload=json.dumps({"mark": 1}))


def lines(function: Deployed) -> list[dict[str, Any]]:
    events = function.logs.filter_log_events(logGroupName=function.log_group)["events"]
    return [dict(event) for event in events]


def test_functions_share_a_group_and_name_their_streams(cloud: Cloud) -> None:
    group = unique("/busline/conformance")
    shared = [functions.deploy(cloud, LoggingConfig={"LogGroup": group}) for _ in range(2)]
    for function in shared * 3:
        invoke(cloud, function)
    streams = {line["logStreamName"] for line in lines(shared[0])}
    assert len(streams) == 2
    for function in shared:
        assert any(f"/{function.name}[$LATEST]" in stream for stream in streams)


def test_platform_lines_are_json_where_the_format_is(cloud: Cloud) -> None:
    function = functions.deploy(cloud, LoggingConfig={"LogFormat": "JSON"})
    invoke(cloud, function)
    logged = [json.loads(line["message"]) for line in lines(function)]
    assert [line.get("type") for line in logged] == ["platform.start", None, "platform.report"]
    assert logged[2]["record"]["status"] == "success"
    assert logged[0]["record"]["requestId"] == logged[1]["attempt"]


def test_a_role_without_the_permission_logs_nothing(cloud: Cloud) -> None:
    function = functions.deploy(cloud)
    cloud.client("iam").delete_role_policy(RoleName=function.role, PolicyName="allowed")
    invoke(cloud, function)
    assert lines(function) == []


def test_a_role_without_the_permission_in_its_boundary_logs_nothing(cloud: Cloud) -> None:
    function = functions.deploy(cloud)
    iam = cloud.client("iam")
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "NotAction": "logs:*", "Resource": "*"}],
    }
    boundary = iam.create_policy(PolicyName=unique("boundary"), PolicyDocument=json.dumps(document))
    iam.put_role_permissions_boundary(
        RoleName=function.role, PermissionsBoundary=boundary["Policy"]["Arn"]
    )
    invoke(cloud, function)
    assert lines(function) == []
