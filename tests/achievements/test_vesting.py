"""Vesting: completers apply, the unit approves and publishes, all sign, the title changes or the use right binds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from techmarket.achievements import errors, jobs, service, steps, vesting
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.lifecycle import VESTING, VestingState
from techmarket.achievements.rights import Right, RightKind
from techmarket.achievements.rules import Owner
from techmarket.achievements.service import BurdenDraft
from techmarket.achievements.vesting import Agreement, Grantee, VestingDraft, VestingKind
from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices import errors as notice_errors
from techmarket.notices import service as notices
from techmarket.notices.events import NoticeEnded
from techmarket.notices.lifecycle import NoticeState, ObjectionState
from techmarket.signing.errors import WrongDocument
from tests.achievements.make import an_achievement
from tests.identity.make import a_member, an_organisation
from tests.notices.make import a_sandbox, an_evidence, hang, move_to, put_in_its_place, shanghai

START = shanghai(2026, 3, 2, 9)
DECISION = "dd" * 32
CLEARED = (
    "national_security",
    "defence",
    "public_security",
    "economic_security",
    "social_stability",
    "public_interest",
)
AGREED = Agreement("income 70 to 30", "the completers decide", "by share", "the unit pays the fees")
A, B, C = uuid4(), uuid4(), uuid4()


def draft(kind=VestingKind.OWNERSHIP, shares=("0.5", "0.2"), people=(A, B), years=None):
    grantees = tuple(Grantee(person, Decimal(share)) for person, share in zip(people, shares, strict=True))
    return VestingDraft(kind, grantees, years)


@pytest.mark.parametrize(
    "wanted, refusal",
    [
        (draft(people=(A, C)), errors.GranteesNotCompleters),
        (draft(people=(A, A)), errors.GranteesNotCompleters),
        (draft(shares=(), people=()), errors.GranteesNotCompleters),
        (draft(shares=("0.5", "0")), errors.ShareMalformed),
        (draft(shares=("0.5", "0.4")), errors.UnitKeepsAShare),
        (draft(years=10), errors.UseRightUnclear),
        (draft(VestingKind.USE_RIGHT, shares=("0.5", "0.5")), errors.UseRightUnclear),
        (draft(VestingKind.USE_RIGHT, shares=("0.5", "0.4"), years=10), errors.SharesDoNotSum),
        (draft(VestingKind.USE_RIGHT, shares=("0.5", "0.5"), years=9), errors.UseRightTooShort),
    ],
)
def test_an_application_that_does_not_fit_is_refused(wanted, refusal):
    with pytest.raises(refusal):
        vesting.check_application(wanted, completers=(A, B), unit_share=Decimal("0.9"), years_min=10)


def test_shares_below_the_units_and_a_use_right_of_ten_years_are_applied_for():
    for wanted in (draft(), draft(VestingKind.USE_RIGHT, shares=("0.5", "0.5"), years=10)):
        vesting.check_application(wanted, completers=(A, B), unit_share=Decimal("0.9"), years_min=10)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 99_999_999), min_size=1, max_size=6, unique=True), st.integers(0, 40_000_000))
def test_whatever_passes_of_the_title_all_shares_still_sum_to_one(cuts, given_away):
    unit = uuid4()
    points = sorted({0, *cuts, 100_000_000})
    parts = [Decimal(b - a) / 100_000_000 for a, b in pairwise(points)]
    owners = tuple(Owner(share, org_id=unit if n == 0 else uuid4()) for n, share in enumerate(parts))
    passing = min(parts[0], Decimal(given_away + 1) / 100_000_000)
    after = vesting.moved_title(owners, giver=unit, takers={A: passing}, takers_are_people=True)
    assert sum(one.share for one in after) == 1
    assert next(one.share for one in after if one.person_id == A) == passing
    assert (unit in {one.org_id for one in after}) is (passing < parts[0])


def test_nobody_gives_more_of_the_title_than_he_holds():
    owners = (Owner(Decimal("0.6"), org_id=A), Owner(Decimal("0.4"), org_id=B))
    for giver, share in ((A, "0.7"), (C, "0.1"), (A, "0")):
        with pytest.raises(errors.TitleNotTheGivers):
            vesting.moved_title(owners, giver=giver, takers={C: Decimal(share)}, takers_are_people=False)
    whole = vesting.moved_title(owners, giver=A, takers={B: Decimal("0.6")}, takers_are_people=False)
    assert whole == (Owner(Decimal("1.0"), org_id=B),)


@pytest.mark.parametrize(
    "years, expiries, ends",
    [
        (10, [], date(2036, 3, 1)),
        (10, [date(2033, 1, 1), date(2034, 1, 1)], date(2034, 1, 1)),
        (10, [date(2033, 1, 1), None], date(2036, 3, 1)),
        (10, [date(2043, 1, 1)], date(2036, 3, 1)),
    ],
)
def test_a_use_right_ends_with_its_years_or_with_the_last_of_the_rights_it_uses(years, expiries, ends):
    assert vesting.use_ends_on(date(2026, 3, 2), years, expiries) == ends


async def a_team(tx, *, rights=(), owners=None):
    """A university, two of its people who made something, and what they made."""
    await a_sandbox(tx, START)
    unit = (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    first, second = [(await a_member(tx, unit, Role.INVENTOR)).actor for _ in range(2)]
    made = {"completers": (first.person, second.person), "rights": rights}
    view = await an_achievement(tx, unit, **made)
    await an_evidence(tx, unit, DECISION)
    return unit, first, second, view


def wanted(first, second, kind=VestingKind.OWNERSHIP, shares=("0.5", "0.2"), years=None):
    return draft(kind, shares, (first.person, second.person), years)


async def approve(tx, unit, row, cleared=CLEARED):
    return await service.approve_vesting(tx, unit, row.id, cleared=cleared, decision_sha256=DECISION)


async def published(tx, unit, first, view, said):
    row = await service.apply_for_vesting(tx, first, view.id, said)
    return await approve(tx, unit, row)


async def called_to_sign(tx, unit, first, view, said):
    row = await published(tx, unit, first, view, said)
    await hang(tx, unit, row.notice_id)
    await move_to(tx, START + timedelta(days=16))
    return await service.open_vesting_signing(tx, unit, row.id, AGREED)


async def test_the_title_is_shared_when_unit_and_completers_have_signed_after_fifteen_days_and_not_before(tx):
    unit, first, second, view = await a_team(tx)
    row = await published(tx, unit, first, view, wanted(first, second))
    assert (row.state, row.decision_sha256) == (VestingState.PUBLISHED, DECISION)
    with pytest.raises(notice_errors.NotStarted):
        await service.open_vesting_signing(tx, unit, row.id, AGREED)
    await hang(tx, unit, row.notice_id)
    again = (await put_in_its_place(tx, unit, row.notice_id, note_zh="示例说明")).line
    told = NoticeEnded(row.notice_id, again.subject, again.kind, NoticeState.REPLACED)
    await jobs.follow_notice(SimpleNamespace(tx=tx), told)
    assert (await service.get_vesting(tx, unit, row.id)).notice_id == again.id
    await hang(tx, unit, again.id)
    await move_to(tx, START + timedelta(days=14))
    with pytest.raises(notice_errors.StillRunning):
        await service.open_vesting_signing(tx, unit, row.id, AGREED)
    await move_to(tx, START + timedelta(days=16))
    row = await service.open_vesting_signing(tx, unit, row.id, AGREED)
    assert row.text["agreement"]["income_split"] == "income 70 to 30"
    with pytest.raises(WrongDocument):
        await service.sign_vesting(tx, first, row.id, document_sha256="0" * 64)
    for who in (second, unit):
        row = await service.sign_vesting(tx, who, row.id, document_sha256=row.document_sha256)
    before = await service.get_achievement(tx, unit, view.id)
    assert (row.state, [one.share for one in before.owners]) == (VestingState.SIGNING, [Decimal(1)])
    row = await service.sign_vesting(tx, first, row.id, document_sha256=row.document_sha256)
    assert (row.state, row.in_force_on) == (VestingState.IN_FORCE, date(2026, 3, 18))
    after = await service.get_achievement(tx, unit, view.id)
    assert [(o.organisation_id, o.person_id, o.share) for o in after.owners] == [
        (unit.org, None, Decimal("0.3")),
        (None, first.person, Decimal("0.5")),
        (None, second.person, Decimal("0.2")),
    ]
    versions = (await service.list_versions(tx, unit, view.id, cursor=None, limit=10)).items
    assert (versions[0].act, versions[0].changed) == ("TITLE_CHANGED", ("owners",))
    with pytest.raises(errors.ConsentMissing):
        await sell(tx, unit, view.id)
    async with tx.read() as db:
        held = (
            "SELECT (SELECT count(*) FROM achievement_claim),"
            " (SELECT count(*) FROM journal_entry WHERE kind = 'achievements.title_changed')"
        )
        assert tuple((await db.execute(text(held))).one()) == (0, 1)


async def sell(tx, unit, achievement_id: UUID):
    async with tx.read() as db:
        await steps.require_sellable(db, [achievement_id], mode="TRANSFER", seller=unit.org)


async def an_officer(tx, of, person):
    """Somebody who made it, and who holds an office of the unit besides."""
    async with tx.begin() as db:
        offices = [Role.LISTING_OFFICER, Role.ADMINISTRATOR]
        held = update(Membership).where(Membership.person_id == person.person, Membership.org_id == of.org)
        await db.execute(held.values(roles=offices))
    return replace(person, roles=frozenset(offices))


async def test_whoever_is_granted_a_part_neither_approves_it_nor_decides_an_objection_to_it(tx):
    unit, first, second, view = await a_team(tx)
    third = (await a_member(tx, unit, Role.INVENTOR)).actor
    granted, applied = await an_officer(tx, unit, second), await an_officer(tx, unit, first)
    said = draft(shares=("0.2",), people=(second.person,))
    row = await service.apply_for_vesting(tx, first, view.id, said)
    for concerned in (granted, applied):
        with pytest.raises(NotAllowed):
            await approve(tx, concerned, row)
    assert (await service.get_vesting(tx, unit, row.id)).state is VestingState.APPLIED
    row = await approve(tx, unit, row)
    await hang(tx, unit, row.notice_id)
    objection = await notices.file_objection(tx, third, row.notice_id, grounds="I made it too")
    with pytest.raises(NotAllowed):
        await notices.decide_objection(tx, granted, objection.id, upheld=False, reasons="Sample reasons")
    with pytest.raises(NotAllowed):
        await notices.acknowledge_objection(tx, granted, objection.id)
    assert (await notices.get_objection(tx, third, objection.id)).state is ObjectionState.FILED
    other = (await a_member(tx, unit, Role.ADMINISTRATOR)).actor
    decided = await notices.decide_objection(tx, other, objection.id, upheld=False, reasons="Sample reasons")
    assert decided.state is ObjectionState.DISMISSED


async def test_a_use_right_binds_until_its_years_or_its_patent_end_and_leaves_no_room_for_an_exclusive_licence(tx):
    right = Right(RightKind.INVENTION_PATENT, "ZL202310123456.6", filed_on=date(2015, 3, 1))
    unit, first, second, view = await a_team(tx, rights=(right,))
    said = wanted(first, second, VestingKind.USE_RIGHT, ("0.6", "0.4"), 10)
    row = await called_to_sign(tx, unit, first, view, said)
    for who in (unit, first, second):
        row = await service.sign_vesting(tx, who, row.id, document_sha256=row.document_sha256)
    assert (row.state, row.years, row.ends_on) == (VestingState.IN_FORCE, 10, date(2035, 2, 28))
    seen = await service.get_achievement(tx, unit, view.id)
    assert [(b.kind, b.valid_until) for b in seen.encumbrances] == [(BurdenKind.USE_RIGHT, date(2035, 2, 28))]
    assert [one.share for one in seen.owners] == [Decimal(1)]
    async with tx.read() as db:
        with pytest.raises(errors.LicenceOverlaps):
            await steps.require_sellable(db, [view.id], mode="LICENCE", licence_kind="EXCLUSIVE", seller=unit.org)
        await steps.require_sellable(db, [view.id], mode="LICENCE", licence_kind="ORDINARY", seller=unit.org)
    with pytest.raises(errors.LicenceOverlaps):
        await service.apply_for_vesting(tx, first, view.id, wanted(first, second))


async def test_of_two_grants_on_one_achievement_approved_at_once_one_is_and_the_other_waits_for_its_end(tx):
    unit, first, second, view = await a_team(tx)
    rows = [await service.apply_for_vesting(tx, who, view.id, wanted(first, second)) for who in (first, second)]
    outcomes = await asyncio.gather(*[approve(tx, unit, row) for row in rows], return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["UnderWay", "VestingView"]
    states = {row.id: (await service.get_vesting(tx, unit, row.id)).state for row in rows}
    assert sorted(states.values()) == ["APPLIED", "PUBLISHED"]
    with pytest.raises(errors.UnderWay):
        await service.retire_achievement(tx, unit, view.id)
    (leading,) = [id for id, state in states.items() if state == "PUBLISHED"]
    (waiting,) = [row for row in rows if row.id != leading]
    await service.withdraw_vesting(tx, unit, leading)
    assert (await approve(tx, unit, waiting)).state is VestingState.PUBLISHED


async def test_what_touches_a_listed_interest_or_is_bound_is_not_vested_and_a_decision_is_kept_first(tx):
    unit, first, second, view = await a_team(tx)
    row = await service.apply_for_vesting(tx, first, view.id, wanted(first, second))
    with pytest.raises(errors.ExclusionNotCleared) as refused:
        await approve(tx, unit, row, cleared=CLEARED[1:])
    assert refused.value.facts["missing"] == ["national_security"]
    with pytest.raises(notice_errors.EvidenceMissing):
        await service.approve_vesting(tx, unit, row.id, cleared=CLEARED, decision_sha256="0" * 64)
    sole = BurdenDraft(BurdenKind.LICENCE_SOLE, Scope("CN-33", "ANY", date(2024, 1, 1)), "Sample licensee")
    await service.record_burden(tx, unit, view.id, sole)
    with pytest.raises(errors.LicenceOverlaps):
        await approve(tx, unit, row)
    assert (await service.get_vesting(tx, unit, row.id)).state is VestingState.APPLIED
    with pytest.raises(errors.LicenceOverlaps):
        await service.apply_for_vesting(tx, first, view.id, wanted(first, second))


async def test_completers_apply_the_unit_decides_and_strangers_hear_of_nothing(tx):
    unit, first, second, view = await a_team(tx)
    stranger = (await an_organisation(tx)).actor
    officer = (await a_member(tx, unit, Role.LISTING_OFFICER)).actor
    with pytest.raises(NotAllowed):
        await service.apply_for_vesting(tx, officer, view.id, wanted(first, second))
    row = await service.apply_for_vesting(tx, first, view.id, wanted(first, second))
    with pytest.raises(NotAllowed):
        await approve(tx, first, row)
    with pytest.raises(NotFound):
        await service.get_vesting(tx, stranger, row.id)
    with pytest.raises(NotFound):
        await service.withdraw_vesting(tx, stranger, row.id)
    with pytest.raises(NotAllowed):
        await service.withdraw_vesting(tx, second, row.id)
    refused = await service.refuse_vesting(tx, officer, row.id, reason="Sample reason")
    assert (refused.state, refused.reason) == (VestingState.REFUSED, "Sample reason")
    listed = await service.list_vestings(tx, second, view.id, cursor=None, limit=10)
    assert [(one.id, one.state) for one in listed.items] == [(row.id, VestingState.REFUSED)]
    with pytest.raises(NotInThisState):
        await approve(tx, unit, row)


async def test_nobody_is_called_to_sign_who_belongs_to_no_organisation_any_more(tx):
    unit, first, second, view = await a_team(tx)
    row = await published(tx, unit, first, view, wanted(first, second))
    await hang(tx, unit, row.notice_id)
    await move_to(tx, START + timedelta(days=16))
    async with tx.begin() as db:
        left = update(Membership).where(Membership.person_id == second.person)
        await db.execute(left.values(ended_at=START + timedelta(days=15)))
    with pytest.raises(errors.CoOwnerCannotSign):
        await service.open_vesting_signing(tx, unit, row.id, AGREED)
    assert (await service.get_vesting(tx, unit, row.id)).state is VestingState.PUBLISHED


async def test_an_upheld_objection_or_a_withdrawal_ends_it_with_its_notice_and_signatures(tx):
    unit, first, second, view = await a_team(tx)
    row = await published(tx, unit, first, view, wanted(first, second))
    assert [await service.lapse_vesting(tx, row.id) for _ in range(2)] == [True, False]
    assert (await service.get_vesting(tx, unit, row.id)).state is VestingState.LAPSED
    row = await called_to_sign(tx, unit, first, view, wanted(first, second))
    await service.sign_vesting(tx, second, row.id, document_sha256=row.document_sha256)
    assert (await service.withdraw_vesting(tx, first, row.id)).state is VestingState.WITHDRAWN
    with pytest.raises(NotInThisState):
        await service.sign_vesting(tx, first, row.id, document_sha256=row.document_sha256)
    async with tx.read() as db:
        states = (
            "SELECT (SELECT state FROM signing), (SELECT count(*) FROM achievement_claim),"
            " (SELECT state FROM notice ORDER BY id LIMIT 1)"
        )
        assert tuple((await db.execute(text(states))).one()) == ("VOID", 0, "WITHDRAWN")


async def test_a_seizure_before_the_last_signature_keeps_the_title_where_it_is(tx):
    unit, first, second, view = await a_team(tx)
    row = await called_to_sign(tx, unit, first, view, wanted(first, second))
    for who in (unit, first):
        await service.sign_vesting(tx, who, row.id, document_sha256=row.document_sha256)
    seizure = BurdenDraft(BurdenKind.SEIZURE, Scope("WORLD", "ANY", date(2026, 3, 18)), "Sample court")
    await service.record_burden(tx, unit, view.id, seizure)
    with pytest.raises(errors.Seized):
        await service.sign_vesting(tx, second, row.id, document_sha256=row.document_sha256)
    assert (await service.get_vesting(tx, unit, row.id)).state is VestingState.SIGNING
    assert [one.share for one in (await service.get_achievement(tx, unit, view.id)).owners] == [Decimal(1)]
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM signature"))).scalar_one() == 2


async def test_a_contract_of_assignment_moves_the_title_and_who_has_none_left_sells_nothing(tx):
    unit, buyer = [(await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor for _ in range(2)]
    view = await an_achievement(tx, unit)
    async with tx.begin() as db:
        by = Ref("contract", uuid4())
        await steps.change_title(db, view.id, giver=unit.org, takers={buyer.org: Decimal(1)}, by=by, actor=unit)
    after = await service.get_achievement(tx, buyer, view.id)
    assert [(o.organisation_id, o.share) for o in after.owners] == [(buyer.org, Decimal(1))]
    with pytest.raises(errors.NotTheSellers):
        await sell(tx, unit, view.id)


def test_every_move_of_a_vesting_is_in_the_table_and_its_ends_are_ends():
    ends = {VestingState.IN_FORCE, VestingState.REFUSED, VestingState.WITHDRAWN, VestingState.LAPSED}
    acts = ("approve", "refuse", "withdraw", "open signing", "lapse", "sign", "complete")
    can = {state: {act for act in acts if VESTING.can(state, act)} for state in VestingState}
    assert {state for state, possible in can.items() if not possible} == ends
