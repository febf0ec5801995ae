"""Runs the clients' suites: against the vendor alone, then through Reins, then compares the books.

Each suite runs on a fresh vendor and, where Reins stands before it, a fresh gateway and store.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from setting import Reins, Vendor, WATCHED

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent.parent / "target"))
BINARIES = TARGET / "debug"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", choices=["vendor", "reins"])
    only = arguments.parse_args().only
    failed: list[str] = []
    if only != "reins":
        with Vendor(BINARIES) as vendor:
            failed += suites("the vendor alone", vendor.environment(), "not governed and not cruel")
    if only != "vendor":
        failed += governed("Reins", {}, "not cruel and not too_many", node=True)
        failed += governed("Reins, budgets answer 429", {"budget_status": 429}, "too_many")
        failed += governed("Reins, a cruel vendor", {"cruel": True}, "cruel")
    for name in failed:
        print(f"FAILED: {name}")
    return 1 if failed else 0


def governed(name: str, options: dict, marks: str, node: bool = False) -> list[str]:
    """The suites through a gateway of their own; afterwards its ledger against the bill."""
    with Vendor(BINARIES) as vendor, Reins(BINARIES, vendor, **options) as reins:
        failed = suites(name, reins.environment(), marks, node)
        exact = not options.get("cruel")
        failed += [f"{name}: {fault}" for fault in reins.compare(exact)]
        reins.stop()
        failed += [f"{name}, stopped: {fault}" for fault in reins.compare(exact)]
    return failed


def suites(name: str, environment: dict[str, str], marks: str, node: bool = True) -> list[str]:
    failed = []
    print(f"--- {name}: Python", flush=True)
    python = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", marks]
    if not run([*python, str(HERE / "python")], HERE, environment):
        failed.append(f"{name}: Python")
    if node:
        print(f"--- {name}: Node", flush=True)
        place = TARGET / "clients" / "node"
        files = sorted(str(path) for path in place.glob("*.test.mjs"))
        if environment["STAGE_GOVERNED"] == "0":
            files = [file for file in files if "governed" not in file]
        assert files, f"no suites in {place}"
        if not run(["node", "--test", *files], place, environment):
            failed.append(f"{name}: Node")
    return failed


def run(command: list[str], place: Path, environment: dict[str, str]) -> bool:
    """Whether a suite passed: its summary if so, all it said if not, or if it hung."""
    with tempfile.TemporaryFile("w+") as said:
        environment = {**os.environ, **environment}
        with subprocess.Popen(command, cwd=place, env=environment, stdout=said) as process:
            try:
                passed = process.wait(WATCHED) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                passed = False
                print(f"{command[0]} hung for {WATCHED} s", flush=True)
        said.seek(0)
        lines = said.read().splitlines()
    summary = [line for line in lines if re.match(r"# (tests|pass|fail) |\d+ passed", line)]
    print("\n".join(summary if passed else lines), flush=True)
    return passed


if __name__ == "__main__":
    sys.exit(main())
