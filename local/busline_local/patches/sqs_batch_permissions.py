"""A batch call to a queue needs the permission of its single call.

Stock requires a separate permission, such as `sqs:ChangeMessageVisibilityBatch`,
which IAM does not know.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
SendMessageBatch needs `sqs:SendMessage`, DeleteMessageBatch `sqs:DeleteMessage`
and ChangeMessageVisibilityBatch `sqs:ChangeMessageVisibility`.
Patched where MiniStack reads the action out of a request.
"""

from typing import Any

from ministack.core import iam_actions


def apply() -> None:
    """Ask for the single call's permission."""
    stock = iam_actions.extract_iam_action

    def extract_iam_action(service: str, *request: Any, **named: Any) -> Any:
        action = stock(service, *request, **named)
        if service == "sqs" and isinstance(action, str):
            return action.removesuffix("Batch")
        return action

    iam_actions.extract_iam_action = extract_iam_action
