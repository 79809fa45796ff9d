"""What a distribution serves out of a bucket, and how it compresses that."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conformance.cloud import Cloud, unique
from conformance.distributions import Answer, ask
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html"
    ),
    pytest.mark.patch("cloudfront_compression"),
]

TEMPLATE = """
Parameters:
  BucketName: {Type: String}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Ref BucketName}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: cloudfront.amazonaws.com}
            Action: s3:GetObject
            Resource: !Sub "${Bucket.Arn}/open/*"
            Condition:
              StringEquals:
                AWS:SourceArn:
                  !Sub arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}
  Access:
    Type: AWS::CloudFront::OriginAccessControl
    Properties:
      OriginAccessControlConfig:
        Name: !Ref AWS::StackName
        OriginAccessControlOriginType: s3
        SigningBehavior: always
        SigningProtocol: sigv4
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: !Ref AWS::StackName
        SecurityHeadersConfig:
          ContentSecurityPolicy: {Override: true, ContentSecurityPolicy: "default-src 'none'"}
        CustomHeadersConfig:
          Items: [{Header: Cross-Origin-Opener-Policy, Value: same-origin, Override: true}]
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - Id: files
            DomainName: !GetAtt Bucket.RegionalDomainName
            OriginAccessControlId: !GetAtt Access.Id
            S3OriginConfig: {OriginAccessIdentity: ""}
        DefaultCacheBehavior:
          TargetOriginId: files
          ViewerProtocolPolicy: allow-all
          Compress: true
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
          ResponseHeadersPolicyId: !Ref Headers
        CacheBehaviors:
          - PathPattern: /open/plain/*
            TargetOriginId: files
            ViewerProtocolPolicy: allow-all
            Compress: false
            CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
Outputs:
  Domain: {Value: !GetAtt Distribution.DomainName}
"""
SCRIPT = b"console.log('busline');\n" * 100
FILES = {
    "open/a.js": (SCRIPT, "text/javascript"),
    "open/short.js": (SCRIPT[:999], "text/javascript"),
    "open/a.png": (SCRIPT, "image/png"),
    "open/plain/a.js": (SCRIPT, "text/javascript"),
    "shut/a.js": (SCRIPT, "text/javascript"),
}


@dataclass(frozen=True)
class Site:
    """A distribution in front of a bucket with files in it."""

    cloud: Cloud
    domain: str

    def get(self, path: str, **headers: str) -> Answer:
        """What it answers."""
        return ask(self.cloud, self.domain, path, **headers)


@pytest.fixture(scope="module")
def site(cloud: Cloud) -> Iterator[Site]:
    s3, bucket = cloud.client("s3"), unique("site")
    with stack(cloud) as it:
        domain = it.deploy(TEMPLATE, BucketName=bucket)["Domain"]
        for key, (body, kind) in FILES.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)
        yield Site(cloud, domain)
        for key in FILES:
            s3.delete_object(Bucket=bucket, Key=key)


def test_a_text_is_compressed_for_clients_that_accept_it(site: Site) -> None:
    answer = site.get("/open/a.js", accept_encoding="deflate, gzip;q=0.8")
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.headers["etag"].startswith('W/"')
    assert len(answer.body) < len(SCRIPT) / 5
    assert gzip.decompress(answer.body) == SCRIPT


@pytest.mark.guard
@pytest.mark.parametrize(
    ("path", "offered"),
    [
        ("/open/a.js", "identity"),
        ("/open/short.js", "gzip"),
        ("/open/a.png", "gzip"),
        ("/open/plain/a.js", "gzip"),
    ],
)
def test_short_binary_or_unrequested_content_is_not_compressed(
    site: Site, path: str, offered: str
) -> None:
    answer = site.get(path, accept_encoding=offered)
    assert answer.status == 200
    assert "content-encoding" not in answer.headers
    assert answer.body == FILES[path[1:]][0]


@pytest.mark.guard
def test_a_distribution_reads_only_what_the_bucket_policy_allows(site: Site) -> None:
    assert site.get("/open/a.js").status == 200
    assert site.get("/shut/a.js").status == 403
    assert site.get("/open/nothing.js").status == 403


@pytest.mark.guard
@pytest.mark.aws(
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html"
)
def test_answers_carry_the_headers_of_the_behaviours_policy(site: Site) -> None:
    headers = site.get("/open/a.js").headers
    assert headers["content-security-policy"] == "default-src 'none'"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "content-security-policy" not in site.get("/open/plain/a.js").headers
