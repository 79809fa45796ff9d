"""Event archives: made by templates, kept to their retention.

Stock knows no `AWS::Events::Archive` and refuses a template that has one,
never forgets an archived event, and answers DescribeArchive with every event.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html
lists the properties, and that a new `SourceArn` or `ArchiveName`
replaces the archive; a new one keeps events for `RetentionDays`, 0 meaning for
ever (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html).
Patched by a resource handler over MiniStack's own archive calls, by dropping
events past their retention when another is archived, and by answering with a
copy that has no events in it.
"""

import json
import time
from typing import Any

from ministack.core.responses import json_response
from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::Events::Archive"
_SECONDS_A_DAY = 86_400

Properties = dict[str, Any]
Created = tuple[str, dict[str, str]]


def apply() -> None:
    """Register the resource type; bound what an archive keeps and shows."""
    provisioners._RESOURCE_HANDLERS[_TYPE] = {
        "create": _create,
        "update": _update,
        "delete": _delete,
    }
    provisioners._REPLACING_PROPERTIES[_TYPE] = ("ArchiveName", "SourceArn")
    provisioners._CUSTOM_NAME_REPLACEMENT[_TYPE] = {"name": "ArchiveName"}

    archive_event = eventbridge._archive_event
    describe = eventbridge._describe_archive

    def archive_and_forget(event: dict[str, Any], view: Any = None) -> None:
        archive_event(event, view)
        for archive in eventbridge._archives.values():
            _forget_expired(archive)

    def describe_without_events(data: dict[str, Any]) -> Any:
        archive = eventbridge._archives.get(data.get("ArchiveName"))
        if archive is None:
            return describe(data)
        return json_response({key: archive[key] for key in archive if key != "Events"})

    eventbridge._archive_event = archive_and_forget
    eventbridge._describe_archive = describe_without_events


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties.get("ArchiveName") or provisioners._physical_name(
        stack_name, logical_id, max_len=48
    )
    return _put(eventbridge._create_archive, name, properties)


def _update(
    physical_id: str, _old: Properties, properties: Properties, _stack_name: str
) -> Created:
    return _put(eventbridge._update_archive, physical_id, properties)


def _delete(physical_id: str, _properties: Properties) -> None:
    if physical_id in eventbridge._archives:
        eventbridge._delete_archive({"ArchiveName": physical_id})


def _put(call: Any, name: str, properties: Properties) -> Created:
    pattern = properties.get("EventPattern", "")
    status, _, body = call(
        {
            "ArchiveName": name,
            "EventSourceArn": properties["SourceArn"],
            "Description": properties.get("Description", ""),
            "EventPattern": pattern if isinstance(pattern, str) else json.dumps(pattern),
            "RetentionDays": int(properties.get("RetentionDays", 0)),
        }
    )
    answer = json.loads(body)
    if status >= 400:
        raise ValueError(f"{_TYPE} {name}: {answer.get('message')}")
    return name, {"Arn": answer["ArchiveArn"], "ArchiveName": name}


def _forget_expired(archive: dict[str, Any]) -> None:
    days = archive.get("RetentionDays", 0)
    events = archive.get("Events", [])
    if not days:
        return
    oldest = time.time() - days * _SECONDS_A_DAY
    # Events arrive in the order of their age, so the expired ones are in front.
    expired = next((i for i, event in enumerate(events) if event["Time"] >= oldest), len(events))
    if expired:
        del events[:expired]
        archive["EventCount"] = len(events)
