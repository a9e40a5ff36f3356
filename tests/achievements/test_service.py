"""Achievements: who writes, who reads, who consents, and what binds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import errors, service, steps
from techmarket.achievements.lifecycle import AchievementState
from techmarket.achievements.rights import Right, RightKind
from techmarket.achievements.rules import Owner
from techmarket.db.session import count_statements
from techmarket.identity.actor import OrgKind, Role, Scope
from techmarket.identity.permissions import NotVerified, ScopeMissing
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.achievements.make import a_draft, an_achievement
from tests.identity.make import a_market, a_member, an_organisation


async def a_unit(tx):
    return (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor


async def test_an_achievement_is_drafted_recorded_and_retired_and_each_step_is_in_the_journal(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    assert (view.state, view.revision) == (AchievementState.RECORDED, 2)
    assert [(o.organisation_id, o.share, o.has_consented) for o in view.owners] == [(unit.org, Decimal(1), True)]
    assert (await service.retire_achievement(tx, unit, view.id)).state is AchievementState.RETIRED
    async with tx.read() as db:
        kinds = await db.execute(text("SELECT kind FROM journal_entry WHERE kind LIKE 'achievements.%' ORDER BY seq"))
        assert kinds.scalars().all() == ["achievements.drafted", "achievements.recorded", "achievements.retired"]
    with pytest.raises(NotInThisState):
        await service.record_achievement(tx, unit, view.id)


async def test_only_the_listing_office_of_a_verified_unit_writes(tx):
    unit = await a_unit(tx)
    inventor = (await a_member(tx, unit, Role.INVENTOR)).actor
    with pytest.raises(NotAllowed):
        await service.create_achievement(tx, inventor, a_draft())
    new = (await an_organisation(tx, verified=False)).actor
    with pytest.raises(NotVerified):
        await service.create_achievement(tx, new, a_draft())
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM achievement"))).scalar_one() == 0


async def test_an_achievement_without_an_abstract_is_not_recorded(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit, recorded=False, abstract_en=None)
    with pytest.raises(errors.AbstractMissing):
        await service.record_achievement(tx, unit, view.id)
    assert (await service.get_achievement(tx, unit, view.id)).state is AchievementState.DRAFT


async def test_it_exists_for_its_unit_its_co_owners_its_completers_and_the_market_alone(tx, keys):
    unit, partner, stranger = await a_unit(tx), await a_unit(tx), await a_unit(tx)
    maker = await a_unit(tx)
    operator = (await a_market(tx, keys))["operator"].actor
    owners = (Owner(Decimal("0.6"), unit.org), Owner(Decimal("0.4"), partner.org))
    view = await an_achievement(tx, unit, owners=owners, completers=(maker.person, unit.person))
    for reader in (unit, partner, maker, operator):
        assert (await service.get_achievement(tx, reader, view.id)).completers == (maker.person, unit.person)
        listed = await service.list_achievements(tx, reader, cursor=None, limit=10)
        assert [item.id for item in listed.items] == [view.id]
    with pytest.raises(NotFound):
        await service.get_achievement(tx, stranger, view.id)
    assert (await service.list_achievements(tx, stranger, cursor=None, limit=10)).items == []
    for act in (service.record_achievement, service.retire_achievement):
        with pytest.raises(NotFound):
            await act(tx, stranger, view.id)
        with pytest.raises(NotAllowed):
            await act(tx, partner, view.id)


async def test_an_unknown_owner_or_completer_is_refused(tx):
    unit = await a_unit(tx)
    with pytest.raises(errors.PersonUnknown):
        await service.create_achievement(tx, unit, a_draft(completers=(uuid4(),)))
    owners = (Owner(Decimal("0.6"), unit.org), Owner(Decimal("0.4"), uuid4()))
    with pytest.raises(errors.OrganisationUnknown):
        await service.create_achievement(tx, unit, a_draft(owners=owners))


async def test_a_change_needs_the_etag_that_was_read_and_leaves_alone_what_was_not_sent(tx):
    unit = await a_unit(tx)
    before = await an_achievement(tx, unit, rights=(Right(RightKind.INVENTION_PATENT, "ZL202310123456.6"),))

    async def amend(etag, **changes):
        return await service.amend_achievement(
            tx, unit, before.id, a_draft(**changes), sent=frozenset(changes), if_match=etag
        )

    after = await amend(before.etag, trl=8)
    assert (after.trl, after.title_en, after.revision) == (8, before.title_en, 3)
    assert [right.number for right in after.rights] == ["202310123456.6"]
    assert after.etag != before.etag
    with pytest.raises(errors.Changed):
        await amend(before.etag, trl=9)
    with pytest.raises(errors.PatentCheckDigitWrong):
        await amend(after.etag, rights=(Right(RightKind.INVENTION_PATENT, "202310123456.7"),))
    assert await service.get_achievement(tx, unit, before.id) == after


async def test_of_twenty_changes_with_the_same_etag_one_wins(tx):
    unit = await a_unit(tx)
    before = await an_achievement(tx, unit)
    outcomes = await asyncio.gather(
        *[
            service.amend_achievement(
                tx, unit, before.id, a_draft(trl=1 + n % 9), sent=frozenset({"trl"}), if_match=before.etag
            )
            for n in range(20)
        ],
        return_exceptions=True,
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["AchievementView"] + ["Changed"] * 19


async def enter(tx, unit, achievement_id, kind, by=None, **scope):
    async with tx.begin() as db:
        return await steps.enter_licence(
            db,
            [achievement_id],
            kind=kind,
            valid_from=date(2026, 3, 1),
            valid_until=date(2032, 3, 1),
            by=by or Ref("contract", uuid4()),
            actor=unit,
            **scope,
        )


async def test_a_licence_binds_whoever_comes_later_and_is_entered_once_per_contract(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    contract = Ref("contract", uuid4())
    first = await enter(tx, unit, view.id, "EXCLUSIVE", contract, territory="CN-33")
    assert await enter(tx, unit, view.id, "EXCLUSIVE", contract, territory="CN-33") == first
    with pytest.raises(errors.LicenceOverlaps):
        await enter(tx, unit, view.id, "ORDINARY", territory="CN")
    await enter(tx, unit, view.id, "LICENCE_ORDINARY", territory="CN-31")
    shown = await service.get_achievement(tx, unit, view.id)
    assert [(b.kind, b.territory) for b in shown.encumbrances] == [
        ("LICENCE_EXCLUSIVE", "CN-33"),
        ("LICENCE_ORDINARY", "CN-31"),
    ]
    async with tx.read() as db:
        with pytest.raises(errors.LicenceOverlaps):
            await steps.require_sellable(db, [view.id], mode="LICENCE", valid_from=date(2026, 6, 1))


async def test_of_ten_exclusive_licences_at_once_one_is_entered(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    outcomes = await asyncio.gather(*[enter(tx, unit, view.id, "EXCLUSIVE") for _ in range(10)], return_exceptions=True)
    assert sorted(type(o).__name__ for o in outcomes) == ["LicenceOverlaps"] * 9 + ["list"]


async def test_facts_carry_rights_owners_and_completers_in_their_order(tx):
    unit = await a_unit(tx)
    second = (await a_member(tx, unit, Role.INVENTOR)).actor
    view = await an_achievement(tx, unit, completers=(second.person, unit.person))
    async with tx.read() as db:
        facts = await steps.get_facts(db, [view.id, uuid4()])
        assert list(facts) == [view.id]
        assert facts[view.id].completers == (second.person, unit.person)
        assert await steps.completers(db, view.id) == (second.person, unit.person)
        assert [(o.org_id, o.share) for o in facts[view.id].owners] == [(unit.org, Decimal(1))]


async def test_two_hundred_achievements_are_created_in_a_handful_of_statements(tx):
    unit = await a_unit(tx)
    seen = count_statements(tx.engine)
    async with tx.begin() as db:
        ids = await steps.create_many(db, unit.org, [a_draft() for _ in range(200)], unit)
    assert len(ids) == 200
    assert len(seen) <= 12


async def test_a_key_that_may_not_read_does_not_read_an_achievement(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    with pytest.raises(ScopeMissing):
        await service.get_achievement(tx, replace(unit, scopes=frozenset({Scope.WRITE})), view.id)


async def test_a_unit_alone_neither_drops_a_recorded_co_owner_nor_lowers_his_share(tx):
    unit, partner = await a_unit(tx), await a_unit(tx)
    owners = (Owner(Decimal("0.6"), unit.org), Owner(Decimal("0.4"), partner.org))
    view = await an_achievement(tx, unit, owners=owners)
    for taken in ((), (Owner(Decimal("0.7"), unit.org), Owner(Decimal("0.3"), partner.org))):
        with pytest.raises(errors.CoOwnerWouldLose):
            await service.amend_achievement(
                tx, unit, view.id, a_draft(owners=taken), sent=frozenset({"owners"}), if_match=view.etag
            )
    assert await service.get_achievement(tx, partner, view.id) == view
    draft = await an_achievement(tx, unit, recorded=False, owners=owners)
    alone = await service.amend_achievement(
        tx, unit, draft.id, a_draft(owners=()), sent=frozenset({"owners"}), if_match=draft.etag
    )
    assert [(o.organisation_id, o.share) for o in alone.owners] == [(unit.org, Decimal(1))]


async def test_completers_then_co_owners_hold_a_first_refusal_of_the_title_and_nobody_one_of_a_licence(tx):
    unit, partner, stranger = await a_unit(tx), await a_unit(tx), await a_unit(tx)
    inventor = (await a_member(tx, unit, Role.INVENTOR)).actor
    owners = (
        Owner(Decimal("0.6"), unit.org),
        Owner(Decimal("0.3"), partner.org),
        Owner(Decimal("0.1"), person_id=inventor.person),
    )
    one = (await an_achievement(tx, unit, owners=owners, completers=(inventor.person, unit.person))).id
    other = (await an_achievement(tx, unit, completers=(inventor.person,))).id
    async with tx.read() as db:
        found = await steps.first_refusal_holders(db, [other, one])
        assert [(h.org_id or h.person_id, h.basis, h.achievement_ids) for h in found] == [
            (inventor.person, "COMPLETER", (one, other)),
            (unit.person, "COMPLETER", (one,)),
            (partner.org, "CO_OWNER", (one,)),
            (inventor.person, "CO_OWNER", (one,)),
        ]
        assert await steps.first_refusal_holders(db, [one], mode="LICENCE") == ()
        assert await steps.first_refusal_of(db, [one], partner.org) == "CO_OWNER"
        assert await steps.first_refusal_of(db, [one], unit.org) == "COMPLETER"
        assert await steps.first_refusal_of(db, [one], stranger.org) is None
