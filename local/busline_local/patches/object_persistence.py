"""An object that cannot be stored is refused.

Stock: answers 200 although the object's file could not be written, and the
object is gone after a restart.

AWS: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>:
"If you receive a success response, Amazon S3 added the entire object to the
bucket".

Patched: every call that stores an object fails when its file was not written.
"""

from typing import Any

from ministack.services import s3


def apply() -> None:
    """Let calls fail that store an object in vain."""
    s3._persist_object = _or_fail(s3._persist_object)


def _or_fail(stock: Any) -> Any:
    def persist(bucket: str, key: str, stored: Any) -> None:
        stock(bucket, key, stored)
        # Stock forgets the body once it is in its file.
        is_lost = isinstance(stored, dict) and stored.get("body") is not None
        if is_lost and s3._object_disk_path(bucket, key) is not None:
            raise OSError(f"the object {bucket}/{key} could not be written")

    return persist
