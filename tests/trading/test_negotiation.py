"""Negotiation: signed offers that bind, one acceptance, and the price published before anybody signs."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.notices import service as notice_service
from techmarket.notices import steps as notices
from techmarket.notices.errors import NotStarted
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.tables import Notice
from techmarket.signing import steps as signing
from techmarket.signing.errors import WrongDocument
from techmarket.trading import errors, service, steps
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import AwardState, LotState, Method, OfferState, TradeState
from techmarket.trading.views import OfferView, TradeView
from tests.achievements.make import an_achievement
from tests.door import Door
from tests.identity.make import an_organisation
from tests.listings.make import an_offer
from tests.notices.make import move_to
from tests.trading.make import (
    Market,
    a_draft,
    a_market_at_work,
    a_qualified,
    an_announced_trade,
    an_open_trade,
    pay_deposit,
)

WEEK = timedelta(days=7)
NEGOTIABLE: dict[str, Any] = {"price_form": "NEGOTIABLE", "price": None}
ROYALTY: dict[str, Any] = {"price_form": "ROYALTY", "price": None, "royalty_rate": "0.05", "royalty_base": "net sales"}
TALKS: dict[str, Any] = {"method": Method.NEGOTIATION, "deposit_minor": 0, "increment_minor": None, "terms": {}}


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=2)


async def talks(market: Market, **said: Any) -> TradeView:
    listing = await an_offer(market.tx, market.seller, market.operator, **NEGOTIABLE)
    return await an_open_trade(market, listing_id=listing.id, **(TALKS | said))


async def now_of(market: Market) -> datetime:
    async with market.tx.read() as db:
        return await market_now(db)


async def offer(
    market: Market, who: Actor, trade: TradeView, yuan: int, *, to: UUID | None = None, lasts: timedelta = WEEK
) -> OfferView:
    until = await now_of(market) + lasts
    return await service.make_offer(
        market.tx, who, trade.lot.id, minor=yuan * 100, valid_until=until, participant_id=to
    )


async def whose(market: Market, trade: TradeView, buyer: Actor) -> UUID:
    (mine,) = await service.list_participants(market.tx, buyer, trade.id)
    return mine.id


async def test_offers_and_counter_offers_end_in_one_signed_acceptance_that_publishes_the_price(
    market: Market, door: Door
) -> None:
    trade = await talks(market)
    buyer, rival = market.buyers
    first = await offer(market, buyer, trade, 400_000)
    second = await offer(market, market.seller, trade, 700_000, to=first.participant_id)
    third = await offer(market, buyer, trade, 600_000)
    assert [(one.n, one.by_seller) for one in (first, second, third)] == [(1, False), (2, True), (3, False)]
    assert third.document["answers"] == second.document_sha256
    accepted = await service.accept_offer(market.tx, market.seller, third.id, document_sha256=third.document_sha256)
    assert accepted.state is OfferState.ACCEPTED
    heard = (await door.get(market.seller, f"/v1/lots/{trade.lot.id}/offers"))["items"]
    assert [one["state"] for one in heard] == ["COUNTERED", "COUNTERED", "ACCEPTED"]
    assert await door.get(market.seller, f"/v1/offers/{third.id}") == heard[-1]
    shown = await service.get_trade(market.tx, rival, trade.id)
    assert (shown.state, shown.lot.state, shown.lot.seq) == (TradeState.AWARDED, LotState.AWARDED, 0)
    (award,) = await service.list_awards(market.tx, market.operator, trade.id)
    assert (award.state, award.price.minor, award.buyer_organisation_id) == (AwardState.OFFERED, 60_000_000, buyer.org)
    async with market.tx.read() as db:
        facts = await notices.get_facts(db, award.notice_id)
        progress = await signing.state_of(db, third.signing_id)
        assert (facts.kind, progress.is_complete, progress.signed) == (NoticeKind.PRICE, True, 2)
        sold = (await listings.get_offer_facts(db, trade.listing_id)).achievement_ids
        row = await db.get_one(Notice, award.notice_id)  # by this another price notice finds it
        assert (row.about, row.price_minor) == ([f"achievement:{one}" for one in sold], 60_000_000)
        assert row.buyer_org_ids == [buyer.org]
        with pytest.raises(NotStarted):
            async with market.tx.begin() as inner:
                await steps.conclude_award(inner, award.id, now=await market_now(inner), actor=None)


async def test_an_offer_binds_until_its_hour_and_no_longer(market: Market) -> None:
    trade = await talks(market)
    buyer = market.buyers[0]
    first = await offer(market, buyer, trade, 400_000, lasts=timedelta(days=2))
    with pytest.raises(errors.OfferStands) as stands:
        await offer(market, buyer, trade, 300_000)
    assert stands.value.facts["until"] == first.valid_until
    await move_to(market.tx, first.valid_until)
    with pytest.raises(errors.OfferOver):
        await service.accept_offer(market.tx, market.seller, first.id, document_sha256=first.document_sha256)
    assert (await service.get_offer(market.tx, buyer, first.id)).is_standing is False
    again = await offer(market, buyer, trade, 300_000)
    assert again.is_standing
    assert (await service.get_trade(market.tx, buyer, trade.id)).state is TradeState.DECIDING


async def test_only_the_other_side_answers_and_only_with_the_hash_it_read(market: Market) -> None:
    trade = await talks(market)
    buyer, rival = market.buyers
    made = await offer(market, buyer, trade, 400_000)
    with pytest.raises(errors.OfferNotYours):
        await service.accept_offer(market.tx, buyer, made.id, document_sha256=made.document_sha256)
    with pytest.raises(WrongDocument):
        await service.accept_offer(market.tx, market.seller, made.id, document_sha256="0" * 64)
    assert (await service.get_offer(market.tx, buyer, made.id)).state is OfferState.OPEN
    for act in (
        service.accept_offer(market.tx, rival, made.id, document_sha256=made.document_sha256),
        service.decline_offer(market.tx, rival, made.id),
        service.get_offer(market.tx, rival, made.id),
    ):
        with pytest.raises(NotFound):
            await act
    assert await service.list_offers(market.tx, rival, trade.lot.id) == []
    assert [one.id for one in await service.list_offers(market.tx, market.operator, trade.lot.id)] == [made.id]
    stranger = (await an_organisation(market.tx)).actor
    for act in (
        service.list_offers(market.tx, stranger, trade.lot.id),
        service.make_offer(market.tx, stranger, trade.lot.id, minor=1, valid_until=made.valid_until),
    ):
        with pytest.raises(NotFound):
            await act


async def test_a_declined_offer_is_over_and_frees_whoever_made_it(market: Market, door: Door) -> None:
    trade = await talks(market)
    made = await offer(market, market.buyers[0], trade, 400_000)
    assert (await door.post(market.seller, f"/v1/offers/{made.id}/decline"))["state"] == "DECLINED"
    with pytest.raises(NotInThisState):
        await service.accept_offer(market.tx, market.seller, made.id, document_sha256=made.document_sha256)
    assert (await offer(market, market.buyers[0], trade, 450_000)).n == 2


async def test_the_seller_names_whom_he_offers_to_and_a_buyer_offers_to_the_seller_alone(market: Market) -> None:
    trade = await talks(market)
    others = await talks(market)
    foreign = await whose(market, others, market.buyers[0])
    rival = await whose(market, trade, market.buyers[1])
    for who, to in ((market.seller, None), (market.seller, foreign), (market.buyers[0], rival)):
        with pytest.raises(errors.CounterpartyNeeded):
            await offer(market, who, trade, 400_000, to=to)
    assert await service.list_offers(market.tx, market.operator, trade.lot.id) == []


async def test_an_offer_reaches_the_announced_floor_and_ends_within_the_talks(market: Market) -> None:
    listing = await an_offer(market.tx, market.seller, market.operator)
    trade = await an_open_trade(market, listing_id=listing.id, start_price_minor=50_000_000, **TALKS)
    with pytest.raises(errors.OfferBelowFloor) as low:
        await offer(market, market.buyers[0], trade, 499_999)
    assert low.value.facts["least"].minor == 50_000_000
    for lasts in (timedelta(0), timedelta(days=31)):
        with pytest.raises(errors.OfferEndsTooLate):
            await offer(market, market.buyers[0], trade, 500_000, lasts=lasts)
    assert await service.list_offers(market.tx, market.seller, trade.lot.id) == []


async def test_of_twenty_acceptances_and_counters_at_once_one_award_comes(market: Market) -> None:
    trade = await talks(market)
    standing = [await offer(market, buyer, trade, 400_000 + n) for n, buyer in enumerate(market.buyers)]
    accepts = [
        service.accept_offer(market.tx, market.seller, one.id, document_sha256=one.document_sha256)
        for one in standing
        for _ in range(8)
    ]
    counters = [
        offer(market, market.seller, trade, 500_000, to=one.participant_id) for one in standing for _ in range(2)
    ]
    await asyncio.gather(*accepts, *counters, return_exceptions=True)
    async with market.tx.read() as db:
        awards = (await db.execute(text("SELECT count(*) FROM award"))).scalar_one()
        accepted = (await db.execute(text("SELECT count(*) FROM talk_offer WHERE state = 'ACCEPTED'"))).scalar_one()
    assert awards == accepted
    assert awards in (0, 1)
    if awards == 0:  # both were countered first: what the seller offered can still be accepted
        assert {one.by_seller for one in await service.list_offers(market.tx, market.seller, trade.lot.id)} == {
            True,
            False,
        }


async def test_talks_that_come_to_nothing_end_with_their_hour_unsold(market: Market) -> None:
    trade = await talks(market, terms={"talk_days": 3})
    made = await offer(market, market.buyers[0], trade, 400_000, lasts=timedelta(days=2))
    assert trade.lot.effective_end is not None
    await move_to(market.tx, trade.lot.effective_end)
    with pytest.raises(errors.TalksNotOpen):
        await service.accept_offer(market.tx, market.seller, made.id, document_sha256=made.document_sha256)
    assert await service.close_due(market.tx) == 1
    shown = await service.get_trade(market.tx, market.seller, trade.id)
    assert (shown.state, shown.lot.state) == (TradeState.UNSOLD, LotState.UNSOLD)
    with pytest.raises(errors.TalksNotOpen):
        await offer(market, market.buyers[0], trade, 400_000, lasts=timedelta(hours=1))


async def test_a_company_of_the_state_with_two_qualified_buyers_must_let_them_compete(
    market: Market, tx: Tx, keys: Keys
) -> None:
    state_owned = (await an_organisation(tx, kind=OrgKind.ENTERPRISE, government_established=True)).actor
    one = Market(tx, keys, market.operator, state_owned, market.buyers)
    trade = await talks(one)
    made = await offer(one, one.buyers[0], trade, 400_000)
    with pytest.raises(errors.CompetitionNeeded) as refused:
        await service.accept_offer(tx, state_owned, made.id, document_sha256=made.document_sha256)
    assert refused.value.facts["buyers"] == 2
    assert (await service.get_offer(tx, state_owned, made.id)).is_standing


async def test_the_journal_tells_of_offers_without_their_price(market: Market) -> None:
    trade = await talks(market)
    made = await offer(market, market.buyers[0], trade, 412_345)
    async with market.tx.read() as db:
        query = "SELECT kind, refs::text || facts::text FROM journal_entry WHERE kind LIKE 'trading.offer%'"
        rows = (await db.execute(text(query))).all()
    assert [row[0] for row in rows] == ["trading.offer_made"]
    assert made.document_sha256 in rows[0][1]
    assert "412345" not in rows[0][1]


async def test_no_bid_enters_the_book_of_a_negotiation_and_no_offer_an_online_bidding(
    market: Market, keys: Keys
) -> None:
    trade = await talks(market)
    async with BidBook(market.tx.engine, keys.receipts) as book:
        with pytest.raises(errors.NoBiddingHere):
            await service.place_bid(book, market.buyers[0], trade.lot.id, minor=40_000_000, key="k")
    assert (await service.get_trade(market.tx, market.seller, trade.id)).lot.seq == 0
    bidding = await an_announced_trade(market)
    for buyer in market.buyers:
        await pay_deposit(market, await a_qualified(market, bidding, buyer))
    with pytest.raises(errors.NoTalksHere):
        await service.make_offer(
            market.tx, market.buyers[0], bidding.lot.id, minor=1, valid_until=await now_of(market) + WEEK
        )


async def test_what_is_published_of_an_agreed_price_is_public_and_all_that_is_paid(market: Market) -> None:
    secret = {"raised": {"summary_en": "NDA", "royalty_rate": "NDA"}, **ROYALTY}
    imported = await an_achievement(market.tx, market.seller)
    async with market.tx.begin() as db:
        await db.execute(text("UPDATE achievement SET abstract_zh = NULL, abstract_en = NULL"))
    bare = {"achievement_ids": (imported.id,), "summary_en": None, "problem_en": "Sample problem"}
    for said, missing in (
        (secret, ["summary_en", "royalty_rate"]),
        (NEGOTIABLE | bare, ["summary_zh", "summary_en"]),
    ):
        listing = await an_offer(market.tx, market.seller, market.operator, **said)
        trade = await a_draft(market, listing_id=listing.id, **TALKS)
        await service.submit_trade(market.tx, market.seller, trade.id)
        with pytest.raises(errors.PublicityHidden) as refused:
            await service.announce(market.tx, market.operator, trade.id)
        assert refused.value.facts == {"fields": missing}
        assert (await service.get_trade(market.tx, market.seller, trade.id)).state is TradeState.SUBMITTED
    listing = await an_offer(market.tx, market.seller, market.operator, **ROYALTY)
    trade = await an_open_trade(market, listing_id=listing.id, **TALKS)
    made = await offer(market, market.buyers[0], trade, 400_000)
    await service.accept_offer(market.tx, market.seller, made.id, document_sha256=made.document_sha256)
    (award,) = await service.list_awards(market.tx, market.operator, trade.id)
    seen = await notice_service.get_notice(market.tx, ANONYMOUS, award.notice_id)
    assert seen.document["beside_it"] == {"royalty_rate": "0.05", "royalty_base": "net sales"}
    assert seen.document["abstract"]["en"] == listing.terms["summary_en"]
