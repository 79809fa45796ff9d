"""What becomes of the emails of a configuration set.

Stock stores event destinations and sends no event to them, and SendEmail
accepts a configuration set that does not exist.

AWS: <https://docs.aws.amazon.com/ses/latest/dg/monitor-using-event-publishing.html>:
a message to a topic for each event of a type that the destination names, with
the tags of the email,
<https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>.
Addresses of the mailbox simulator bounce or complain:
<https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html>.

Patched for SendEmail and topics: bounces, complaints and deliveries.
"""

import json
from email.utils import parseaddr
from typing import Any

from ministack.core.responses import get_account_id, now_iso
from ministack.services import ses, ses_v2

Mail = dict[str, Any]


def apply() -> None:
    """Publish the events of an email once it is sent."""
    handle = ses_v2.handle_request

    async def handle_request(
        method: str, path: str, headers: Any, body: bytes, query_params: Any
    ) -> Any:
        if method != "POST" or not path.endswith("/outbound-emails"):
            return await handle(method, path, headers, body, query_params)
        mail = _object(body)
        name = mail.get("ConfigurationSetName")
        if name and name not in ses_v2._config_sets:
            return ses_v2._missing_config_set(name)
        answer = await handle(method, path, headers, body, query_params)
        if name and answer[0] == 200:
            _publish(mail, json.loads(answer[2])["MessageId"], ses_v2._config_sets[name])
        return answer

    ses_v2.handle_request = handle_request


def _publish(mail: Mail, message_id: str, configuration_set: Mail) -> None:
    destinations = (configuration_set.get("EventDestinations") or {}).values()
    for recipient in mail.get("Destination", {}).get("ToAddresses", []):
        for kind, detail in _outcomes(recipient):
            event = {"eventType": kind, "mail": _described(mail, message_id), **detail}
            for destination in destinations:
                topic = (destination.get("SnsDestination") or {}).get("TopicArn")
                wanted = kind.upper() in destination["MatchingEventTypes"]
                if topic and destination["Enabled"] and wanted:
                    ses._publish_notification(topic, event)


def _outcomes(recipient: str) -> list[tuple[str, Mail]]:
    address = parseaddr(recipient)[1]
    local, _, domain = address.partition("@")
    outcomes = (("Delivery", None),)
    if domain.lower() == ses._SIMULATOR_DOMAIN:
        outcomes = ses._SIMULATOR_OUTCOMES.get(local.lower().split("+")[0], outcomes)
    return [
        (kind, ses._notification_detail(kind, address, now_iso(), subtype))
        for kind, subtype in outcomes
    ]


def _described(mail: Mail, message_id: str) -> Mail:
    tags = {tag["Name"]: [tag["Value"]] for tag in mail.get("EmailTags") or []}
    return {
        "timestamp": now_iso(),
        "source": mail["FromEmailAddress"],
        "sendingAccountId": get_account_id(),
        "messageId": message_id,
        "destination": mail["Destination"]["ToAddresses"],
        "tags": {"ses:configuration-set": [mail["ConfigurationSetName"]], **tags},
    }


def _object(body: bytes) -> Mail:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        # The service itself refuses such a body.
        return {}
    return value if isinstance(value, dict) else {}
