"""What Schemathesis loads into each run: formats, accepted failures and why, a record."""

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

# JSON Schema knows no format of a time zone's name; positive data must be names that exist.
schemathesis.openapi.format("time-zone", st.sampled_from(sorted(available_timezones())))

_record = Record()


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop the failures that are none; everything else fails the run."""
    return not (
        _is_the_gateways_answer_to_an_unknown_route(failure, response)
        or _is_refused_by_a_rule_that_no_schema_can_say(failure, case)
        or _breaks_the_pattern_of_its_own_header(failure, case)
    )


def _is_the_gateways_answer_to_an_unknown_route(failure: Failure, response: Response) -> bool:
    """Accept 404 for 405: an HTTP API matches method and path together and knows no 405.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    return isinstance(failure, UnsupportedMethodResponse) and response.status_code == 404


def _is_refused_by_a_rule_that_no_schema_can_say(failure: Failure, case: Case[Any]) -> bool:
    """Accept 400 for requests that only look right to a schema."""
    if not isinstance(failure, RejectedPositiveData):
        return False
    query = case.query or {}
    # A cursor is right when this list gave it to this caller; the schema knows its letters alone.
    if "cursor" in query:
        return True
    # So is the token in the link of a mail.
    if "token" in query and case.path == "/unsubscribe":
        return True
    # Bounds of the due time sort by it: two parameters that exclude each other.
    if query.get("sort") == "created" and ("dueAfter" in query or "dueBefore" in query):
        return True
    # `uniqueItems` compares tags before the white space around them is taken off.
    tags = case.body.get("tags") if isinstance(case.body, dict) else None
    return isinstance(tags, list) and len({str(tag).strip() for tag in tags}) < len(tags)


def _breaks_the_pattern_of_its_own_header(failure: Failure, case: Case[Any]) -> bool:
    """Accept the refusal of a header that Schemathesis calls right against its own pattern.

    Its coverage phase fills optional text headers with `0`, whatever their pattern.
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
    """Record what was asked and answered."""
    _record.add(case, response.status_code)


if _path := os.environ.get("BUSLINE_RECORD"):
    atexit.register(_record.write, Path(_path))
