"""A stack never creates a resource over one that exists.

Stock creates a table or queue of a name that is taken by putting an empty one
in its place: a stack that is deployed again after its deletion, which retained
its table, loses the data.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html:
a retained resource stays as it is, and creating one of its name fails with
"already exists".
Patched for the types that keep data: tables, queues, log groups (MiniStack does
it for buckets itself), and for email identities, of which an account has each once
in a region: https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch_logs, dynamodb, ses_v2, sqs
from ministack.services.cloudformation import provisioners


def apply() -> None:
    """Refuse to create what is there."""
    _refuse("AWS::DynamoDB::Table", "TableName", lambda name: name in dynamodb._tables)
    _refuse("AWS::SQS::Queue", "QueueName", lambda name: name in sqs._queue_name_to_url)
    _refuse("AWS::Logs::LogGroup", "LogGroupName", lambda name: name in cloudwatch_logs._log_groups)
    _refuse("AWS::SES::EmailIdentity", "EmailIdentity", lambda name: name in ses_v2._identities)


def _refuse(resource_type: str, name_property: str, exists: Callable[[str], bool]) -> None:
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create = handler["create"]

    def create_new(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name = properties.get(name_property)
        if name and exists(name):
            raise ValueError(f"{resource_type} {name} already exists")
        return create(logical_id, properties, stack_name)

    handler["create"] = create_new
