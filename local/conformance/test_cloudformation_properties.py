"""Properties of a template that its resources must have."""

import pytest
from botocore.exceptions import ClientError

from conformance.cloud import Cloud, unique
from conformance.identities import clients_of_session
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html",
    ),
    pytest.mark.patch("cloudformation_properties"),
]

TABLE = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
"""
TABLE_SETTINGS = """
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      SSESpecification: {SSEEnabled: true}
"""

FUNCTION = """
Resources:
  DeadLetters: {Type: AWS::SQS::Queue}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: dead_letters
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt DeadLetters.Arn}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: {ZipFile: "def handler(event, context): return event"}
"""
FUNCTION_SETTINGS = """
      DeadLetterConfig: {TargetArn: !GetAtt DeadLetters.Arn}
      ReservedConcurrentExecutions: 7
"""

ROLE = """
Resources:
  Boundary:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, NotAction: "logs:*", Resource: "*"}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: sts:AssumeRole}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole]
"""
ROLE_SETTINGS = """
      PermissionsBoundary: !Ref Boundary
"""

OTHERS = """
Resources:
  Bus:
    Type: AWS::Events::EventBus
    Properties:
      Name: NAME
      LogConfig: {Level: ERROR, IncludeDetail: NONE}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      LifecycleConfiguration:
        Rules:
          - Id: forget
            Status: Enabled
            Prefix: aws/
            ExpirationInDays: 30
            NoncurrentVersionExpiration: {NoncurrentDays: 3}
            AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {MaximumMessageSize: 1048576}
  Pool: {Type: AWS::Cognito::UserPool}
Outputs:
  ProviderURL: {Value: !GetAtt Pool.ProviderURL}
"""

ALARM = """
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - {Id: both, Expression: waiting + held}
        - Id: waiting
          ReturnData: false
          MetricStat:
            Metric:
              Namespace: AWS/SQS
              MetricName: ApproximateNumberOfMessagesVisible
              Dimensions: [{Name: QueueName, Value: !GetAtt Queue.QueueName}]
            Period: 60
            Stat: Maximum
        - Id: held
          ReturnData: false
          MetricStat:
            Metric:
              Namespace: AWS/SQS
              MetricName: ApproximateNumberOfMessagesNotVisible
              Dimensions: [{Name: QueueName, Value: !GetAtt Queue.QueueName}]
            Period: 60
            Stat: Maximum
      EvaluationPeriods: 10
      DatapointsToAlarm: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
"""

IDENTITY = """
Resources:
  Identity: {Type: AWS::SES::EmailIdentity, Properties: {EmailIdentity: DOMAIN}}
Outputs:
  First: {Value: !Sub "${Identity.DkimDNSTokenName1} ${Identity.DkimDNSTokenValue1}"}
  Third: {Value: !Sub "${Identity.DkimDNSTokenName3} ${Identity.DkimDNSTokenValue3}"}
"""


def test_an_identity_tells_the_records_of_its_domain(cloud: Cloud) -> None:
    domain = f"{unique('dkim')}.example.com"
    with stack(cloud) as it:
        outputs = it.deploy(IDENTITY.replace("DOMAIN", domain))
    for record in (outputs["First"], outputs["Third"]):
        name, value = record.split(" ")
        token = name.removesuffix(f"._domainkey.{domain}")
        assert token != name
        assert value == f"{token}.dkim.amazonses.com"
    assert outputs["First"] != outputs["Third"]


def test_an_alarm_of_an_expression_is_in_the_account(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(ALARM)
        name = it.physical_id("Alarm")
        found = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        assert [(alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) for alarm in found] == [
            (10, 1)
        ]


def test_a_table_has_the_settings_of_its_template(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(TABLE + TABLE_SETTINGS)
        assert table_settings(cloud, it.physical_id("Table")) == {
            "ttl": ("ENABLED", "expiresAt"),
            "recovery": "ENABLED",
            "encryption": "ENABLED",
        }
        it.deploy(TABLE)
        settings = table_settings(cloud, it.physical_id("Table"))
        assert settings["recovery"] == "DISABLED"
        assert settings["ttl"] in (("DISABLED", None), ("DISABLED", "expiresAt"))


def table_settings(cloud: Cloud, name: str) -> dict[str, object]:
    dynamodb = cloud.client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    return {
        "ttl": (ttl["TimeToLiveStatus"], ttl.get("AttributeName")),
        "recovery": recovery["PointInTimeRecoveryStatus"],
        "encryption": table.get("SSEDescription", {}).get("Status"),
    }


def test_a_function_has_the_dead_letter_queue_and_concurrency_of_its_template(cloud: Cloud) -> None:
    functions = cloud.client("lambda")
    with stack(cloud) as it:
        it.deploy(FUNCTION + FUNCTION_SETTINGS)
        name = it.physical_id("Function")
        config = functions.get_function_configuration(FunctionName=name)
        assert config["DeadLetterConfig"]["TargetArn"].endswith(
            it.physical_id("DeadLetters").rsplit("/", 1)[-1]
        )
        concurrency = functions.get_function_concurrency(FunctionName=name)
        assert concurrency["ReservedConcurrentExecutions"] == 7

        it.deploy(FUNCTION)
        config = functions.get_function_configuration(FunctionName=name)
        assert not config.get("DeadLetterConfig", {}).get("TargetArn")
        concurrency = functions.get_function_concurrency(FunctionName=name)
        assert "ReservedConcurrentExecutions" not in concurrency


def test_a_role_has_the_permissions_boundary_of_its_template(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(ROLE + ROLE_SETTINGS)
        role = cloud.client("iam").get_role(RoleName=it.physical_id("Role"))["Role"]
        boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
        assert boundary == it.physical_id("Boundary")
        with pytest.raises(ClientError, match="AccessDenied"):
            make_log_group(cloud, role["Arn"])

        it.deploy(ROLE)
        role = cloud.client("iam").get_role(RoleName=it.physical_id("Role"))["Role"]
        assert "PermissionsBoundary" not in role
        make_log_group(cloud, role["Arn"])


def make_log_group(cloud: Cloud, role_arn: str) -> None:
    name = unique("boundary")
    clients_of_session(cloud, role_arn)("logs").create_log_group(logGroupName=name)
    cloud.client("logs").delete_log_group(logGroupName=name)


def test_buses_buckets_topics_and_pools_have_the_settings_of_their_template(cloud: Cloud) -> None:
    with stack(cloud) as it:
        bus = unique("bus")
        outputs = it.deploy(OTHERS.replace("NAME", bus))

        logs = cloud.client("events").describe_event_bus(Name=bus)["LogConfig"]
        assert logs == {"Level": "ERROR", "IncludeDetail": "NONE"}

        bucket = it.physical_id("Bucket")
        lifecycle = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)
        rule = lifecycle["Rules"][0]
        assert (rule["ID"], rule["Status"], rule["Filter"]) == (
            "forget",
            "Enabled",
            {"Prefix": "aws/"},
        )
        assert rule["Expiration"] == {"Days": 30}
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 3}
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}

        topic = cloud.client("sns").get_topic_attributes(TopicArn=it.physical_id("Topic"))
        assert topic["Attributes"]["MaximumMessageSize"] == "1048576"

        pool = it.physical_id("Pool")
        region = pool.split("_")[0]
        assert outputs["ProviderURL"] == f"https://cognito-idp.{region}.amazonaws.com/{pool}"
