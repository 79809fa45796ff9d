"""The patches, in the order in which they are applied: the table of contents.

Each patch replaces private functions of the pinned MiniStack version so that
one behaviour is as AWS documents it, and has a conformance test of the same
name that fails without it. A patch goes when its test passes without it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from busline_local.patches import (
    cloudformation_properties,
    event_archive,
    http_api_body,
    iam_condition_keys,
)


@dataclass(frozen=True)
class Patch:
    """One mended behaviour."""

    name: str
    """The module's name, and `test_<name>.py` among the conformance tests."""

    stock: str
    """What MiniStack does without the patch, in one sentence."""

    aws_docs: str
    """The AWS documentation page of the right behaviour."""

    apply: Callable[[], None]
    """Mends the running process. Called once, before the server starts."""


_AWS = "https://docs.aws.amazon.com"
_RESOURCES = f"{_AWS}/AWSCloudFormation/latest/TemplateReference"

PATCHES: tuple[Patch, ...] = (
    Patch(
        "event_archive",
        "refuses templates with an event archive, and archives for ever",
        f"{_RESOURCES}/aws-resource-events-archive.html",
        event_archive.apply,
    ),
    Patch(
        "http_api_body",
        "ignores the OpenAPI body of an HTTP API, which SAM makes of routes",
        f"{_RESOURCES}/aws-resource-apigatewayv2-api.html",
        http_api_body.apply,
    ),
    Patch(
        "cloudformation_properties",
        "drops properties: a table's TTL, a function's dead-letter queue and concurrency, ...",
        f"{_RESOURCES}/aws-template-resource-type-ref.html",
        cloudformation_properties.apply,
    ),
    Patch(
        "iam_condition_keys",
        "has no condition keys for PutEvents and SendEmail, nor an identity to send by",
        f"{_AWS}/eventbridge/latest/userguide/eb-use-conditions.html",
        iam_condition_keys.apply,
    ),
)
