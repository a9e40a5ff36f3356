"""The permission table people read is the one the code asks, for every role and every standing."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from techmarket import ROOMS
from techmarket.cli.docs import permission_page
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role
from techmarket.identity.permissions import PERMISSIONS, Standing, allows

ROOT = Path(__file__).parents[2]
OWN, OTHER, PERSON, NODE = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
WHO = ("anonymous", "unverified", "stranger", "own", "node", "market")

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
        if len(parts) == 8 and parts[0].startswith("`"):
            for who, cell in zip(WHO, parts[2:], strict=True):
                rows += [(parts[0].strip("`"), who, role, cell == "any" or role in cell.split(" ")) for role in Role]
    return rows


def actor(who: str, role: str) -> Actor:
    if who == "anonymous":
        return ANONYMOUS
    org, kind = (OWN, OrgKind.UNIVERSITY) if who in ("own", "unverified") else (OTHER, OrgKind.UNIVERSITY)
    if who == "market":
        kind = OrgKind.MARKET
    if who == "node":
        org = NODE
    return Actor(PERSON, org, kind, who != "unverified", frozenset({Role(role)}), is_of_node=who == "node")


@pytest.mark.parametrize("operation", sorted(PERMISSIONS))
def test_every_cell_of_the_page_is_what_the_policy_answers(operation):
    wanted = [cell for cell in cells() if cell[0] == operation]
    assert len(wanted) == len(WHO) * len(Role)
    for _, who, role, allowed in wanted:
        assert allows(actor(who, role), PERMISSIONS[operation], parties=[OWN], node=NODE) is allowed, (
            operation,
            who,
            role,
        )


def test_an_operator_of_a_node_may_nothing_on_what_is_of_another_node_or_of_none():
    of_node = [one for one in PERMISSIONS.values() if one.standing is Standing.MARKET_OR_NODE]
    assert len(of_node) >= 4
    for wanted in of_node:
        operator = actor("node", Role.OPERATOR)
        assert allows(operator, wanted, node=NODE)
        assert not allows(operator, wanted, node=OTHER)
        assert not allows(operator, wanted, parties=[NODE])
        assert not allows(replace(operator, is_of_node=False), wanted, node=NODE)
        assert not allows(replace(operator, org_verified=False), wanted, node=NODE)
