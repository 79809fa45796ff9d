"""The headers that a mail is given beside its subject and body.

Stock: `Headers` of a simple message is dropped, from what is relayed and from
what `/_ministack/ses/messages` shows.

AWS: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Message.html>,
<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageHeader.html>:
up to 15 headers, by which a sender offers one-click unsubscribe:
<https://docs.aws.amazon.com/ses/latest/dg/sending-email-subscription-management.html>.
A name is 1 to 126 printable ASCII characters without a colon, a value at most
995 characters; SES refuses a call that breaks a rule.

Patched: they are checked, kept with the mail, relayed and shown.
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.services import ses_v2

_MOST = 15
_LONGEST_NAME = 126
_LONGEST_VALUE = 995

Headers = list[dict[str, str]]

_given: ContextVar[Headers] = ContextVar("given", default=[])  # noqa: B039
"""The headers of the mail in hand."""


def apply() -> None:
    """Keep the headers of a simple message."""
    handle, show, build = (
        ses_v2.handle_request,
        app._handle_ses_messages_request,
        ses_v2._build_mime_message,
    )

    async def handle_request(
        method: str, path: str, headers: Any, body: bytes, query_params: Any
    ) -> Any:
        given = _headers(body) if method == "POST" and path.endswith("/outbound-emails") else []
        rule = _broken_rule(given)
        if rule is not None:
            return ses_v2._json_err("BadRequestException", rule)
        _given.set(given)
        answer = await handle(method, path, headers, body, query_params)
        if given and answer[0] == 200:
            ses_v2._sent_emails_list()[-1]["Headers"] = given
        return answer

    def build_mime_message(*arguments: Any) -> str:
        lines = "".join(f"{header['Name']}: {header['Value']}\n" for header in _given.get())
        return lines + str(build(*arguments))

    async def show_messages(method: str, path: str, headers: Any, query_params: Any) -> Any:
        answer = await show(method, path, headers, query_params)
        if answer is None or answer[0] != 200:
            return answer
        shown = json.loads(answer[2])
        kept = _kept_headers()
        for mails in shown["messages"].values():
            for mail in mails:
                mail["Headers"] = kept.get(mail["MessageId"], [])
        return answer[0], answer[1], json.dumps(shown).encode()

    ses_v2.handle_request = handle_request
    ses_v2._build_mime_message = build_mime_message
    app._handle_ses_messages_request = show_messages


def _headers(body: bytes) -> Headers:
    try:
        message = json.loads(body)["Content"]["Simple"]
    except (ValueError, KeyError, TypeError):
        # Another kind of message, or none: the service itself reports the error.
        return []
    headers: Headers = message.get("Headers") or []
    return headers


def _broken_rule(headers: Headers) -> str | None:
    if len(headers) > _MOST:
        return f"A message may have {_MOST} headers"
    for header in headers:
        name, value = header.get("Name", ""), header.get("Value", "")
        if not 1 <= len(name) <= _LONGEST_NAME or not all("!" <= c <= "~" for c in name):
            return f"The name of a header must have 1 to {_LONGEST_NAME} printable characters"
        if ":" in name:
            return "The name of a header must hold no colon"
        if not value or len(value) > _LONGEST_VALUE or "\n" in value or "\r" in value:
            return f"The value of a header must be one line of 1 to {_LONGEST_VALUE} characters"
    return None


def _kept_headers() -> dict[str, Headers]:
    every = app._get_module("ses")._sent_emails.to_dict().values()
    return {
        mail["MessageId"]: mail["Headers"]
        for mails in every
        if isinstance(mails, list)
        for mail in mails
        if mail.get("Headers")
    }
