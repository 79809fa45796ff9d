"""A warm invocation costs no fixed wait."""

import json
import statistics
import time

import pytest

from conformance import functions
from conformance.cloud import Cloud

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html",
    ),
    pytest.mark.patch("invocation_latency"),
]


def test_a_warm_invocation_takes_less_than_the_waits_of_stock(cloud: Cloud) -> None:
    function, client = functions.deploy(cloud), cloud.client("lambda")

    def seconds() -> float:
        started = time.perf_counter()
        client.invoke(FunctionName=function.name, Payload=json.dumps({"mark": 1}))
        return time.perf_counter() - started

    seconds()
    # The best of many, so that a busy machine does not decide.
    assert statistics.quantiles([seconds() for _ in range(30)], n=10)[0] < 0.04


@pytest.mark.guard
def test_what_a_function_logs_is_kept_with_its_invocation(cloud: Cloud) -> None:
    function, client = functions.deploy(cloud), cloud.client("lambda")
    for mark in range(20):
        client.invoke(FunctionName=function.name, Payload=json.dumps({"mark": mark}))
    assert function.marks() == [[mark] for mark in range(20)]
