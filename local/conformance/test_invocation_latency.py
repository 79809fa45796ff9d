"""A warm invocation costs no fixed wait."""

import json
import statistics
import time
from collections.abc import Callable

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

    def seconds(call: Callable[[], object]) -> float:
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    def invoke() -> object:
        return client.invoke(FunctionName=function.name, Payload=json.dumps({"mark": 1}))

    def describe() -> object:
        return client.get_function_configuration(FunctionName=function.name)

    invoke()
    pairs = [(seconds(invoke), seconds(describe)) for _ in range(30)]
    # The best of many, so that a busy machine does not decide; stock waits as long as ten calls.
    best = [statistics.quantiles(times, n=10)[0] for times in zip(*pairs, strict=True)]
    assert best[0] < 6 * best[1]


@pytest.mark.guard
def test_what_a_function_logs_is_kept_with_its_invocation(cloud: Cloud) -> None:
    function, client = functions.deploy(cloud), cloud.client("lambda")
    for mark in range(20):
        client.invoke(FunctionName=function.name, Payload=json.dumps({"mark": mark}))
    assert function.marks() == [[mark] for mark in range(20)]
