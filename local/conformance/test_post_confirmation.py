"""The trigger that Cognito invokes when a user has been confirmed."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from conformance.browser import Browser
from conformance.cloud import Cloud, wait_for
from conformance.mailbox import last_code
from conformance.stacks import stack
from conformance.user_pools import PASSWORD, address

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html",
    ),
    pytest.mark.patch("post_confirmation"),
]

TEMPLATE = """
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      UsernameAttributes: [email]
      AutoVerifiedAttributes: [email]
      LambdaConfig: {PostConfirmation: !GetAtt Function.Arn}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Pool, ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH]}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: cognito-idp.amazonaws.com
      SourceArn: !GetAtt Pool.Arn
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: logs
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: "logs:*", Resource: "*"}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 20
      Code:
        ZipFile: |
          import json, time
          def handler(event, context):
              print(json.dumps({"trigger": event}))
              told = event["request"].get("clientMetadata", {})
              if "fail" in told:
                  raise ValueError(told["fail"])
              if "null" in told:
                  return None
              if time.time() < float(told.get("late until", 0)):
                  time.sleep(6)
              return event
"""


@dataclass(frozen=True)
class Trigger:
    """A pool with a trigger, a browser that knows it, and what the trigger got."""

    cloud: Cloud
    pool: str
    browser: Browser
    function: str

    def confirm(self, email: str, **metadata: str) -> None:
        """Confirm by the mailed code; `metadata` tells the trigger what to do."""
        self.browser.cognito.confirm_sign_up(
            ClientId=self.browser.client_id,
            Username=email,
            ConfirmationCode=last_code(self.cloud, email),
            ClientMetadata=metadata,
        )

    def events(self, email: str) -> list[dict[str, Any]]:
        """The events about `email` that the trigger has got."""
        found = self.cloud.client("logs").filter_log_events(
            logGroupName=f"/aws/lambda/{self.function}", filterPattern='"trigger"'
        )
        triggers = [json.loads(event["message"])["trigger"] for event in found["events"]]
        return [one for one in triggers if one["request"]["userAttributes"]["email"] == email]

    def the_event(self, email: str) -> dict[str, Any]:
        """The one event about `email`."""
        (event,) = wait_for(lambda: self.events(email))
        return event

    def status(self, email: str) -> str:
        """Whether Cognito takes the user for confirmed."""
        cognito = self.cloud.client("cognito-idp")
        return str(cognito.admin_get_user(UserPoolId=self.pool, Username=email)["UserStatus"])


@pytest.fixture(scope="module")
def trigger(cloud: Cloud) -> Iterator[Trigger]:
    with stack(cloud) as it:
        it.deploy(TEMPLATE)
        pool = it.physical_id("Pool")
        browser = Browser(cloud, pool, it.physical_id("Client"))
        yield Trigger(cloud, pool, browser, it.physical_id("Function"))


def test_a_confirmed_sign_up_triggers_once_with_the_user(trigger: Trigger) -> None:
    email = address()
    trigger.browser.sign_up(email, PASSWORD)
    trigger.confirm(email, campaign="spring")

    event = trigger.the_event(email)
    assert event["version"] == "1"
    assert event["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    assert event["userPoolId"] == trigger.pool
    assert event["callerContext"]["clientId"] == trigger.browser.client_id
    attributes = event["request"]["userAttributes"]
    assert attributes["sub"] == event["userName"]
    assert attributes["email_verified"] == "true"
    assert attributes["cognito:user_status"] == "CONFIRMED"
    assert event["request"]["clientMetadata"] == {"campaign": "spring"}


def test_an_administrators_confirmation_triggers_too(trigger: Trigger) -> None:
    email = address()
    trigger.browser.sign_up(email, PASSWORD)
    trigger.cloud.client("cognito-idp").admin_confirm_sign_up(
        UserPoolId=trigger.pool, Username=email
    )
    assert trigger.the_event(email)["triggerSource"] == "PostConfirmation_ConfirmSignUp"


def test_a_password_reset_has_its_own_trigger_source(trigger: Trigger) -> None:
    email = address()
    trigger.browser.sign_up(email, PASSWORD)
    trigger.confirm(email)
    reset = {"ClientId": trigger.browser.client_id, "Username": email}
    trigger.browser.cognito.forgot_password(**reset)
    trigger.browser.cognito.confirm_forgot_password(
        **reset, ConfirmationCode=last_code(trigger.cloud, email), Password=f"{PASSWORD}-new"
    )
    events = wait_for(lambda: len(trigger.events(email)) > 1 and trigger.events(email)) or []
    assert [event["triggerSource"] for event in events] == [
        "PostConfirmation_ConfirmSignUp",
        "PostConfirmation_ConfirmForgotPassword",
    ]


@pytest.mark.parametrize(
    ("told", "code", "message"),
    [
        ({"fail": "no table"}, "UserLambdaValidationException", "no table"),
        ({"null": "yes"}, "InvalidLambdaResponseException", "Unrecognizable lambda output"),
    ],
)
def test_a_failing_trigger_is_reported_and_the_user_is_confirmed(
    trigger: Trigger, told: dict[str, str], code: str, message: str
) -> None:
    email = address()
    trigger.browser.sign_up(email, PASSWORD)
    with pytest.raises(trigger.browser.cognito.exceptions.ClientError) as raised:
        trigger.confirm(email, **told)
    assert raised.value.response["Error"]["Code"] == code
    assert message in raised.value.response["Error"]["Message"]
    assert len(trigger.events(email)) == 1
    assert trigger.status(email) == "CONFIRMED"
    assert trigger.browser.sign_in(email, PASSWORD)["AccessToken"]


def test_a_late_trigger_is_called_again(trigger: Trigger) -> None:
    email = address()
    trigger.browser.sign_up(email, PASSWORD)
    trigger.confirm(email, **{"late until": str(time.time() + 4)})
    wait_for(lambda: len(trigger.events(email)) == 2, what="both calls to be logged")


def test_a_function_that_does_not_admit_cognito_is_not_invoked(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(TEMPLATE.replace("cognito-idp.amazonaws.com", "events.amazonaws.com"))
        pool = it.physical_id("Pool")
        browser = Browser(cloud, pool, it.physical_id("Client"))
        email = address()
        browser.sign_up(email, PASSWORD)
        with pytest.raises(browser.cognito.exceptions.UnexpectedLambdaException):
            browser.confirm(email, last_code(cloud, email))
