"""Hooks of Schemathesis: formats, accepted failures with their reasons, a record of requests."""

import atexit
import os
import re
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

from busline_hostile.record import Record

# JSON Schema has no format for the name of a time zone; valid data needs names that exist.
schemathesis.openapi.format("time-zone", st.sampled_from(sorted(available_timezones())))

_record = Record()


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop the accepted failures; every other one fails the run."""
    return not (
        _is_gateway_answer_to_unknown_route(failure, response)
        or _is_refused_by_rule_outside_schema(failure, case)
        or _violates_pattern_of_header(failure, case)
    )


def _is_gateway_answer_to_unknown_route(failure: Failure, response: Response) -> bool:
    """Accept 404 for 405: an HTTP API matches method and path together and knows no 405.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    return isinstance(failure, UnsupportedMethodResponse) and response.status_code == 404


def _is_refused_by_rule_outside_schema(failure: Failure, case: Case[Any]) -> bool:
    """Accept 400 for requests that are invalid by a rule that no schema can express."""
    if not isinstance(failure, RejectedPositiveData):
        return False
    query = case.query or {}
    # A cursor belongs to one list and one caller; the schema only has its characters.
    if "cursor" in query:
        return True
    # The same holds for the token in the link of an email.
    if "token" in query and case.path == "/unsubscribe":
        return True
    # Bounds of the due time need the order by due time: the parameters exclude each other.
    if query.get("sort") == "created" and ("dueAfter" in query or "dueBefore" in query):
        return True
    body = case.body if isinstance(case.body, dict) else {}
    # A whole day needs a due time, which may also be that of the stored item.
    if body.get("allDay") is True and body.get("dueAt") is None:
        return True
    # `uniqueItems` compares tags before the white space around them is removed.
    tags = body.get("tags")
    return isinstance(tags, list) and len({str(tag).strip() for tag in tags}) < len(tags)


def _violates_pattern_of_header(failure: Failure, case: Case[Any]) -> bool:
    """Accept the refusal of a header that violates its pattern.

    The coverage phase of Schemathesis fills optional headers with `0`, for any pattern.
    """
    if not isinstance(failure, RejectedPositiveData):
        return False
    sent: dict[str, str] = dict(case.headers or {})
    patterns = {
        header.name: header.definition.get("schema", {}).get("pattern")
        for header in case.operation.headers
    }
    return any(
        pattern and name in sent and not re.search(pattern, sent[name])
        for name, pattern in patterns.items()
    )


@schemathesis.hook
def after_call(_: HookContext, case: Case[Any], response: Response) -> None:
    """Record the request and its status."""
    _record.add(case, response.status_code)


if _path := os.environ.get("BUSLINE_RECORD"):
    atexit.register(_record.write, Path(_path))
