"""Makers of public records: trades of every method, run by their use cases, and what anybody then reads of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from techmarket.db.means import Means
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.trading import service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import Method, PauseCause
from techmarket.trading.record.replay import Findings, Replay
from techmarket.trading.reserve import reserve_digest
from techmarket.trading.service import LotDraft
from techmarket.trading.views import TradeView
from tests.notices.make import market_now, move_to
from tests.trading.make import Market, an_open_trade
from tests.transparency.make import seal

SALT, RESERVE = "5a" * 32, 52_000_000
Line = dict[str, Any]


async def record_of(means: Means, trade_id: UUID) -> list[bytes]:
    """What a stranger reads, line by line, once everything stands under a checkpoint."""
    await seal(means)
    return await shown(means, trade_id)


async def shown(means: Means, trade_id: UUID) -> list[bytes]:
    with await service.write_record(means.tx, means.keys, ANONYMOUS, trade_id) as aside:
        return aside.read().splitlines()


def trusted_by(means: Means) -> dict[str, SealKey]:
    return {key.kid: key for key in (means.keys.log.public, means.keys.receipts.public)}


def replayed(lines: Sequence[bytes], trusted: Mapping[str, SealKey] | None = None) -> Findings:
    replay = Replay(trusted)
    for line in lines:
        replay.feed(line)
    return replay.finish()


def read(lines: Sequence[bytes]) -> list[Line]:
    return [json.loads(line) for line in lines]


def spelled(lines: Sequence[Line]) -> list[bytes]:
    return [canonical_json(line) for line in lines]


async def bid(book: BidBook, market: Market, trade: TradeView, *yuan: int, of: int = 0) -> None:
    """Bids in turn, refused ones too."""
    for n, amount in enumerate(yuan):
        buyer = market.buyers[(n + of) % len(market.buyers)]
        await service.place_bid(book, buyer, trade.lot.id, minor=amount * 100, key=f"{of}-{n}")


async def close(market: Market, trade: TradeView) -> None:
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert lot.effective_end is not None
    if await market_now(market.tx) < lot.effective_end:
        await move_to(market.tx, lot.effective_end)
    assert await service.close_due(market.tx) == 1


async def bidding_with_all(market: Market, book: BidBook) -> TradeView:
    """Online bidding that was paused, ran into its limited period, and had a reserve price."""
    tx, lot = market.tx, LotDraft(increment_minor=1_000_000, reserve_digest=reserve_digest(RESERVE, SALT))
    trade = await an_open_trade(market, lots=[lot])
    await bid(book, market, trade, 500_000, 500_000, 515_000, 510_000)
    why = {"cause": PauseCause.NETWORK_FAULT, "reason": "a sample fault of the network"}
    await service.pause_lot(tx, market.operator, trade.lot.id, **why)
    await move_to(tx, await market_now(tx) + timedelta(minutes=7))
    await service.resume_lot(tx, market.operator, trade.lot.id)
    shown = await service.get_lot(tx, market.operator, trade.lot.id)
    assert shown.free_ends_at is not None
    await move_to(tx, shown.free_ends_at + timedelta(seconds=30))
    await bid(book, market, trade, 520_000, 540_000, 530_000, of=1)
    await close(market, trade)
    await service.reveal_reserve(tx, market.seller, trade.lot.id, minor=RESERVE, salt=SALT)
    return trade


async def falling(market: Market, book: BidBook) -> TradeView:
    """A falling price that somebody named too early, and somebody took."""
    lot = LotDraft(start_price_minor=80_000_000, increment_minor=5_000_000, floor_minor=50_000_000)
    trade = await an_open_trade(market, method=Method.DESCENDING, terms={"step_seconds": 60}, lots=[lot])
    await bid(book, market, trade, 700_000)
    await move_to(market.tx, await market_now(market.tx) + timedelta(seconds=90))
    await bid(book, market, trade, 760_000, of=1)
    await close(market, trade)
    return trade


async def fixed(market: Market, book: BidBook, *yuan: int) -> TradeView:
    """One who is ready takes the price; two compete from it."""
    lot = LotDraft(start_price_minor=60_000_000, increment_minor=1_000_000)
    trade = await an_open_trade(market, method=Method.FIXED_PRICE, terms={}, lots=[lot])
    await bid(book, market, trade, *yuan)
    await close(market, trade)
    return trade
