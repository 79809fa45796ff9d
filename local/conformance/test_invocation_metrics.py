"""What Lambda counts."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from conformance import functions
from conformance.cloud import Cloud, wait_for
from conformance.functions import Deployed

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    ),
    pytest.mark.patch("invocation_metrics"),
]


def total(cloud: Cloud, function: Deployed, metric: str) -> float:
    now = datetime.now(UTC)
    answer = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def test_every_attempt_counts_as_an_invocation_and_a_failed_one_as_an_error(cloud: Cloud) -> None:
    function, client = functions.deploy(cloud), cloud.client("lambda")
    client.invoke(FunctionName=function.name, Payload=json.dumps({"mark": 1}))
    client.invoke(
        FunctionName=function.name,
        InvocationType="Event",
        Payload=json.dumps({"do": "fail", "mark": 2}),
    )
    wait_for(lambda: total(cloud, function, "Errors") == 3)
    assert total(cloud, function, "Invocations") == 4
    assert total(cloud, function, "Throttles") == 0


def test_a_throttled_attempt_is_no_invocation(cloud: Cloud) -> None:
    function, client = functions.deploy(cloud), cloud.client("lambda")
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.invoke(FunctionName=function.name, Payload=json.dumps({"mark": 1}))
    assert total(cloud, function, "Throttles") == 1
    assert total(cloud, function, "Invocations") == 0
