"""Take the guards of contracts out of the code, one by one, and see that its tests notice (`tests/mutants.py`)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.mutants import main

RULES, PLANS, SERVICE, CHANGES, KINDS, REGISTERING, PAPERS, AWARDS, APPROVALS = (
    f"test_{name}.py"
    for name in ("rules", "plans", "service", "changes", "kinds", "registering", "papers", "awards", "approvals")
)
WATCHED = {
    "contracts/rules.py": (RULES,),
    "contracts/plans.py": (PLANS,),
    "contracts/paper.py": (PAPERS,),
    "contracts/service/attesting.py": (REGISTERING,),
    "contracts/service/authorising.py": (PAPERS,),
    "contracts/service/breaching.py": (CHANGES,),
    "contracts/service/changing.py": (CHANGES, AWARDS, APPROVALS),
    "contracts/service/clearing.py": (KINDS,),
    "contracts/service/commissioning.py": (KINDS,),
    "contracts/service/drafting.py": (SERVICE, AWARDS),
    "contracts/service/ordering.py": (PAPERS,),
    "contracts/service/papering.py": (PAPERS,),
    "contracts/service/performing.py": (SERVICE, AWARDS),
    "contracts/service/registering.py": (SERVICE, REGISTERING),
    "contracts/service/reporting.py": (SERVICE, KINDS, CHANGES),
    "contracts/service/signing.py": (SERVICE, AWARDS, REGISTERING, APPROVALS, KINDS),
    "contracts/service/trying.py": (KINDS,),
    "contracts/service/watching.py": (KINDS,),
    "contracts/service/writing.py": (SERVICE, KINDS),
    "contracts/steps.py": (KINDS, "../certification/test_service.py"),
}
SAME: dict[tuple[str, str], str] = {}

if __name__ == "__main__":
    sys.exit(main(WATCHED, SAME, Path(__file__).parent, sys.argv[1:]))
