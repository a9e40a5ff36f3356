"""What of the core the tests without a database run, line by line and branch by branch: `make coverage`.

The core is what money, secrets and legal proof hang on and what needs no database to be right: the arithmetic, the
judging of bids, quotes and openings, who may do what, and what makes the log checkable. It is run by tests that state
its rules on values; a line of it that only a whole market reaches is a line whose rule nobody has written down.
`make coverage ARGS=all` runs every test and looks at the whole program.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = "src/techmarket"

MONEY = (
    "kernel/money.py",
    "ledger/rules.py",
    "ledger/lifecycle.py",
    "ledger/plaintext.py",
    "settlement/rules.py",
    "settlement/lifecycle.py",
    "settlement/statements/*",
)
AUCTION = (
    "trading/rules.py",
    "trading/lifecycle.py",
    "trading/fair_line.py",
    "trading/final_bids.py",
    "trading/first_refusal.py",
    "trading/formula.py",
    "trading/reserve.py",
    "trading/methods/*",
)
POLICY = ("kernel/lifecycle.py", "identity/actor.py", "identity/permissions.py", "*/policy.py")
SEALED = ("trading/sealed/*",)
AUDIT = (
    "kernel/canonical.py",
    "kernel/seals.py",
    "transparency/examination.py",
    "transparency/lifecycle.py",
    "transparency/offline.py",
    "transparency/rules.py",
    "transparency/tiles.py",
)
CORE = (*MONEY, *AUCTION, *POLICY, *SEALED, *AUDIT)
ROOMS = ("kernel", "ledger", "settlement", "trading", "transparency", "identity", "architecture/test_permissions.py")
CORE_LEAST, ALL_LEAST = 95.0, 90.0


def measured(arguments: list[str], include: tuple[str, ...]) -> tuple[bool, dict[str, Any]]:
    """Whether the tests passed, and what coverage says of these files."""
    with tempfile.TemporaryDirectory() as folder:
        config, told = Path(folder) / "coveragerc", Path(folder) / "told.json"
        config.write_text(f"[run]\nbranch = true\nsource = {SOURCES}\ndata_file = {folder}/data\n")
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal"]
        command += ["--cov", f"--cov-config={config}", "--cov-report=", *arguments]
        passed = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        named = ",".join(f"{SOURCES}/{one}" for one in include)
        report = ["json", "--quiet", f"--rcfile={config}", f"--include={named}", "-o", str(told)]
        subprocess.run([sys.executable, "-m", "coverage", *report], cwd=ROOT, check=True)
        found: dict[str, Any] = json.loads(told.read_text())
        return passed, found


def main() -> int:
    is_all = "all" in sys.argv[1:]
    tests = ["tests"] if is_all else ["-p", "tests.pure", *(f"tests/{room}" for room in ROOMS)]
    passed, found = measured(tests, ("*",) if is_all else CORE)
    for path, one in sorted(found["files"].items()):
        lacking = [*map(str, one["missing_lines"]), *(f"{a}->{b}" for a, b in one["missing_branches"])]
        if lacking:
            print(f"{path.removeprefix(SOURCES + '/')}: {' '.join(lacking)}")
    totals, least = found["totals"], ALL_LEAST if is_all else CORE_LEAST
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    both = totals["percent_covered"]
    print(
        f"{'all' if is_all else 'core'}: {both:.1f} % of {totals['num_statements']} statements and"
        f" {totals['num_branches']} branches, {branches:.1f} % of the branches; the bar is {least:.0f} %"
    )
    return 0 if passed and min(both, branches) >= least else 1


if __name__ == "__main__":
    sys.exit(main())
