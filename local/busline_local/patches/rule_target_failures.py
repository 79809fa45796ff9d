"""Rule targets: an event that cannot be delivered goes to the target's queue.

Stock: a target's `DeadLetterConfig` is stored and ignored; a target that is
gone is skipped, and neither functions, queues nor topics are asked whether
their policies admit the rule.

AWS: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>.
An event for a target that does not exist or does not admit the rule is not retried:
it goes to the target's dead-letter queue at once, with the rule, the target and
the error as message attributes, if that queue's policy admits the rule.

<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>:
what may pass (an API destination that answers 429 or 5xx, or not at all) is
retried as the target's `RetryPolicy` defines, and the dead letter then tells how
often and which limit was reached.

Patched as documented, with seconds between attempts. Inside one process nothing
but an API destination fails for a while. A function that fails is no failed
delivery: its own retries and destinations (`async_invocation`) deal with that.
An event that waits for a retry is forgotten when the server stops.
"""

import copy
import json
import logging
import time
import urllib.error
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, lambda_svc, sns, sqs, stepfunctions

from busline_local import invocation, lifecycle
from busline_local.patches import async_invocation
from busline_local.permission import function_admits
from busline_local.queue_message import enqueue, text

_LOG = logging.getLogger("busline.rules")

_SERVICE = "events.amazonaws.com"

_DEFAULT_RETRIES = 185
_DEFAULT_AGE_SECONDS = 86_400
_LONGEST_DELAY_SECONDS = 30.0

_PASSING_STATUSES = (401, 407, 409, 429)
"""What an API destination answers that is retried, beside 5xx.

<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html>
"""


@dataclass
class UndeliverableError(Exception):
    """A target that refused an event for good."""

    code: str
    """One of the codes that AWS documents for `ERROR_CODE`."""

    message: str

    retries: int = 0
    """How often delivery was tried again before it was given up."""

    exhausted: str | None = None
    """The limit of the `RetryPolicy` that was reached; None if nothing was retried."""


@dataclass
class PassingError(Exception):
    """A target that refused an event and may take it later."""

    code: str
    message: str


def apply() -> None:
    """Deliver to targets, and to their dead-letter queues, as documented."""
    eventbridge._invoke_target = _invoke_target


def _invoke_target(
    target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None
) -> None:
    view = view or eventbridge._pattern_event_view(event)
    try:
        _deliver(target, event, rule, view)
    except UndeliverableError as error:
        _dead_letter(target, rule, json.dumps(view.event_with_detail()), error)


def _deliver(
    target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any
) -> None:
    arn = target["Arn"]
    try:
        spec = parse_arn(arn)
    except ArnParseError as error:
        raise UndeliverableError("INVALID_PARAMETER", f"{arn} is not an ARN") from error
    given = _given_input(target, rule, view)
    payload = json.dumps(view.event_with_detail()) if given is None else given
    if (spec.account_id, spec.region) != (get_account_id(), get_region()):
        raise UndeliverableError(
            "CROSS_REGION_INGESTION_FAILED", f"{arn} is not in the rule's account and Region"
        )
    match spec.service:
        case "lambda":
            _to_function(arn, payload, rule)
        case "sqs":
            _to_queue(spec, payload, target, rule)
        case "sns":
            _to_topic(arn, payload, rule)
        case "events" if spec.resource.startswith("event-bus/"):
            if spec.resource.split("/", 1)[1] not in eventbridge._event_buses:
                raise UndeliverableError("NO_RESOURCE", f"Event bus {arn} does not exist")
            path = set(event.get("_DispatchPath") or [])
            eventbridge._dispatch_to_event_bus(spec, event, rule, path, given)
        case "events":
            parameters = eventbridge._resolve_http_parameters(
                target.get("HttpParameters") or {}, view.event_with_detail()
            )
            whole = json.dumps(view.event_with_detail())
            request = _api_request(spec, payload, parameters)
            # The request may come back to this server, which must be free to answer.
            spawn_background(
                _keep_sending, request, target, rule, whole, thread_name="busline-rule"
            )
        case "states":
            if stepfunctions._resolve_state_machine_arn(arn) is None:
                raise UndeliverableError("NO_RESOURCE", f"State machine {arn} does not exist")
            eventbridge._dispatch_to_stepfunctions(arn, payload)
        case other:
            raise UndeliverableError(
                "SDK_CLIENT_ERROR", f"the local cloud delivers no events to {other}"
            )


def _given_input(target: dict[str, Any], rule: dict[str, Any], view: Any) -> str | None:
    """What the target gets in place of the whole event, if the rule defines it."""
    if target.get("InputTransformer"):
        transformed: str = eventbridge._apply_input_transformer(
            target["InputTransformer"], rule, view
        )
        return transformed
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        value: Any = view.event_with_detail()
        for part in filter(None, target["InputPath"].strip("$.").split(".")):
            if not isinstance(value, dict) or part not in value:
                return None
            value = value[part]
        return json.dumps(value)
    return None


def _to_function(arn: str, payload: str, rule: dict[str, Any]) -> None:
    if invocation.find(arn) is None:
        raise UndeliverableError("NO_RESOURCE", f"Function not found: {arn}")
    if not function_admits(arn, _SERVICE, rule["Arn"]):
        raise UndeliverableError(
            "NO_PERMISSIONS",
            f"The policy of {arn} does not let {_SERVICE} invoke it for {rule['Arn']}",
        )
    try:
        body = json.loads(payload)
    except ValueError as error:
        raise UndeliverableError("INVALID_JSON", f"Could not parse the input: {error}") from error
    async_invocation.submit(arn, body)


def _to_queue(spec: Any, payload: str, target: dict[str, Any], rule: dict[str, Any]) -> None:
    if sqs._queue_by_arn(str(spec)) is None:
        raise UndeliverableError("NO_RESOURCE", f"Queue {spec} does not exist")
    if not sqs.queue_policy_allows(str(spec), _SERVICE, rule["Arn"], get_account_id()):
        raise UndeliverableError(
            "NO_PERMISSIONS", f"The policy of {spec} does not admit {rule['Arn']}"
        )
    eventbridge._dispatch_to_sqs(spec, payload, target.get("SqsParameters") or {})


def _to_topic(arn: str, payload: str, rule: dict[str, Any]) -> None:
    if sns._topic_by_arn_any_scope(arn) is None:
        raise UndeliverableError("NO_RESOURCE", f"Topic {arn} does not exist")
    if not sns.topic_policy_allows(arn, _SERVICE, rule["Arn"], get_account_id()):
        raise UndeliverableError(
            "NO_PERMISSIONS", f"The policy of {arn} does not admit {rule['Arn']}"
        )
    try:
        sns.publish_internal(arn, payload)
    except sns.SnsPublishError as error:
        raise UndeliverableError("INVALID_PARAMETER", str(error)) from error


@dataclass(frozen=True)
class _ApiRequest:
    """What is sent to an API destination."""

    request: dict[str, Any]
    connection: dict[str, Any]
    connection_name: str


def _api_request(spec: Any, payload: str, parameters: dict[str, Any]) -> _ApiRequest:
    destination = eventbridge._api_destinations.get(spec.resource.split("/", 2)[1])
    if destination is None:
        raise UndeliverableError("NO_RESOURCE", f"API destination {spec} does not exist")
    name = str(destination.get("ConnectionArn", "")).split("/")[-1]
    # AWS's ARNs end in a generated id, MiniStack's in the name.
    connection = eventbridge._connections.get(name)
    if connection is None or connection.get("ConnectionState") != "AUTHORIZED":
        raise UndeliverableError("NO_PERMISSIONS", f"The connection of {spec} is not authorized")
    request = eventbridge._build_api_destination_request(
        destination, connection, parameters, payload
    )
    return _ApiRequest(request, copy.deepcopy(connection), name)


def _keep_sending(
    request: _ApiRequest, target: dict[str, Any], rule: dict[str, Any], event: str
) -> None:
    """Send until the destination takes or refuses it for good, or a limit of the policy is met."""
    policy = target.get("RetryPolicy") or {}
    retries_allowed = policy.get("MaximumRetryAttempts", _DEFAULT_RETRIES)
    oldest = time.time() + policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS)
    retries = 0
    while True:
        try:
            _send(request)
        except UndeliverableError as error:
            error.retries = retries
            _dead_letter(target, rule, event, error)
        except PassingError as error:
            base = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
            delay = min(base * 2 ** min(retries, 10), _LONGEST_DELAY_SECONDS)
            condition = None
            if retries >= retries_allowed:
                condition = "MaximumRetryAttempts"
            elif time.time() + delay > oldest:
                condition = "MaximumEventAgeInSeconds"
            if condition is None:
                if lifecycle.stopping.wait(delay):
                    return
                retries += 1
                continue
            final = UndeliverableError(error.code, error.message, retries, condition)
            _dead_letter(target, rule, event, final)
        return


def _send(request: _ApiRequest) -> None:
    key = (get_account_id(), get_region(), request.connection_name)
    headers = eventbridge._connection_auth_headers(request.connection, key)
    try:
        status = eventbridge._api_destination_send_sync(request.request, headers)
    except TimeoutError as error:
        raise PassingError("TIMEOUT", str(error)) from error
    except (urllib.error.URLError, OSError) as error:
        raise PassingError("CONNECTION_FAILURE", str(error)) from error
    message = f"The API destination answered with status {status}"
    if status in _PASSING_STATUSES or status >= 500:
        raise PassingError("ERROR_FROM_TARGET", message)
    if not 200 <= status < 300:
        raise UndeliverableError("ERROR_FROM_TARGET", message)


def _dead_letter(
    target: dict[str, Any], rule: dict[str, Any], event: str, error: UndeliverableError
) -> None:
    arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    summary = f"{rule['Arn']} could not deliver to {target['Arn']} ({error.code})"
    if arn is None:
        _LOG.warning("%s; the event is dropped: the target has no dead-letter queue", summary)
        return
    queue = sqs._queue_by_arn(arn)
    if queue is None or not sqs.queue_policy_allows(arn, _SERVICE, rule["Arn"], get_account_id()):
        _LOG.error("%s, nor to %s: it does not exist or its policy does not admit", summary, arn)
        return
    _LOG.warning("%s; the event is in %s", summary, arn)
    attributes = {
        "RULE_ARN": text(rule["Arn"]),
        "TARGET_ARN": text(target["Arn"]),
        "ERROR_CODE": text(error.code),
        "ERROR_MESSAGE": text(error.message),
        "RETRY_ATTEMPTS": text(str(error.retries)),
    }
    if error.exhausted:
        attributes["EXHAUSTED_RETRY_CONDITION"] = text(error.exhausted)
    enqueue(queue, event, attributes)
