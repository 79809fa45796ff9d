"""`python -m busline_hostile`: sends generated input to a running Busline, then searches its logs.

Exit status: 0 when nothing was found, 1 when something was, 2 for invalid arguments.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from busline_hostile.leaks import Search
from busline_hostile.record import Record

HERE = Path(__file__).resolve().parent.parent

# Examples for each operation and phase in the first round, which also tries all boundaries.
FIRST_EXAMPLES = 20
# Requests of all services together for one further example of each operation, about.
REQUESTS_AN_EXAMPLE = 25
MAX_EXAMPLES = 200


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m busline_hostile", description=__doc__)
    commands = parser.add_subparsers(required=True)
    attack_parser = commands.add_parser("attack", help="send generated requests to every operation")
    attack_parser.add_argument(
        "--status", type=Path, required=True, help="cargo xtask status, as JSON"
    )
    attack_parser.add_argument("--requests", type=int, required=True, help="the minimum number")
    attack_parser.add_argument("--seed", type=int, required=True)
    attack_parser.set_defaults(run=attack)
    leaks_parser = commands.add_parser("leaks", help="search log lines for what was sent")
    leaks_parser.add_argument("logs", type=Path, help="one JSON text a line: a logged line")
    leaks_parser.set_defaults(run=leaks)
    for each in (attack_parser, leaks_parser):
        each.add_argument("--records", type=Path, required=True, help="the folder of the records")
    arguments = parser.parse_args()
    found_nothing: bool = arguments.run(arguments)
    return 0 if found_nothing else 1


def attack(arguments: argparse.Namespace) -> bool:
    """Run Schemathesis in rounds until enough requests were sent; print the answers by status."""
    if "BUSLINE_TOKEN" not in os.environ:
        sys.exit("BUSLINE_TOKEN must hold an access token of the user who sends the requests")
    status = json.loads(arguments.status.read_text(encoding="utf-8"))
    # The address of a service without an HTTP API is null.
    apis: dict[str, str] = {service: url for service, url in status["apis"].items() if url}
    total = {service: Record() for service in apis}
    passed = True
    turn = 0
    begun = time.monotonic()
    while passed and (missing := arguments.requests - _requests(total)) > 0:
        examples = FIRST_EXAMPLES if turn == 0 else -(-missing // REQUESTS_AN_EXAMPLE)
        for service, url in apis.items():
            path = arguments.records / f"{turn}-{service}.json"
            run = _schemathesis(service, url, arguments.seed + turn, min(examples, MAX_EXAMPLES))
            if turn > 0:
                # Boundaries and examples are the same with every seed.
                run += ["--phases", "fuzzing,stateful"]
            passed &= _passes(run, path)
            total[service].include(Record.read(path))
        turn += 1
    _print_table(total, time.monotonic() - begun)
    return passed


def _requests(total: dict[str, Record]) -> int:
    return sum(record.requests() for record in total.values())


def _schemathesis(service: str, url: str, seed: int, examples: int) -> list[str]:
    description = HERE.parent.parent / "services" / service / "openapi.yaml"
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        "schemathesis.toml",
    ]
    return [
        *command,
        "run",
        str(description),
        "--url",
        url,
        "--seed",
        str(seed),
        "-n",
        str(examples),
        "--no-color",
        # It ends the session of the whole run: later requests would test nothing but the token.
        "--exclude-operation-id",
        "sign-out",
    ]


def _passes(command: list[str], record: Path) -> bool:
    """Run Schemathesis quietly; print what it wrote when it found something."""
    environment = {**os.environ, "BUSLINE_RECORD": str(record), "PYTHONPATH": str(HERE)}
    # Hypothesis uses a folder, even without its database.
    environment["HYPOTHESIS_STORAGE_DIRECTORY"] = str(record.parent / "hypothesis")
    run = subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, check=False
    )
    # Schemathesis writes the tokens that it sends as [Filtered].
    if run.returncode != 0:
        print(run.stdout, run.stderr, sep="\n", flush=True)
    if not record.exists():
        sys.exit(f"Schemathesis sent nothing (exit status {run.returncode})")
    return run.returncode == 0


def _print_table(total: dict[str, Record], seconds: float) -> None:
    statuses = sorted({status for record in total.values() for status in record.statuses})
    heads = ["service", "requests", *(str(status) for status in statuses)]
    print("".join(f"{head:>10}" if place else f"{head:<14}" for place, head in enumerate(heads)))
    for service, record in total.items():
        counts = [record.requests(), *(record.statuses[status] for status in statuses)]
        print(f"{service:<14}" + "".join(f"{count:>10}" for count in counts))
    print(f"{_requests(total)} requests in {seconds:.0f} s")


def leaks(arguments: argparse.Namespace) -> bool:
    """Search the log lines, and print the kinds of findings, without the text itself."""
    record = Record()
    for path in sorted(arguments.records.glob("*.json")):
        record.include(Record.read(path))
    search = Search(record.sent)
    lines = [json.loads(text) for text in arguments.logs.read_text(encoding="utf-8").splitlines()]
    found = Counter(finding for line in lines for finding in search.findings(line))
    sought = f"tokens, addresses, bodies and {len(record.sent)} texts that were sent"
    print(f"{len(lines)} log lines searched for {sought}")
    for name, count in found.items():
        print(f"LEAK: {count} lines contain {name}")
    # A search of incomplete logs would find nothing either.
    is_complete = len(lines) >= record.answered_by_functions() > 0
    if not is_complete:
        print(f"LEAK SEARCH FAILED: {record.answered_by_functions()} requests write more lines")
    return is_complete and not found


if __name__ == "__main__":
    sys.exit(main())
