"""The README's table is the code's, and every patch has its test."""

from busline_local.patches import PATCHES
from conformance.cloud import LOCAL


def test_the_readme_lists_every_patch_in_order() -> None:
    text = (LOCAL / "README.md").read_text()
    rows = [
        f"| [`{patch.name}`](busline_local/patches/{patch.name}.py) | {patch.stock} | "
        f"[{patch.aws_docs.rsplit('/', 1)[1].removesuffix('.html')}]({patch.aws_docs}) |"
        for patch in PATCHES
    ]
    missing = [row for row in rows if row not in text]
    assert not missing, "README.md lacks these rows of its table of patches"
    assert [text.index(row) for row in rows] == sorted(text.index(row) for row in rows)


def test_every_patch_has_a_module_and_a_test_of_its_name() -> None:
    for patch in PATCHES:
        assert (LOCAL / f"busline_local/patches/{patch.name}.py").is_file(), patch.name
        assert (LOCAL / f"conformance/test_{patch.name}.py").is_file(), patch.name
