"""What an event pattern matches, where stock does not go by EventBridge's user guide."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conformance.cloud import Cloud

_GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"

pytestmark = [
    pytest.mark.aws(f"{_GUIDE}/eb-create-pattern.html"),
    pytest.mark.patch("event_patterns"),
]

_ENVELOPE = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Measured.v1",
    "source": "busline.tests",
    "account": "111122223333",
    "time": "2026-11-21T18:43:48Z",
    "region": "eu-west-1",
    "resources": [],
}


def matches(cloud: Cloud, pattern: str, detail: str) -> bool:
    event = f'{json.dumps(_ENVELOPE)[:-1]}, "detail": {detail}}}'
    answer = cloud.client("events").test_event_pattern(
        EventPattern=f'{{"detail": {pattern}}}', Event=event
    )
    result: bool = answer["Result"]
    return result


def refusal(cloud: Cloud, matcher: Any) -> str:
    with pytest.raises(ClientError) as refused:
        matches(cloud, json.dumps({"n": [matcher]}), "{}")
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"
    message: str = refused.value.response["Error"]["Message"]
    return message


def test_an_exact_number_is_compared_by_its_representation(cloud: Cloud) -> None:
    assert matches(cloud, '{"n": [300]}', '{"n": 300}')
    assert not matches(cloud, '{"n": [300]}', '{"n": 300.0}')
    assert not matches(cloud, '{"n": [3.0e2]}', '{"n": 300}')


def test_a_numeric_match_compares_values(cloud: Cloud) -> None:
    assert matches(cloud, '{"n": [{"numeric": ["=", 300]}]}', '{"n": 3.0e2}')
    assert matches(cloud, '{"n": [{"numeric": ["=", 0.1234561]}]}', '{"n": 0.123456}')
    assert not matches(cloud, '{"n": [{"numeric": ["=", 0.123457]}]}', '{"n": 0.123456}')


def test_numbers_beyond_five_billion_are_not_compared(cloud: Cloud) -> None:
    above = '{"n": [{"numeric": [">", 5]}]}'
    assert matches(cloud, above, '{"n": 5000000000}')
    assert not matches(cloud, above, '{"n": 5000000001}')
    assert "-5.0E9" in refusal(cloud, {"numeric": ["<", 5_000_000_001]})
    assert "-5.0E9" in refusal(cloud, {"anything-but": -6e9})


@pytest.mark.parametrize("pattern", ['{"a": {"b": ["x"]}}', '{"a.b": ["x"]}'])
def test_a_dot_joins_names_in_patterns_and_events(cloud: Cloud, pattern: str) -> None:
    for detail in ('{"a": {"b": "x"}}', '{"a.b": "x"}'):
        assert matches(cloud, pattern, detail)
        assert not matches(cloud, pattern, detail.replace("x", "y"))
