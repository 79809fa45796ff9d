"""Roles with exactly the permissions that a test is about."""

import json
from collections.abc import Callable
from typing import Any

from conformance.cloud import Client, Cloud, unique

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def clients_of_role(cloud: Cloud, *statements: dict[str, Any]) -> Callable[[str], Client]:
    """A new role with these policy statements, as a maker of its clients."""
    iam = cloud.client("iam")
    name = unique("conformance")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="test", PolicyDocument=json.dumps(policy))
    return clients_of_session(cloud, role["Arn"])


def clients_of_session(cloud: Cloud, role_arn: str) -> Callable[[str], Client]:
    """A session of a role that this account may assume, as a maker of its clients."""
    session = cloud.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="conformance")
    keys = session["Credentials"]

    def client(service: str) -> Client:
        return cloud.client(
            service,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return client


def account_id(cloud: Cloud) -> str:
    """The account in which the tests run."""
    return str(cloud.client("sts").get_caller_identity()["Account"])
