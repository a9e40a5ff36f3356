"""The unit's own approval: drawn up on evidence, signed by its people, pointed to by an offer, revoked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import approvals, errors, service, steps
from techmarket.achievements.approvals import ApprovalKind, Approved
from techmarket.achievements.lifecycle import ApprovalState
from techmarket.identity.actor import OrgKind, Role
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import service as listings
from techmarket.notices.errors import EvidenceMissing
from techmarket.signing.errors import NotASignatory, SignedAlready, WrongDocument
from tests.achievements.make import an_achievement_id, an_approval, an_approval_draft
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import an_offer, published

A, B, UNIT = uuid4(), uuid4(), uuid4()
TODAY = date(2026, 3, 2)
NEEDED = ("MINUTES", "DILIGENCE")
DECIDED = an_approval_draft([A], [A, B])
GIVEN = Approved(uuid4(), UNIT, ApprovalKind.COLLECTIVE_DECISION, ApprovalState.IN_FORCE, (A, B), ("TRANSFER",), 100)


def check(draft):
    approvals.check_approval(draft, today=TODAY, members={A, B}, least=2, needed=NEEDED)


@pytest.mark.parametrize(
    "draft, refusal",
    [
        (replace(DECIDED, decided_on=date(2026, 3, 3)), errors.DayInTheFuture),
        (replace(DECIDED, signatories=(A,)), errors.SignatoriesTooFew),
        (replace(DECIDED, signatories=(A, A)), errors.SignatoriesTooFew),
        (replace(DECIDED, signatories=(A, B, A)), errors.SignatoriesTooFew),
        (replace(DECIDED, signatories=(A, B, UNIT)), errors.SignatoryNotAMember),
        (replace(DECIDED, evidence=DECIDED.evidence[:1]), errors.ApprovalEvidenceMissing),
        (replace(DECIDED, evidence=DECIDED.evidence[1:]), errors.ApprovalEvidenceMissing),
    ],
)
def test_a_decision_has_been_taken_rests_on_evidence_and_is_signed_by_two_of_the_unit(draft, refusal):
    check(replace(DECIDED, decided_on=TODAY))
    with pytest.raises(refusal):
        check(draft)


@pytest.mark.parametrize(
    "given, wanted, refusal",
    [
        (None, {}, errors.ApprovalUnknown),
        (GIVEN, {"seller": uuid4()}, errors.ApprovalUnknown),
        (replace(GIVEN, state=ApprovalState.SIGNING), {}, errors.ApprovalNotInForce),
        (replace(GIVEN, state=ApprovalState.REVOKED), {}, errors.ApprovalNotInForce),
        (GIVEN, {"achievement_ids": [A, uuid4()]}, errors.ApprovalOfOther),
        (GIVEN, {"mode": "LICENCE"}, errors.ApprovalOfOther),
        (GIVEN, {"mode": None}, errors.ApprovalOfOther),
        (GIVEN, {"price_minor": 99}, errors.ApprovalOfOther),
    ],
)
def test_an_approval_covers_what_its_unit_sells_how_and_not_below_its_floor(given, wanted, refusal):
    fits = {"seller": UNIT, "achievement_ids": [A], "mode": "TRANSFER", "price_minor": 100}
    approvals.check_covers(GIVEN, **fits)
    approvals.check_covers(GIVEN, **fits | {"price_minor": None})
    approvals.check_covers(replace(GIVEN, floor_minor=None), **fits | {"price_minor": 1})
    with pytest.raises(refusal) as found:
        approvals.check_covers(given, **fits | wanted)
    assert "100" not in str(found.value.facts)


async def a_unit(tx):
    return (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor


async def test_an_approval_is_in_force_with_the_last_of_its_signatures_and_then_until_it_is_revoked(tx):
    unit, stranger = await a_unit(tx), await a_unit(tx)
    other = (await a_member(tx, unit, Role.INVENTOR)).actor
    sold = await an_achievement_id(tx, unit)
    drawn = await an_approval(tx, unit, [sold], signed=False, floor_minor=40_000_000)
    assert (drawn.state, drawn.signed, drawn.required) == ("SIGNING", 0, 2)
    assert drawn.text["floor"] == {"amount": "400000.00", "currency": "CNY"}
    for act in (service.sign_approval, service.revoke_approval, service.get_approval):
        said = {"document_sha256": drawn.document_sha256} if act is service.sign_approval else {}
        with pytest.raises(NotFound):
            await act(tx, stranger, drawn.id, **said)
    with pytest.raises(NotASignatory):
        await service.sign_approval(tx, other, drawn.id, document_sha256=drawn.document_sha256)
    with pytest.raises(WrongDocument):
        await service.sign_approval(tx, unit, drawn.id, document_sha256="0" * 64)
    once = await service.sign_approval(tx, unit, drawn.id, document_sha256=drawn.document_sha256)
    assert (once.state, once.signed, once.in_force_at) == ("SIGNING", 1, None)
    with pytest.raises(SignedAlready):
        await service.sign_approval(tx, unit, drawn.id, document_sha256=drawn.document_sha256)
    second = replace(other, person_id=drawn_signatories(drawn)[1])
    done = await service.sign_approval(tx, second, drawn.id, document_sha256=drawn.document_sha256)
    assert (done.state, done.signed) == ("IN_FORCE", 2)
    with pytest.raises(NotAllowed):
        await service.revoke_approval(tx, other, drawn.id)
    async with tx.read() as db:
        (shown,) = await steps.approvals_shown(db, [drawn.id])
    assert (shown.state, [label for label, _ in shown.evidence]) == ("IN_FORCE", ["MINUTES", "DILIGENCE"])
    assert str(unit.person) not in repr(shown)
    assert "40000" not in repr(shown)
    assert (await service.revoke_approval(tx, unit, drawn.id)).state == "REVOKED"
    with pytest.raises(NotInThisState):
        await service.revoke_approval(tx, unit, drawn.id)
    async with tx.read() as db:
        said = "SELECT kind FROM journal_entry WHERE kind ~ 'approval' ORDER BY seq"
        told = list((await db.execute(text(said))).scalars())
        floors = "SELECT count(*) FROM journal_entry WHERE kind ~ 'approval' AND journal_entry::text ~ '40000'"
        assert (await db.execute(text(floors))).scalar_one() == 0
    signed = "achievements.approval_signed"
    assert told == [
        "achievements.approval_drawn_up",
        signed,
        signed,
        "achievements.approval_in_force",
        "achievements.approval_revoked",
    ]
    assert [one.id for one in (await service.list_approvals(tx, unit, cursor=None, limit=5)).items] == [drawn.id]
    assert (await service.list_approvals(tx, stranger, cursor=None, limit=5)).items == []


def drawn_signatories(view):
    return [UUID(one) for one in view.text["signatories"]]


async def test_an_approval_is_drawn_up_of_the_units_own_achievements_on_files_it_keeps_and_revoked_unsigned(tx):
    unit, stranger = await a_unit(tx), await a_unit(tx)
    colleague = (await a_member(tx, unit, Role.INVENTOR)).actor
    sold, foreign = await an_achievement_id(tx, unit), await an_achievement_id(tx, stranger)
    who = (unit.person, colleague.person)
    for draft, refusal in (
        (an_approval_draft([sold, foreign], who), errors.NotTheSellers),
        (an_approval_draft([sold], (unit.person, stranger.person)), errors.SignatoryNotAMember),
        (an_approval_draft([sold], who[:1]), errors.SignatoriesTooFew),
        (an_approval_draft([sold], who), EvidenceMissing),
    ):
        with pytest.raises(refusal):
            await service.draw_up_approval(tx, unit, draft)
    with pytest.raises(NotAllowed):
        await service.draw_up_approval(tx, colleague, an_approval_draft([sold], who))
    assert (await service.list_approvals(tx, unit, cursor=None, limit=5)).items == []
    drawn = await an_approval(tx, unit, [sold], signed=False)
    await service.revoke_approval(tx, unit, drawn.id)
    with pytest.raises(NotInThisState):
        await service.sign_approval(tx, unit, drawn.id, document_sha256=drawn.document_sha256)


async def test_an_offer_points_only_to_approvals_of_its_unit_that_are_in_force_and_cover_it(tx, keys):
    unit, stranger = await a_unit(tx), await a_unit(tx)
    operator = (await a_market(tx, keys))["operator"].actor
    sold, other = await an_achievement_id(tx, unit), await an_achievement_id(tx, unit)
    theirs = await an_achievement_id(tx, stranger)

    async def offered(approval_id):
        return await an_offer(tx, unit, achievement_ids=(sold,), approval_ids=[str(approval_id)])

    for approval_id, refusal in (
        (uuid4(), errors.ApprovalUnknown),
        ((await an_approval(tx, stranger, [theirs])).id, errors.ApprovalUnknown),
        ((await an_approval(tx, unit, [sold], signed=False)).id, errors.ApprovalNotInForce),
        ((await an_approval(tx, unit, [other])).id, errors.ApprovalOfOther),
        ((await an_approval(tx, unit, [sold], mode="TRANSFER")).id, errors.ApprovalOfOther),
        ((await an_approval(tx, unit, [sold], floor_minor=50_000_001)).id, errors.ApprovalOfOther),
    ):
        offer = await offered(approval_id)
        with pytest.raises(refusal):
            await listings.submit(tx, unit, offer.id)
        assert (await listings.get_listing(tx, unit, offer.id)).state == "DRAFT"
    approval = await an_approval(tx, unit, [sold, other], floor_minor=50_000_000)
    first, second = await offered(approval.id), await offered(approval.id)
    assert (await published(tx, unit, operator, first)).terms["approval_ids"] == [str(approval.id)]
    await listings.submit(tx, unit, second.id)
    await service.revoke_approval(tx, unit, approval.id)
    with pytest.raises(errors.ApprovalNotInForce):
        await listings.accept(tx, operator, second.id)


async def test_two_signatories_at_once_put_it_in_force_once(tx):
    unit = await a_unit(tx)
    sold = await an_achievement_id(tx, unit)
    for _ in range(3):
        drawn = await an_approval(tx, unit, [sold], signed=False)
        people = [replace(unit, person_id=one) for one in drawn_signatories(drawn)]
        done = await asyncio.gather(
            *(service.sign_approval(tx, one, drawn.id, document_sha256=drawn.document_sha256) for one in people)
        )
        assert sorted((one.state, one.signed) for one in done) == [("IN_FORCE", 2), ("SIGNING", 1)]
