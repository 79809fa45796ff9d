"""The permission that reading the parameters of a path needs."""

import pytest
from botocore.exceptions import ClientError

from conformance.cloud import REGION, Cloud, unique
from conformance.identities import account_id, clients_of_role

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html",
    ),
    pytest.mark.patch("ssm_parameter_paths"),
]


def test_a_role_reads_the_parameters_of_its_path_and_of_no_other(cloud: Cloud) -> None:
    path, other = f"/{unique('path')}/members", f"/{unique('path')}/members"
    for name in (f"{path}/one", f"{other}/two"):
        cloud.client("ssm").put_parameter(Name=name, Value="x", Type="String")
    ssm = clients_of_role(
        cloud,
        {
            "Effect": "Allow",
            "Action": "ssm:GetParametersByPath",
            "Resource": f"arn:aws:ssm:{REGION}:{account_id(cloud)}:parameter{path}",
        },
    )("ssm")
    found = ssm.get_parameters_by_path(Path=path)["Parameters"]
    assert [parameter["Name"] for parameter in found] == [f"{path}/one"]
    with pytest.raises(ClientError, match="AccessDenied"):
        ssm.get_parameters_by_path(Path=other)
