"""No award at a negotiated price without the unit's own approval, where a rule of the day asks for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from techmarket.achievements import errors as achievements
from techmarket.achievements import service as approving
from techmarket.achievements.approvals import ApprovalKind
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.rulebook.service import RuleDraft
from techmarket.trading import service
from techmarket.trading.lifecycle import LotState, Method, OfferState, TradeState
from techmarket.trading.views import OfferView, TradeView
from tests.achievements.make import an_achievement_id, an_approval
from tests.listings.make import an_offer
from tests.trading.make import Market, a_market_at_work, an_open_trade

TALKS: dict[str, Any] = {"method": Method.NEGOTIATION, "deposit_minor": 0, "increment_minor": None, "terms": {}}


async def asked_for_from_today(tx: Tx, administrator: Actor) -> None:
    async with tx.read() as db:
        today = shanghai_day(await market_now(db))
    draft = RuleDraft(
        key="approval.required",
        jurisdiction="CN-33",
        scope="market",
        mode=None,
        applies_to="government_unit",
        binding=Binding.DEFAULT,
        base="negotiated_price",
        value="COLLECTIVE_DECISION",
        unit=RuleUnit.TEXT,
        source="sample: a market that asks for it earlier",
        evidence=Evidence.SAMPLE,
        effective_from=today,
        effective_to=None,
    )
    await rulebook.add_rule(tx, administrator, draft)


async def talks(market: Market, yuan: int, **said: Any) -> tuple[TradeView, OfferView]:
    listing = await an_offer(market.tx, market.seller, market.operator, price_form="NEGOTIABLE", price=None, **said)
    trade = await an_open_trade(market, listing_id=listing.id, **TALKS)
    return trade, await offer_of(market, trade, market.buyers[0], yuan)


async def offer_of(market: Market, trade: TradeView, buyer: Actor, yuan: int) -> OfferView:
    async with market.tx.read() as db:
        until = await market_now(db) + timedelta(days=5)
    return await service.make_offer(market.tx, buyer, trade.lot.id, minor=yuan * 100, valid_until=until)


async def accept(market: Market, offer: OfferView) -> OfferView:
    return await service.accept_offer(market.tx, market.seller, offer.id, document_sha256=offer.document_sha256)


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    market = await a_market_at_work(tx, keys, buyers=2)
    await asked_for_from_today(tx, market.operator)
    return market


async def test_without_a_decision_taken_together_nothing_is_awarded_at_a_negotiated_price(market: Market) -> None:
    tx, unit = market.tx, market.seller
    sold = await an_achievement_id(tx, unit)
    delegated = await an_approval(tx, unit, [sold], kind=ApprovalKind.DELEGATED_DECISION)
    trade, offer = await talks(market, 600_000, achievement_ids=(sold,), approval_ids=[str(delegated.id)])
    with pytest.raises(achievements.ApprovalMissing):
        await accept(market, offer)
    assert (await service.get_offer(tx, unit, offer.id)).state is OfferState.OPEN
    assert (await service.get_trade(tx, unit, trade.id)).lot.state is LotState.OPEN
    assert await service.list_awards(tx, market.operator, trade.id) == []


async def test_an_approval_lets_award_from_its_floor_on_and_only_while_it_is_in_force(market: Market) -> None:
    tx, unit, (buyer, _) = market.tx, market.seller, market.buyers
    sold = await an_achievement_id(tx, unit)
    approval = await an_approval(tx, unit, [sold], floor_minor=60_000_000)
    trade, below = await talks(market, 599_999, achievement_ids=(sold,), approval_ids=[str(approval.id)])
    with pytest.raises(achievements.ApprovalOfOther) as found:
        await accept(market, below)
    assert found.value.facts == {"what": "price"}
    enough = await offer_of(market, trade, market.buyers[1], 600_000)
    assert (await accept(market, enough)).state is OfferState.ACCEPTED
    (award,) = await service.list_awards(tx, market.operator, trade.id)
    async with tx.read() as db:
        assert (await notices.get_facts(db, award.notice_id)).kind is NoticeKind.PRICE
    # What was awarded stands, and nothing new rests on it.
    assert (await approving.revoke_approval(tx, unit, approval.id)).state == "REVOKED"
    assert (await service.get_trade(tx, buyer, trade.id)).state is TradeState.AWARDED


async def test_a_revoked_approval_awards_nothing(market: Market) -> None:
    tx, unit = market.tx, market.seller
    sold = await an_achievement_id(tx, unit)
    approval = await an_approval(tx, unit, [sold])
    trade, offer = await talks(market, 600_000, achievement_ids=(sold,), approval_ids=[str(approval.id)])
    await approving.revoke_approval(tx, unit, approval.id)
    with pytest.raises(achievements.ApprovalNotInForce):
        await accept(market, offer)
    assert await service.list_awards(tx, market.operator, trade.id) == []
