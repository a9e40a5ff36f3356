"""What is under way claims its achievements: whoever comes second with what would overlap is refused."""

from __future__ import annotations

import asyncio
import runpy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import errors, service, steps
from techmarket.achievements.claims import Claim, blocking_claim, claim_of
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.open_licences import OpenLicenceDraft
from techmarket.achievements.rights import Right, RightKind, RightStatus
from techmarket.achievements.rules import AchievementDraft, Owner, changed_of_sold
from techmarket.achievements.steps import Sale
from techmarket.identity.actor import OrgKind
from techmarket.kernel.ids import Ref
from techmarket.trading import service as trading
from techmarket.trading.errors import DraftedBefore
from tests.achievements.make import a_draft as an_achievement_draft
from tests.achievements.make import an_achievement
from tests.contracts.make import a_signing
from tests.identity.make import an_organisation
from tests.listings.make import an_offer
from tests.races import in_line
from tests.trading.make import a_draft, a_market_at_work, an_announced_trade

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
WORLD, ZHEJIANG, SHANGHAI = (Scope(place, "ANY", date(2026, 1, 1)) for place in ("WORLD", "CN-33", "CN-31"))
TITLE, EXCLUSIVE, SOLE, ORDINARY = (
    None,
    BurdenKind.LICENCE_EXCLUSIVE,
    BurdenKind.LICENCE_SOLE,
    BurdenKind.LICENCE_ORDINARY,
)


@pytest.mark.parametrize(
    "wanted, held, blocks",
    [
        ((TITLE, WORLD), (TITLE, WORLD), True),
        ((TITLE, WORLD), (ORDINARY, ZHEJIANG), True),
        ((ORDINARY, ZHEJIANG), (TITLE, WORLD), True),
        ((EXCLUSIVE, ZHEJIANG), (EXCLUSIVE, WORLD), True),
        ((SOLE, WORLD), (ORDINARY, ZHEJIANG), True),
        ((ORDINARY, ZHEJIANG), (EXCLUSIVE, WORLD), True),
        ((EXCLUSIVE, ZHEJIANG), (EXCLUSIVE, SHANGHAI), False),
        ((ORDINARY, WORLD), (ORDINARY, WORLD), False),
    ],
)
def test_what_is_under_way_bars_what_it_would_meet(wanted, held, blocks):
    first, second = Claim("trade:1", *held), Claim("trade:2", *wanted)
    assert blocking_claim(second, [first]) == (first if blocks else None)
    assert blocking_claim(Claim("trade:1", *wanted), [first]) is None
    assert blocking_claim(second, [first], under="trade:1") is None


@pytest.mark.parametrize(
    "mode, licence_kind, licence",
    [("TRANSFER", None, None), ("EQUITY", None, None), ("LICENCE", "SOLE", SOLE), ("TRY_BEFORE_BUY", None, ORDINARY)],
)
def test_a_way_of_conversion_claims_the_title_or_its_licence(mode, licence_kind, licence):
    assert claim_of("trade:1", mode, licence_kind, WORLD) == Claim("trade:1", licence, WORLD)
    assert claim_of("trade:1", "JOINT_DEVELOPMENT", None, WORLD) is None


UNIT, PARTNER, MAKER, OTHER = (uuid4() for _ in range(4))
PATENT = Right(RightKind.INVENTION_PATENT, "202310123456.6", filed_on=date(2023, 3, 1), status=RightStatus.PUBLISHED)
SHOWN = AchievementDraft(
    title_zh="示例",
    abstract_en="sample",
    trl=7,
    rights=(PATENT,),
    owners=(Owner(Decimal("0.60000000"), UNIT), Owner(Decimal("0.4"), PARTNER)),
    completers=(MAKER, OTHER),
)


@pytest.mark.parametrize(
    "change, changed",
    [
        ({"title_zh": "别的"}, ("title_zh",)),
        ({"title_en": "sample"}, ("title_en",)),
        ({"abstract_en": None}, ("abstract_en",)),
        ({"owners": (Owner(Decimal(1), UNIT),), "completers": (OTHER, MAKER)}, ("owners", "completers")),
        ({"rights": ()}, ("rights",)),
        ({"rights": (PATENT, Right(RightKind.TECHNICAL_SECRET))}, ("rights",)),
        ({"rights": (replace(PATENT, number="202420000003.4"),)}, ("rights",)),
        ({"rights": (replace(PATENT, kind=RightKind.UTILITY_MODEL),)}, ("rights",)),
        ({"rights": (replace(PATENT, filed_on=date(2022, 3, 1)),)}, ("rights",)),
        ({"rights": (replace(PATENT, filed_on=None),)}, ("rights",)),
        ({"trl": 8, "keywords": ("a",), "owners": (Owner(Decimal("0.6"), UNIT), SHOWN.owners[1])}, ()),
        ({"rights": (replace(PATENT, status=RightStatus.GRANTED, granted_on=date(2026, 1, 9)),)}, ()),
        ({"rights": (replace(PATENT, status=RightStatus.LAPSED, fees_paid_until=date(2026, 3, 1)),)}, ()),
    ],
)
def test_what_buyers_were_shown_stays_and_what_the_office_says_later_is_no_change_of_it(change, changed):
    assert changed_of_sold(SHOWN, replace(SHOWN, **change)) == changed


async def a_unit(tx):
    return (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor


async def claim(tx, unit, ids, mode="LICENCE", kind="EXCLUSIVE", by=None):
    by = by or Ref("trade", uuid4())
    async with tx.begin() as db:
        await steps.claim(db, Sale(tuple(ids), mode, kind, unit.org), by=by, actor=unit)
    return by


async def held(tx) -> list[UUID]:
    async with tx.read() as db:
        return list((await db.execute(text("SELECT achievement_id FROM achievement_claim ORDER BY 1"))).scalars())


async def test_the_same_claim_twice_is_one_and_released_it_lets_the_next_one_in(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    by = await claim(tx, unit, [view.id])
    await claim(tx, unit, [view.id], by=by)
    with pytest.raises(errors.UnderWay):
        await claim(tx, unit, [view.id], mode="TRANSFER", kind=None)
    assert await held(tx) == [view.id]
    async with tx.begin() as db:
        assert [await steps.release(db, by=by, actor=unit) for _ in range(2)] == [1, 0]
    await claim(tx, unit, [view.id], mode="TRANSFER", kind=None)
    async with tx.read() as db:
        kinds = "SELECT kind FROM journal_entry WHERE kind LIKE 'achievements.claim%' ORDER BY seq"
        told = list((await db.execute(text(kinds))).scalars())
    assert told == ["achievements.claimed", "achievements.claim_released", "achievements.claimed"]


async def test_of_many_that_claim_overlapping_bundles_at_once_exactly_one_holds_each(tx):
    unit = await a_unit(tx)
    a, b = sorted([(await an_achievement(tx, unit)).id for _ in range(2)])
    outcomes = await asyncio.gather(*[claim(tx, unit, ids) for ids in [(a, b), (b, a)] * 3], return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["Ref"] + ["UnderWay"] * 5
    assert await held(tx) == [a, b]


async def test_while_it_is_under_way_it_is_not_retired_and_not_licensed_to_others_outside_the_trade(tx):
    unit = await a_unit(tx)
    right = Right(RightKind.INVENTION_PATENT, "ZL202310123456.6", None, None, date(2023, 3, 1), None, date(2199, 1, 1))
    view = await an_achievement(tx, unit, rights=(right,))
    by = await claim(tx, unit, [view.id])

    async def enter(under):
        async with tx.begin() as db:
            await steps.enter_licence(
                db,
                [view.id],
                kind="EXCLUSIVE",
                valid_from=date(2026, 3, 1),
                valid_until=None,
                by=Ref("contract", uuid4()),
                under=under,
                actor=unit,
            )

    with pytest.raises(errors.UnderWay):
        await service.retire_achievement(tx, unit, view.id)
    draft = OpenLicenceDraft("202310123456.6", 1_000_00, "a year", date(2043, 2, 28))
    with pytest.raises(errors.UnderWay):
        await service.declare_open_licence(tx, unit, view.id, draft)
    with pytest.raises(errors.UnderWay):
        await enter(None)
    seen = await service.get_achievement(tx, unit, view.id)
    assert (seen.state, seen.encumbrances) == ("RECORDED", ())
    await enter(by)


async def amend(tx, unit, view, **changes):
    draft = an_achievement_draft(**changes)
    return await service.amend_achievement(tx, unit, view.id, draft, sent=frozenset(changes), if_match=view.etag)


async def test_while_it_is_under_way_it_says_what_buyers_were_shown_and_other_fields_are_amended(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit, completers=(unit.person,))
    by = await claim(tx, unit, [view.id], kind="ORDINARY")
    with pytest.raises(errors.SoldAsItStands) as refused:
        await amend(tx, unit, view, title_en="Something else", completers=(), trl=8)
    assert refused.value.facts["fields"] == ("title_en", "completers")
    assert await service.get_achievement(tx, unit, view.id) == view
    now = await amend(tx, unit, view, trl=8)
    assert (now.title_en, now.trl) == (view.title_en, 8)
    async with tx.begin() as db:
        await steps.release(db, by=by, actor=unit)
    assert (await amend(tx, unit, now, title_en="Something else")).title_en == "Something else"


async def test_a_claim_that_waits_for_the_same_row_before_a_change_is_seen_by_it(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    _, refused = await in_line(
        tx,
        "SELECT 1 FROM achievement WHERE id = :id FOR UPDATE",
        lambda: claim(tx, unit, [view.id]),
        lambda: amend(tx, unit, view, title_en="Something else"),
        id=view.id,
    )
    assert isinstance(refused, errors.SoldAsItStands)
    assert await held(tx) == [view.id]
    assert await service.get_achievement(tx, unit, view.id) == view


async def test_of_two_exclusive_offers_of_one_achievement_announced_at_once_one_is_and_the_other_waits_for_its_end(
    tx, keys
):
    market = await a_market_at_work(tx, keys, buyers=0)
    view = await an_achievement(tx, market.seller)
    drafts = []
    for _ in range(2):
        offer = await an_offer(tx, market.seller, market.operator, achievement_ids=(view.id,), licence_kind="EXCLUSIVE")
        drafts.append(await a_draft(market, listing_id=offer.id))
        await trading.submit_trade(tx, market.seller, drafts[-1].id)
    outcomes = await asyncio.gather(
        *[trading.announce(tx, market.operator, one.id) for one in drafts], return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["TradeView", "UnderWay"]
    (second,) = [one for one, said in zip(drafts, outcomes, strict=True) if isinstance(said, errors.UnderWay)]
    waiting = await trading.get_trade(tx, market.operator, second.id)
    assert (waiting.state, waiting.notice_id) == ("SUBMITTED", None)
    (first,) = [one for one in drafts if one.id != second.id]
    assert await trading.terminate_trade(tx, first.id)
    # What found no buyer under one offer is listed again under the other: a draft that does not know of it is no use.
    with pytest.raises(DraftedBefore):
        await trading.announce(tx, market.operator, second.id)
    anew = await a_draft(market, listing_id=second.listing_id)
    assert anew.previous_id == first.id
    await trading.submit_trade(tx, market.seller, anew.id)
    assert (await trading.announce(tx, market.operator, anew.id)).state == "ANNOUNCED"
    assert await held(tx) == [view.id]


async def test_what_was_announced_before_claims_were_kept_claims_the_same_after_the_migration(tx, keys):
    market = await a_market_at_work(tx, keys, buyers=0)
    scope = {"territory": "CN-33", "field": "C35"}
    offer = await an_offer(tx, market.seller, market.operator, licence_kind="SOLE", scope=scope)
    trade = await an_announced_trade(market, listing_id=offer.id)
    deal = await a_signing(tx, keys, licence_kind="EXCLUSIVE")
    said = text("SELECT achievement_id, by, licence, territory, field, manner FROM achievement_claim ORDER BY by")
    async with tx.begin() as db:
        before = [tuple(row) for row in await db.execute(said)]
        await db.execute(text("DELETE FROM achievement_claim"))
        moved = runpy.run_path(str(next(VERSIONS.glob("*_claims.py"))))
        for statement in (moved["OF_TRADES"], moved["OF_CONTRACTS"]):
            await db.execute(text(statement))
        assert [tuple(row) for row in await db.execute(said)] == before
    assert before == [
        (deal.achievement_id, f"contract:{deal.id}", "LICENCE_EXCLUSIVE", "CN", "ANY", "ANY"),
        (offer.achievement_ids[0], f"trade:{trade.id}", "LICENCE_SOLE", "CN-33", "C35", "ANY"),
    ]
