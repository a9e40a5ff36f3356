"""`python -m bench NAME [--quick]` measures one thing; without a name, all of them, one after the other."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import uvloop

from bench.harness import Findings, describe_machine, write_result

NAMES = (
    "startup",
    "hot_lot",
    "many_lots",
    "http_bid",
    "stream",
    "log",
    "ledger",
    "certificates",
    "distribution",
    "reads",
    "search_growth",
    "matching",
    "looking_back",
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES, help="what to measure; all of them when left out")
    parser.add_argument(
        "--quick", action="store_true", help="a short form that shows that it works, not how fast it is"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result is written")
    given = parser.parse_args()
    if given.name is None:
        return max(measure_apart(name, given.quick, given.results) for name in NAMES)
    machine = describe_machine()
    findings: Findings = uvloop.run(importlib.import_module(f"bench.{given.name}").measure(quick=given.quick))
    print(write_result(given.name, machine, findings, given.results))
    return 0


def measure_apart(name: str, quick: bool, results: Path) -> int:
    """Each measurement in a process of its own, so that none inherits the memory of the one before."""
    command = [sys.executable, "-m", "bench", name, "--results", str(results), *(["--quick"] if quick else [])]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
