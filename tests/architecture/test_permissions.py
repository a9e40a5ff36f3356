"""The permission table people read is the one the code asks, for every role and every standing."""

from __future__ import annotations

import importlib
from pathlib import Path
from uuid import UUID

import pytest

from techmarket import ROOMS
from techmarket.cli.docs import permission_page
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role
from techmarket.identity.permissions import PERMISSIONS, allows

ROOT = Path(__file__).parents[2]
OWN, OTHER, PERSON = UUID(int=1), UUID(int=2), UUID(int=3)

for room in ROOMS:
    if (ROOT / "src" / "techmarket" / room / "policy.py").exists():
        importlib.import_module(f"techmarket.{room}.policy")


def test_the_page_of_permissions_is_the_one_in_the_docs():
    assert (ROOT / "docs" / "permissions.md").read_text() == permission_page(), "run `make docs`"


def cells() -> list[tuple[str, str, str, bool]]:
    """Every row of the page: operation, who, role, allowed."""
    rows = []
    for line in (ROOT / "docs" / "permissions.md").read_text().splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if len(parts) == 7 and parts[0].startswith("`"):
            for who, cell in zip(("anonymous", "unverified", "stranger", "own", "market"), parts[2:], strict=True):
                rows += [(parts[0].strip("`"), who, role, cell == "any" or role in cell.split(" ")) for role in Role]
    return rows


def actor(who: str, role: str) -> Actor:
    if who == "anonymous":
        return ANONYMOUS
    org, kind = (OWN, OrgKind.UNIVERSITY) if who in ("own", "unverified") else (OTHER, OrgKind.UNIVERSITY)
    if who == "market":
        kind = OrgKind.MARKET
    return Actor(PERSON, org, kind, who != "unverified", frozenset({Role(role)}))


@pytest.mark.parametrize("operation", sorted(PERMISSIONS))
def test_every_cell_of_the_page_is_what_the_policy_answers(operation):
    wanted = [cell for cell in cells() if cell[0] == operation]
    assert len(wanted) == 5 * len(Role)
    for _, who, role, allowed in wanted:
        assert allows(actor(who, role), PERMISSIONS[operation], parties=[OWN]) is allowed, (operation, who, role)
