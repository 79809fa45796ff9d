"""Asynchronous invocation: one durable queue for every event source.

Stock: only direct `Event` invocations and bucket notifications are retried; a
rule or a topic calls its function once and forgets the failure. Every attempt
has its own request id, `OnSuccess` is never read, `OnFailure` knows no bus
and no bucket, its record lacks half of its fields, and a dead-letter queue gets
that record in place of the event.

AWS: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
and <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.
A function error is retried `MaximumRetryAttempts` times (two by default) under
the same request id; throttling is retried until the event is too old; then the
dead-letter queue gets the event with three attributes, and the destination gets
a record of the whole invocation.

Patched: events wait in a queue of the server's own, at most `_PER_FUNCTION` of
one function and `_TOTAL` in all run at once, and records go out with the
function's role. Delays between attempts are seconds instead of minutes. What
waits at a clean stop is saved and continues after the next start.
"""

import heapq
import itertools
import json
import logging
import os
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.arn import parse_arn
from ministack.core.concurrency import spawn_background
from ministack.core.responses import error_response_json, new_uuid
from ministack.services import lambda_svc, s3, sns

from busline_local import invocation, lifecycle, role_client
from busline_local.invocation import Function, Outcome
from busline_local.permission import function_admits
from busline_local.queue_message import number, text

_LOG = logging.getLogger("busline.async")

_PER_FUNCTION = 8
_TOTAL = 32
"""Below the server's limit on function processes, so that a burst of events
leaves capacity for synchronous requests."""

_MAXIMUM_PAYLOAD_BYTES = 1_048_576
"""<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>"""

_MAXIMUM_DELAY_SECONDS = 30.0
_DEFAULT_MAXIMUM_AGE_SECONDS = 21_600


@dataclass
class Event:
    """An event that waits for its function, or for its next attempt."""

    request_id: str
    function_arn: str
    payload: Any
    accepted_at: float
    attempts: int = 0
    throttles: int = 0


@dataclass
class _Queue:
    """Events by function, those that wait for their time, and those that run."""

    lock: threading.Condition = field(default_factory=threading.Condition)
    pending: dict[str, Event] = field(default_factory=dict)
    ready: dict[str, deque[Event]] = field(default_factory=dict)
    delayed: list[tuple[float, int, Event]] = field(default_factory=list)
    running: Counter[str] = field(default_factory=Counter)
    order: "itertools.count[int]" = field(default_factory=itertools.count)


_queue = _Queue()


def apply() -> None:
    """Send every asynchronous invocation through the queue."""
    lambda_svc.invoke_async_with_retry = _submit_record
    lambda_svc._invoke = _refusing_large_payloads(lambda_svc._invoke)
    sns._deliver_to_lambda = _deliver_notification
    s3._deliver_event_to_lambda = _deliver_bucket_event
    _persist_with_the_functions()
    lifecycle.wait_at_stop(lambda: _queue.running.total())
    lifecycle.when_serving(_start_ready)
    threading.Thread(target=_keep_time, daemon=True, name="busline-async-timer").start()


def submit(function_arn: str, payload: Any) -> str:
    """Accept an event for a function; the request id of all its attempts."""
    event = Event(new_uuid(), function_arn, payload, accepted_at=time.time())
    _enqueue(event)
    return event.request_id


def _submit_record(function: dict[str, Any], payload: Any) -> None:
    config = function.get("config") or function
    submit(config["FunctionArn"], payload)


def _enqueue(event: Event) -> None:
    with _queue.lock:
        _queue.pending[event.request_id] = event
        _queue.ready.setdefault(event.function_arn, deque()).append(event)
    _start_ready()


def _start_ready() -> None:
    if not lifecycle.may_run():
        return
    with _queue.lock:
        for arn, waiting in list(_queue.ready.items()):
            while waiting and _queue.running[arn] < _PER_FUNCTION:
                if _queue.running.total() >= _TOTAL:
                    return
                _queue.running[arn] += 1
                spawn_background(_process, waiting.popleft(), thread_name="busline-async")
            if not waiting:
                del _queue.ready[arn]


def _process(event: Event) -> None:
    try:
        _attempt(event)
    finally:
        with _queue.lock:
            _queue.running[event.function_arn] -= 1
            if _queue.running[event.function_arn] == 0:
                del _queue.running[event.function_arn]
        _start_ready()


def _attempt(event: Event) -> None:
    function = invocation.find(event.function_arn)
    if function is None:
        _LOG.warning("discarded an event: %s does not exist any more", event.function_arn)
        _settle(event)
        return
    settings = _settings(function)
    if lambda_svc._reserved_concurrency(function.base, function.config) == 0:
        _fail(event, function, settings, None, "ZeroReservedConcurrency")
        return
    outcome = invocation.attempt(function, event.payload, event.request_id)
    if outcome.throttled:
        event.throttles += 1
        _try_again(event, function, settings, event.throttles, outcome)
        return
    if outcome.error and lifecycle.stopping.is_set():
        # The function may have failed because the server is going away.
        _delay(event, 0.0)
        return
    event.attempts += 1
    if not outcome.error:
        _succeed(event, function, settings, outcome)
    elif event.attempts > settings.get("MaximumRetryAttempts", 2):
        _fail(event, function, settings, outcome, "RetriesExhausted")
    else:
        _try_again(event, function, settings, event.attempts, outcome)


def _settings(function: Function) -> dict[str, Any]:
    # A template that names no alias configures the qualifier $LATEST.
    latest = function.qualifier in (None, "$LATEST")
    for qualifier in (None, "$LATEST") if latest else (function.qualifier,):
        found: dict[str, Any] | None = lambda_svc._event_invoke_config(function.base, qualifier)
        if found:
            return found
    return {}


def _try_again(
    event: Event, function: Function, settings: dict[str, Any], failures: int, outcome: Outcome
) -> None:
    base = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
    delay = min(base * 2 ** min(failures - 1, 10), _MAXIMUM_DELAY_SECONDS)
    oldest = settings.get("MaximumEventAgeInSeconds", _DEFAULT_MAXIMUM_AGE_SECONDS)
    if time.time() + delay - event.accepted_at > oldest:
        _fail(event, function, settings, outcome, "EventAgeExceeded")
        return
    _delay(event, delay)


def _delay(event: Event, seconds: float) -> None:
    with _queue.lock:
        due = time.monotonic() + seconds
        heapq.heappush(_queue.delayed, (due, next(_queue.order), event))
        _queue.lock.notify()


def _keep_time() -> None:
    while True:
        with _queue.lock:
            wait = _queue.delayed[0][0] - time.monotonic() if _queue.delayed else None
            if wait is None or wait > 0:
                _queue.lock.wait(wait)
                continue
            _due, _order, event = heapq.heappop(_queue.delayed)
            _queue.ready.setdefault(event.function_arn, deque()).append(event)
        _start_ready()


def _settle(event: Event) -> None:
    with _queue.lock:
        _queue.pending.pop(event.request_id, None)


def _succeed(event: Event, function: Function, settings: dict[str, Any], outcome: Outcome) -> None:
    destination = (settings.get("DestinationConfig") or {}).get("OnSuccess") or {}
    if destination.get("Destination"):
        record = _record(event, function, outcome, "Success")
        _send_record(destination["Destination"], record, function, "Success")
    _settle(event)


def _fail(
    event: Event,
    function: Function,
    settings: dict[str, Any],
    outcome: Outcome | None,
    condition: str,
) -> None:
    _LOG.warning(
        "%s gave up on an event after %d attempts (%s)",
        function.qualified_arn,
        event.attempts,
        condition,
    )
    dead_letters = (function.base["config"].get("DeadLetterConfig") or {}).get("TargetArn")
    if dead_letters:
        _send_dead_letter(dead_letters, event, function, outcome)
    destination = (settings.get("DestinationConfig") or {}).get("OnFailure") or {}
    if destination.get("Destination"):
        record = _record(event, function, outcome, condition)
        _send_record(destination["Destination"], record, function, "Failure")
    _settle(event)


def _record(
    event: Event, function: Function, outcome: Outcome | None, condition: str
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": _timestamp(),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": function.qualified_arn,
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": event.payload,
    }
    if outcome is None or outcome.throttled:
        return record
    record["responseContext"] = {"statusCode": 200, "executedVersion": function.version}
    if outcome.error:
        record["responseContext"]["functionError"] = outcome.error
    record["responsePayload"] = outcome.body
    return record


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _send_record(arn: str, record: dict[str, Any], function: Function, result: str) -> None:
    body = json.dumps(record)
    target = parse_arn(arn)

    def call(service: str) -> Any:
        return role_client.client(function.config, service)

    try:
        match target.service:
            case "sqs":
                queue = queue_url(target)
                call("sqs").send_message(QueueUrl=queue, MessageBody=body)
            case "sns":
                _publish_record(call("sns"), arn, body, record)
            case "lambda":
                call("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=body)
            case "events":
                entry = {
                    "Source": "lambda",
                    "DetailType": f"Lambda Function Invocation Result - {result}",
                    "Detail": body,
                    "EventBusName": arn,
                    "Resources": [arn, function.qualified_arn],
                }
                answer = call("events").put_events(Entries=[entry])
                if answer["FailedEntryCount"]:
                    _undeliverable(arn, function, answer["Entries"][0]["ErrorCode"])
            case "s3":
                put_object(call("s3"), arn, f"aws/lambda/async/{function.name}", body)
            case other:
                _undeliverable(arn, function, f"{other} is no destination service")
    except (BotoCoreError, ClientError) as error:
        _undeliverable(arn, function, str(error))


def put_object(client: Any, bucket_arn: str, prefix: str, body: str) -> None:
    """Write a record to a bucket under the key that AWS documents.

    <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>:
    needs `s3:ListBucket` and `s3:PutObject`.
    """
    now = datetime.now(UTC)
    bucket = parse_arn(bucket_arn).resource
    client.head_bucket(Bucket=bucket)
    client.put_object(
        Bucket=bucket,
        Key=f"{prefix}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{new_uuid()}",
        Body=body.encode(),
    )


def _publish_record(client: Any, arn: str, body: str, record: dict[str, Any]) -> None:
    try:
        client.publish(TopicArn=arn, Message=body)
    except ClientError as error:
        if "too long" not in str(error):
            raise
        # As AWS does: a record that the topic cannot carry goes without its payloads.
        bare = {k: v for k, v in record.items() if k not in ("requestPayload", "responsePayload")}
        client.publish(TopicArn=arn, Message=json.dumps(bare))


def _send_dead_letter(arn: str, event: Event, function: Function, outcome: Outcome | None) -> None:
    message = ""
    if outcome is not None and isinstance(outcome.body, dict):
        message = str(outcome.body.get("errorMessage", ""))
    attributes = {
        "RequestID": text(event.request_id),
        "ErrorCode": number(200 if outcome is not None and not outcome.throttled else 429),
        "ErrorMessage": text(message.encode()[:1024].decode(errors="ignore") or "Unhandled"),
    }
    body = json.dumps(event.payload)
    target = parse_arn(arn)
    client = role_client.client(function.config, target.service)
    try:
        if target.service == "sqs":
            client.send_message(
                QueueUrl=queue_url(target), MessageBody=body, MessageAttributes=attributes
            )
        else:
            client.publish(TopicArn=arn, Message=body, MessageAttributes=attributes)
    except (BotoCoreError, ClientError) as error:
        _undeliverable(arn, function, str(error))


def queue_url(target: Any) -> str:
    """The URL of the queue that a parsed ARN names."""
    return f"{os.environ['AWS_ENDPOINT_URL']}/{target.account_id}/{target.resource}"


def _undeliverable(arn: str, function: Function, reason: str) -> None:
    # AWS deletes the event and counts it in a metric; here it can at least be read.
    _LOG.error("lost the failure record of %s: %s refused it: %s", function.arn, arn, reason)


def _deliver_notification(
    endpoint: str,
    envelope: str,
    topic_arn: str,
    subscription_arn: str,
    _message_id: str,
    _message: str,
    _attributes: dict[str, Any],
) -> None:
    if not function_admits(endpoint, "sns.amazonaws.com", topic_arn):
        _LOG.warning("%s may not invoke %s: its policy has no statement", topic_arn, endpoint)
        return
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "EventSource": "aws:sns",
        "Sns": json.loads(envelope),
    }
    submit(endpoint, {"Records": [record]})


def _deliver_bucket_event(arn: str, event: dict[str, Any], _bucket_region: str) -> None:
    bucket_arn = event["Records"][0]["s3"]["bucket"]["arn"]
    if not function_admits(arn, "s3.amazonaws.com", bucket_arn):
        _LOG.warning("%s may not invoke %s: its policy has no statement", bucket_arn, arn)
        return
    submit(arn, event)


def _refusing_large_payloads(stock: Any) -> Any:
    async def invoke(
        name: str, event: Any, headers: dict[str, str], *arguments: Any, **settings: Any
    ) -> Any:
        asked = {key.lower(): value for key, value in headers.items()}
        size = int(asked.get("content-length") or 0)
        if asked.get("x-amz-invocation-type") == "Event" and size > _MAXIMUM_PAYLOAD_BYTES:
            return error_response_json(
                "RequestTooLargeException",
                f"{size} byte payload is too large for the Event invocation type "
                f"(limit {_MAXIMUM_PAYLOAD_BYTES} bytes)",
                413,
            )
        return await stock(name, event, headers, *arguments, **settings)

    return invoke


def _persist_with_the_functions() -> None:
    save, restore = lambda_svc.get_state, lambda_svc.load_persisted_state
    forget = lambda_svc.reset

    def get_state() -> dict[str, Any]:
        with _queue.lock:
            waiting = [asdict(event) for event in _queue.pending.values()]
        return {**save(), "async_events": waiting}

    def load_persisted_state(data: dict[str, Any]) -> None:
        restore(data)
        for saved in data.get("async_events", []):
            _enqueue(Event(**saved))

    def reset() -> None:
        with _queue.lock:
            _queue.pending.clear()
            _queue.ready.clear()
            _queue.delayed.clear()
        forget()

    lambda_svc.get_state = get_state
    lambda_svc.load_persisted_state = load_persisted_state
    lambda_svc.reset = reset
