"""Distributions under a name that a browser on this machine can look up.

Stock answers for `<label>.cloudfront.net`, which leads to Amazon, and for the
label below its own host name, which here is 127.0.0.1: below a number no name
can be.

AWS: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LinkFormat.html>:
every distribution answers under its own domain name.

Patched by answering for `<label>.cloudfront.localhost` too. Browsers take every
name below `localhost` for this machine (RFC 6761) and for a secure origin;
other programs are told the address (`curl --resolve`).
"""

import re

from ministack import app


def apply() -> None:
    """Take `localhost` for one more place where distributions are."""
    host = re.escape(app._MINISTACK_HOST)
    app._CLOUDFRONT_HOST_RE = re.compile(
        rf"^([a-z0-9]+)\.cloudfront\.(?:net|localhost|{host})(?::\d+)?$"
    )
