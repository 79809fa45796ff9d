"""The README's table is the code's, and every patch has its test."""

from busline_local.patches import PATCHES
from conformance.cloud import LOCAL


def test_the_readme_lists_every_patch_in_order() -> None:
    lines = (LOCAL / "README.md").read_text().splitlines()
    rows = [line for line in lines if "](busline_local/patches/" in line]
    assert len(rows) == len(PATCHES)
    for patch, row in zip(PATCHES, rows, strict=True):
        assert f"[`{patch.name}`]" in row
        assert f"| {patch.stock} |" in row
        assert f"({patch.aws_docs})" in row


def test_every_patch_has_a_module_and_a_test_of_its_name() -> None:
    for patch in PATCHES:
        assert (LOCAL / f"busline_local/patches/{patch.name}.py").is_file(), patch.name
        assert (LOCAL / f"conformance/test_{patch.name}.py").is_file(), patch.name
