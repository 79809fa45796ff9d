"""The environment variables of a function."""

import json

import pytest

from conformance import functions
from conformance.cloud import REGION, Cloud

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
    ),
    pytest.mark.patch("function_environment"),
]


def test_a_function_sees_the_documented_variables_and_its_own(cloud: Cloud) -> None:
    function = functions.deploy(
        cloud,
        environment={
            "MINE": "1",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9/",
            "AWS_ENDPOINT_URL_SQS": "https://queues.example.com",
        },
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"},
        MemorySize=256,
    )
    answer = cloud.client("lambda").invoke(
        FunctionName=function.name, Payload=json.dumps({"do": "print the environment"})
    )
    environment = json.loads(answer["Payload"].read())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PATH"):
        assert environment.pop(name)
    stream = environment.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert "[$LATEST]" in stream
    expected = {
        "MINE": "1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9/",
        "AWS_ENDPOINT_URL_SQS": "https://queues.example.com",
        "_HANDLER": "function.handler",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "TZ": ":UTC",
    }
    assert {name: environment.get(name) for name in expected} == expected


def test_nothing_of_the_server_leaks_into_a_function(cloud: Cloud) -> None:
    function = functions.deploy(cloud)
    answer = cloud.client("lambda").invoke(
        FunctionName=function.name, Payload=json.dumps({"do": "print the environment"})
    )
    environment = json.loads(answer["Payload"].read())
    assert not {"STATE_DIR", "GATEWAY_PORT", "AUTH", "PYTHONPATH"} & environment.keys()


@pytest.mark.aws("https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html")
def test_a_service_endpoint_variable_reaches_the_service(cloud: Cloud) -> None:
    name = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
    address = f"https://abcd1234.execute-api.{REGION}.amazonaws.com"
    function = functions.deploy(cloud, environment={name: f"{address}/live", "MINE": address})
    answer = cloud.client("lambda").invoke(
        FunctionName=function.name, Payload=json.dumps({"do": "print the environment"})
    )
    environment = json.loads(answer["Payload"].read())
    reached = f"{cloud.endpoint}/_aws/execute-api/abcd1234" if cloud.endpoint else address
    assert environment[name] == f"{reached}/live"
    assert environment["MINE"] == address
