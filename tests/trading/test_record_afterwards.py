"""The public record of what came after the session, or of a bidder shut out: decided again, or the line is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from copy import deepcopy

import pytest

from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.trading import service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import ForfeitCause, LotState, LotStep
from techmarket.trading.views import TradeView
from tests.notices.make import move_to
from tests.trading.make import Market, a_market_at_work, an_open_trade
from tests.trading.record_make import Line, bid, read, record_of, replayed, trusted_by
from tests.trading.record_make import close as close_lot
from tests.trading.test_afterwards import a_trade_with_finals, a_trade_with_holders, awards, close, take
from tests.trading.test_record import drop, drop_entry, named, other_price, set_to, the, write_again

Change = Callable[[list[Line]], None]


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


def found_in(lines: list[bytes], changes: dict[str, tuple[Change, str]], means: Means) -> dict[str, str | None]:
    """What the replay names of each change, though the record stands under a genuine seal again."""
    found = {}
    for what, (change, _) in changes.items():
        changed = deepcopy(read(lines))
        change(changed)
        found[what] = named(write_again(changed, means.keys), means)
    return found


def wanted(changes: dict[str, tuple[Change, str]]) -> dict[str, str]:
    return {what: check for what, (_, check) in changes.items()}


def kinds(lines: list[bytes]) -> set[str]:
    return {line["line"] for line in read(lines)}


def logged(lines: list[bytes], kind: str) -> int:
    return sum(line["line"] == "entry" and f'"{kind}"' in line["row"] for line in read(lines))


def by_a_stranger(lines: list[Line]) -> None:
    """The third of the session is no leader."""
    final = the(lines, "final_bid", 0)
    bidders = {line["bidder"] for line in lines if line["line"] == "bid"}
    final["number"] = (bidders - {line["number"] for line in lines if line["line"] == "final_bid"}).pop()


FINAL_CHANGES: dict[str, tuple[Change, str]] = {
    "another final price": (set_to("final_bid", 0, amount_minor=60_000_000), "award"),
    "one below his own last bid": (set_to("final_bid", 0, amount_minor=1), "afterwards"),
    "another nonce": (set_to("final_bid", 0, nonce="00" * 32), "afterwards"),
    "a final price left out": (drop("final_bid"), "award"),
    "one by who may not": (by_a_stranger, "afterwards"),
    "a commitment left out of the log": (drop_entry("trading.final_bid_put"), "afterwards"),
    "the opening left out of the log": (drop_entry("trading.final_bids_opened"), "afterwards"),
    "another price of the award": (other_price, "award"),
}


async def test_final_prices_are_told_once_the_lot_is_decided_and_decide_it_again(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_finals(market)
    lot = await close(market, book, trade, (0, 500_000), (1, 510_000), (2, 520_000))
    await service.put_final_bid(market.tx, market.buyers[1], lot.id, minor=55_000_000)
    during = await record_of(means, trade.id)
    assert "final_bid" not in kinds(during)
    assert logged(during, "trading.final_bid_put") == 0
    waiting = replayed(during, trusted_by(means))
    assert (waiting.fault, [one.is_decided_again for one in waiting.lots]) == (None, [False])
    await service.put_final_bid(market.tx, market.buyers[2], lot.id, minor=54_000_000)
    lines = await record_of(means, trade.id)
    found = replayed(lines, trusted_by(means))
    assert found.fault is None
    assert [(one.price_minor, one.is_decided_again) for one in found.lots] == [(55_000_000, True)]
    # Both commitments were logged under nobody's name, and open.
    assert (found.held["afterwards"], logged(lines, "trading.final_bid_put")) == (2, 2)
    assert found_in(lines, FINAL_CHANGES, means) == wanted(FINAL_CHANGES)


HOLDER_CHANGES: dict[str, tuple[Change, str]] = {
    "nobody took it": (set_to("holder", 1, said="WAIVED"), "award"),
    "the first did not waive": (set_to("holder", 0, said=None), "afterwards"),
    "the other took it": (set_to("holder", 0, said="EXERCISED"), "award"),
    "a holder left out": (drop("holder", 0), "afterwards"),
    "another price of the award": (other_price, "award"),
    "the price they were asked left out": (drop_entry("trading.first_refusal_asked"), None),  # type: ignore[dict-item]
}


async def test_who_takes_the_lot_by_a_first_refusal_is_told_by_number_and_decided_again(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_holders(market, 0, 1)
    lot = await close(market, book, trade, (1, 500_000), (2, 510_000))
    await take(market, market.buyers[1], lot)
    await take(market, market.buyers[0], lot, exercise=False)
    lines = await record_of(means, trade.id)
    found = replayed(lines, trusted_by(means))
    assert found.fault is None
    assert [(one.price_minor, one.is_decided_again) for one in found.lots] == [(51_000_000, True)]
    assert [(one["place"], one["said"]) for one in read(lines) if one["line"] == "holder"] == [
        (1, "WAIVED"),
        (2, "EXERCISED"),
    ]
    assert found.not_checked["the order of holders of a first refusal, which their shares make"] == 1
    assert b"share" not in b"".join(line for line in lines if b'"line":"holder"' in line)
    assert found_in(lines, HOLDER_CHANGES, means) == wanted(HOLDER_CHANGES)


def nobody_shut_out(lines: list[Line]) -> None:
    the(lines, "result")["gone"] = []


def one_more_shut_out(lines: list[Line]) -> None:
    """The winner, of whom the log knows nothing of the kind; the next is told as the winner instead."""
    result = the(lines, "result")
    winner, runner_up = result["awards"]
    result["gone"] = sorted([*result["gone"], winner["number"]])
    winner["number"], winner["price_minor"] = runner_up["number"], runner_up["price_minor"]
    result["awards"] = [winner]


VOID_CHANGES: dict[str, tuple[Change, str]] = {
    "as if nobody was shut out": (nobody_shut_out, "award"),
    "as if the winner was": (one_more_shut_out, "award"),
    "the log's word of it left out": (drop_entry("trading.bidder_shut_out"), "award"),
}


async def test_the_bids_of_one_who_was_shut_out_while_he_led_stay_in_the_book_and_win_nothing_in_the_replay(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await an_open_trade(market)
    await bid(book, market, trade, 500_000, 510_000, 530_000)
    mine = (await service.list_participants(market.tx, market.buyers[2], trade.id))[0]
    await service.forfeit_deposit(
        market.tx, market.operator, mine.deposits[0].id, cause=ForfeitCause.BREACH_OF_RULES, reasons="Sample."
    )
    await close_lot(market, trade)
    assert (await service.get_lot(market.tx, market.operator, trade.lot.id)).state is LotState.AWARDED
    lines = await record_of(means, trade.id)
    found = replayed(lines, trusted_by(means))
    assert found.fault is None
    assert [(one.bids, one.price_minor, one.is_decided_again) for one in found.lots] == [(3, 51_000_000, True)]
    assert the(read(lines), "result")["gone"] == [mine.number]
    assert found_in(lines, VOID_CHANGES, means) == wanted(VOID_CHANGES)


async def shut_out(market: Market, trade: TradeView, buyer: int) -> None:
    (mine,) = await service.list_participants(market.tx, market.buyers[buyer], trade.id)
    cause = ForfeitCause.BREACH_OF_RULES
    await service.forfeit_deposit(market.tx, market.operator, mine.deposits[0].id, cause=cause, reasons="Sample")


async def test_a_lot_that_was_annulled_after_its_final_prices_were_read_tells_them_as_the_log_does(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_finals(market)
    lot = await close(market, book, trade, (0, 500_000), (1, 510_000), (2, 520_000))
    for buyer, minor in ((1, 55_000_000), (2, 54_000_000)):
        await service.put_final_bid(market.tx, market.buyers[buyer], lot.id, minor=minor)
    first = (await service.list_awards(market.tx, market.operator, trade.id))[0]
    assert await service.annul_award(market.tx, first.id)
    assert replayed(await record_of(means, trade.id), trusted_by(means)).fault is None


async def test_who_was_shut_out_between_the_steps_counts_where_he_still_stood(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_finals(market)
    lot = await close(market, book, trade, (0, 500_000), (1, 510_000))
    await service.put_final_bid(market.tx, market.buyers[0], lot.id, minor=55_000_000)
    await shut_out(market, trade, 1)
    assert lot.step_due_at is not None
    await move_to(market.tx, lot.step_due_at)
    assert await service.step_due(market.tx) == 1
    assert [price for _, price, _ in await awards(market, trade)] == [550_000]
    lines = await record_of(means, trade.id)
    assert replayed(lines, trusted_by(means)).fault is None
    asked = await a_trade_with_holders(market, 0)
    lot = await close(market, book, asked, (0, 500_000), (2, 510_000))
    assert lot.step is LotStep.FIRST_REFUSAL
    await shut_out(market, asked, 2)
    assert lot.step_due_at is not None
    await move_to(market.tx, lot.step_due_at)
    assert await service.step_due(market.tx) == 1
    assert [(buyer, price) for buyer, price, _ in await awards(market, asked)] == [(0, 500_000)]
    assert replayed(await record_of(means, asked.id), trusted_by(means)).fault is None
