"""Take the guards of who calls, and of who lets whom in, out of the code, one by one, and see that a test notices
(`tests/mutants.py`)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.mutants import main

PEOPLE = ("api/test_people.py", "identity/test_personal.py", "api/test_identity.py")
WATCHED = {
    "identity/permissions.py": ("identity/test_permissions.py",),
    "identity/service/sessions.py": PEOPLE,
    "identity/service/logins.py": PEOPLE,
    "identity/service/entering.py": ("identity/test_service.py", *PEOPLE, "api/test_oauth.py"),
    "identity/service/personal.py": ("identity/test_personal.py",),
    "identity/service/keys.py": ("identity/test_keys.py", "identity/test_service.py"),
    "identity/service/members.py": (*PEOPLE, "identity/test_service.py"),
    "identity/service/invitations.py": PEOPLE,
    "identity/service/machines.py": ("api/test_oauth.py",),
    "identity/service/organisations.py": ("identity/test_service.py", *PEOPLE),
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
