"""Versions, confirmations, terms by the rulebook, and a year without use."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import errors, service, steps
from techmarket.achievements.rights import Right, RightKind
from techmarket.achievements.rules import Owner
from techmarket.db import clock
from techmarket.identity.actor import OrgKind, Role
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.achievements.make import a_draft, an_achievement
from tests.identity.make import a_member, an_organisation


async def a_unit(tx, **facts):
    return (await an_organisation(tx, kind=OrgKind.UNIVERSITY, **facts)).actor


async def amend(tx, unit, view, **changes):
    return await service.amend_achievement(
        tx, unit, view.id, a_draft(**changes), sent=frozenset(changes), if_match=view.etag
    )


async def versions(tx, reader, achievement_id, **page):
    return (await service.list_versions(tx, reader, achievement_id, **({"cursor": None, "limit": 10} | page))).items


async def test_each_change_is_a_version_that_says_what_it_changed_and_stays(tx):
    unit, partner, stranger = await a_unit(tx), await a_unit(tx), await a_unit(tx)
    owners = (Owner(Decimal("0.6"), unit.org), Owner(Decimal("0.4"), partner.org))
    view = await an_achievement(tx, unit, owners=owners)
    view = await amend(tx, unit, view, trl=8, keywords=("a", "b"))
    assert [(v.n, v.act, v.changed) for v in await versions(tx, partner, view.id)] == [
        (3, "AMENDED", ("keywords", "trl")),
        (2, "RECORDED", ("state",)),
        (1, "DRAFTED", ("abstract_en", "organisation_id", "owners", "state", "technology_field", "title_en", "trl")),
    ]
    page = await service.list_versions(tx, unit, view.id, cursor=None, limit=1)
    assert [v.n for v in page.items] == [3]
    assert page.items[0].changed == ("keywords", "trl")
    assert [v.n for v in await versions(tx, unit, view.id, cursor=page.next_cursor)] == [2, 1]
    with pytest.raises(NotFound):
        await versions(tx, stranger, view.id)
    async with tx.read() as db:
        told = await db.execute(text("SELECT facts->>'version_sha256' FROM journal_entry ORDER BY seq DESC LIMIT 1"))
        assert told.scalar_one() == page.items[0].sha256


async def test_an_achievement_from_before_versions_is_kept_as_it_stood_before_its_first_change(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    async with tx.begin() as db:
        await db.execute(text("ALTER TABLE achievement_version DISABLE TRIGGER achievement_version_stays"))
        await db.execute(text("DELETE FROM achievement_version"))
    await amend(tx, unit, view, trl=8)
    assert [(v.n, v.act) for v in await versions(tx, unit, view.id)] == [(3, "AMENDED"), (2, "CARRIED")]
    assert (await versions(tx, unit, view.id))[0].changed == ("trl",)


async def test_completers_confirm_their_order_and_again_when_it_changes(tx):
    unit = await a_unit(tx)
    first, second = [(await a_member(tx, unit, Role.INVENTOR)).actor for _ in range(2)]
    view = await an_achievement(tx, unit, completers=(first.person, second.person))
    with pytest.raises(errors.OtherCompleters):
        await service.confirm_completer(tx, first, view.id, completers=[second.person, first.person])
    with pytest.raises(NotAllowed):
        await service.confirm_completer(tx, unit, view.id, completers=view.completers)
    for _ in range(2):
        view = await service.confirm_completer(tx, second, view.id, completers=view.completers)
    assert view.confirmed_by == (second.person,)
    view = await amend(tx, unit, view, trl=8)
    assert view.confirmed_by == (second.person,)
    view = await amend(tx, unit, view, completers=(second.person, first.person))
    assert view.confirmed_by == ()
    async with tx.read() as db:
        count = "SELECT count(*) FROM journal_entry WHERE kind = 'achievements.completer_confirmed'"
        assert (await db.execute(text(count))).scalar_one() == 1


async def test_a_patent_ends_with_the_term_of_its_filing_day_unless_its_unit_says_another_day(tx):
    unit = await a_unit(tx)
    view = await an_achievement(
        tx,
        unit,
        rights=(
            Right(RightKind.INVENTION_PATENT, "ZL202310123456.6", filed_on=date(2023, 3, 1)),
            Right(RightKind.UTILITY_MODEL, "202420000003.4", filed_on=date(2024, 1, 2)),
            Right(RightKind.INVENTION_PATENT, "200310102344.5", filed_on=date(2003, 10, 10)),
            Right(RightKind.SOFTWARE_COPYRIGHT, "2023SR0123456", filed_on=date(2023, 3, 1)),
        ),
    )
    assert [r.term_ends_on for r in view.rights] == [
        date(2043, 2, 28),
        date(2034, 1, 1),
        date(2023, 10, 9),
        None,
    ]
    assert [r.is_in_force for r in view.rights] == [True, False, False, False]
    async with tx.read() as db:
        facts = (await steps.get_facts(db, [view.id]))[view.id]
        assert facts.rights[0].valid_until == date(2043, 2, 28)


async def today_of(tx):
    async with tx.read() as db:
        return shanghai_day(await clock.market_now(db))


def granted(day):
    return (Right(RightKind.INVENTION_PATENT, "202310123456.6", granted_on=day),)


async def test_a_year_without_an_agreement_is_flagged_once_for_a_government_unit_of_the_province_alone(tx):
    today = await today_of(tx)
    long_ago, lately = date(today.year - 2, 1, 1), today - timedelta(days=300)
    unit = await a_unit(tx)
    idle = await an_achievement(tx, unit, rights=granted(long_ago))
    fresh = await an_achievement(tx, unit, rights=granted(lately))
    draft = await an_achievement(tx, unit, recorded=False, rights=granted(long_ago))
    elsewhere = await a_unit(tx, region="310100")
    central = await a_unit(tx, applies_local_rules=False)
    others = [await an_achievement(tx, one, rights=granted(long_ago)) for one in (elsewhere, central)]
    assert idle.idle_since == date(today.year - 1, 1, 2)
    assert [one.idle_since for one in (fresh, draft, *others)] == [None] * 4
    await asyncio.gather(*[service.flag_idle(tx) for _ in range(4)])
    await service.flag_idle(tx)
    async with tx.read() as db:
        told = await db.execute(text("SELECT refs[0] FROM journal_entry WHERE kind = 'achievements.idle'"))
        assert told.scalars().all() == [f"achievement:{idle.id}"]
    listed = await service.list_achievements(tx, unit, idle=True, cursor=None, limit=10)
    assert [one.id for one in listed.items] == [idle.id]


async def test_a_licence_ends_idleness(tx):
    today = await today_of(tx)
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit, rights=granted(date(today.year - 2, 1, 1)))
    async with tx.begin() as db:
        by = Ref("contract", uuid4())
        await steps.enter_licence(db, [view.id], kind="ORDINARY", valid_from=today, valid_until=None, by=by, actor=unit)
    assert (await service.get_achievement(tx, unit, view.id)).idle_since is None
    assert await service.flag_idle(tx) == 0
