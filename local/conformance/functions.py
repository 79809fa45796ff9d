"""Small test functions on the runtime that the product uses.

One handler serves all: what it does with an event is in the event, under
`do`. It writes what it got to its log, so that a test can count attempts.
"""

import contextlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from conformance.cloud import Client, Cloud, on_aws, unique, wait_for

_HANDLER = '''
import json, os, time

def first(event, name):
    """The value of `name` anywhere in an event: payloads come wrapped in many ways."""
    if isinstance(event, str):
        try:
            return first(json.loads(event), name)
        except ValueError:
            return None
    if isinstance(event, dict):
        if name in event:
            found = event[name]
            return found["S"] if isinstance(found, dict) and "S" in found else found
        event = list(event.values())
    if isinstance(event, list):
        for part in event:
            found = first(part, name)
            if found is not None:
                return found
    return None

class Poison(Exception):
    pass

def handler(event, context):
    records = event.get("Records", []) if isinstance(event, dict) else []
    seen = [first(record, "mark") for record in records] or [first(event, "mark")]
    print(json.dumps({"attempt": context.aws_request_id, "marks": seen}), flush=True)
    if first(event, "do") == "print the environment":
        return dict(os.environ)
    if os.environ.get("ANSWER") == "503":
        return {"statusCode": 503}
    if os.environ.get("ANSWER") == "report":
        return {"batchItemFailures": [
            {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
            for record in records if first(record, "do") == "fail"]}
    time.sleep(float(os.environ.get("SECONDS", "0")))
    wait = os.environ.get("WAIT_FOR")
    if wait and not os.path.exists(wait):
        raise Poison("not yet")
    if any(first(part, "do") == "fail" for part in records or [event]):
        raise Poison(first(event, "saying") or "told to fail")
    return {"done": seen}
'''

_BOOTSTRAP = """#!/usr/bin/env python3
import http.client, json, os, types, function

host = os.environ["AWS_LAMBDA_RUNTIME_API"]
connection = http.client.HTTPConnection(host)
while True:
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    event = json.loads(answer.read())
    request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    context = types.SimpleNamespace(aws_request_id=request)
    try:
        kind, body = "response", function.handler(event, context)
    except Exception as error:
        kind, body = "error", {"errorMessage": str(error), "errorType": type(error).__name__}
    path = f"/2018-06-01/runtime/invocation/{request}/{kind}"
    connection.request("POST", path, json.dumps(body))
    connection.getresponse().read()
"""


@dataclass(frozen=True)
class Deployed:
    """A function, its role, and what it has seen so far."""

    name: str
    arn: str
    role: str
    log_group: str
    logs: Client

    def attempts(self) -> list[dict[str, Any]]:
        """Every attempt's request id and the marks of the events that it got, in order."""
        return [line for _moment, line in self._lines()]

    def moments(self) -> list[tuple[int, list[Any]]]:
        """When each attempt began, in milliseconds since 1970, and its marks."""
        return [(moment, line["marks"]) for moment, line in self._lines()]

    def _lines(self) -> list[tuple[int, dict[str, Any]]]:
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.log_group, filterPattern='"marks"'
        )
        events = [event for page in pages for event in page["events"]]
        lines = [(event["timestamp"], json.loads(event["message"])) for event in events]
        return [(moment, line) for moment, line in lines if "marks" in line]

    def marks(self) -> list[list[Any]]:
        """The marks of each attempt, in order."""
        return [attempt["marks"] for attempt in self.attempts()]


def code() -> bytes:
    """The zip of the one handler, for `provided.al2023` and for Python runtimes."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for name, text in {"bootstrap": _BOOTSTRAP, "function.py": _HANDLER}.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
    return zipped.getvalue()


def role(cloud: Cloud, *allowed: tuple[str | list[str], str | list[str]]) -> tuple[str, str]:
    """An execution role that may write logs and do what is `allowed`: its name and ARN."""
    name = unique("role")
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resource}
        for action, resource in [("logs:*", "*"), *allowed]
    ]
    iam = cloud.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="allowed",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    return name, arn


def deploy(
    cloud: Cloud,
    *allowed: tuple[str | list[str], str | list[str]],
    environment: dict[str, str] | None = None,
    **settings: Any,
) -> Deployed:
    """A function with a role that allows `allowed`; `settings` as for CreateFunction."""
    name = unique("function")
    role_name, role_arn = role(cloud, *allowed)
    client = cloud.client("lambda")
    # AWS's OS-only runtime has no Python to run the bootstrap with.
    runtime = {"Runtime": "python3.13" if on_aws() else "provided.al2023"}
    request = {
        "FunctionName": name,
        "Role": role_arn,
        "Handler": "function.handler",
        "Code": {"ZipFile": code()},
        "Timeout": 10,
        "Environment": {"Variables": environment or {}},
        **runtime,
        **settings,
    }

    def create() -> Any:
        try:
            return client.create_function(**request)
        except client.exceptions.InvalidParameterValueException as error:
            # On AWS a role can be assumed some seconds after it was created.
            if "cannot be assumed" not in str(error):
                raise
            return None

    created = wait_for(create, what=f"the role of {name}")
    wait_for(
        lambda: client.get_function_configuration(FunctionName=name)["State"] == "Active",
        what=f"{name} to be active",
    )
    group = (settings.get("LoggingConfig") or {}).get("LogGroup", f"/aws/lambda/{name}")
    logs = cloud.client("logs")
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    return Deployed(name, created["FunctionArn"], role_name, group, logs)
