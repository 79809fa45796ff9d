"""The marks of a case: the AWS page that it tests, and the patch that it needs.

`@pytest.mark.aws(page, ...)` names pages of https://docs.aws.amazon.com;
`@pytest.mark.patch(name, ...)` names patches without any of which the case
fails; `@pytest.mark.guard` means that MiniStack does this by itself. A module's
`pytestmark` speaks for those of its cases that do not speak for themselves.
"""

from dataclasses import dataclass

import pytest

from busline_local.patches import PATCHES

_PAGES = "https://docs.aws.amazon.com/"
_KNOWN = {patch.name for patch in PATCHES}


@dataclass(frozen=True)
class Case:
    """One case of the suite."""

    name: str
    """The name as on pytest's command line."""

    pages: tuple[str, ...]
    """The AWS documentation of the right behaviour."""

    patches: tuple[str, ...]
    """The case fails without any of these; none for a guard of what MiniStack does by itself."""


class MarkError(Exception):
    """A case lacks a mark; the message names it."""


def case_of(item: pytest.Item) -> Case:
    """The marks of a collected test; raises `MarkError`."""
    pages = _closest(item, "aws")
    if not pages:
        raise MarkError(f'{item.nodeid}: name its AWS page with @pytest.mark.aws("{_PAGES}...")')
    named = [str(page) for mark in pages for page in mark.args]
    if not named or not all(page.startswith(_PAGES) for page in named):
        raise MarkError(f"{item.nodeid}: a page of AWS's documentation starts with {_PAGES}")
    needs = _closest(item, "patch", "guard")
    if {mark.name for mark in needs} not in ({"patch"}, {"guard"}):
        raise MarkError(
            f"{item.nodeid}: say either what it needs, @pytest.mark.patch(name), "
            "or that stock does it, @pytest.mark.guard"
        )
    patches = [str(name) for mark in needs for name in mark.args]
    unknown = set(patches) - _KNOWN
    if unknown or (needs[0].name == "patch") != bool(patches):
        raise MarkError(
            f"{item.nodeid}: {sorted(unknown) or 'nothing'} is no patch; "
            "busline_local/patches/__init__.py lists them"
        )
    return Case(item.nodeid, tuple(named), tuple(patches))


def _closest(item: pytest.Item, *names: str) -> list[pytest.Mark]:
    """The marks of these names at the test itself, or else at its module."""
    found = [(node, mark) for node, mark in item.iter_markers_with_node() if mark.name in names]
    return [mark for node, mark in found if node is found[0][0]]
