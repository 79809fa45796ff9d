"""State outlives a clean stop, on whichever port the server comes back.

AWS has no restarts; what is stored stays stored, and a stream keeps its records
for 24 hours.
"""

import http.client
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance import functions, queues
from conformance.cloud import Client, Cloud, Server, unique, wait_for
from conformance.functions import Deployed
from conformance.test_stream_batches import _READ, Table, connect, table

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html",
    ),
    pytest.mark.patch("state_persistence"),
]


class Restartable:
    """A server of one test, which can come back on another port."""

    def __init__(self, state_dir: Path, **environment: str) -> None:
        self.state_dir = state_dir
        self.environment = environment
        self.start()

    def start(self) -> None:
        """Come up on a port that was never used before."""
        self.server = Server(self.state_dir, **self.environment)

    @property
    def cloud(self) -> Cloud:
        """The server that runs now."""
        return Cloud(self.server.endpoint)

    def restart(self) -> None:
        """Stop cleanly, and come back on another port."""
        assert self.server.stop() == 0
        self.start()


def again(restartable: Restartable, function: Deployed) -> Deployed:
    """The same function, seen through the server that runs now."""
    logs: Client = restartable.cloud.client("logs")
    return Deployed(function.name, function.arn, function.role, function.log_group, logs)


def test_a_stream_is_read_from_the_saved_position(tmp_path: Path) -> None:
    running = Restartable(tmp_path / "state")
    try:
        source = table(running.cloud)
        function = functions.deploy(
            running.cloud,
            (_READ, source.stream),
            environment={"WAIT_FOR": str(tmp_path / "open")},
        )
        (tmp_path / "open").touch()
        connect(running.cloud, source, function)
        source.write("a", "b")
        wait_for(lambda: [mark for batch in function.marks() for mark in batch] == ["a", "b"])
        (tmp_path / "open").unlink()
        source.write("c")
        wait_for(lambda: ["c"] in function.marks())

        running.restart()

        (tmp_path / "open").touch()
        function = again(running, function)
        Table(source.name, source.stream, running.cloud.client("dynamodb")).write("d")
        wait_for(lambda: "d" in [mark for batch in function.marks() for mark in batch])
        marks = [mark for batch in function.marks() for mark in batch]
        assert [mark for mark in marks if mark != "c"] == ["a", "b", "d"]
        assert "c" in marks
    finally:
        running.server.stop()


@pytest.mark.patch("async_invocation")
@pytest.mark.aws(
    "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"
)
def test_an_event_that_waits_for_a_retry_is_delivered_after_a_restart(tmp_path: Path) -> None:
    # Five seconds between attempts: the server stops while all of them wait.
    running = Restartable(tmp_path / "state", LAMBDA_ASYNC_RETRY_BASE_SECONDS="5")
    try:
        function = functions.deploy(running.cloud, environment={"WAIT_FOR": str(tmp_path / "open")})
        running.cloud.client("lambda").put_function_event_invoke_config(
            FunctionName=function.name, MaximumRetryAttempts=2
        )
        for mark in range(20):
            running.cloud.client("lambda").invoke(
                FunctionName=function.name,
                InvocationType="Event",
                Payload=json.dumps({"mark": mark}),
            )
        marks = range(20)
        wait_for(lambda: tried(function).keys() == set(marks), what="the first attempts")
        before = tried(function)

        assert running.server.stop() == 0
        (tmp_path / "open").touch()
        running.start()

        resumed = again(running, function)
        wait_for(lambda: all(tried(resumed)[mark] > before[mark] for mark in marks))
    finally:
        running.server.stop()


def tried(function: Deployed) -> Counter[int]:
    """How often the function was tried with each mark."""
    return Counter(mark for [mark] in function.marks())


_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Pool: {Type: "AWS::SSM::Parameter::Value<String>"}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Users
        Authorizers:
          Users:
            IdentitySource: $request.header.Authorization
            JwtConfiguration:
              issuer: !Sub "https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}"
              audience: [CLIENT]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: function.handler
      Role: ROLE
      CodeUri: {Bucket: BUCKET, Key: code.zip}
      Events:
        Open:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Path: /open, Method: GET, Auth: {Authorizer: NONE}}
        Closed:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Path: /closed, Method: GET}
Outputs:
  Api: {Value: !Ref Api}
"""


def state_of(cloud: Cloud, names: dict[str, str]) -> dict[str, Any]:
    """The description of everything that was created: equal before and after."""
    sqs, sns, events = cloud.client("sqs"), cloud.client("sns"), cloud.client("events")
    s3, iam, idp = cloud.client("s3"), cloud.client("iam"), cloud.client("cognito-idp")
    name = names["name"]
    parts: dict[str, Any] = {
        "object": s3.get_object(Bucket=name, Key="code.zip")["Body"].read(),
        "parameter": cloud.client("ssm").get_parameter(Name=f"/{name}")["Parameter"]["Value"],
        "topic": sns.get_topic_attributes(TopicArn=names["topic"])["Attributes"],
        "subscriptions": len(sns.list_subscriptions_by_topic(TopicArn=names["topic"])),
        "policy": iam.get_role_policy(RoleName=names["role"], PolicyName="allowed"),
        "rule": events.describe_rule(Name=name, EventBusName=name)["EventPattern"],
        "targets": events.list_targets_by_rule(Rule=name, EventBusName=name)["Targets"],
        "archive": events.describe_archive(ArchiveName=name)["EventCount"],
        "user": idp.admin_get_user(UserPoolId=names["pool"], Username=names["user"])["UserStatus"],
        "identity": cloud.client("sesv2").get_email_identity(EmailIdentity=names["user"])[
            "VerifiedForSendingStatus"
        ],
        "stack": cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0][
            "StackStatus"
        ],
        "item": cloud.client("dynamodb").get_item(TableName=name, Key={"pk": {"S": "1"}})["Item"],
        "time to live": cloud.client("dynamodb").describe_time_to_live(TableName=name)[
            "TimeToLiveDescription"
        ],
        "group": cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/{name}")[
            "logGroups"
        ],
        "alarm": len(cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]),
    }
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    parts["queue"] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])[
        "Attributes"
    ]
    for answer in (parts["policy"],):
        answer.pop("ResponseMetadata")
    return parts


def make(cloud: Cloud) -> dict[str, str]:
    """One of each thing that the product keeps."""
    name, user = unique("kept"), f"{unique('user')}@example.com"
    s3, idp, events = cloud.client("s3"), cloud.client("cognito-idp"), cloud.client("events")
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    s3.put_object(Bucket=name, Key="code.zip", Body=functions.code())
    topic = cloud.client("sns").create_topic(Name=name)["TopicArn"]
    queue_url = cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    queue = queues.Queue(queue_url, f"{topic}".replace(":sns:", ":sqs:"), cloud.client("sqs"))
    queue.admit("sns.amazonaws.com", topic)
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    queue.client.send_message(QueueUrl=queue.url, MessageBody="kept")
    role, role_arn = functions.role(cloud)
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    pattern = json.dumps({"source": ["kept"]})
    events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "1", "Arn": queue.arn}])
    events.create_archive(ArchiveName=name, EventSourceArn=bus)
    events.put_events(
        Entries=[{"Source": "kept", "DetailType": "Kept.v1", "Detail": "{}", "EventBusName": name}]
    )
    pool = idp.create_user_pool(PoolName=name)["UserPool"]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName=name, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    idp.admin_create_user(UserPoolId=pool, Username=user, MessageAction="SUPPRESS")
    idp.admin_set_user_password(
        UserPoolId=pool, Username=user, Password="Kept-password-1", Permanent=True
    )
    cloud.client("sesv2").create_email_identity(EmailIdentity=user)
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "1"}})
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    cloud.client("logs").create_log_group(logGroupName=f"/{name}")
    cloud.client("ssm").put_parameter(Name=f"/{name}", Value=pool, Type="String")
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="Busline",
        MetricName="Depth",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    template = _TEMPLATE.replace("ROLE", role_arn).replace("BUCKET", name).replace("CLIENT", client)
    cloudformation = cloud.client("cloudformation")
    change = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": "Pool", "ParameterValue": f"/{name}"}],
    )["Id"]

    def ready() -> bool:
        return bool(
            cloudformation.describe_change_set(ChangeSetName=change)["Status"] == "CREATE_COMPLETE"
        )

    wait_for(ready, what="the change set")
    cloudformation.execute_change_set(ChangeSetName=change)

    def stack() -> dict[str, Any] | None:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return found if found["StackStatus"] == "CREATE_COMPLETE" else None

    created = wait_for(stack, what="the stack") or {}
    api = created["Outputs"][0]["OutputValue"]
    token = idp.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user, "PASSWORD": "Kept-password-1"},
    )["AuthenticationResult"]["AccessToken"]
    return {
        "name": name,
        "user": user,
        "topic": topic,
        "role": role,
        "pool": pool,
        "api": api,
        "token": token,
    }


def status(server: Server, api: str, path: str, token: str | None) -> int:
    """The status of a request to the HTTP API."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request("GET", f"/_aws/execute-api/{api}/$default{path}", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


# Of what is compared, the routes of the HTTP API are what stock never had.
@pytest.mark.patch("http_api_body")
def test_every_resource_exists_after_a_restart(tmp_path: Path) -> None:
    running = Restartable(tmp_path / "state")
    try:
        names = make(running.cloud)
        before = state_of(running.cloud, names)

        def answers() -> list[int]:
            return [
                status(running.server, names["api"], "/open", None),
                status(running.server, names["api"], "/closed", None),
                status(running.server, names["api"], "/closed", names["token"]),
            ]

        assert answers() == [200, 401, 200]

        running.restart()

        assert state_of(running.cloud, names) == before
        # A token that was issued before is still good: the pool's keys are the same.
        assert answers() == [200, 401, 200]
        sqs = running.cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=names["name"])["QueueUrl"]
        bodies = [m["Body"] for m in sqs.receive_message(QueueUrl=url)["Messages"]]
        assert bodies == ["kept"]
    finally:
        running.server.stop()
