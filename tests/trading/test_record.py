"""The public record: every method's trades replay from it to what happened, and whatever is changed in it is named."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from techmarket.cli.replay import replay_file, replay_path
from techmarket.db import keys as market_keys
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.kernel.refusals import NotFound
from techmarket.trading import errors, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.record.form import Writing
from techmarket.trading.record.replay import CHECKS
from tests.client import Api
from tests.trading.make import Market, a_draft, a_market_at_work, an_open_trade
from tests.trading.record_make import (
    Line,
    bid,
    bidding_with_all,
    close,
    falling,
    fixed,
    read,
    record_of,
    replayed,
    shown,
    spelled,
    trusted_by,
)
from tests.trading.sealed_make import a_sealed_lot
from tests.trading.test_negotiation import offer, talks
from tests.trading.test_panel import a_scored_lot, mark


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=2)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


# --- what replays ---------------------------------------------------------------------------------------------------


def write_again(lines: list[Line], keys: Keys) -> list[bytes]:
    """The changed record under a fresh and genuine seal: what is found must be found by the rules and the log."""
    out = Writing()
    body = [
        out.line(line["line"], {name: said for name, said in line.items() if name != "line"}) for line in lines[:-1]
    ]
    return [one.removesuffix(b"\n") for one in (*body, out.end(keys.receipts))]


async def test_a_bidding_with_pause_reserve_and_soft_close_replays_to_the_same_book_winner_and_price(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await bidding_with_all(market, book)
    lines = await record_of(means, trade.id)
    found = replayed(lines, trusted_by(means))
    assert (found.fault, found.not_checked) == (None, {})
    (lot,) = found.lots
    kept = await service.get_lot(market.tx, market.operator, trade.lot.id)
    awards = await service.list_awards(market.tx, market.operator, trade.id)
    assert (lot.bids, lot.chain) == (7, kept.chain)
    assert (lot.price_minor, lot.is_decided_again) == (54_000_000, True)
    assert [one.price.minor for one in awards] == [54_000_000, 52_000_000]
    assert found.held["verdict"] == 7
    assert {name for name in CHECKS if not found.held[name]} == {"opening", "panel", "afterwards"}
    bids = [line for line in read(lines) if line["line"] == "bid"]
    assert [line["verdict"] for line in bids] == [
        "leading",
        "trading.bid_too_low",
        "trading.bid_off_step",
        "leading",
        "leading",
        "leading",
        "trading.bid_too_low",
    ]
    # The soft close moved the end with the bids of the limited period, and each line says where to.
    assert bids[4]["effective_end"] < bids[5]["effective_end"] == bids[6]["effective_end"]


async def test_nothing_in_a_record_tells_who_bids(means: Means, market: Market, book: BidBook) -> None:
    trade = await bidding_with_all(market, book)
    text = b"\n".join(await record_of(means, trade.id)).decode()
    for buyer in market.buyers:
        assert str(buyer.org) not in text
        assert str(buyer.person) not in text
    # Who sells, and who runs the market, is no secret.
    assert str(market.seller.org) in text


async def test_a_falling_price_replays_to_the_price_of_the_moment(means: Means, market: Market, book: BidBook) -> None:
    trade = await falling(market, book)
    found = replayed(await record_of(means, trade.id), trusted_by(means))
    assert found.fault is None
    assert [(lot.bids, lot.price_minor, lot.runner_up) for lot in found.lots] == [(2, 75_000_000, None)]


async def test_a_fixed_price_replays_as_the_bidding_it_turned_into(means: Means, market: Market, book: BidBook) -> None:
    trade = await fixed(market, book, 600_000, 610_000)
    found = replayed(await record_of(means, trade.id), trusted_by(means))
    assert found.fault is None
    assert [(lot.method, lot.price_minor, lot.is_decided_again) for lot in found.lots] == [
        ("ONLINE_BIDDING", 61_000_000, True)
    ]


async def test_a_fixed_price_that_one_takes_replays_to_him(means: Means, tx: Tx, keys: Keys, book: BidBook) -> None:
    trade = await fixed(await a_market_at_work(tx, keys, buyers=1), book, 590_000, 600_000)
    found = replayed(await record_of(means, trade.id), trusted_by(means))
    assert found.fault is None
    assert [(lot.method, lot.bids, lot.price_minor) for lot in found.lots] == [("FIXED_PRICE", 2, 60_000_000)]


async def test_a_sealed_lot_is_opened_again_to_its_second_price(means: Means, tx: Tx, keys: Keys) -> None:
    lot = await a_sealed_lot(tx, keys, charge="SECOND_PRICE")
    for buyer, yuan in zip(lot.market.buyers, ("640000.00", "700000.00", None), strict=True):
        if yuan is not None:
            await lot.put(buyer, yuan)
    await lot.end()
    early = read(await record_of(means, lot.trade.id))
    assert {line["line"] for line in early} == {"record", "entry", "lot", "turn", "result", "end"}
    await lot.open()
    lines = await record_of(means, lot.trade.id)
    found = replayed(lines, trusted_by(means))
    assert found.fault is None
    winner = await lot.number_of(lot.market.buyers[1])
    runner_up = await lot.number_of(lot.market.buyers[0])
    (told,) = found.lots
    assert (told.winner, told.price_minor, told.runner_up) == (winner, 64_000_000, runner_up)
    assert found.held["opening"] == 3
    for change, check in SEALED_CHANGES.items():
        changed = read(lines)
        change(changed)
        assert named(write_again(changed, means.keys), means) == check


async def test_a_scored_lot_replays_by_its_formula_and_the_panels_sheets(means: Means, market: Market) -> None:
    lot, panel = await a_scored_lot(market, "600000.00", "500000.00")
    for expert in panel:
        await mark(lot, expert, "60", "90")
    lines = await record_of(means, lot.trade.id)
    found = replayed(lines, trusted_by(means))
    assert found.fault is None
    assert [(one.price_minor, one.is_decided_again) for one in found.lots] == [(50_000_000, True)]
    assert found.held["panel"] == 1
    changed = read(lines)
    marks = next(line for line in changed if line["line"] == "scores")
    marks["document"]["sheets"][0]["marks"][0]["points"] = "100"
    assert named(write_again(changed, means.keys), means) == "panel"


async def test_a_negotiation_tells_its_public_part_and_no_offer(means: Means, market: Market) -> None:
    trade = await talks(market)
    made = await offer(market, market.buyers[0], trade, 640_000)
    await service.accept_offer(market.tx, market.seller, made.id, document_sha256=made.document_sha256)
    lines = await record_of(means, trade.id)
    found = replayed(lines, trusted_by(means))
    assert found.fault is None
    assert [(lot.price_minor, lot.is_decided_again) for lot in found.lots] == [(64_000_000, False)]
    assert made.document_sha256.encode() not in b"".join(lines)


# --- what does not --------------------------------------------------------------------------------------------------


def the(lines: list[Line], kind: str, n: int = 0) -> Line:
    return [line for line in lines if line["line"] == kind][n]


def turn(lines: list[Line], what: str) -> Line:
    return next(line for line in lines if line["line"] == "turn" and line["what"] == what)


def set_to(kind: str, n: int, **said: Any) -> Callable[[list[Line]], None]:
    return lambda lines: the(lines, kind, n).update(said)


def swap_bids(lines: list[Line]) -> None:
    first, second = (lines.index(the(lines, "bid", n)) for n in (0, 1))
    lines[first], lines[second] = lines[second], lines[first]


def other_winner(lines: list[Line]) -> None:
    award = the(lines, "result")["awards"][0]
    award["number"] = next(
        line["bidder"] for line in lines if line["line"] == "bid" and line["bidder"] != award["number"]
    )


def other_price(lines: list[Line]) -> None:
    the(lines, "result")["awards"][0]["price_minor"] -= 1_000_000


def longer_pause(lines: list[Line]) -> None:
    at = datetime.fromisoformat(turn(lines, "resumed")["at"]) + timedelta(seconds=1)
    turn(lines, "resumed")["at"] = at.isoformat(timespec="microseconds")


def forge(kind: str) -> Callable[[list[Line]], None]:
    def change(lines: list[Line]) -> None:
        entry = next(line for line in lines if line["line"] == "entry" and f'"{kind}"' in line["row"])
        entry["path"][0] = "00" * 32

    return change


def lie(kind: str, was: str, now: str) -> Callable[[list[Line]], None]:
    def change(lines: list[Line]) -> None:
        entry = next(line for line in lines if line["line"] == "entry" and f'"{kind}"' in line["row"])
        assert was in entry["row"]
        entry["row"] = entry["row"].replace(was, now)

    return change


def drop(kind: str, n: int = 0) -> Callable[[list[Line]], None]:
    return lambda lines: lines.remove(the(lines, kind, n))


def drop_entry(kind: str) -> Callable[[list[Line]], None]:
    return lambda lines: lines.remove(
        next(line for line in lines if line["line"] == "entry" and f'"{kind}"' in line["row"])
    )


def without_pause(lines: list[Line]) -> None:
    for what in ("paused", "resumed"):
        lines.remove(turn(lines, what))
    for n, one in enumerate((line for line in lines if line["line"] == "turn"), start=1):
        one["n"] = n


def other_terms(lines: list[Line]) -> None:
    lines[0]["terms"]["lots"][0]["increment"]["amount"] = "1000.00"


CHANGES: dict[str, tuple[Callable[[list[Line]], None], str]] = {
    "the amount of a refused bid": (set_to("bid", 1, amount_minor=50_000_100), "chain"),
    "the amount of a leading bid": (set_to("bid", 0, amount_minor=51_000_000), "chain"),
    "a verdict": (set_to("bid", 1, verdict="leading"), "verdict"),
    "what would have been enough": (set_to("bid", 1, least_minor=1), "verdict"),
    "where a bid left the end": (set_to("bid", 5, effective_end="2026-03-16T00:00:00.000000+00:00"), "verdict"),
    "who bid": (set_to("bid", 0, bidder=999_999), "chain"),
    "a link of the chain": (set_to("bid", 2, chain="00" * 32), "chain"),
    "the order": (swap_bids, "order"),
    "a bid left out": (drop("bid", 1), "batches"),
    "the last bid left out": (drop("bid", 6), "batches"),
    "another winner": (other_winner, "award"),
    "another price": (other_price, "award"),
    "a longer pause": (longer_pause, "times"),
    "no pause": (without_pause, "verdict"),
    "another reserve price": (set_to("reserve", 0, minor=1), "reserve"),
    "the reserve left out": (drop("reserve"), "reserve"),
    "a forged proof": (forge("trading.lot_closed"), "inclusion"),
    "another word in the log": (lie("trading.lot_closed", '"leading_minor":54', '"leading_minor":55'), "inclusion"),
    "an entry of the log left out": (drop_entry("trading.lot_closed"), "log"),
    "a batch left out": (drop_entry("trading.bids_decided"), "batches"),
    "the announcement left out": (drop_entry("trading.announced"), "log"),
    "other terms": (other_terms, "terms"),
    "the opening left out": (drop("turn", 0), "form"),
    "a turn left out": (drop("turn", 3), "times"),
    "the result left out": (drop("result"), "form"),
    "the lot left out": (drop("lot"), "form"),
}


def named(lines: list[bytes], means: Means) -> str | None:
    fault = replayed(lines, trusted_by(means)).fault
    return None if fault is None else fault.check


def another_quote(lines: list[Line]) -> None:
    next(line for line in lines if line["line"] == "envelope" and line["amount_minor"])["amount_minor"] += 100


def another_slot(lines: list[Line]) -> None:
    first, second = the(lines, "envelope", 0), the(lines, "envelope", 1)
    first["envelope"], first["sha256"] = second["envelope"], second["sha256"]


SEALED_CHANGES: dict[Callable[[list[Line]], None], str] = {
    another_quote: "opening",
    another_slot: "opening",
    drop("envelope"): "opening",
    set_to("opening", 0, private_key="11" * 32): "opening",
    set_to("envelope", 0, drawn=9): "opening",
    other_price: "award",
}


async def test_each_change_of_a_record_is_named_even_under_a_genuine_seal(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await bidding_with_all(market, book)
    lines = await record_of(means, trade.id)
    assert write_again(read(lines), means.keys) == lines
    found = {}
    for what, (change, _) in CHANGES.items():
        changed = deepcopy(read(lines))
        change(changed)
        found[what] = named(write_again(changed, means.keys), means)
    assert found == {what: check for what, (_, check) in CHANGES.items()}


async def test_a_record_that_was_cut_off_respelled_or_sealed_by_another_is_not_ours(
    means: Means, market: Market, book: BidBook
) -> None:
    trade = await bidding_with_all(market, book)
    lines = await record_of(means, trade.id)
    assert named(lines[:-1], means) == "seal"
    assert named([*lines, lines[1]], means) == "form"
    assert named([lines[0].replace(b'":', b'": ', 1), *lines[1:]], means) == "form"
    other = market_keys.for_tests()
    assert named([*lines[:-1], Writing().end(other.receipts).removesuffix(b"\n")], means) == "seal"
    reason = spelled([line | ({"reason": "another"} if line.get("what") == "paused" else {}) for line in read(lines)])
    assert named(reason, means) == "seal"
    # Under keys that somebody else trusts it is nobody's record.
    assert replayed(lines, {}).fault is not None


async def test_the_record_comes_with_the_first_lot_that_is_over_and_of_no_hidden_trade(
    means: Means, market: Market, book: BidBook
) -> None:
    draft = await a_draft(market)
    with pytest.raises(NotFound):
        await shown(means, draft.id)
    trade = await an_open_trade(market)
    with pytest.raises(errors.RecordNotYet) as refused:
        await shown(means, trade.id)
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert refused.value.facts["effective_end"] == lot.effective_end
    await close(market, trade)
    # Nobody bid, and no checkpoint covers anything yet: it replays all the same, and says what it could not check.
    found = replayed(await shown(means, trade.id), trusted_by(means))
    assert found.fault is None
    assert found.held["inclusion"] == 0
    assert found.not_checked["no checkpoint yet"] == 1


async def test_ten_thousand_bids_are_written_and_replayed_in_flat_memory(
    means: Means, market: Market, book: BidBook, tmp_path: Path
) -> None:
    trade = await an_open_trade(market)
    place, lot_id = book.place, trade.lot.id
    step, start = 1_000_000, 50_000_000
    for block in range(0, 10_000, 500):
        await asyncio.gather(
            *[
                place(lot_id, org_id=market.buyers[n % 2].org, minor=start + n // 2 * step, key=f"{n}")
                for n in range(block, block + 500)
            ]
        )
    await close(market, trade)
    (tmp_path / "short").write_bytes(b"\n".join(await record_of(means, trade.id)) + b"\n")
    tracemalloc.start()
    try:
        found = replay_file(tmp_path / "short", trusted_by(means))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.fault is None
    assert (found.held["verdict"], found.lots[0].bids) == (10_000, 10_000)
    assert most < 2 * 1024 * 1024 < (tmp_path / "short").stat().st_size


# --- the command ----------------------------------------------------------------------------------------------------


async def test_the_command_says_what_it_checked_and_ends_with_one_for_the_first_line_that_does_not_fit(
    means: Means, market: Market, book: BidBook, tmp_path: Path
) -> None:
    trade = await bidding_with_all(market, book)
    lines = await record_of(means, trade.id)
    file, said = tmp_path / "record.jsonl", Console(record=True, width=160, file=StringIO())
    file.write_bytes(b"\n".join(lines) + b"\n")
    assert replay_path(file, None, said) == 0
    text = said.export_text()
    assert "540000.00" in text
    assert "every line fits" in text
    assert "keys were taken from the record itself" in text
    changed = read(lines)
    other_price(changed)
    file.write_bytes(b"\n".join(write_again(changed, means.keys)) + b"\n")
    assert replay_path(file, None, said) == 1
    text = said.export_text()
    place = 1 + next(n for n, line in enumerate(changed) if line["line"] == "result")
    assert f"line {place} does not fit: award" in text
    assert replay_path(tmp_path / "nothing", None, said) == 3
    (tmp_path / "keys.json").write_text("{}")
    assert replay_path(file, tmp_path / "keys.json", said) == 3


EXAMPLE = Path(__file__).parents[2] / "docs" / "record.example.jsonl"


def test_the_example_of_the_page_replays_and_the_page_names_every_field_of_it() -> None:
    raw = EXAMPLE.read_bytes().splitlines()
    found = replayed(raw)
    assert found.fault is None
    assert [(lot.bids, lot.price_minor, lot.is_decided_again) for lot in found.lots] == [(7, 54_000_000, True)]
    assert found.held["inclusion"] > 10
    page = EXAMPLE.with_name("record.md").read_text()
    rows = [[cell.strip() for cell in row.split("|")[1:3]] for row in page.splitlines() if row.startswith("| ")]
    named: dict[str, set[str]] = {}
    kind = ""
    for first, second in rows:
        kind = first.strip("`") or kind
        named.setdefault(kind, set()).update(re.findall(r"`([a-z_0-9]+)`", second))
    for line in read(raw):
        assert set(line) - {"line"} <= named[line["line"]], line["line"]
    lines = {line["line"] for line in read(raw)}
    assert lines == {"record", "lot", "turn", "bid", "reserve", "result", "entry", "end"}


async def test_anybody_takes_the_record_over_http_and_nobody_before_a_lot_is_over(
    api: Api, means: Means, market: Market, book: BidBook
) -> None:
    trade = await an_open_trade(market)
    early = await api.get(f"/v1/trades/{trade.id}/record")
    assert (early.status_code, early.json()["code"]) == (409, "trading.record_not_yet")
    await bid(book, market, trade, 500_000, 510_000)
    await close(market, trade)
    answer = await api.get(f"/v1/trades/{trade.id}/record")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    found = replayed(answer.content.splitlines(), trusted_by(means))
    assert found.fault is None
    assert [lot.price_minor for lot in found.lots] == [51_000_000]
