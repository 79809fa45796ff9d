"""A common kind of message mover: eight threads that receive, send and delete ten messages.

Prints the seconds from the first call to the last, without the start of Python.
"""

import sys
import threading
import time

import boto3


def move(sqs, source, target):
    """Move messages until none is received."""
    while True:
        received = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=10,
            VisibilityTimeout=300,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        ).get("Messages", [])
        if not received:
            return
        entries = [
            {
                "Id": str(number),
                "MessageBody": message["Body"],
                "MessageAttributes": {
                    name: {
                        key: value
                        for key, value in attribute.items()
                        if not key.endswith("ListValues")
                    }
                    for name, attribute in message.get("MessageAttributes", {}).items()
                },
            }
            for number, message in enumerate(received)
        ]
        sent = {
            entry["Id"]
            for entry in sqs.send_message_batch(QueueUrl=target, Entries=entries)["Successful"]
        }
        done = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(received)
            if str(number) in sent
        ]
        sqs.delete_message_batch(QueueUrl=source, Entries=done)


def main():
    """Move the messages of one queue to another: the endpoint and the names are arguments."""
    endpoint, *names = sys.argv[1:]
    settings = {
        "endpoint_url": endpoint,
        "region_name": "eu-west-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    clients = [boto3.session.Session().client("sqs", **settings) for _ in range(8)]
    source, target = (clients[0].get_queue_url(QueueName=name)["QueueUrl"] for name in names)
    threads = [threading.Thread(target=move, args=(sqs, source, target)) for sqs in clients]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(time.perf_counter() - begun)


main()
