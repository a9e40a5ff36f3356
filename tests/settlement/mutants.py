"""Take the guards of settlement out of the code, one by one, and see that its tests notice (`tests/mutants.py`)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.mutants import main

SERVICE, TWO, STATEMENTS, FILES, VOIDING, REFUNDS, RULES = (
    f"test_{name}.py"
    for name in ("service", "two_people", "statements", "statement_files", "voiding", "refunds", "rules")
)
WATCHED = {
    "settlement/rules.py": (RULES,),
    "settlement/statements/camt.py": (FILES,),
    "settlement/statements/plain.py": (FILES,),
    "settlement/statements/said.py": (FILES,),
    "settlement/service/acting.py": (TWO,),
    "settlement/service/closing.py": (STATEMENTS,),
    "settlement/service/declaring.py": (TWO, VOIDING),
    "settlement/service/invoicing.py": (REFUNDS,),
    "settlement/service/owing.py": (SERVICE, REFUNDS),
    "settlement/service/paying.py": (SERVICE, REFUNDS, TWO, STATEMENTS),
    "settlement/service/receiving.py": (SERVICE,),
    "settlement/service/stating.py": (STATEMENTS, TWO, VOIDING),
    "settlement/service/voiding.py": (VOIDING,),
    "settlement/steps/holding.py": (TWO,),
    "settlement/steps/owing.py": (SERVICE, REFUNDS, TWO),
    "settlement/steps/own.py": (STATEMENTS, TWO, REFUNDS),
    "settlement/steps/refunding.py": (REFUNDS,),
}
SAME: dict[tuple[str, str], str] = {}

if __name__ == "__main__":
    sys.exit(main(WATCHED, SAME, Path(__file__).parent, sys.argv[1:]))
