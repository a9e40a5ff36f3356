"""A second eye on what a unit says of others' rights: who it may be, what it decides, and two of them at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.achievements import errors, service
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.lifecycle import AttestationState
from techmarket.achievements.service import BurdenDraft
from techmarket.achievements.views import AttestationView
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.identity.errors import OrganisationNotVerified
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.achievements.make import an_achievement
from tests.identity.make import a_member, an_organisation
from tests.notices.make import an_evidence

PROOF, OTHER = "a" * 64, "b" * 64
ENDED = date(2024, 2, 1)


@pytest.fixture
async def unit(tx: Tx) -> Actor:
    unit = (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    for one in (PROOF, OTHER):
        await an_evidence(tx, unit, one)
    return unit


@pytest.fixture
async def operator(tx: Tx) -> Actor:
    return (await an_organisation(tx, kind=OrgKind.MARKET, roles=(Role.OPERATOR,))).actor


async def a_bank(tx: Tx) -> Actor:
    return (await an_organisation(tx, kind=OrgKind.BANK, roles=(Role.SIGNATORY,))).actor


async def said(tx: Tx, unit: Actor, kind: BurdenKind, holder: Actor | None = None, **more: Any) -> AttestationView:
    """A burden on a new achievement, and the unit's word that it has ended."""
    scope = Scope("WORLD", "ANY", date(2024, 1, 1))
    draft = BurdenDraft(kind, scope, "Sample holder", "Y2024-1", holder_org=holder.org if holder else None)
    view = await service.record_burden(tx, unit, (await an_achievement(tx, unit)).id, draft)
    await service.release_burden(
        tx, unit, view.encumbrances[0].id, **{"released_on": ENDED, "evidence_sha256": PROOF, **more}
    )
    return (await service.list_attestations(tx, unit, state=AttestationState.PENDING)).items[0]


async def kinds(tx: Tx, unit: Actor, achievement_id: Any) -> list[str]:
    return [one.kind for one in (await service.get_achievement(tx, unit, achievement_id)).encumbrances]


async def test_only_another_confirms_the_market_any_and_a_pledgee_its_own(tx: Tx, unit: Actor, operator: Actor) -> None:
    bank, stranger = await a_bank(tx), await a_bank(tx)
    clerk = (await a_member(tx, bank, Role.LISTING_OFFICER)).actor
    pledge = await said(tx, unit, BurdenKind.PLEDGE, bank)
    for who, refusal in ((unit, NotAllowed), (clerk, NotAllowed), (stranger, NotFound)):
        with pytest.raises(refusal):
            await service.confirm_attestation(tx, who, pledge.id)
        with pytest.raises(refusal):
            await service.refuse_attestation(tx, who, pledge.id, reasons="Sample")
    with pytest.raises(NotFound):
        await service.get_attestation(tx, stranger, pledge.id)
    assert list((await service.list_attestations(tx, stranger)).items) == []
    assert await kinds(tx, unit, pledge.achievement_id) == ["PLEDGE"]
    done = await service.confirm_attestation(tx, bank, pledge.id)
    assert (done.state, done.decided_by_organisation_id) == (AttestationState.CONFIRMED, bank.org)
    assert await kinds(tx, unit, pledge.achievement_id) == []
    # A court is heard through the market; nobody else can be named for it.
    scope = Scope("WORLD", "ANY", date(2024, 1, 1))
    draft = BurdenDraft(BurdenKind.SEIZURE, scope, "Sample court", holder_org=bank.org)
    with pytest.raises(errors.HolderOnlyOfPledge):
        await service.record_burden(tx, unit, pledge.achievement_id, draft)
    seizure = await said(tx, unit, BurdenKind.SEIZURE)
    with pytest.raises(NotFound):
        await service.confirm_attestation(tx, bank, seizure.id)
    async with tx.begin() as db:  # who belongs to the unit, too, is no second eye on it
        db.add(Membership(person_id=operator.person, org_id=unit.org, roles=[], ended_at=None))
    for act in (
        service.confirm_attestation(tx, operator, seizure.id),
        service.refuse_attestation(tx, operator, seizure.id, reasons="Sample"),
    ):
        with pytest.raises(NotAllowed):
            await act
    colleague = replace(operator, person_id=(await a_member(tx, operator, Role.OPERATOR)).actor.person_id)
    assert (await service.confirm_attestation(tx, colleague, seizure.id)).state is AttestationState.CONFIRMED


@pytest.mark.parametrize("roles", [(Role.OPERATOR, Role.LISTING_OFFICER, Role.ADMINISTRATOR)])
async def test_the_market_does_not_confirm_what_it_says_itself(tx: Tx, roles: tuple[Role, ...]) -> None:
    market = (await an_organisation(tx, kind=OrgKind.MARKET, roles=roles)).actor
    await an_evidence(tx, market, PROOF)
    own = await said(tx, market, BurdenKind.SEIZURE)
    with pytest.raises(NotAllowed):
        await service.confirm_attestation(tx, market, own.id)
    assert (await service.get_attestation(tx, market, own.id)).state is AttestationState.PENDING


async def test_the_pledgee_is_a_verified_stranger(tx: Tx, unit: Actor) -> None:
    view = await an_achievement(tx, unit)
    unknown = (await an_organisation(tx, kind=OrgKind.BANK, verified=False)).actor
    scope = Scope("WORLD", "ANY", date(2024, 1, 1))
    for holder, refusal in (
        (unit.org, errors.HolderIsTheUnit),
        (unknown.org, OrganisationNotVerified),
        (new_id(), NotFound),
    ):
        with pytest.raises(refusal):
            await service.record_burden(
                tx, unit, view.id, BurdenDraft(BurdenKind.PLEDGE, scope, "Sample bank", holder_org=holder)
            )
    assert await kinds(tx, unit, view.id) == []


async def test_one_thing_waits_at_a_time_is_taken_back_and_refused_with_reasons(
    tx: Tx, unit: Actor, operator: Actor
) -> None:
    first = await said(tx, unit, BurdenKind.SEIZURE)
    again = {"released_on": ENDED, "evidence_sha256": PROOF}
    await service.release_burden(tx, unit, first.encumbrance_id, **again)  # the same said twice is said once
    with pytest.raises(errors.AttestationOpen):
        await service.release_burden(tx, unit, first.encumbrance_id, **(again | {"evidence_sha256": OTHER}))
    with pytest.raises(NotAllowed):
        await service.withdraw_attestation(tx, operator, first.id)
    assert (await service.withdraw_attestation(tx, unit, first.id)).state is AttestationState.WITHDRAWN
    await service.release_burden(tx, unit, first.encumbrance_id, **(again | {"evidence_sha256": OTHER}))
    (second,) = (await service.list_attestations(tx, operator, state=AttestationState.PENDING)).items
    refused = await service.refuse_attestation(tx, operator, second.id, reasons="The order names another patent.")
    assert (refused.state, refused.reasons) == (AttestationState.REFUSED, "The order names another patent.")
    assert await kinds(tx, unit, first.achievement_id) == ["SEIZURE"]
    for act in (service.confirm_attestation, service.withdraw_attestation):
        with pytest.raises((NotInThisState, NotAllowed)):
            await act(tx, operator, second.id)


async def test_two_second_eyes_at_once_decide_once(tx: Tx, unit: Actor, operator: Actor) -> None:
    bank = await a_bank(tx)
    pledge = await said(tx, unit, BurdenKind.PLEDGE, bank)
    outcomes = await asyncio.gather(
        service.confirm_attestation(tx, bank, pledge.id),
        service.refuse_attestation(tx, operator, pledge.id, reasons="Sample"),
        service.withdraw_attestation(tx, unit, pledge.id),
        service.confirm_attestation(tx, operator, pledge.id),
        return_exceptions=True,
    )
    assert sum(isinstance(one, NotInThisState) for one in outcomes) == 3
    (won,) = [one for one in outcomes if isinstance(one, AttestationView)]
    ended = won.state is AttestationState.CONFIRMED
    assert await kinds(tx, unit, pledge.achievement_id) == ([] if ended else ["PLEDGE"])
    async with tx.read() as db:
        said_once = "SELECT count(*) FROM journal_entry WHERE kind = 'achievements.attestation_ended'"
        assert (await db.execute(text(said_once))).scalar_one() == 1
