"""Schedules: who may make one, when it fires, and what becomes of what it cannot deliver."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conformance import functions, queues
from conformance.cloud import REGION, Client, Cloud, on_aws, unique, wait_for
from conformance.functions import Deployed
from conformance.identities import account_id, clients_of_role

_CONTEXT = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"
_ONE_TIME = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"
_DLQ = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"
_PAGES = "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html"
_ACTIONS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html"

_PATCHED = pytest.mark.patch("schedules")


def soon(seconds: float = 1) -> str:
    """One-time, `seconds` from now."""
    # AWS promises the minute, and refuses what is over when it gets it.
    at = datetime.now(UTC) + timedelta(seconds=60 if on_aws() else seconds)
    return f"at({at:%Y-%m-%dT%H:%M:%S})"


@dataclass(frozen=True)
class Group:
    """A group of schedules, by a role that may invoke one function."""

    name: str
    role: str
    function: Deployed
    client: Client

    def target(self, **settings: Any) -> dict[str, Any]:
        """The function, invoked by the role."""
        return {"Arn": self.function.arn, "RoleArn": self.role, **settings}

    def schedule(
        self, expression: str, target: dict[str, Any], client: Client | None = None
    ) -> str:
        """Make a schedule that goes when it has fired; its name."""
        name = unique("schedule")
        (client or self.client).create_schedule(
            Name=name,
            GroupName=self.name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target=target,
        )
        return name

    def exists(self, name: str) -> bool:
        """Whether the schedule is still there."""
        try:
            self.client.get_schedule(Name=name, GroupName=self.name)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return True


def scheduler_role(cloud: Cloud, *allowed: tuple[str, str]) -> str:
    name, arn = functions.role(cloud, *allowed)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    cloud.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return arn


@pytest.fixture
def group(cloud: Cloud) -> Group:
    client, function = cloud.client("scheduler"), functions.deploy(cloud)
    name = unique("group")
    client.create_schedule_group(Name=name)
    role = scheduler_role(cloud, ("lambda:InvokeFunction", function.arn))
    return Group(name, role, function, client)


@pytest.mark.aws(_ONE_TIME)
@pytest.mark.guard
def test_a_one_time_schedule_fires_once_in_time_and_is_deleted(group: Group) -> None:
    began = time.time()
    name = group.schedule(soon(2), group.target(Input='{"mark": 1}'))
    wait_for(lambda: group.function.marks() == [[1]], 8)
    assert time.time() - began >= 1
    wait_for(lambda: not group.exists(name))
    time.sleep(2)
    assert group.function.marks() == [[1]]


@pytest.mark.aws(_CONTEXT)
@_PATCHED
def test_keywords_in_the_input_are_replaced(group: Group) -> None:
    expression = soon()
    group.schedule(expression, group.target(Input='{"mark": "<aws.scheduler.scheduled-time>"}'))
    scheduled = expression.removeprefix("at(").removesuffix(")")
    wait_for(lambda: group.function.marks() == [[f"{scheduled}Z"]], 8)


@pytest.mark.aws(_DLQ)
@_PATCHED
def test_a_failed_delivery_goes_to_the_queue_with_its_error(cloud: Cloud, group: Group) -> None:
    dead_letters = queues.create(cloud)
    powerless = scheduler_role(cloud, ("sqs:SendMessage", dead_letters.arn))
    settings = {
        "RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": dead_letters.arn},
        "Input": '{"mark": 1}',
    }
    name = group.schedule(soon(), {"Arn": group.function.arn, "RoleArn": powerless, **settings})

    message = dead_letters.take()[0]
    assert json.loads(message["Body"]) == {"mark": 1}
    values = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert values["ERROR_CODE"] == "AccessDeniedException"
    assert values["RETRY_ATTEMPTS"] == "1"
    assert values["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert values["SCHEDULE_ARN"].endswith(f"schedule/{group.name}/{name}")
    assert values["TARGET_ARN"] == group.function.arn
    assert group.function.attempts() == []


@pytest.mark.aws(_DLQ)
@_PATCHED
def test_a_role_that_may_not_send_to_the_queue_loses_the_input(cloud: Cloud, group: Group) -> None:
    dead_letters = queues.create(cloud)
    powerless = scheduler_role(cloud, ("logs:PutLogEvents", "*"))
    settings = {
        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": dead_letters.arn},
    }
    group.schedule(soon(), {"Arn": group.function.arn, "RoleArn": powerless, **settings})
    working = group.schedule(soon(2), group.target(Input='{"mark": 2}'))
    wait_for(lambda: not group.exists(working))
    wait_for(lambda: group.function.marks() == [[2]], 8)
    # What stock invokes nevertheless is in the log a moment later.
    time.sleep(2)
    assert group.function.marks() == [[2]]
    assert dead_letters.poll() == []


@pytest.mark.aws(_PAGES)
@_PATCHED
def test_a_list_has_pages_with_each_schedule_once(group: Group) -> None:
    never = "at(2199-01-01T00:00:00)"
    made = [group.schedule(never, group.target()) for _ in range(3)]
    pages = group.client.get_paginator("list_schedules").paginate(
        GroupName=group.name, PaginationConfig={"PageSize": 2}
    )
    told = [[one["Name"] for one in page["Schedules"]] for page in pages]
    assert [len(page) for page in told] == [2, 1]
    assert sorted(name for page in told for name in page) == sorted(made)


def maker(cloud: Cloud, *, role: str, in_group: str) -> Client:
    """A role that may create schedules in one group and pass one role to them."""
    account = account_id(cloud)
    return clients_of_role(
        cloud,
        {
            "Effect": "Allow",
            "Action": "scheduler:CreateSchedule",
            "Resource": f"arn:aws:scheduler:{REGION}:{account}:schedule/{in_group}/*",
        },
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        },
    )("scheduler")


def denied(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return bool(error.response["Error"]["Code"] == "AccessDeniedException")
    return False


@pytest.mark.aws(_ACTIONS)
@_PATCHED
def test_a_schedule_needs_the_permission_to_pass_its_role(cloud: Cloud, group: Group) -> None:
    # Far enough away not to fire.
    expression, target = "at(2199-01-01T00:00:00)", group.target()
    allowed = maker(cloud, role=group.role, in_group=group.name)
    group.schedule(expression, target, allowed)
    elsewhere = maker(cloud, role=group.role, in_group="default")
    assert denied(lambda: group.schedule(expression, target, elsewhere))
    other_role = maker(cloud, role=f"{group.role}-other", in_group=group.name)
    assert denied(lambda: group.schedule(expression, target, other_role))
