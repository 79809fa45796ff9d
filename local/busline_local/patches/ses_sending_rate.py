"""How many emails an account may send in a second.

Stock sends any number at once, although GetAccount names a `MaxSendRate`, and
has the quotas of production in the sandbox.

AWS: <https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html>: an
account may exceed its rate in short bursts, not for long; in the sandbox it is
one email a second and 200 a day.
<https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html>:
beyond it, a call is throttled, with "Maximum sending rate exceeded".

Patched by counting what SendEmail accepts, with bursts of one second's emails.
The quota of a day is named, and not enforced.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ses, ses_v2

_RATE = 14.0
_SANDBOX_RATE = 1.0
_SANDBOX_DAY = 200.0


@dataclass
class _Budget:
    """What one account may still send in one region."""

    rate: float
    emails: float
    counted_at: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        """Whether one more email is within the rate."""
        now = time.monotonic()
        self.emails = min(self.rate, self.emails + (now - self.counted_at) * self.rate)
        self.counted_at = now
        if self.emails < 1:
            return False
        self.emails -= 1
        return True


_budgets: dict[tuple[str, str, float], _Budget] = {}


def apply() -> None:
    """Count emails before they are sent."""
    handle = ses_v2.handle_request

    async def handle_request(method: str, path: str, *request: Any) -> Any:
        if method == "POST" and path.endswith("/outbound-emails"):
            rate = _rate()
            key = (get_account_id(), get_region(), rate)
            if not _budgets.setdefault(key, _Budget(rate, rate)).take():
                message = "Maximum sending rate exceeded."
                return ses_v2._json_err("TooManyRequestsException", message, 429)
        answer = await handle(method, path, *request)
        if method == "GET" and path.rstrip("/").endswith("/v2/email/account"):
            return _with_quotas(answer)
        return answer

    ses_v2.handle_request = handle_request


def _rate() -> float:
    return _RATE if ses._production_access_enabled() else _SANDBOX_RATE


def _with_quotas(answer: Any) -> Any:
    if ses._production_access_enabled():
        return answer
    status, headers, body = answer
    account = json.loads(body)
    account["SendQuota"] |= {"MaxSendRate": _SANDBOX_RATE, "Max24HourSend": _SANDBOX_DAY}
    return status, headers, json.dumps(account).encode()
