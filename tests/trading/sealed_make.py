"""Makers of sealed lots: a dealt key with its officers, a trade whose slots are open, and quotes to put into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.trading import service
from techmarket.trading.lifecycle import Method
from techmarket.trading.sealed.envelopes import Binding, new_key, public_half, seal, write
from techmarket.trading.sealed.shares import Share, split
from techmarket.trading.service import LotDraft, Officer
from techmarket.trading.views import EnvelopeReceiptView, SealingView, TradeView
from tests.identity.make import Keyed, a_member, an_organisation
from tests.listings.make import an_offer
from tests.notices.make import move_to
from tests.trading.make import DEPOSIT, Market, a_market_at_work, a_qualified, pay_deposit

TERMS = {"charge": "FIRST_PRICE", "quoting_seconds": 3600, "opening_seconds": 86_400}
START = 50_000_000


@dataclass(frozen=True)
class Dealt:
    """What the dealer made, before he forgot the key, and who holds which share."""

    private_key: bytes
    shares: list[Share]
    officers: list[Keyed]

    @property
    def public_key(self) -> bytes:
        return public_half(self.private_key)

    def named(self, lot_id: UUID) -> list[Officer]:
        return [
            Officer(one.actor.person, one.actor.org, share.digest(lot_id).hex())
            for one, share in zip(self.officers, self.shares, strict=True)
        ]


async def officers(tx: Tx, market: Actor, keys: Keys) -> list[Keyed]:
    """Two of the market, two of an authority, and a notary."""
    authority = await an_organisation(tx, kind=OrgKind.AUTHORITY, keys=keys)
    notary = await an_organisation(tx, kind=OrgKind.AGENCY, keys=keys)
    staff = [await a_member(tx, market, Role.ADMINISTRATOR, keys=keys) for _ in range(2)]
    return [*staff, authority, await a_member(tx, authority.actor, Role.ADMINISTRATOR, keys=keys), notary]


async def dealt(tx: Tx, market: Actor, keys: Keys, *, needed: int = 3) -> Dealt:
    held = await officers(tx, market, keys)
    key = new_key()
    return Dealt(key, split(key, needed=needed, officers=len(held)), held)


@dataclass(frozen=True)
class SealedLot:
    """A sealed lot that takes envelopes, with everybody around it."""

    market: Market
    dealt: Dealt
    trade: TradeView

    @property
    def id(self) -> UUID:
        return self.trade.lot.id

    async def quote(self, buyer: Actor, yuan: str | None, **changed: Any) -> bytes:
        """An envelope of this buyer, with an amount or any content."""
        binding = Binding(self.id, await self.number_of(buyer), self.trade.terms_sha256)
        content = changed.get("content", {"amount": {"amount": yuan, "currency": "CNY"}})
        return seal(write(content, binding), binding, changed.get("public_key", self.dealt.public_key))

    async def number_of(self, buyer: Actor) -> int:
        sealing = await service.get_sealing(self.market.tx, buyer, self.id)
        assert sealing.bidder is not None
        return sealing.bidder

    async def put(self, buyer: Actor, yuan: str | None = None, *, envelope: bytes | None = None) -> EnvelopeReceiptView:
        body = envelope if envelope is not None else await self.quote(buyer, yuan)
        return await service.put_envelope(self.market.tx, buyer, self.market.keys, self.id, envelope=body)

    async def end(self) -> None:
        """The deadline passes, and the jobs of that second run."""
        lot = await service.get_lot(self.market.tx, self.market.operator, self.id)
        assert lot.effective_end is not None
        await move_to(self.market.tx, lot.effective_end)
        assert await service.close_due(self.market.tx) == 1
        await service.close_slots_due(self.market.tx, self.market.keys)

    async def give(self, n: int) -> SealingView:
        """Officer `n`, from 1, gives his share."""
        return await service.give_share(
            self.market.tx,
            self.dealt.officers[n - 1].actor,
            self.market.keys,
            self.id,
            n=n,
            share=self.dealt.shares[n - 1].body,
        )

    async def open(self, *numbers: int) -> None:
        for n in numbers or (1, 3, 5):
            await self.give(n)


async def an_announced_sealed_trade(
    market: Market, *, deposit_minor: int = 0, reserve_digest: str | None = None, **terms: Any
) -> TradeView:
    listing = await an_offer(market.tx, market.seller, market.operator)
    draft = await service.draft_trade(
        market.tx,
        market.seller,
        listing_id=listing.id,
        method=Method.SEALED,
        terms=TERMS | terms,
        lots=[LotDraft(start_price_minor=START, reserve_digest=reserve_digest)],
        deposit_minor=deposit_minor,
    )
    await service.submit_trade(market.tx, market.seller, draft.id)
    return await service.announce(market.tx, market.operator, draft.id)


async def an_announced_scored_trade(market: Market, listing_id: UUID, method: Method, **terms: Any) -> TradeView:
    """A trade by a formula; the panel and the officers come later."""
    start = START if method is Method.SCORED else None
    draft = await service.draft_trade(
        market.tx,
        market.seller,
        listing_id=listing_id,
        method=method,
        terms={"quoting_seconds": 3600, "opening_seconds": 86_400} | terms,
        lots=[LotDraft(start_price_minor=start)],
        deposit_minor=0,
    )
    await service.submit_trade(market.tx, market.seller, draft.id)
    return await service.announce(market.tx, market.operator, draft.id)


async def taking_envelopes(market: Market, trade: TradeView) -> SealedLot:
    """All buyers are ready and may put their envelopes."""
    for buyer in market.buyers:
        await pay_deposit(market, await a_qualified(market, trade, buyer))
    made = await seal_lot(market, trade)
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    assert await service.open_due(market.tx) == 1
    return SealedLot(market, made, await service.get_trade(market.tx, market.operator, trade.id))


async def seal_lot(market: Market, trade: TradeView) -> Dealt:
    made = await dealt(market.tx, market.operator, market.keys)
    await service.seal_lot(
        market.tx,
        market.operator,
        trade.lot.id,
        public_key=made.public_key,
        needed=3,
        officers=made.named(trade.lot.id),
    )
    return made


async def a_sealed_lot(
    tx: Tx, keys: Keys, *, buyers: int = 3, deposit_minor: int = 0, market: Market | None = None, **terms: Any
) -> SealedLot:
    """All buyers are ready, the announcement has ended, envelopes are taken."""
    market = market or await a_market_at_work(tx, keys, buyers=buyers)
    trade = await an_announced_sealed_trade(market, deposit_minor=deposit_minor, **terms)
    for buyer in market.buyers:
        await pay_deposit(market, await a_qualified(market, trade, buyer))
    made = await seal_lot(market, trade)
    assert trade.bidding_opens_at is not None
    await move_to(tx, trade.bidding_opens_at)
    assert await service.open_due(tx) == 1
    return SealedLot(market, made, await service.get_trade(tx, market.operator, trade.id))


__all__ = ["DEPOSIT", "Dealt", "SealedLot", "a_sealed_lot", "an_announced_sealed_trade", "dealt", "seal_lot"]
