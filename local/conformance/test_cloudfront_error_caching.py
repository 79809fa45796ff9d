"""Errors of an origin that a distribution keeps."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conformance.cloud import Cloud
from conformance.distributions import ask
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html",
    ),
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
        def handler(event, context):
            headers = event["headers"]
            answer = {"cache-control": headers["x-caching"]} if "x-caching" in headers else {}
            return {"statusCode": int(headers["x-status"]), "headers": answer, "body": "{}"}
      Events:
        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: "/{path+}"}}
  Keeps:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - Id: api
            DomainName: !Sub "${Api}.execute-api.${AWS::Region}.amazonaws.com"
            CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginSSLProtocols: [TLSv1.2]}
        DefaultCacheBehavior:
          TargetOriginId: api
          ViewerProtocolPolicy: allow-all
          AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
          OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac
  KeepsNothing:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - Id: api
            DomainName: !Sub "${Api}.execute-api.${AWS::Region}.amazonaws.com"
            CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginSSLProtocols: [TLSv1.2]}
        DefaultCacheBehavior:
          TargetOriginId: api
          ViewerProtocolPolicy: allow-all
          AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
          OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac
        CustomErrorResponses:
          - {ErrorCode: 404, ErrorCachingMinTTL: 0}
          - {ErrorCode: 503, ErrorCachingMinTTL: 0}
Outputs:
  Keeps: {Value: !GetAtt Keeps.DomainName}
  KeepsNothing: {Value: !GetAtt KeepsNothing.DomainName}
"""


@dataclass(frozen=True)
class Site:
    """Two distributions in front of one API, which answers as it is asked to."""

    cloud: Cloud
    keeps: str
    keeps_nothing: str

    def statuses(self, domain: str, path: str, *answers: str, **headers: str) -> list[int]:
        """What users with different tokens get on one path, one after the other."""
        return [
            ask(
                self.cloud, domain, path, x_status=status, authorization=f"user {n}", **headers
            ).status
            for n, status in enumerate(answers)
        ]


@pytest.fixture(scope="module")
def site(cloud: Cloud) -> Iterator[Site]:
    with stack(cloud) as it:
        names = it.deploy(TEMPLATE)
        yield Site(cloud, names["Keeps"], names["KeepsNothing"])


# Stock answers 502 for each request to an API, so that a case with 502 would tell nothing.
@pytest.mark.patch("cloudfront_api_origins", "cloudfront_error_caching")
@pytest.mark.parametrize("status", ["404", "405", "414", "500", "501", "503", "504"])
def test_the_error_of_one_user_answers_the_next(site: Site, status: str) -> None:
    both = site.statuses(site.keeps, f"/of-one/{status}?x=1", status, "200")
    assert both == [int(status), int(status)]


@pytest.mark.patch("cloudfront_api_origins", "cloudfront_error_caching")
def test_no_store_shortens_it_for_404_and_not_for_503(site: Site) -> None:
    headers = {"x_caching": "no-store"}
    assert site.statuses(site.keeps, "/no-store/404", "404", "200", **headers) == [404, 200]
    assert site.statuses(site.keeps, "/no-store/503", "503", "200", **headers) == [503, 503]


@pytest.mark.patch("cloudfront_api_origins")
@pytest.mark.parametrize("status", ["404", "503"])
def test_with_a_time_of_zero_each_user_gets_what_is_meant_for_them(site: Site, status: str) -> None:
    assert site.statuses(site.keeps_nothing, f"/zero/{status}", status, "200") == [int(status), 200]


@pytest.mark.patch("cloudfront_api_origins")
@pytest.mark.parametrize("status", ["400", "401", "403", "409", "429"])
def test_other_errors_are_not_kept(site: Site, status: str) -> None:
    assert site.statuses(site.keeps, f"/others/{status}", status, "200") == [int(status), 200]


@pytest.mark.patch("cloudfront_api_origins")
def test_a_change_is_always_sent(site: Site) -> None:
    for _ in range(2):
        answer = ask(site.cloud, site.keeps, "/change", method="POST", body="{}", x_status="503")
        assert answer.status == 503
    assert (
        ask(site.cloud, site.keeps, "/change", method="POST", body="{}", x_status="200").status
        == 200
    )
