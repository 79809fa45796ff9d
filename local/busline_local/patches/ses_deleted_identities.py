"""An identity that is deleted sends no more.

Stock keeps identities twice, for both versions of its API. A template writes
both, and DeleteEmailIdentity deletes one: the other one goes on sending.

AWS: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeleteEmailIdentity.html>.

Patched by deleting both.
"""

from typing import Any
from urllib.parse import unquote

from ministack.services import ses, ses_v2

_IDENTITY = "/v2/email/identities/"


def apply() -> None:
    """Delete an identity for both versions of the API."""
    handle = ses_v2.handle_request

    async def handle_request(method: str, path: str, *request: Any) -> Any:
        answer = await handle(method, path, *request)
        if method == "DELETE" and path.startswith(_IDENTITY) and answer[0] == 200:
            ses._identities.pop(unquote(path.removeprefix(_IDENTITY)), None)
        return answer

    ses_v2.handle_request = handle_request
