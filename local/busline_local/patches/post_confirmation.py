"""The PostConfirmation trigger of a user pool.

Stock never invokes it.
AWS: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
invokes it when a user has confirmed a sign-up, has been confirmed by an
administrator, or has reset a password; not for users that an administrator
created. https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html:
the function must answer within 5 seconds or is called again, three times in
all, and must answer with the event. Its failure is shown to the caller, but
the user stays confirmed.
Patched around the three calls that confirm.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from ministack.core.responses import error_response_json, new_uuid
from ministack.services import cognito

from busline_local import invocation
from busline_local.invocation import Function, Outcome
from busline_local.permission import function_admits

_ANSWER_SECONDS = 5.0
_ATTEMPTS = 3
_NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
"""What the event names as its client when an administrator confirms."""

Json = dict[str, Any]


def apply() -> None:
    """Invoke the trigger after each call that confirms a user."""
    for call, source in (
        ("_confirm_sign_up", "PostConfirmation_ConfirmSignUp"),
        ("_admin_confirm_sign_up", "PostConfirmation_ConfirmSignUp"),
        ("_confirm_forgot_password", "PostConfirmation_ConfirmForgotPassword"),
    ):
        setattr(cognito, call, _followed_by_trigger(getattr(cognito, call), source))


def _followed_by_trigger(confirm: Callable[[Json], Any], source: str) -> Callable[[Json], Any]:
    def confirm_and_trigger(data: Json) -> Any:
        answer = confirm(data)
        if answer[0] != 200:
            return answer
        pool = _pool(data)
        function_arn = (pool.get("LambdaConfig") or {}).get("PostConfirmation")
        if not function_arn:
            return answer
        return _trigger(function_arn, pool, _event(pool, data, source)) or answer

    return confirm_and_trigger


def _pool(data: Json) -> Json:
    if "UserPoolId" in data:
        pool: Json = cognito._user_pools[data["UserPoolId"]]
        return pool
    pool, _ = cognito._pool_for_client(data["ClientId"])
    return pool


def _event(pool: Json, data: Json, source: str) -> Json:
    user, _ = cognito._resolve_user(pool, data["Username"])
    request: Json = {
        "userAttributes": {
            **cognito._attr_list_to_dict(user["Attributes"]),
            "cognito:user_status": user["UserStatus"],
        }
    }
    if data.get("ClientMetadata"):
        request["clientMetadata"] = data["ClientMetadata"]
    return {
        "version": "1",
        "region": cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": user["Username"],
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": data.get("ClientId", _NO_CLIENT),
        },
        "triggerSource": source,
        "request": request,
        "response": {},
    }


def _trigger(function_arn: str, pool: Json, event: Json) -> Any:
    """The error to answer with; None if the trigger did its work."""
    function = invocation.find(function_arn)
    if function is None:
        return _unexpected("ResourceNotFoundException")
    if not function_admits(
        function_arn, "cognito-idp.amazonaws.com", cognito._pool_arn(pool["Id"])
    ):
        return _unexpected("AccessDeniedException")
    for _ in range(_ATTEMPTS):
        outcome = _attempt(function, event)
        if outcome is not None:
            return _error_of(outcome)
    return _unexpected("Socket timeout while invoking Lambda function")


def _attempt(function: Function, event: Json) -> Outcome | None:
    """How the function answered; None if it did not within its time."""
    answers: SimpleQueue[Outcome] = SimpleQueue()

    def invoke() -> None:
        answers.put(invocation.attempt(function, event, new_uuid()))

    # A function that is too late continues, as on AWS; no request waits for it.
    threading.Thread(target=invoke, daemon=True, name="post-confirmation").start()
    try:
        return answers.get(timeout=_ANSWER_SECONDS)
    except Empty:
        return None


def _error_of(outcome: Outcome) -> Any:
    if outcome.throttled:
        return _unexpected("TooManyRequestsException")
    if outcome.error is not None:
        body = outcome.body if isinstance(outcome.body, dict) else {}
        message = str(body.get("errorMessage", outcome.error)).rstrip(".")
        return error_response_json(
            "UserLambdaValidationException",
            f"PostConfirmation failed with error {message}.",
            400,
        )
    if not isinstance(outcome.body, dict):
        return error_response_json(
            "InvalidLambdaResponseException", "Unrecognizable lambda output", 400
        )
    return None


def _unexpected(reason: str) -> Any:
    return error_response_json(
        "UnexpectedLambdaException",
        f"PostConfirmation invocation failed due to error {reason}.",
        400,
    )
