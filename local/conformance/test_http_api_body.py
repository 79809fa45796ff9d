"""SAM's HTTP APIs, which reach CloudFormation as OpenAPI definitions."""

import base64
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance import user_pools
from conformance.browser import Browser
from conformance.cloud import REGION, Cloud, on_aws, unique, wait_for
from conformance.stacks import Stack, stack
from conformance.user_pools import PASSWORD

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html",
    ),
    pytest.mark.patch("http_api_body"),
]

HEAD = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  PoolName: {Type: "AWS::SSM::Parameter::Value<String>"}
  ClientName: {Type: "AWS::SSM::Parameter::Value<String>"}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Name: conformance
      Tags: {team: orders}
      CorsConfiguration:
        AllowOrigins: ["https://app.example.com"]
        AllowMethods: [GET, POST]
        AllowHeaders: [authorization]
        ExposeHeaders: [etag]
        MaxAge: 600
      Auth:
        DefaultAuthorizer: Users
        Authorizers:
          Users:
            IdentitySource: $request.header.Authorization
            JwtConfiguration:
              issuer: !Sub "https://cognito-idp.${AWS::Region}.amazonaws.com/${PoolName}"
              audience: [!Ref ClientName]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      InlineCode: |
        import json
        def handler(event, context):
            return {"statusCode": 200, "headers": {"etag": "1"}, "body": json.dumps(event)}
      Events:
        Open:
          Type: HttpApi
          Properties:
            {ApiId: !Ref Api, Method: POST, Path: /open, Auth: {Authorizer: NONE}}
"""
GET_ITEM = """
        Item: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: "/items/{id}"}}
"""
SCOPED = """
        Scoped:
          Type: HttpApi
          Properties:
            ApiId: !Ref Api
            Method: GET
            Path: /scoped
            Auth: {Authorizer: Users, AuthorizationScopes: [aws.cognito.signin.user.admin]}
"""
TAIL = """
Outputs:
  Api: {Value: !Ref Api}
"""
TEMPLATE = HEAD + GET_ITEM + SCOPED + TAIL


@dataclass
class Answer:
    """What the API answered."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Api:
    """A deployed API and a user who may call it."""

    cloud: Cloud
    it: Stack
    parameters: dict[str, str]
    api_id: str
    pool: str
    browser: Browser
    email: str
    tokens: dict[str, str]

    def call(self, method: str, path: str, token: str | None = None, **headers: str) -> Answer:
        """Send a request, with `token` as a bearer token if there is one."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"{self.url}{path}", method=method, headers=named)  # noqa: S310
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                return self._answer(answer)
        except urllib.error.HTTPError as error:
            return self._answer(error)

    @property
    def url(self) -> str:
        """Where the API's default stage is."""
        if self.cloud.endpoint is None:
            return f"https://{self.api_id}.execute-api.{REGION}.amazonaws.com"
        return f"{self.cloud.endpoint}/_aws/execute-api/{self.api_id}/$default"

    @staticmethod
    def _answer(answer: Any) -> Answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, headers, answer.read().decode())


@pytest.fixture(scope="module")
def api(cloud: Cloud) -> Iterator[Api]:
    pool, browser = user_pools.create(cloud)
    email = user_pools.signed_up(cloud, pool, browser)
    ssm = cloud.client("ssm")
    parameters = {"PoolName": f"/{unique('pool')}", "ClientName": f"/{unique('client')}"}
    ssm.put_parameter(Name=parameters["PoolName"], Type="String", Value=pool)
    ssm.put_parameter(Name=parameters["ClientName"], Type="String", Value=browser.client_id)
    with stack(cloud) as it:
        outputs = it.deploy(TEMPLATE, **parameters)
        tokens = browser.sign_in(email, PASSWORD)
        yield Api(cloud, it, parameters, outputs["Api"], pool, browser, email, tokens)


def test_a_route_accepts_only_tokens_of_its_pool(cloud: Cloud, api: Api) -> None:
    access = api.tokens["AccessToken"]
    head, claims, signature = access.split(".")
    swapped = "A" if claims[20] != "A" else "B"
    other_pool, other_browser = user_pools.create(cloud)
    other_user = user_pools.signed_up(cloud, other_pool, other_browser)
    other_client = user_pools.browser(cloud, api.pool)
    refused = {
        "none": None,
        "garbage": "garbage",
        "other claims": f"{head}.{claims[:20]}{swapped}{claims[21:]}.{signature}",
        "no signature": f"{head}.{claims}.",
        "no algorithm": f"{encoded({**decoded(head), 'alg': 'none'})}.{claims}.",
        "the public key as a secret": signed_with_the_public_key(cloud, api.pool, access),
        "another client": other_client.sign_in(api.email, PASSWORD)["AccessToken"],
        "another pool": other_browser.sign_in(other_user, PASSWORD)["AccessToken"],
    }
    for why, token in refused.items():
        answer = api.call("GET", "/items/7", token)
        assert (why, answer.status) == (why, 401)
        assert json.loads(answer.body) == {"message": "Unauthorized"}
    assert api.call("GET", "/items/7", access).status == 200


@pytest.mark.skipif(on_aws(), reason="AWS's tokens last for five minutes at least")
def test_an_expired_token_is_refused(cloud: Cloud, api: Api) -> None:
    cognito = cloud.client("cognito-idp")
    client = {"UserPoolId": api.pool, "ClientId": api.browser.client_id}
    cognito.update_user_pool_client(
        **client, AccessTokenValidity=1, TokenValidityUnits={"AccessToken": "seconds"}
    )
    token = api.browser.sign_in(api.email, PASSWORD)["AccessToken"]
    cognito.update_user_pool_client(**client)
    wait_for(lambda: decoded(token.split(".")[1])["exp"] < time.time(), what="its expiry")
    assert api.call("GET", "/items/7", token).status == 401


def decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(f"{part}==")))


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed_with_the_public_key(cloud: Cloud, pool: str, token: str) -> str:
    """The token, signed as if the key that everybody knows were a shared secret."""
    host = cloud.endpoint or f"https://cognito-idp.{REGION}.amazonaws.com"
    with urllib.request.urlopen(f"{host}/{pool}/.well-known/jwks.json") as answer:  # noqa: S310
        keys = {key["kid"]: key for key in json.load(answer)["keys"]}
    head, claims, _signature = token.split(".")
    key = keys[decoded(head)["kid"]]
    n, e = (
        int.from_bytes(base64.urlsafe_b64decode(f"{key[name]}=="), "big") for name in ("n", "e")
    )
    pem = (
        RSAPublicNumbers(e, n)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    signed = f"{encoded({**decoded(head), 'alg': 'HS256'})}.{claims}"
    signature = base64.urlsafe_b64encode(hmac.digest(pem, signed.encode(), "sha256"))
    return f"{signed}.{signature.rstrip(b'=').decode()}"


def test_the_function_gets_the_request_and_its_claims(api: Api) -> None:
    answer = api.call("GET", "/items/7?limit=2", api.tokens["AccessToken"])
    event = json.loads(answer.body)
    assert event["version"] == "2.0"
    assert event["routeKey"] == "GET /items/{id}"
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"limit": "2"}
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["client_id"] == api.browser.client_id
    assert claims["token_use"] == "access"


def test_a_route_without_an_authorizer_is_open(api: Api) -> None:
    answer = api.call("POST", "/open")
    assert answer.status == 200
    assert "authorizer" not in json.loads(answer.body)["requestContext"]


def test_a_scope_admits_only_access_tokens(api: Api) -> None:
    assert api.call("GET", "/scoped", api.tokens["AccessToken"]).status == 200
    assert api.call("GET", "/scoped", api.tokens["IdToken"]).status == 403


@pytest.mark.guard
def test_other_paths_and_methods_are_not_found(api: Api) -> None:
    for method, path in (("GET", "/nothing"), ("DELETE", "/items/7"), ("GET", "/items/7/more")):
        answer = api.call(method, path, api.tokens["AccessToken"])
        assert (answer.status, json.loads(answer.body)) == (404, {"message": "Not Found"})


def test_the_gateway_answers_for_the_allowed_origin(api: Api) -> None:
    origin = "https://app.example.com"
    preflight = api.call("OPTIONS", "/items/7", origin=origin, access_control_request_method="GET")
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == origin
    assert preflight.headers["access-control-max-age"] == "600"
    answer = api.call("POST", "/open", origin=origin)
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-expose-headers"] == "etag"
    foreign = api.call("POST", "/open", origin="https://evil.example.com")
    assert "access-control-allow-origin" not in foreign.headers


def test_the_definition_names_and_tags_the_api(cloud: Cloud, api: Api) -> None:
    described = cloud.client("apigatewayv2").get_api(ApiId=api.api_id)
    assert described["Name"] == "conformance"
    assert described["Tags"]["team"] == "orders"


def test_an_update_adds_and_removes_routes_in_place(api: Api) -> None:
    access = api.tokens["AccessToken"]
    assert api.it.deploy(HEAD + SCOPED + TAIL, **api.parameters)["Api"] == api.api_id
    assert api.call("GET", "/items/7", access).status == 404
    assert api.call("POST", "/open").status == 200
    assert not api.it.has_changes(HEAD + SCOPED + TAIL, **api.parameters)
    api.it.deploy(TEMPLATE, **api.parameters)
    assert api.call("GET", "/items/7", access).status == 200


def test_a_definition_that_cannot_be_imported_changes_nothing(api: Api) -> None:
    broken = (
        TEMPLATE.replace(
            'Properties: {ApiId: !Ref Api, Method: GET, Path: "/items/{id}"}',
            "Properties: {ApiId: !Ref Api, Method: GET, Path: /new, Auth: {Authorizer: NONE}}",
        )
        + """
  Unknown: {Value: !GetAtt Role.Nothing}
"""
    )
    assert api.it.try_to_deploy(broken, **api.parameters) == "UPDATE_ROLLBACK_COMPLETE"
    assert api.call("GET", "/new").status == 404
    assert api.call("GET", "/items/7", api.tokens["AccessToken"]).status == 200
