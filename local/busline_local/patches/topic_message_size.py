"""A topic carries messages up to its own `MaximumMessageSize`.

Stock: every topic refuses more than 256 KiB, regardless of its attribute, and
the attribute accepts any value.

AWS: <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>:
256 KiB unless `MaximumMessageSize` names another limit, from 1 KiB to 1 MiB.

Patched as documented, for Publish, PublishBatch and everything that publishes
inside the server.
"""

from typing import Any

from ministack.services import sns

_DEFAULT_BYTES = 262_144
_RANGE_BYTES = range(1_024, 1_048_576 + 1)


def apply() -> None:
    """Enforce each topic's own limit."""
    # The limit that stock compares with becomes the highest that a topic can have.
    sns._SNS_MAX_PAYLOAD_BYTES = _RANGE_BYTES[-1]
    sns.publish_internal = _within_the_limit(sns.publish_internal)
    sns._publish_batch = _batch_within_the_limit(sns._publish_batch)
    sns._create_topic = _with_a_valid_limit(sns._create_topic)
    sns._set_topic_attributes = _with_a_valid_limit(sns._set_topic_attributes)


def _limit(topic: dict[str, Any] | None) -> int:
    given = ((topic or {}).get("attributes") or {}).get("MaximumMessageSize")
    return int(given or _DEFAULT_BYTES)


def _within_the_limit(stock: Any) -> Any:
    def publish(topic_arn: str, message: Any, subject: str = "", **settings: Any) -> Any:
        limit = _limit(sns._topic_by_arn_any_scope(topic_arn))
        attributes = settings.get("message_attributes") or {}
        if isinstance(message, str) and sns._message_payload_size(message, attributes) > limit:
            raise sns.SnsPublishError(
                "InvalidParameter",
                f"Invalid parameter: Message too long. The topic accepts {limit} bytes.",
            )
        return stock(topic_arn, message, subject, **settings)

    return publish


def _batch_within_the_limit(stock: Any) -> Any:
    def publish_batch(params: dict[str, Any]) -> Any:
        arn = sns._normalize_arn(sns._p(params, "TopicArn"))
        limit = _limit(sns._topic_by_arn_any_scope(arn))
        total = sum(
            sns._message_payload_size(
                entry.get("message", ""), entry.get("message_attributes") or {}
            )
            for entry in sns._parse_batch_entries(params)
        )
        if total > limit:
            return sns._error(
                "BatchRequestTooLong",
                f"The messages of the batch are {total} bytes together; the topic accepts {limit}.",
                400,
            )
        return stock(params)

    return publish_batch


def _with_a_valid_limit(stock: Any) -> Any:
    def change(params: dict[str, Any]) -> Any:
        given = _given_limit(params)
        if given is not None and not (given.isdecimal() and int(given) in _RANGE_BYTES):
            return sns._error(
                "InvalidParameter",
                "Invalid parameter: MaximumMessageSize must be a number of bytes "
                f"from {_RANGE_BYTES[0]} to {_RANGE_BYTES[-1]}",
                400,
            )
        return stock(params)

    return change


def _given_limit(params: dict[str, Any]) -> str | None:
    if sns._p(params, "AttributeName") == "MaximumMessageSize":
        return str(sns._p(params, "AttributeValue"))
    number = 1
    while key := sns._p(params, f"Attributes.entry.{number}.key"):
        if key == "MaximumMessageSize":
            return str(sns._p(params, f"Attributes.entry.{number}.value"))
        number += 1
    return None
