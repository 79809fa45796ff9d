"""An object is stored, or its upload fails."""

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cloud import REGION, Client, Cloud, Server, unique

pytestmark = [
    pytest.mark.aws("https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"),
]

MAX_FILE_BYTES = 2**20


def bucket_of(s3: Client) -> str:
    bucket = unique("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return bucket


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "state")
    yield server
    server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process's files")
@pytest.mark.patch("object_persistence")
def test_an_upload_that_cannot_be_written_fails(server: Server) -> None:
    s3 = Cloud(server.endpoint).client("s3")
    bucket = bucket_of(s3)
    # As on a full disk, the server cannot write more.
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="large", Body=bytes(2 * MAX_FILE_BYTES))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    s3.put_object(Bucket=bucket, Key="small", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="small")["Body"].read() == b"1"


@pytest.mark.guard
def test_an_object_is_read_as_it_was_written(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    bucket = bucket_of(s3)
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"text")
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"text"
