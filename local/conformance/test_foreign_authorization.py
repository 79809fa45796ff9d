"""Calls with an `Authorization` header that is no AWS signature."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from conformance.cloud import REGION, Client, Cloud, unique

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html",
        "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html",
    ),
    pytest.mark.patch("foreign_authorization"),
]

TOKEN = "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"

_CALLS: dict[str, Callable[[Client], Any]] = {
    "dynamodb": lambda client: client.list_tables(),
    "events": lambda client: client.list_event_buses(),
    "iam": lambda client: client.list_roles(),
    "lambda": lambda client: client.list_functions(),
    "sns": lambda client: client.list_topics(),
    "sqs": lambda client: client.list_queues(),
    "ssm": lambda client: client.get_parameters_by_path(Path="/", Recursive=True),
    "cognito-idp": lambda client: client.list_user_pools(MaxResults=1),
}


def sending(cloud: Cloud, service: str, header: str) -> Client:
    """A client that sends this header in place of a signature."""
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=cloud.endpoint,
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )

    def add(request: Any, **_: Any) -> None:
        request.headers["Authorization"] = header

    client.meta.events.register("before-send", add)
    return client


def refusal(call: Callable[[], Any]) -> str:
    """The code of the error with which a call ends."""
    with pytest.raises(ClientError) as refused:
        call()
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
    return str(answer["Error"]["Code"])


@pytest.mark.parametrize("service", _CALLS)
def test_a_token_is_no_signature(cloud: Cloud, service: str) -> None:
    client = sending(cloud, service, TOKEN)
    assert "IncompleteSignature" in refusal(lambda: _CALLS[service](client))


@pytest.mark.parametrize("header", ["x", "Basic dXNlcjpwYXNzd29yZA==", "Bearer a=b"])
def test_no_other_header_is_a_signature(cloud: Cloud, header: str) -> None:
    client = sending(cloud, "dynamodb", header)
    assert "IncompleteSignature" in refusal(client.list_tables)


def test_a_refused_call_has_no_effect(cloud: Cloud) -> None:
    name = unique("bus")
    client = sending(cloud, "events", TOKEN)
    refusal(lambda: client.create_event_bus(Name=name))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("events").describe_event_bus(Name=name)


@pytest.mark.guard
def test_a_bucket_is_closed_to_a_token(cloud: Cloud) -> None:
    name, s3 = unique("bucket"), cloud.client("s3")
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    s3.put_object(Bucket=name, Key="1", Body=b"1")
    refusal(lambda: sending(cloud, "s3", TOKEN).get_object(Bucket=name, Key="1"))
