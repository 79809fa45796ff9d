"""The name of a distribution."""

import pytest

from conformance.cloud import Cloud, on_aws
from conformance.distributions import ask
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LinkFormat.html"
    ),
    pytest.mark.patch("cloudfront_local_names"),
]

TEMPLATE = """
Resources:
  Answer:
    Type: AWS::CloudFront::Function
    Properties:
      Name: !Ref AWS::StackName
      AutoPublish: true
      FunctionConfig: {Comment: conformance, Runtime: cloudfront-js-2.0}
      FunctionCode: |
        function handler(event) {
          return { statusCode: 200, headers: { 'x-seen': { value: event.request.uri } } };
        }
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - Id: nobody
            DomainName: origin.example.com
            CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginSSLProtocols: [TLSv1.2]}
        DefaultCacheBehavior:
          TargetOriginId: nobody
          ViewerProtocolPolicy: allow-all
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
          FunctionAssociations:
            - {EventType: viewer-request, FunctionARN: !GetAtt Answer.FunctionARN}
Outputs:
  Domain: {Value: !GetAtt Distribution.DomainName}
"""


def test_a_distribution_answers_under_a_name_that_browsers_resolve_locally(cloud: Cloud) -> None:
    if on_aws():
        pytest.skip("on AWS its name is its domain name alone")
    with stack(cloud) as it:
        label = it.deploy(TEMPLATE)["Domain"].partition(".")[0]
        answer = ask(cloud, f"{label}.cloudfront.localhost", "/deep/link")
        assert (answer.status, answer.headers["x-seen"]) == (200, "/deep/link")
        port = (cloud.endpoint or "").rpartition(":")[2]
        assert ask(cloud, f"{label}.cloudfront.localhost:{port}", "/").status == 200
