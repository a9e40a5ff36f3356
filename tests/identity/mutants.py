"""Take the guards of who calls out of the code, one by one, and see that its tests notice (`tests/mutants.py`)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.mutants import main

WATCHED = {
    "identity/oidc.py": ("identity/test_oidc.py",),
    "identity/providers.py": ("identity/test_oidc.py", "api/test_outside.py"),
    "identity/service/outside.py": ("api/test_outside.py",),
    "identity/service/deputies.py": ("api/test_powers.py",),
    "identity/service/elevations.py": ("api/test_powers.py",),
    "identity/service/intents.py": ("api/test_intents.py",),
    "transparency/service/searching.py": ("api/test_audit.py",),
}
SAME: dict[tuple[str, str], str] = {}

if __name__ == "__main__":
    sys.exit(main(WATCHED, SAME, Path(__file__).parents[1], sys.argv[1:]))
