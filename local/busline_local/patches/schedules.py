"""EventBridge Scheduler: by its role, to the second, with retries and a dead-letter queue.

Stock: a schedule is checked against the group `default` whatever its group is,
anybody may pass it any role, and that role is never asked; schedules fire on a
ten-second beat; keywords in the input stay as they are; `RetryPolicy` and
`DeadLetterConfig` are stored and ignored; a list ends after its first page
and has no token for a next one.

AWS: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html>:
Scheduler calls the target with the schedule's own role, and whoever creates the
schedule needs `iam:PassRole` for it.
<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html>
names a schedule `schedule/<group>/<name>`.
<https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>:
`<aws.scheduler.scheduled-time>` and its like in the input are replaced.
<https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html>:
what is not delivered within the retry policy goes to the queue, with the error
as message attributes, if the role may send there.
<https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html>:
a page holds 100 schedules at most, and `NextToken` when there are more.

Patched for functions as targets, which are invoked asynchronously; everything
else is still delivered by stock. Checked every second: AWS promises the minute.
Seconds between attempts instead of minutes; an attempt that waits for its turn
is forgotten when the server stops.
"""

import json
import logging
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.concurrency import spawn_background
from ministack.core.responses import new_uuid
from ministack.services import eventbridge, lambda_svc, scheduler, sqs

from busline_local import invocation, lifecycle
from busline_local.patches import async_invocation
from busline_local.permission import role_allows
from busline_local.queue_message import enqueue, text

_LOG = logging.getLogger("busline.schedules")

_BEAT_SECONDS = 1
_DEFAULT_RETRIES = 185
_DEFAULT_AGE_SECONDS = 86_400
_LONGEST_DELAY_SECONDS = 30.0
_PAGE_SCHEDULES = 100

Schedule = dict[str, Any]

_passed_role: ContextVar[str] = ContextVar("passed_role", default="")
"""The role that the request in hand passes to a schedule."""


@dataclass(frozen=True)
class _NotDelivered(Exception):  # noqa: N818
    code: str
    message: str


def apply() -> None:
    """Check who may make a schedule, and fire it as documented."""
    resource_arn, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def arn_with_the_group(
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query_params: Any,
        region: str,
        account_id: str,
    ) -> Any:
        arguments = (service, method, path, headers, body, query_params, region, account_id)
        parts = [part for part in path.split("/") if part]
        if service != "scheduler" or parts[:1] != ["schedules"] or len(parts) != 2:
            return resource_arn(*arguments)
        asked = _object(body)
        _passed_role.set(str(asked.get("Target", {}).get("RoleArn", "")))
        group = asked.get("GroupName") or _first(query_params.get("groupName")) or "default"
        return f"arn:aws:scheduler:{region}:{account_id}:schedule/{group}/{parts[1]}"

    def enforce_with_the_role(
        access_key_id: str, iam_action: str, service: str, region: str, *rest: Any, **named: Any
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, *rest, **named)
        # Without a role the request is incomplete, which its own service reports.
        passes_role = iam_action in ("scheduler:CreateSchedule", "scheduler:UpdateSchedule")
        if denied is None and passes_role and _passed_role.get():
            context = {"iam:PassedToService": "scheduler.amazonaws.com"}
            return enforce(
                access_key_id, "iam:PassRole", "iam", region, _passed_role.get(), context
            )
        return denied

    iam_actions.extract_resource_arn = arn_with_the_group
    iam_evaluator.enforce = enforce_with_the_role
    stock_invoke = eventbridge._invoke_target

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        is_schedule = "GroupName" in rule
        if is_schedule and ":lambda:" in target["Arn"]:
            _fire(rule, float(event["Time"]))
        else:
            stock_invoke(target, event, rule, view)

    eventbridge._invoke_target = invoke_target
    stock_tick = scheduler._tick_schedules

    def tick() -> None:
        if lifecycle.may_run():
            stock_tick()

    stock_list = scheduler._list_schedules

    def list_schedules(query: dict[str, Any]) -> Any:
        status, headers, body = stock_list({**query, "MaxResults": len(scheduler._schedules)})
        return status, headers, json.dumps(_page(json.loads(body)["Schedules"], query)).encode()

    scheduler._list_schedules = list_schedules
    scheduler._tick_schedules = tick
    scheduler._SCHEDULE_TICK_INTERVAL = _BEAT_SECONDS


def _page(found: list[Schedule], query: dict[str, Any]) -> dict[str, Any]:
    """The part of a list that a request asks for; a token is the ARN of the last one told."""
    last, most = query.get("NextToken", ""), int(query.get("MaxResults", _PAGE_SCHEDULES))
    rest = sorted((one for one in found if one["Arn"] > last), key=lambda one: str(one["Arn"]))
    page = rest[: min(most, _PAGE_SCHEDULES)]
    more = {"NextToken": page[-1]["Arn"]} if len(page) < len(rest) else {}
    return {"Schedules": page, **more}


def _fire(schedule: Schedule, now: float) -> None:
    at = scheduler._at_time_epoch(schedule["ScheduleExpression"])
    scheduled = datetime.fromtimestamp(now if at is None else at, UTC)
    if at is None:
        # Rates and cron expressions count in minutes.
        scheduled = scheduled.replace(second=0, microsecond=0)
    delivery = _Delivery(
        schedule, schedule["Target"], scheduled.strftime("%Y-%m-%dT%H:%M:%SZ"), new_uuid()[:16]
    )
    spawn_background(delivery.keep_trying, thread_name="busline-schedule")


@dataclass(frozen=True)
class _Delivery:
    """One time at which a schedule fires."""

    schedule: Schedule
    target: dict[str, Any]
    scheduled_time: str
    execution_id: str

    def keep_trying(self) -> None:
        """Invoke the target, until it takes the input or a limit of the policy is met."""
        policy = self.target.get("RetryPolicy") or {}
        retries_allowed = policy.get("MaximumRetryAttempts", _DEFAULT_RETRIES)
        oldest = time.time() + policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS)
        retries = 0
        while True:
            try:
                self._invoke(retries + 1)
            except _NotDelivered as error:
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
                self._dead_letter(error, retries, condition)
            return

    def _invoke(self, attempt: int) -> None:
        arn = self.target["Arn"]
        function = invocation.find(arn)
        if function is None:
            raise _NotDelivered("ResourceNotFoundException", f"Function not found: {arn}")
        if not role_allows(self._as_role(), "lambda:InvokeFunction", arn):
            role = self.target["RoleArn"]
            message = f"{role} is not authorized to perform lambda:InvokeFunction on {arn}"
            raise _NotDelivered("AccessDeniedException", message)
        async_invocation.submit(arn, json.loads(self._input(attempt)))

    def _input(self, attempt: int) -> str:
        given = str(self.target.get("Input") or "{}")
        values = {
            "schedule-arn": self.schedule["Arn"],
            "scheduled-time": self.scheduled_time,
            "execution-id": self.execution_id,
            "attempt-number": str(attempt),
        }
        for name, value in values.items():
            given = given.replace(f"<aws.scheduler.{name}>", value)
        return given

    def _dead_letter(self, error: _NotDelivered, retries: int, condition: str) -> None:
        arn = str((self.target.get("DeadLetterConfig") or {}).get("Arn", ""))
        summary = f"{self.schedule['Arn']} could not reach {self.target['Arn']} ({error.code})"
        queue = sqs._queue_by_arn(arn) if arn else None
        if queue is None or not role_allows(self._as_role(), "sqs:SendMessage", arn):
            _LOG.error("%s, and has no dead-letter queue that its role may send to", summary)
            return
        _LOG.warning("%s; its input is in %s", summary, arn)
        attributes = {
            "ERROR_CODE": text(error.code),
            "ERROR_MESSAGE": text(error.message),
            "EXECUTION_ID": text(self.execution_id),
            "EXHAUSTED_RETRY_CONDITION": text(condition),
            "IS_PAYLOAD_TRUNCATED": text("false"),
            "RETRY_ATTEMPTS": text(str(retries)),
            "SCHEDULED_TIME": text(self.scheduled_time),
            "SCHEDULE_ARN": text(self.schedule["Arn"]),
            "TARGET_ARN": text(self.target["Arn"]),
        }
        enqueue(queue, self._input(retries + 1), attributes)

    def _as_role(self) -> dict[str, Any]:
        """The schedule's role in the shape in which permissions are asked about functions."""
        return {"FunctionArn": self.target["Arn"], "Role": self.target["RoleArn"]}


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        # The service itself refuses such a body; there is nothing to read here.
        return {}
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
