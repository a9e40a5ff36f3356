"""Take the guards of certification out of the code, one by one, and see that its tests notice (`tests/mutants.py`)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.mutants import main

SERVICE, STANDING, VERIFY, PAPER = (f"test_{name}.py" for name in ("service", "standing", "verify", "paper"))
WATCHED = {
    "certification/verify.py": (VERIFY, PAPER),
    "certification/disclosing.py": (VERIFY,),
    "certification/statuslist.py": (VERIFY,),
    "certification/pades.py": (PAPER,),
    "certification/paper.py": (PAPER,),
    "certification/rules.py": (SERVICE,),
    "certification/service/access.py": (SERVICE, STANDING),
    "certification/service/deciding.py": (SERVICE, STANDING),
    "certification/service/preparing.py": (SERVICE, STANDING),
    "certification/service/standing.py": (STANDING,),
    "certification/service/verifying.py": (STANDING, SERVICE),
}
SAME: dict[tuple[str, str], str] = {}

if __name__ == "__main__":
    sys.exit(main(WATCHED, SAME, Path(__file__).parent, sys.argv[1:]))
