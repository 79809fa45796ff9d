"""SAM's WebSocket APIs: who may connect, in which subprotocol, and which routes answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conformance.cloud import REGION, Cloud
from conformance.sockets import RefusedError, Socket
from conformance.stacks import Stack, stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html",
    ),
    pytest.mark.patch("websocket_routes"),
]

HEAD = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
  Sockets:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      Name: conformance
      StageName: live
      RouteSelectionExpression: $request.body.action
      Auth:
        AuthType: CUSTOM
        AuthArn: !GetAtt Authorizer.Arn
        IdentitySource: [route.request.header.Sec-WebSocket-Protocol]
      Routes:
        $connect: {FunctionArn: !GetAtt Function.Arn}
        $disconnect: {FunctionArn: !GetAtt Function.Arn}
        oneway: {FunctionArn: !GetAtt Function.Arn}
        twoway: {FunctionArn: !GetAtt Function.Arn, RouteResponseSelectionExpression: $default}
  Authorizer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      InlineCode: |
        def handler(event, context):
            offered = {name.lower(): text for name, text in event["headers"].items()}
            allowed = "let-me-in" in offered["sec-websocket-protocol"]
            statement = {"Action": "execute-api:Invoke", "Effect": "Allow" if allowed else "Deny",
                         "Resource": event["methodArn"]}
            return {"principalId": "ann", "context": {"number": 7},
                    "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      InlineCode: |
        import json
        def handler(event, context):
            answer = {"statusCode": 200, "body": json.dumps(event["requestContext"])}
            if event["requestContext"]["routeKey"] == "$connect":
                answer["headers"] = {"Sec-WebSocket-Protocol": "conformance.v1"}
            return answer
"""
RESPONSE = """
  Response:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Sockets, RouteId: !Ref SocketsTwowayRoute, RouteResponseKey: $default}
"""
TAIL = """
Outputs:
  Sockets: {Value: !Ref Sockets}
"""


@dataclass(frozen=True)
class Api:
    """A deployed API."""

    url: str
    it: Stack

    def connect(self) -> Socket:
        """A connection that the authorizer lets in."""
        return Socket(self.url, "conformance.v1", "let-me-in")


@pytest.fixture(scope="module")
def api(cloud: Cloud) -> Iterator[Api]:
    with stack(cloud) as it:
        api_id = it.deploy(HEAD + RESPONSE + TAIL)["Sockets"]
        if cloud.endpoint is None:
            url = f"wss://{api_id}.execute-api.{REGION}.amazonaws.com/live"
        else:
            url = f"{cloud.endpoint.replace('http', 'ws', 1)}/_aws/execute-api/{api_id}/live"
        yield Api(url, it)


def test_a_connection_has_the_subprotocol_that_connect_selected(api: Api) -> None:
    with api.connect() as connection:
        assert connection.subprotocol == "conformance.v1"


def test_a_connection_without_the_identity_is_refused_before_the_authorizer(api: Api) -> None:
    with pytest.raises(RefusedError) as refused:
        Socket(api.url)
    assert refused.value.status == 401


def test_a_connection_that_the_authorizer_denies_is_refused(api: Api) -> None:
    with pytest.raises(RefusedError) as refused:
        Socket(api.url, "conformance.v1", "keep-me-out")
    assert refused.value.status == 403


def test_a_route_with_a_response_answers_and_gets_the_authorizer_context(api: Api) -> None:
    with api.connect() as connection:
        connection.send('{"action": "twoway"}')
        context = json.loads(connection.next() or "null")
        assert context["routeKey"] == "twoway"
        assert (context["authorizer"]["principalId"], context["authorizer"]["number"]) == (
            "ann",
            "7",
        )


def test_a_route_without_a_response_sends_nothing(api: Api) -> None:
    with api.connect() as connection:
        connection.send('{"action": "oneway"}')
        # A message of the first one would arrive before this.
        connection.send('{"action": "twoway"}')
        assert json.loads(connection.next() or "null")["routeKey"] == "twoway"
        assert connection.next(seconds=0.5) is None


def test_a_removed_response_is_no_longer_sent(api: Api) -> None:
    api.it.deploy(HEAD + TAIL)
    with api.connect() as connection:
        connection.send('{"action": "twoway"}')
        assert connection.next(seconds=1) is None
    api.it.deploy(HEAD + RESPONSE + TAIL)
    with api.connect() as connection:
        connection.send('{"action": "twoway"}')
        assert connection.next() is not None
