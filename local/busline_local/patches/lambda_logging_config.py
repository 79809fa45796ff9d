"""Function logs: the stream names, the JSON platform lines and the permission of AWS.

Stock: every invocation opens its own log stream, with the same name for all
functions of a shared group; platform lines are text whatever the format; the
role needs no permission; nothing is ever dropped.

AWS: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html>
(several functions may share a group; the stream's name then tells the function),
<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
(with `LogFormat: JSON` platform lines are JSON too),
<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>
(the role needs `logs:CreateLogStream` and `logs:PutLogEvents`, and
`logs:CreateLogGroup` for a group that does not exist).

Patched as documented, with one stream a function version and server start. A
stream keeps its last 20,000 lines.
"""

import json
import logging
import time
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ministack.services import cloudwatch_logs, lambda_svc

from busline_local.permission import role_allows

_LOG = logging.getLogger("busline.logs")

_KEPT_LINES = 20_000


def apply() -> None:
    """Write function logs as documented."""
    lambda_svc._emit_lambda_logs = _emit


def log_group(config: dict[str, Any]) -> str:
    """The group that the function logs to."""
    given = (config.get("LoggingConfig") or {}).get("LogGroup")
    return str(given or f"/aws/lambda/{config['FunctionName']}")


def log_stream(config: dict[str, Any]) -> str:
    """The stream of the function's version, for as long as the server runs."""
    version = config.get("Version", "$LATEST")
    shared = log_group(config) != f"/aws/lambda/{config['FunctionName']}"
    name = config["FunctionName"] if shared else ""
    return _stream(config["FunctionArn"], name, version)


@lru_cache(maxsize=4096)
def _stream(_function_arn: str, name: str, version: str) -> str:
    return f"{datetime.now(UTC):%Y/%m/%d}/{name}[{version}]{uuid.uuid4().hex}"


def _emit(
    function: dict[str, Any],
    request_id: str,
    output: str,
    error: bool,  # noqa: FBT001
    duration_ms: int,
    *,
    log_source: str | None = None,  # noqa: ARG001
) -> None:
    config = function.get("config") or function
    stream = _open_stream(config)
    if stream is None:
        return
    now = int(time.time() * 1000)
    lines = _lines(config, request_id, output, "error" if error else "success", duration_ms)
    events = [{"timestamp": now, "message": line, "ingestionTime": now} for line in lines]
    cloudwatch_logs._append_log_events(stream, events)
    if len(stream["events"]) > _KEPT_LINES:
        with cloudwatch_logs._log_events_lock:
            del stream["events"][: -_KEPT_LINES // 2]
    cloudwatch_logs._fanout_to_subscription_filters(
        log_group(config),
        log_stream(config),
        [{"timestamp": now, "message": line} for line in lines],
    )


def _open_stream(config: dict[str, Any]) -> dict[str, Any] | None:
    group_name, stream_name = log_group(config), log_stream(config)
    arn = cloudwatch_logs._make_group_arn(group_name).removesuffix(":*")
    needed = {
        "logs:CreateLogStream": f"{arn}:log-stream:{stream_name}",
        "logs:PutLogEvents": f"{arn}:log-stream:{stream_name}",
    }
    groups = cloudwatch_logs._log_groups
    if group_name not in groups:
        needed["logs:CreateLogGroup"] = f"{arn}:*"
    for action, resource in needed.items():
        if not role_allows(config, action, resource):
            _warn_once(str(config.get("Role")), action, group_name)
            return None
    now = int(time.time() * 1000)
    if group_name not in groups:
        groups[group_name] = {
            "arn": cloudwatch_logs._make_group_arn(group_name),
            "creationTime": now,
            "retentionInDays": None,
            "tags": {},
            "subscriptionFilters": {},
            "streams": {},
        }
    stream: dict[str, Any] = groups[group_name]["streams"].setdefault(
        stream_name,
        {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        },
    )
    return stream


@lru_cache(maxsize=1024)
def _warn_once(role: str, action: str, group: str) -> None:
    _LOG.warning("%s does not allow %s on %s: its functions' logs are dropped", role, action, group)


def _lines(
    config: dict[str, Any], request_id: str, output: str, status: str, duration_ms: int
) -> list[str]:
    logging_config = config.get("LoggingConfig") or {}
    version = config.get("Version", "$LATEST")
    memory = int(config.get("MemorySize", 128))
    if logging_config.get("LogFormat") != "JSON":
        return [
            f"START RequestId: {request_id} Version: {version}",
            *output.splitlines(),
            f"END RequestId: {request_id}",
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms} ms\t"
            f"Billed Duration: {duration_ms} ms\tMemory Size: {memory} MB\tMax Memory Used: 0 MB",
        ]
    if logging_config.get("SystemLogLevel", "INFO") == "WARN":
        return output.splitlines()
    metrics = {
        "durationMs": duration_ms,
        "billedDurationMs": duration_ms,
        "memorySizeMB": memory,
        "maxMemoryUsedMB": 0,
    }
    return [
        _platform("platform.start", {"requestId": request_id, "version": version}),
        *output.splitlines(),
        _platform(
            "platform.report", {"requestId": request_id, "metrics": metrics, "status": status}
        ),
    ]


def _platform(kind: str, record: dict[str, Any]) -> str:
    time_text = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time_text, "type": kind, "record": record})
