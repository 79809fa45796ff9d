"""Rule targets: an event that cannot be delivered goes to the target's queue.

Stock: a target's `DeadLetterConfig` is stored and ignored; a target that is
gone is skipped, and neither functions, queues nor topics are asked whether
their policies admit the rule.

AWS: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>.
An event whose target does not exist or does not admit the rule is not retried:
it goes to the target's dead-letter queue at once, with the rule, the target and
the error as message attributes, if that queue's policy admits the rule.

Mended as documented. `RetryPolicy` is for failures that pass (throttling,
outages); inside one process there are none, so it never comes into play. A
function that fails is no failed delivery: its own retries and destinations
(`async_invocation`) deal with that.
"""

import json
import logging
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, sns, sqs, stepfunctions

from busline_local import invocation
from busline_local.patches import async_invocation
from busline_local.permission import function_admits
from busline_local.queue_message import enqueue, text

_LOG = logging.getLogger("busline.rules")

_SERVICE = "events.amazonaws.com"


@dataclass
class UndeliverableError(Exception):
    """A target that refused an event for good."""

    code: str
    """One of the codes that AWS documents for `ERROR_CODE`."""

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
            eventbridge._dispatch_to_api_destination(
                spec, payload, {**target, "HttpParameters": parameters}
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
    """What the target gets in place of the whole event, if the rule says so."""
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
        _LOG.error("%s, nor to %s: it is gone or its policy does not admit", summary, arn)
        return
    _LOG.warning("%s; the event is in %s", summary, arn)
    enqueue(
        queue,
        event,
        {
            "RULE_ARN": text(rule["Arn"]),
            "TARGET_ARN": text(target["Arn"]),
            "ERROR_CODE": text(error.code),
            "ERROR_MESSAGE": text(error.message),
            # No EXHAUSTED_RETRY_CONDITION: nothing was retried.
            "RETRY_ATTEMPTS": text("0"),
        },
    )
