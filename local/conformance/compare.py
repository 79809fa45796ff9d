"""Shows that every patch earns its place: `python -m conformance.compare`.

Runs the suite on stock MiniStack, where exactly the cases that need a patch
must fail. With `--each-patch` it also takes the patches away one by one: all
cases that need the missing one must fail. Prints each case with what it needs
and what happened; with `--why`, also the AWS page and how it failed.

Exit status: 0 when everything came out as marked, 1 when something did not.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from busline_local.patches import PATCHES
from conformance.cases import Case, case_of
from conformance.cloud import LOCAL

STOCK = "stock"
"""The server without any patch, as `BUSLINE_CONFORMANCE` names it."""


@dataclass(frozen=True)
class Outcome:
    """How one case ended on one server."""

    ended: str
    """`passes`, `fails` or `skipped`."""

    why: str = ""
    """Why it did not pass, in one line."""


@dataclass(frozen=True)
class Job:
    """Cases that run one after the other on one server."""

    server: str
    """The server's `BUSLINE_CONFORMANCE`."""

    cases: tuple[Case, ...]


@dataclass
class Collector:
    """A pytest plugin that notes what is collected."""

    cases: list[Case] = field(default_factory=list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Called by pytest."""
        self.cases = [case_of(item) for item in session.items]


def main() -> None:
    """Run, print, and exit with 1 if anything is not as marked."""
    arguments = _arguments()
    begun = time.monotonic()
    cases = collect()
    jobs = [] if arguments.patch else stock_jobs(cases)
    if arguments.each_patch or arguments.patch:
        jobs += patch_jobs(cases, arguments.patch or [patch.name for patch in PATCHES])
    # The longest first: the others fill what they leave.
    jobs.sort(key=lambda job: len(job.cases), reverse=True)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(run, jobs))
    differences = 0
    servers = list(dict.fromkeys(job.server for job in jobs))
    for server in sorted(servers, key=lambda name: (name != STOCK, name)):
        found = {
            case: outcome
            for job, ended in zip(jobs, outcomes, strict=True)
            if job.server == server
            for case, outcome in ended.items()
        }
        differences += report(server, found, explained=found if arguments.why else ())
    print(f"{differences} differences from what is marked; {time.monotonic() - begun:.0f} s")
    sys.exit(1 if differences else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance.compare", description=__doc__)
    parser.add_argument(
        "--each-patch", action="store_true", help="also run without each of the patches in turn"
    )
    parser.add_argument(
        "--patch",
        action="append",
        choices=[patch.name for patch in PATCHES],
        metavar="PATCH",
        help="run without this patch alone; may be given several times",
    )
    parser.add_argument(
        "--why", action="store_true", help="print each case's AWS page, and how it failed"
    )
    parser.add_argument(
        "--jobs", type=int, default=6, help="servers at once; they mostly wait (default: 6)"
    )
    return parser.parse_args()


def collect() -> list[Case]:
    """All cases of the suite; ends the program if pytest cannot collect them."""
    collector = Collector()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = pytest.main(
            ["--collect-only", "--quiet", "--rootdir", str(LOCAL), str(LOCAL / "conformance")],
            plugins=[collector],
        )
    if status != pytest.ExitCode.OK:
        sys.exit(said.getvalue())
    return collector.cases


def stock_jobs(cases: Iterable[Case]) -> list[Job]:
    """One job for each module, all of it on stock."""
    modules: dict[str, list[Case]] = {}
    for case in cases:
        modules.setdefault(case.name.partition("::")[0], []).append(case)
    return [Job(STOCK, tuple(cases)) for cases in modules.values()]


def patch_jobs(cases: Iterable[Case], patches: Iterable[str]) -> list[Job]:
    """One job for each patch: what needs it, on a server without it."""
    every = list(cases)
    needing = {patch: tuple(case for case in every if patch in case.patches) for patch in patches}
    return [Job(f"without:{patch}", found) for patch, found in needing.items() if found]


def run(job: Job) -> dict[Case, Outcome]:
    """Run a job's cases in a separate pytest."""
    with tempfile.TemporaryDirectory(prefix="busline-conformance-") as folder:
        results = Path(folder) / "results.xml"
        names = [case.name for case in job.cases]
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "--quiet", "--no-header"),
                *("--basetemp", f"{folder}/temporary", "--junitxml", str(results), *names),
            ],
            cwd=LOCAL,
            env={**os.environ, "BUSLINE_CONFORMANCE": job.server},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            sys.exit(f"pytest could not run on {job.server}:\n{ended.stdout}{ended.stderr}")
        outcomes = read_results(results)
    return {case: outcomes[case.name] for case in job.cases}


def read_results(results: Path) -> dict[str, Outcome]:
    """The outcomes in a JUnit file of pytest, by the names that pytest's command line takes."""
    outcomes = {}
    # pytest has just written the file.
    for case in ElementTree.parse(results).iter("testcase"):  # noqa: S314
        name = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}"
        faults = [one for one in case if one.tag in ("failure", "error", "skipped")]
        why = " ".join(faults[0].attrib.get("message", "").split()) if faults else ""
        ended = "passes"
        if faults:
            ended = "skipped" if faults[0].tag == "skipped" else "fails"
        outcomes[name] = Outcome(ended, why)
    return outcomes


def report(server: str, outcomes: dict[Case, Outcome], explained: Collection[Case] = ()) -> int:
    """Print what happened on one server; how many cases did not end as marked.

    Of the `explained` cases, and of each that did not end as marked, it also
    prints which pages they test and how they failed.
    """
    print(f"\n{server.replace(':', ' ')}")
    wrong = 0
    for case, outcome in sorted(outcomes.items(), key=lambda pair: pair[0].name):
        as_marked = outcome.ended == ("fails" if case.patches else "passes")
        wrong += not as_marked
        needs = ", ".join(case.patches) or "guard"
        name = case.name.removeprefix("conformance/")
        print(f"{' ' if as_marked else '!'} {outcome.ended:7}  {name}  [{needs}]")
        if case in explained or not as_marked:
            print(*(f"           {line}" for line in (*case.pages, outcome.why[:160])), sep="\n")
    count = Counter(outcome.ended for outcome in outcomes.values())
    print(f"{server}: {count['fails']} fail, {count['passes']} pass; {wrong} not as marked")
    return wrong


if __name__ == "__main__":
    main()
