"""Runs one attempt of a function, as every event source of MiniStack should."""

import time
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from ministack.services import lambda_svc

Record = dict[str, Any]
"""MiniStack's record of a function or of one of its versions."""


@dataclass(frozen=True)
class Function:
    """A function that exists, with the code and settings that a reference names now."""

    arn: str
    """The reference: function ARN, with its version or alias if it has one."""

    name: str
    qualifier: str | None
    base: Record
    """The function's own record, which holds its asynchronous settings."""

    record: Record
    """What is executed: the base record, or a version's."""

    @property
    def config(self) -> Record:
        """The settings of what is executed."""
        config: Record = self.record["config"]
        return config

    @property
    def version(self) -> str:
        """The executed version, `$LATEST` unless the reference names another."""
        return str(self.config.get("Version", "$LATEST"))

    @property
    def qualified_arn(self) -> str:
        """The ARN as invocation records show it: always with a qualifier."""
        return self.arn if self.qualifier else f"{self.arn}:$LATEST"


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended."""

    body: Any
    """The function's answer, or its error document."""

    error: str | None
    """`Handled` or `Unhandled`, as in the `FunctionError` header; None for success."""

    throttled: bool
    """The attempt never reached the function: a concurrency limit was in the way."""


def find(function_arn: str) -> Function | None:
    """The function that `function_arn` names in its own account and region, if it exists."""
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(function_arn)
    if not name:
        return None
    account, region = lambda_svc._lambda_function_account_region_from_arn(function_arn)
    base = lambda_svc._functions.get_scoped(account, region, name)
    if not lambda_svc._function_qualifier_exists(base, qualifier):
        return None
    record, config = lambda_svc._effective_func_record_for_qualifier(base, qualifier)
    if record is None or config is None:
        return None
    executed = lambda_svc._execution_record_for_config(record, config)
    return Function(function_arn, name, qualifier, base, executed)


def attempt(function: Function, payload: Any, request_id: str) -> Outcome:
    """Run `function` once on `payload` under `request_id` and wait for its end."""
    return Context().run(_attempt, function, payload, request_id)


def _attempt(function: Function, payload: Any, request_id: str) -> Outcome:
    outcome: Outcome = lambda_svc._run_with_function_config_scope(
        function.record, _attempt_in_scope, function, payload, request_id
    )
    return outcome


def _attempt_in_scope(function: Function, payload: Any, request_id: str) -> Outcome:
    config = function.config
    slot, _limit = lambda_svc._acquire_execution_slot(function.base, config)
    if slot is None:
        lambda_svc._emit_lambda_metrics(function.name, duration_ms=0, error=False, throttle=True)
        return Outcome(body=None, error=None, throttled=True)
    started = time.time()
    try:
        result = lambda_svc._execute_function_dispatch(
            function.record, config, payload, request_id, started
        )
    finally:
        lambda_svc._release_execution_slot(slot)
    failed = bool(result.get("error"))
    lambda_svc._emit_lambda_metrics(
        function.name,
        duration_ms=(time.time() - started) * 1000,
        error=failed,
        throttle=False,
    )
    return Outcome(
        body=result.get("body"),
        error=(result.get("function_error") or "Unhandled") if failed else None,
        throttled=bool(result.get("throttle")),
    )
