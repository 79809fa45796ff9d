"""The patches, in the order in which they are applied: the table of contents.

Each patch replaces private functions of the pinned MiniStack version so that
one behaviour is as AWS documents it, and has a conformance test of the same
name that fails without it. A patch goes when its test passes without it.
"""

from collections.abc import Callable
from dataclasses import dataclass


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


PATCHES: tuple[Patch, ...] = ()
