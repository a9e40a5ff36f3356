"""What an actor is, and what `require` asks of him, one thing after the other: rules alone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from techmarket.identity import permissions
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role, Scope, Via
from techmarket.identity.permissions import (
    TAKEN_AWAY,
    ColleagueNeeded,
    ElevationDoesNotReach,
    InPersonOnly,
    NotVerified,
    Permission,
    ScopeMissing,
    SecondFactorNeeded,
    SignInNeeded,
    Standing,
    allows,
    require,
)
from techmarket.kernel.refusals import NotAllowed, Refusal

PERSON, ORG, OTHER, KEY, THIRD = (UUID(int=n) for n in range(1, 6))
ACTOR = Actor(PERSON, ORG, OrgKind.ENTERPRISE, True, frozenset({Role.TRADER}), key_id=KEY)


def wanted(standing: Standing = Standing.OWN, **more: bool) -> Permission:
    return Permission("sample.do", standing, frozenset({Role.TRADER}), Scope.WRITE, **more)


@pytest.mark.parametrize(
    ("actor", "permission", "refusal"),
    [
        (ANONYMOUS, wanted(), SignInNeeded),
        (replace(ANONYMOUS, scopes=frozenset(Scope)), wanted(), SignInNeeded),
        (replace(ACTOR, scopes=frozenset({Scope.READ})), wanted(), ScopeMissing),
        (replace(ACTOR, org_id=OTHER), wanted(), NotAllowed),
        (replace(ACTOR, roles=frozenset({Role.FINANCE})), wanted(), NotAllowed),
        (replace(ACTOR, org_verified=False), wanted(), NotVerified),
        (replace(ACTOR, stands_in_for=THIRD), wanted(in_person=True), InPersonOnly),
        (replace(ACTOR, elevation_id=THIRD), wanted(), ElevationDoesNotReach),
        (replace(ACTOR, by_two=frozenset({"sample.do"})), wanted(), ColleagueNeeded),
        (replace(ACTOR, lacks_second_factor=True), wanted(consequential=True), SecondFactorNeeded),
    ],
)
def test_each_thing_that_is_asked_for_is_missed_by_its_own_name(
    actor: Actor, permission: Permission, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as refused:
        require(actor, permission, parties=[ORG])
    assert type(refused.value) is refusal
    assert not allows(actor, permission, parties=[ORG])


def test_what_is_not_asked_for_is_not_missed() -> None:
    for actor in (
        ACTOR,
        replace(ACTOR, stands_in_for=THIRD),
        replace(ACTOR, lacks_second_factor=True),
        replace(ACTOR, by_two=frozenset({"sample.other"})),
    ):
        assert allows(actor, wanted(), parties=[ORG])
        assert allows(actor, wanted(), parties=[PERSON])
    one = next(iter(TAKEN_AWAY))
    assert allows(replace(ACTOR, elevation_id=THIRD), replace(wanted(), operation=one), parties=[ORG])


def test_whoever_acts_by_an_elevation_is_asked_also_where_anybody_may() -> None:
    anyone = Permission("sample.do", Standing.ANYONE, frozenset(), Scope.WRITE)
    assert allows(ACTOR, anyone)
    assert not allows(replace(ACTOR, elevation_id=THIRD), anyone)


def test_an_operation_is_declared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "PERMISSIONS", {})
    declared = permissions.permission("sample.do", Standing.OWN, Role.TRADER)
    with pytest.raises(ValueError, match=r"sample\.do is declared twice"):
        permissions.permission("sample.do", Standing.OWN)
    assert {"sample.do": declared} == permissions.PERMISSIONS


def test_the_record_tells_by_which_credential_and_for_whom_somebody_acts() -> None:
    assert ACTOR.standing == {"credential": str(KEY), "via": "KEY"}
    assert replace(ACTOR, key_id=None).standing is None
    assert replace(ACTOR, via=Via.SESSION, stands_in_for=OTHER, deputyship_id=THIRD).standing == {
        "credential": str(KEY),
        "stands_in_for": str(OTHER),
        "deputyship": str(THIRD),
        "via": "SESSION",
    }
    assert replace(ACTOR, elevation_id=OTHER, seconded_by=THIRD).standing == {
        "credential": str(KEY),
        "elevation": str(OTHER),
        "seconded_by": str(THIRD),
        "via": "KEY",
    }


def test_idempotency_keys_are_the_persons_for_one_organisation_and_one_power() -> None:
    others = [
        ANONYMOUS,
        ACTOR,
        replace(ACTOR, org_id=OTHER),
        replace(ACTOR, deputyship_id=OTHER),
        replace(ACTOR, elevation_id=THIRD),
    ]
    assert len({one.principal for one in others}) == 5
    assert (ANONYMOUS.principal, ACTOR.principal) == ("anonymous", f"{PERSON}:{ORG}")
    assert replace(ACTOR, key_id=OTHER).principal == ACTOR.principal


def test_a_node_is_acted_for_by_its_verified_organisations_operators_alone() -> None:
    operator = replace(ACTOR, is_of_node=True, roles=frozenset({Role.OPERATOR}))
    assert operator.node == ORG
    for other in (
        replace(operator, is_of_node=False),
        replace(operator, org_verified=False),
        replace(operator, roles=frozenset({Role.TRADER})),
    ):
        assert other.node is None
