"""A call with an `Authorization` header that is no AWS signature.

Stock takes such a header, say a Cognito token's `Bearer`, for a call of its
own: the root user's, which nothing denies.

AWS: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html>:
a request signature that does not conform to AWS standards is refused with
`IncompleteSignature`.

Patched where the header is read and where the call is authorized. What AWS
serves without a signature goes on: Cognito's public operations, buckets (which
treat the caller as anonymous), API Gateway's routes and function URLs.
"""

from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.sigv4 import decode_header_value, foreign_authorization_failure

_AWS_SIGNATURES = ("AWS4-", "AWS ")
_OPEN_TO_ANYBODY = ("execute-api:Invoke", "lambda:InvokeFunctionUrl")

_failure: ContextVar[tuple[str, str] | None] = ContextVar("failure", default=None)
"""What is wrong with the header of the request in hand: code and message."""


def apply() -> None:
    """Look at the header with the signature; refuse what it would have authorized."""
    pin = iam_evaluator.pin_signed_request
    enforce = iam_evaluator.enforce
    check_credentials = iam_evaluator.check_credentials

    def pin_with_header(
        method: str, path: str, query: Any, raw_headers: list[tuple[bytes, bytes]], **more: Any
    ) -> None:
        _failure.set(_failure_of(raw_headers))
        pin(method, path, query, raw_headers, **more)

    def enforce_signed(
        access_key_id: str, iam_action: str, service: str, *place: Any, **more: Any
    ) -> Any:
        failure = _failure.get()
        if failure is not None and not _is_open(service, iam_action):
            return iam_evaluator.AuthError(*failure)
        return enforce(access_key_id, iam_action, service, *place, **more)

    def check_signed(access_key_id: str, service: str | None = None) -> Any:
        failure = _failure.get()
        if failure is not None and service != "s3":
            return iam_evaluator.AuthError(*failure)
        return check_credentials(access_key_id, service)

    app.pin_signed_request = iam_evaluator.pin_signed_request = pin_with_header
    iam_evaluator.enforce = enforce_signed
    iam_evaluator.check_credentials = check_signed


def _failure_of(raw_headers: list[tuple[bytes, bytes]]) -> tuple[str, str] | None:
    values = (value for name, value in raw_headers if name.lower() == b"authorization")
    header = decode_header_value(next(values, b""))
    if not header or header.startswith(_AWS_SIGNATURES):
        # Without a header the caller is anonymous; a signature is checked by MiniStack.
        return None
    failure: tuple[str, str] | None = foreign_authorization_failure({"authorization": header})
    return failure


def _is_open(service: str, iam_action: str) -> bool:
    """Whether AWS takes the call without a signature, or the service itself looks at it."""
    unsigned = iam_evaluator._served_unsigned(service, iam_action)
    return service == "s3" or iam_action in _OPEN_TO_ANYBODY or bool(unsigned)
