"""A topic's own message size."""

import pytest

from conformance import queues
from conformance.cloud import Cloud, unique

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html",
    ),
    pytest.mark.patch("topic_message_size"),
]


@pytest.mark.parametrize("size", [300_000, 1_048_576])
def test_a_topic_of_one_mebibyte_carries_large_messages(cloud: Cloud, size: int) -> None:
    topic, queue = queues.topic_with_queue(cloud, MaximumMessageSize="1048576")
    cloud.client("sns").publish(TopicArn=topic, Message="x" * size)
    assert len(queue.take()[0]["Body"]) == size


def test_the_size_can_be_set_later(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    topic, queue = queues.topic_with_queue(cloud)
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue="1048576"
    )
    sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[{"Id": "1", "Message": "x" * 300_000}],
    )
    assert len(queue.take()[0]["Body"]) == 300_000


def test_a_message_above_the_limit_is_refused(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    plain = sns.create_topic(Name=unique("topic"))["TopicArn"]
    small = sns.create_topic(Name=unique("topic"), Attributes={"MaximumMessageSize": "2048"})
    for topic, size in ((plain, 262_145), (small["TopicArn"], 2_049)):
        with pytest.raises(sns.exceptions.InvalidParameterException, match="too long"):
            sns.publish(TopicArn=topic, Message="x" * size)


@pytest.mark.parametrize("size", ["1023", "1048577", "large"])
def test_an_invalid_limit_is_refused(cloud: Cloud, size: str) -> None:
    sns = cloud.client("sns")
    with pytest.raises(sns.exceptions.InvalidParameterException, match="MaximumMessageSize"):
        sns.create_topic(Name=unique("topic"), Attributes={"MaximumMessageSize": size})


@pytest.mark.guard
def test_a_queue_carries_one_mebibyte(cloud: Cloud) -> None:
    queue = queues.create(cloud)
    queue.client.send_message(QueueUrl=queue.url, MessageBody="x" * 1_048_576)
    assert len(queue.take()[0]["Body"]) == 1_048_576
