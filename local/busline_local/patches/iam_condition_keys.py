"""What a permission to publish or to send can be conditioned on.

Stock has no condition keys in the context of `events:PutEvents` and
`ses:SendEmail`, so a policy that conditions on one denies always; and it
checks an SES v2 SendEmail against the resource `*`, which no policy that
names an identity allows.
AWS: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
gives PutEvents the keys `events:source` and `events:detail-type`, and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
gives SendEmail the identity and the configuration set as its resources, and the
keys `ses:FromAddress`, `ses:FromDisplayName` and `ses:Recipients`. In the sandbox
the sender must be allowed the identities of the recipients, too:
https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html (they
must be verified), and https://github.com/aws/aws-sdk-js/issues/3641.
Patched where MiniStack reads the resource out of a request: the keys are read
beside it, and the policies are evaluated with them, once for each different
entry, so that one foreign entry among ten denies the call.
"""

import json
from contextvars import ContextVar
from email.utils import parseaddr
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import ses, ses_v2

_SEND_EMAIL_PATH = "/v2/email/outbound-emails"

Keys = dict[str, Any]

_entries: ContextVar[list[tuple[str, Keys]]] = ContextVar("entries", default=[])  # noqa: B039
"""The bus and the condition keys of each entry of the PutEvents request in hand."""

_mail: ContextVar[Keys] = ContextVar("mail", default={})  # noqa: B039
"""The condition keys of the SendEmail request in hand."""


_configuration_set: ContextVar[str] = ContextVar("configuration_set", default="")
"""The name in the SendEmail request in hand."""


def apply() -> None:
    """Read the keys with the resource; evaluate the policies with the keys."""
    bus_arns = iam_actions.eventbridge_resource_arns
    ses_arn = iam_actions._ses_v2_resource_arn
    enforce = iam_evaluator.enforce

    def read_entries(body: bytes, region: str, account_id: str) -> Any:
        _entries.set(
            [
                (arn, _entry_keys(entry))
                for entry in _objects(_object(body).get("Entries"))
                for arn in bus_arns(json.dumps({"Entries": [entry]}).encode(), region, account_id)
            ]
        )
        return bus_arns(body, region, account_id)

    def read_mail(method: str, path: str, body: bytes, region: str, account_id: str) -> Any:
        if method != "POST" or path.rstrip("/") != _SEND_EMAIL_PATH:
            return ses_arn(method, path, body, region, account_id)
        mail = _object(body)
        _mail.set(_mail_keys(mail))
        _configuration_set.set(_text(mail.get("ConfigurationSetName")))
        identity = _sending_identity(_text(mail.get("FromEmailAddress")))
        return f"arn:aws:ses:{region}:{account_id}:identity/{identity}"

    def enforce_with_keys(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Keys | None = None,
    ) -> Any:
        for resource in (resource_arn, *_other_resources(iam_action)):
            for keys in _keys(iam_action, resource_arn):
                context = {**(service_context or {}), **keys}
                denied = enforce(access_key_id, iam_action, service, region, resource, context)
                if denied is not None:
                    return denied
        return None

    iam_actions.eventbridge_resource_arns = read_entries
    iam_actions._ses_v2_resource_arn = read_mail
    iam_evaluator.enforce = enforce_with_keys


def _keys(iam_action: str, resource_arn: str) -> list[Keys]:
    """The contexts in which the policies must allow the action on the resource."""
    if iam_action == "events:PutEvents":
        different: list[Keys] = []
        for arn, keys in _entries.get():
            if arn == resource_arn and keys not in different:
                different.append(keys)
        return different or [{}]
    if iam_action == "ses:SendEmail":
        return [_mail.get()]
    return [{}]


def _other_resources(iam_action: str) -> list[str]:
    """What the policies must allow the action on beside the sender's identity."""
    if iam_action != "ses:SendEmail":
        return []
    prefix = f"arn:aws:ses:{get_region()}:{get_account_id()}"
    name = _configuration_set.get()
    sets = [f"{prefix}:configuration-set/{name}"] if name else []
    if ses._production_access_enabled():
        return sets
    identities = (_sending_identity(address) for address in _mail.get().get("ses:Recipients", []))
    known = [identity for identity in identities if identity in ses_v2._identities]
    return [*sets, *(f"{prefix}:identity/{identity}" for identity in known)]


def _entry_keys(entry: Keys) -> Keys:
    named = {"events:source": entry.get("Source"), "events:detail-type": entry.get("DetailType")}
    return {key: value for key, value in named.items() if isinstance(value, str)}


def _mail_keys(mail: Keys) -> Keys:
    name, address = parseaddr(_text(mail.get("FromEmailAddress")))
    keys: Keys = {"ses:FromAddress": address, "ses:Recipients": _recipients(mail)}
    if name:
        keys["ses:FromDisplayName"] = name
    return keys


def _recipients(mail: Keys) -> list[str]:
    destination = mail.get("Destination")
    if not isinstance(destination, dict):
        return []
    lists = [destination.get(kind) for kind in ("ToAddresses", "CcAddresses", "BccAddresses")]
    return [str(address) for some in lists if isinstance(some, list) for address in some]


def _sending_identity(sender: str) -> str:
    """The identity that SES sends by: the address if it is one itself, else its domain."""
    address = parseaddr(sender)[1]
    domain = address.rpartition("@")[2]
    by_domain = address not in ses_v2._identities and domain in ses_v2._identities
    return domain if by_domain else address


def _object(body: bytes) -> Keys:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        # The service itself refuses such a body; there is nothing to read here.
        return {}
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Keys]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
