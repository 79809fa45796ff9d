"""Lambda's metrics count attempts, one data point a minute.

Stock: an asynchronous invocation counts once and never as an error, whatever
becomes of it; every other attempt adds four data points, which are kept for two
weeks and make the server grow with every request.

AWS: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>:
`Invocations` and `Errors` count every attempt, throttled ones count as
`Throttles` alone; metrics come in intervals of one minute.

Patched: attempts are counted where they run (`invocation.attempt` for event
sources, stock for the rest) and summed into one statistic set a minute.
Percentiles within a minute are lost.
"""

import threading
import time
from typing import Any

from ministack.services import cloudwatch, lambda_svc

_NAMESPACE = "AWS/Lambda"
_lock = threading.Lock()


def apply() -> None:
    """Count attempts, by the minute."""
    lambda_svc._emit_lambda_metrics = _count


def _count(
    function_name: str,
    duration_ms: float,
    error: bool,  # noqa: FBT001
    throttle: bool,  # noqa: FBT001
) -> None:
    if duration_ms <= 0:
        # Stock reports so what ran nothing: a refusal, or the acceptance of an
        # event; its attempts report themselves.
        if throttle:
            _add(function_name, "Throttles", 1, "Count")
        return
    if throttle:
        # The answer to a refusal that has been counted.
        return
    _add(function_name, "Invocations", 1, "Count")
    _add(function_name, "Errors", int(error), "Count")
    _add(function_name, "Throttles", 0, "Count")
    _add(function_name, "Duration", duration_ms, "Milliseconds")


def _add(function_name: str, metric: str, value: float, unit: str) -> None:
    dimensions = {"FunctionName": function_name}
    minute = time.time() // 60 * 60
    key = (_NAMESPACE, metric, cloudwatch._dims_key(dimensions))
    with _lock:
        points: list[dict[str, Any]] = cloudwatch._metric_bucket(key)
        if points and points[-1]["Timestamp"] == minute and "_stat" in points[-1]:
            _merge(points[-1], value)
            return
        points.append(
            {
                "Timestamp": minute,
                "Unit": unit,
                "Dimensions": dimensions,
                "Value": value,
                "_stat": {"SampleCount": 1, "Sum": value, "Minimum": value, "Maximum": value},
            }
        )


def _merge(point: dict[str, Any], value: float) -> None:
    statistics = point["_stat"]
    statistics["SampleCount"] += 1
    statistics["Sum"] += value
    statistics["Minimum"] = min(statistics["Minimum"], value)
    statistics["Maximum"] = max(statistics["Maximum"], value)
    point["Value"] = statistics["Sum"] / statistics["SampleCount"]
