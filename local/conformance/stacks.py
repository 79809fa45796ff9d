"""Stacks, deployed as `cargo xtask deploy` deploys them: through change sets."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.cloud import Cloud, unique, wait_for

_NO_CHANGES = "didn't contain changes"


class Stack:
    """One stack and its description."""

    def __init__(self, cloud: Cloud) -> None:
        self.name = unique("conformance")
        self._cloudformation = cloud.client("cloudformation")
        self._exists = False

    def deploy(self, template: str, **parameters: str) -> dict[str, str]:
        """Create or update it and return its outputs; fails the test if the stack does not hold."""
        status = self.try_to_deploy(template, **parameters)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            pytest.fail(f"{status}: {'; '.join(self.failures())}")
        outputs = self._describe().get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def try_to_deploy(self, template: str, **parameters: str) -> str:
        """Create or update it and return the state in which it came to rest."""
        change_set = self._change_set(template, parameters)
        if change_set["Status"] == "FAILED":
            pytest.fail(change_set["StatusReason"])
        self._cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        self._exists = True
        return str(wait_for(self._status_at_rest, what=f"stack {self.name} to come to rest"))

    def changes(self, template: str, **parameters: str) -> dict[str, str]:
        """What a change set would do, by logical id: Add, Modify or Remove."""
        changes = self._change_set(template, parameters)["Changes"]
        found = [change["ResourceChange"] for change in changes]
        return {change["LogicalResourceId"]: change["Action"] for change in found}

    def has_changes(self, template: str, **parameters: str) -> bool:
        """Whether CloudFormation sees a difference to what is deployed."""
        change_set = self._change_set(template, parameters)
        if change_set["Status"] == "FAILED":
            assert _NO_CHANGES in change_set["StatusReason"]
            return False
        return True

    def failures(self) -> list[str]:
        """The reasons that its events give for failing."""
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        ]

    def physical_id(self, logical_id: str) -> str:
        """The name under which a service knows one of its resources."""
        detail = self._cloudformation.describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def delete(self) -> None:
        """Delete it with all that is in it."""
        self._cloudformation.delete_stack(StackName=self.name)
        wait_for(self._is_gone, what=f"stack {self.name} to be deleted")

    def _change_set(self, template: str, parameters: dict[str, str]) -> dict[str, Any]:
        created = self._cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=unique("change"),
            ChangeSetType="UPDATE" if self._exists else "CREATE",
            TemplateBody=template,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )

        def described() -> dict[str, Any] | None:
            change_set: dict[str, Any] = self._cloudformation.describe_change_set(
                ChangeSetName=created["Id"]
            )
            return change_set if change_set["Status"] in ("CREATE_COMPLETE", "FAILED") else None

        return wait_for(described, what="the change set") or {}

    def _describe(self) -> dict[str, Any]:
        stacks = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return dict(stacks[0])

    def _status_at_rest(self) -> str | None:
        status = str(self._describe()["StackStatus"])
        return None if status.endswith("_IN_PROGRESS") else status

    def _is_gone(self) -> bool:
        try:
            return bool(self._describe()["StackStatus"] == "DELETE_COMPLETE")
        except self._cloudformation.exceptions.ClientError:
            return True


@contextlib.contextmanager
def stack(cloud: Cloud) -> Iterator[Stack]:
    """A stack for one test, deleted when the test is over."""
    one = Stack(cloud)
    yield one
    one.delete()
