"""The README's table equals the code's, and patches and cases name each other."""

from pathlib import Path

import pytest

from busline_local.patches import PATCHES
from conformance.cases import Case, MarkError, case_of
from conformance.cloud import LOCAL
from conformance.compare import STOCK, Outcome, collect, report


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


def test_every_patch_has_a_module_and_a_test_with_its_name() -> None:
    for patch in PATCHES:
        assert (LOCAL / f"busline_local/patches/{patch.name}.py").is_file(), patch.name
        assert (LOCAL / f"conformance/test_{patch.name}.py").is_file(), patch.name


def test_every_patch_is_needed_by_a_case() -> None:
    needed = {name for case in collect() for name in case.patches}
    assert {patch.name for patch in PATCHES} - needed == set()


class Collector:
    """A pytest plugin that notes why a case is refused."""

    refused = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Called by pytest."""
        try:
            case_of(items[0])
        except MarkError as error:
            self.refused = str(error)
            raise pytest.UsageError(self.refused) from error


def test_a_case_without_marks_stops_the_suite(tmp_path: Path) -> None:
    page = '@pytest.mark.aws("https://docs.aws.amazon.com/x.html")'
    cases = {
        "@pytest.mark.guard": "name its AWS page",
        '@pytest.mark.aws("https://example.com/")\n@pytest.mark.guard': "starts with",
        page: "say either what it needs",
        f'{page}\n@pytest.mark.guard\n@pytest.mark.patch("put_events")': "say either",
        f'{page}\n@pytest.mark.patch("nothing")': "is no patch",
    }
    for number, (marks, complaint) in enumerate(cases.items()):
        one = tmp_path / f"test_{number}.py"
        one.write_text(f"import pytest\n\n{marks}\ndef test_one(): ...\n")
        collector = Collector()
        assert pytest.main(["-q", "--collect-only", str(one)], plugins=[collector]) != 0
        assert complaint in collector.refused


def test_an_outcome_that_contradicts_the_marks_is_a_difference(
    capsys: pytest.CaptureFixture[str],
) -> None:
    guard, patched = Case("m.py::guard", ("page",), ()), Case("m.py::patched", ("page",), ("one",))
    passed, failed = Outcome("passes"), Outcome("fails", "because")
    assert report(STOCK, {guard: passed, patched: failed}) == 0
    assert report(STOCK, {guard: failed, patched: failed}) == 1
    assert report("without:one", {patched: passed}) == 1
    assert report("without:one", {patched: Outcome("skipped")}) == 1
    assert "because" in capsys.readouterr().out
