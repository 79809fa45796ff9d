"""HTTP APIs as origins of a distribution."""

import json
from collections.abc import Iterator

import pytest

from conformance.cloud import Cloud
from conformance.distributions import ask
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html",
    ),
    pytest.mark.patch("cloudfront_api_origins"),
]

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
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
    Properties: {Name: conformance}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      InlineCode: |
        import json
        def handler(event, context):
            return {"statusCode": 418, "headers": {"etag": '"7"'}, "body": json.dumps(event)}
      Events:
        Echo: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: "/items/{id+}"}}
  Strip:
    Type: AWS::CloudFront::Function
    Properties:
      Name: !Sub "${AWS::StackName}-strip"
      AutoPublish: true
      FunctionConfig: {Comment: conformance, Runtime: cloudfront-js-2.0}
      FunctionCode: |
        function handler(event) {
          event.request.uri = event.request.uri.slice(4);
          return event.request;
        }
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - Id: api
            DomainName: !Sub "${Api}.execute-api.${AWS::Region}.amazonaws.com"
            CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginSSLProtocols: [TLSv1.2]}
          - Id: plain
            DomainName: !Sub "${Api}.execute-api.${AWS::Region}.amazonaws.com"
            CustomOriginConfig: {OriginProtocolPolicy: http-only}
        DefaultCacheBehavior:
          TargetOriginId: plain
          ViewerProtocolPolicy: allow-all
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
        CacheBehaviors:
          - PathPattern: /api/*
            TargetOriginId: api
            ViewerProtocolPolicy: allow-all
            AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
            CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
            OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac
            FunctionAssociations:
              - {EventType: viewer-request, FunctionARN: !GetAtt Strip.FunctionARN}
          - PathPattern: /items/*
            TargetOriginId: api
            ViewerProtocolPolicy: allow-all
            CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
            OriginRequestPolicyId: 216adef6-5c7f-47e4-b989-5492eafa07d3
Outputs:
  Domain: {Value: !GetAtt Distribution.DomainName}
"""


@pytest.fixture(scope="module")
def domain(cloud: Cloud) -> Iterator[str]:
    with stack(cloud) as it:
        yield it.deploy(TEMPLATE)["Domain"]


def test_an_api_behind_a_distribution_sees_the_request_that_the_function_rewrote(
    cloud: Cloud, domain: str
) -> None:
    answer = ask(
        cloud,
        domain,
        "/api/items/a%20b?x=1&x=2",
        method="PATCH",
        body='{"a": 1}',
        content_type="application/json",
        authorization="Bearer abc",
        if_match='"3"',
    )
    assert (answer.status, answer.headers["etag"]) == (418, '"7"')
    event = json.loads(answer.body)
    assert event["rawPath"] == "/items/a b"
    assert event["rawQueryString"] == "x=1&x=2"
    assert event["requestContext"]["http"]["method"] == "PATCH"
    assert event["body"] == '{"a": 1}'
    sent = event["headers"]
    assert (sent["authorization"], sent["if-match"]) == ("Bearer abc", '"3"')
    assert "execute-api" in sent["host"]


def test_an_unknown_path_gets_the_404_of_the_api(cloud: Cloud, domain: str) -> None:
    answer = ask(cloud, domain, "/api/nothing")
    assert (answer.status, json.loads(answer.body)) == (404, {"message": "Not Found"})


def test_an_api_refuses_a_request_that_carries_the_viewers_host(cloud: Cloud, domain: str) -> None:
    assert ask(cloud, domain, "/items/1").status == 403


@pytest.mark.guard
def test_an_api_is_not_called_without_tls(cloud: Cloud, domain: str) -> None:
    assert ask(cloud, domain, "/other").status >= 500
