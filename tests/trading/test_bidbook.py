"""The bid book under load, retries, poison and two processes: gapless, rising, chained, never twice."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound
from techmarket.trading import batch, errors, rules
from techmarket.trading.bidbook import Answer, BidBook
from techmarket.trading.lifecycle import SeatState
from techmarket.trading.receipts import verify_receipt
from tests.trading.make import OpenLot, an_open_lot, bidders, end_now


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def rows(tx: Tx, sql: str, **params: Any) -> Sequence[Any]:
    async with tx.read() as db:
        return (await db.execute(text(sql), params)).all()


async def check_the_book(tx: Tx, lot_id: UUID, increment: int = 1_000_000) -> Sequence[Any]:
    """Whatever happened: no gap, accepted amounts rise by the increment, the lot tells the highest, the chain holds."""
    bids = await rows(
        tx, "SELECT seq, bidder, minor, verdict, at, chain FROM bid WHERE lot_id = :l ORDER BY seq", l=lot_id
    )
    lot = (
        await rows(
            tx, "SELECT l.*, t.terms_sha256 FROM lot l JOIN trade t ON t.id = trade_id WHERE l.id = :l", l=lot_id
        )
    )[0]
    assert [bid.seq for bid in bids] == list(range(1, len(bids) + 1))
    assert lot.seq == len(bids)
    accepted = [bid for bid in bids if bid.verdict == rules.LEADING]
    amounts = [bid.minor for bid in accepted]
    assert all(later - earlier >= increment for earlier, later in itertools.pairwise(amounts))
    assert lot.leading_minor == (max(amounts) if amounts else None)
    assert lot.leading_seq == (accepted[-1].seq if accepted else None)
    chain = rules.first_chain(lot_id, lot.terms_sha256)
    for bid in bids:
        body = rules.canonical_decision(
            lot_id=lot_id, seq=bid.seq, bidder=bid.bidder, minor=bid.minor, verdict=bid.verdict, at=bid.at
        )
        chain = rules.next_chain(chain, body)
        assert bid.chain == chain
    assert lot.chain == chain
    assert [bid.at for bid in bids] == sorted(bid.at for bid in bids)
    await check_the_journal(tx, lot_id, len(bids), chain)
    return bids


async def check_the_journal(tx: Tx, lot_id: UUID, entries: int, chain: bytes) -> None:
    """Every entry of the book stands under exactly one journal row, in order, and the last row has the book's chain."""
    noted = await rows(
        tx,
        "SELECT facts FROM journal_entry WHERE kind = 'trading.bids_decided' AND refs ? :r ORDER BY seq",
        r=f"lot:{lot_id}",
    )
    spans = [(row.facts["seq_from"], row.facts["seq_to"]) for row in noted]
    assert [seq for first, last in spans for seq in range(first, last + 1)] == list(range(1, entries + 1))
    if noted:
        assert noted[-1].facts["chain"] == chain.hex()


async def test_the_first_bid_leads_and_its_receipt_verifies(tx: Tx, keys: Keys, book: BidBook) -> None:
    (who,) = await bidders(tx, 1)
    lot = await an_open_lot(tx, [who])
    answer = await book.place(lot.id, org_id=who.org, minor=50_000_000, key="a")
    assert (answer.entry.seq, answer.entry.verdict, answer.entry.minor, answer.is_repeated) == (
        1,
        "leading",
        50_000_000,
        False,
    )
    shown = answer.receipt.shown()
    assert verify_receipt(shown, keys.receipts.public)
    assert not verify_receipt({**shown, "amount": {"amount": "500000.01", "currency": "CNY"}}, keys.receipts.public)
    assert not verify_receipt({**shown, "verdict": "trading.bid_too_low"}, keys.receipts.public)
    await check_the_book(tx, lot.id)


async def test_a_refused_bid_is_on_record_with_what_would_have_been_enough(tx: Tx, keys: Keys, book: BidBook) -> None:
    one, two = await bidders(tx, 2)
    lot = await an_open_lot(tx, [one, two])
    await book.place(lot.id, org_id=one.org, minor=60_000_000, key="a")
    answer = await book.place(lot.id, org_id=two.org, minor=60_500_000, key="a")
    assert (answer.entry.seq, answer.entry.verdict, answer.least_minor) == (2, "trading.bid_too_low", 61_000_000)
    assert verify_receipt(answer.receipt.shown(), keys.receipts.public)
    assert [bid.verdict for bid in await check_the_book(tx, lot.id)] == ["leading", "trading.bid_too_low"]


async def test_twenty_equal_bids_at_once_have_one_leader(tx: Tx, book: BidBook) -> None:
    who = await bidders(tx, 20)
    lot = await an_open_lot(tx, who)
    answers = await asyncio.gather(*[book.place(lot.id, org_id=a.org, minor=50_000_000, key="k") for a in who])
    assert sorted(a.entry.verdict for a in answers) == ["leading"] + ["trading.bid_too_low"] * 19
    await check_the_book(tx, lot.id)


async def _bid_on(books: Sequence[BidBook], lots: Sequence[OpenLot], who: Sequence[Any], rounds: int) -> list[Answer]:
    """Everyone looks at what would be enough and bids about that, again and again, through any of the books."""
    chance = random.Random(7)

    async def one(n: int, actor: Any) -> list[Answer]:
        answers, least = [], dict.fromkeys((lot.id for lot in lots), 50_000_000)
        for turn in range(rounds):
            lot = lots[(n + turn) % len(lots)]
            minor = least[lot.id] + chance.choice([-1_000_000, 0, 0, 1_000_000, 500_000])
            book = books[(n + turn) % len(books)]
            answer = await book.place(lot.id, org_id=actor.org, minor=minor, key=f"{n}-{turn}")
            least[lot.id] = max(least[lot.id], answer.least_minor + (1_000_000 if answer.is_accepted else 0))
            answers.append(answer)
        return answers

    return [a for some in await asyncio.gather(*[one(n, actor) for n, actor in enumerate(who)]) for a in some]


async def test_64_bidders_on_one_lot_leave_a_gapless_rising_chained_book(tx: Tx, keys: Keys, book: BidBook) -> None:
    who = await bidders(tx, 64)
    lot = await an_open_lot(tx, who)
    answers = await _bid_on([book], [lot], who, rounds=10)
    assert {a.entry.seq for a in answers} == set(range(1, 641))
    assert all(verify_receipt(a.receipt.shown(), keys.receipts.public) for a in answers[::7])
    assert book.batches < 640
    await check_the_book(tx, lot.id)


async def test_64_bidders_on_several_lots_through_two_processes_leave_every_book_right(tx: Tx, keys: Keys) -> None:
    who = await bidders(tx, 64)
    lots = [await an_open_lot(tx, who) for _ in range(4)]
    async with BidBook(tx.engine, keys.receipts) as one, BidBook(tx.engine, keys.receipts) as two:
        answers = await _bid_on([one, two], lots, who, rounds=8)
        assert one.batches > 0
        assert two.batches > 0
    told = {(a.entry.lot_id, a.entry.seq): a.entry for a in answers}
    assert len(told) == 512
    for lot in lots:
        for bid in await check_the_book(tx, lot.id):
            entry = told[lot.id, bid.seq]
            assert (entry.minor, entry.verdict, entry.chain) == (bid.minor, bid.verdict, bid.chain)


async def test_two_processes_on_one_hot_lot_leave_one_book(tx: Tx, keys: Keys) -> None:
    who = await bidders(tx, 32)
    lot = await an_open_lot(tx, who)
    async with BidBook(tx.engine, keys.receipts) as one, BidBook(tx.engine, keys.receipts) as two:
        answers = await _bid_on([one, two], [lot], who, rounds=10)
    assert {a.entry.seq for a in answers} == set(range(1, 321))
    await check_the_book(tx, lot.id)


async def test_the_same_key_and_amount_gets_the_first_decision_again_in_a_batch_across_batches_and_across_books(
    tx: Tx, keys: Keys, book: BidBook
) -> None:
    one, two = await bidders(tx, 2)
    lot = await an_open_lot(tx, [one, two])
    first, second = await asyncio.gather(
        *[book.place(lot.id, org_id=one.org, minor=50_000_000, key="same") for _ in range(2)]
    )
    await book.place(lot.id, org_id=two.org, minor=70_000_000, key="same")  # another participant's keys are his own
    later = await book.place(lot.id, org_id=one.org, minor=50_000_000, key="same")
    async with BidBook(tx.engine, keys.receipts) as other:
        elsewhere = await other.place(lot.id, org_id=one.org, minor=50_000_000, key="same")
    assert [a.is_repeated for a in (first, second, later, elsewhere)] == [False, True, True, True]
    assert {a.entry for a in (first, second, later, elsewhere)} == {first.entry}
    assert all(verify_receipt(a.receipt.shown(), keys.receipts.public) for a in (second, later, elsewhere))
    assert len(await check_the_book(tx, lot.id)) == 2


async def test_one_key_through_many_books_at_once_is_one_bid(tx: Tx, keys: Keys) -> None:
    (who,) = await bidders(tx, 1)
    lot = await an_open_lot(tx, [who])
    books = [BidBook(tx.engine, keys.receipts) for _ in range(4)]
    answers = await asyncio.gather(
        *[books[n % 4].place(lot.id, org_id=who.org, minor=50_000_000, key="k") for n in range(40)]
    )
    for each in books:
        await each.aclose()
    assert {(a.entry.seq, a.entry.verdict) for a in answers} == {(1, "leading")}
    assert [a.is_repeated for a in answers].count(False) == 1
    assert len(await check_the_book(tx, lot.id)) == 1


async def test_the_same_key_with_another_amount_is_refused_and_nothing_is_entered(tx: Tx, book: BidBook) -> None:
    (who,) = await bidders(tx, 1)
    lot = await an_open_lot(tx, [who])
    await book.place(lot.id, org_id=who.org, minor=50_000_000, key="k")
    with pytest.raises(errors.BidKeyReused):
        await book.place(lot.id, org_id=who.org, minor=51_000_000, key="k")
    results = await asyncio.gather(
        book.place(lot.id, org_id=who.org, minor=52_000_000, key="n"),
        book.place(lot.id, org_id=who.org, minor=53_000_000, key="n"),
        return_exceptions=True,
    )
    assert isinstance(results[0], Answer)
    assert isinstance(results[1], errors.BidKeyReused)
    assert [bid.minor for bid in await check_the_book(tx, lot.id)] == [50_000_000, 52_000_000]


async def test_a_poisoned_bid_fails_alone(tx: Tx, book: BidBook) -> None:
    who = await bidders(tx, 9)
    lot = await an_open_lot(tx, who)
    bids = [
        book.place(lot.id, org_id=a.org, minor=50_000_000 + n * 1_000_000, key="k\x00" if n == 4 else "k")
        for n, a in enumerate(who)
    ]
    results = await asyncio.gather(*bids, return_exceptions=True)
    assert isinstance(results[4], asyncpg.PostgresError)
    assert [r.entry.verdict for n, r in enumerate(results) if isinstance(r, Answer)] == ["leading"] * 8
    assert [bid.minor // 1_000_000 for bid in await check_the_book(tx, lot.id)] == [50, 51, 52, 53, 55, 56, 57, 58]


async def test_an_amount_that_fits_no_column_fails_alone(tx: Tx, book: BidBook) -> None:
    one, two = await bidders(tx, 2)
    lot = await an_open_lot(tx, [one, two])
    huge, fair = await asyncio.gather(
        book.place(lot.id, org_id=one.org, minor=50_000_000 + 10**24, key="k"),
        book.place(lot.id, org_id=two.org, minor=50_000_000, key="k"),
        return_exceptions=True,
    )
    assert isinstance(huge, Exception)
    assert isinstance(fair, Answer)
    assert fair.is_accepted
    await check_the_book(tx, lot.id)


async def test_a_client_that_is_gone_disturbs_nobody_and_its_bid_is_found_by_its_key(tx: Tx, book: BidBook) -> None:
    one, two = await bidders(tx, 2)
    lot = await an_open_lot(tx, [one, two])
    gone = asyncio.create_task(book.place(lot.id, org_id=one.org, minor=50_000_000, key="k"))
    await asyncio.sleep(0)
    gone.cancel()
    stays = await book.place(lot.id, org_id=two.org, minor=51_000_000, key="k")
    assert (stays.entry.seq, stays.is_accepted) == (2, True)
    again = await book.place(lot.id, org_id=one.org, minor=50_000_000, key="k")
    assert (again.entry.seq, again.is_repeated, again.is_accepted) == (1, True, True)
    await check_the_book(tx, lot.id)


async def test_a_lost_connection_is_a_busy_answer_to_each_and_the_next_bid_works(tx: Tx, book: BidBook) -> None:
    who = await bidders(tx, 5)
    lot = await an_open_lot(tx, who)
    await book.place(lot.id, org_id=who[0].org, minor=50_000_000, key="first")
    async with tx.begin() as blocker:
        await blocker.execute(text("SELECT 1 FROM lot WHERE id = :l FOR UPDATE"), {"l": lot.id})
        waiting = [asyncio.create_task(book.place(lot.id, org_id=a.org, minor=51_000_000, key="second")) for a in who]
        await asyncio.sleep(0.2)
        killed = await blocker.execute(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        )
        assert killed.scalar_one() == 1
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [errors.BookBusy] * 5
    assert all(result.retry_after >= 1 for result in results if isinstance(result, errors.BookBusy))
    retried = await book.place(lot.id, org_id=who[0].org, minor=51_000_000, key="second")
    assert (retried.entry.seq, retried.is_repeated) == (2, False)
    await check_the_book(tx, lot.id)


async def test_who_is_not_ready_is_refused_on_record_and_a_stranger_without_one(tx: Tx, book: BidBook) -> None:
    one, stranger = await bidders(tx, 2)
    lot = await an_open_lot(tx, [one], state=SeatState.WAITING)
    answer = await book.place(lot.id, org_id=one.org, minor=50_000_000, key="k")
    assert (answer.entry.verdict, answer.entry.seq) == ("trading.not_qualified", 1)
    with pytest.raises(errors.NotAParticipant):
        await book.place(lot.id, org_id=stranger.org, minor=50_000_000, key="k")
    with pytest.raises(NotFound):
        await book.place(new_id(), org_id=one.org, minor=50_000_000, key="k")
    assert len(await check_the_book(tx, lot.id)) == 1


async def test_after_the_end_a_bid_is_refused_on_record_and_moves_nothing(tx: Tx, book: BidBook) -> None:
    one, two = await bidders(tx, 2)
    lot = await an_open_lot(tx, [one, two])
    await book.place(lot.id, org_id=one.org, minor=50_000_000, key="k")
    await end_now(tx, lot.id)
    late = await book.place(lot.id, org_id=two.org, minor=60_000_000, key="k")
    assert (late.entry.verdict, late.entry.seq) == ("trading.bidding_over", 2)
    row = (await rows(tx, "SELECT leading_minor, leading_bidder FROM lot WHERE id = :l", l=lot.id))[0]
    assert (row.leading_minor, row.leading_bidder) == (50_000_000, 1001)


async def test_a_bid_in_the_limited_period_moves_the_end_and_a_refused_one_does_not(tx: Tx, book: BidBook) -> None:
    one, two = await bidders(tx, 2)
    lot = await an_open_lot(tx, [one, two], free_seconds=60, limited_seconds=100, opened_ago=timedelta(seconds=130))
    before = (await rows(tx, "SELECT effective_end FROM lot WHERE id = :l", l=lot.id))[0].effective_end
    refused = await book.place(lot.id, org_id=one.org, minor=1, key="k")
    assert refused.effective_end == before
    led = await book.place(lot.id, org_id=two.org, minor=50_000_000, key="k")
    assert led.effective_end == led.entry.at + timedelta(seconds=100)
    assert led.effective_end > before


async def test_a_stopping_book_answers_what_it_took_and_takes_nothing_more(tx: Tx, keys: Keys) -> None:
    who = await bidders(tx, 8)
    lot = await an_open_lot(tx, who)
    book = BidBook(tx.engine, keys.receipts)
    taken = [asyncio.create_task(book.place(lot.id, org_id=a.org, minor=50_000_000, key="k")) for a in who]
    await asyncio.sleep(0)
    await book.aclose()
    assert sorted(a.entry.seq for a in await asyncio.gather(*taken)) == list(range(1, 9))
    with pytest.raises(errors.BookBusy):
        await book.place(lot.id, org_id=who[0].org, minor=51_000_000, key="late")
    await check_the_book(tx, lot.id)


async def test_a_plan_made_for_an_empty_book_still_looks_up_by_key(tx: Tx, book: BidBook) -> None:
    """Before the server has counted the rows, a whole-table look is the cheaper plan, and soon the slower one."""
    with pytest.raises(NotFound):
        await book.place(new_id(), org_id=new_id(), minor=1, key="opens the book's own connection")
    connection = book._connection
    for query, wanted in ((batch.LOCK, "pk_lot"), (batch.LOOK_UP, "uq_bid_participant_id_key")):
        name = f"looked_at_{wanted}"
        await connection.execute(f"PREPARE {name} AS {query}")
        blank = ", ".join("NULL" for _ in range(query.count("[]")))
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE {name}({blank})"))
        assert wanted in plan
        assert "Seq Scan" not in plan.replace("Seq Scan on market_clock", "")
        if wanted == "uq_bid_participant_id_key":
            assert "key" in plan.split(wanted)[1].split("Index Cond")[1].splitlines()[0]


async def test_a_bid_where_nobody_of_the_batch_may_bid_waits_for_nothing_that_is_done_to_that_lot(
    tx: Tx, book: BidBook
) -> None:
    who = await bidders(tx, 2)
    hot, other, sealed = await an_open_lot(tx, who), await an_open_lot(tx, []), await an_open_lot(tx, who)
    async with tx.begin() as db:
        await db.execute(text("UPDATE lot SET method = 'SEALED' WHERE id = :id"), {"id": sealed.id})
    async with tx.engine.connect() as holding:
        ids = [other.id, sealed.id]
        await holding.execute(text("SELECT 1 FROM lot WHERE id = ANY(:ids) FOR UPDATE"), {"ids": ids})
        stranger, misled, first = await asyncio.wait_for(
            asyncio.gather(
                book.place(other.id, org_id=who[0].org, minor=1, key="a"),
                book.place(sealed.id, org_id=who[0].org, minor=1, key="b"),
                book.place(hot.id, org_id=who[1].org, minor=50_000_000, key="c"),
                return_exceptions=True,
            ),
            4,
        )
    assert isinstance(stranger, errors.NotAParticipant)
    assert isinstance(misled, errors.NoBiddingHere)
    assert not isinstance(first, BaseException)
    assert first.is_accepted


async def test_a_full_queue_is_a_busy_answer_not_a_wait(tx: Tx, keys: Keys) -> None:
    who = await bidders(tx, 3)
    lot = await an_open_lot(tx, who)
    async with BidBook(tx.engine, keys.receipts, waiting_max=2) as book:
        results = await asyncio.gather(
            *[book.place(lot.id, org_id=a.org, minor=50_000_000, key="k") for a in who], return_exceptions=True
        )
    assert [isinstance(result, errors.BookBusy) for result in results] == [False, False, True]


async def test_an_entry_of_the_book_is_never_changed_or_removed(tx: Tx, book: BidBook) -> None:
    (who,) = await bidders(tx, 1)
    lot = await an_open_lot(tx, [who])
    await book.place(lot.id, org_id=who.org, minor=50_000_000, key="k")
    for sql in ("UPDATE bid SET minor = 1", "DELETE FROM bid"):
        with pytest.raises(Exception, match="never changed or removed"):
            async with tx.begin() as db:
                await db.execute(text(sql))
    await check_the_book(tx, lot.id)


async def test_an_entry_of_the_book_is_by_whoever_has_that_seat_on_the_lot_and_seats_stay(
    tx: Tx, book: BidBook
) -> None:
    one, other = await bidders(tx, 2)
    lot, elsewhere = await an_open_lot(tx, [one]), await an_open_lot(tx, [other])
    await book.place(lot.id, org_id=one.org, minor=50_000_000, key="k")
    forged = (
        "INSERT INTO bid (lot_id, seq, participant_id, bidder, minor, key, verdict, least_minor, at, chain)"
        " SELECT :lot, 2, {who}, {number}, minor, 'forged', verdict, least_minor, at, chain FROM bid"
        " WHERE lot_id = :lot"
    )
    stranger = "(SELECT participant_id FROM seat WHERE lot_id = :elsewhere)"
    for who, number in (("participant_id", "bidder + 1"), (stranger, "bidder"), ("gen_random_uuid()", "bidder")):
        query = text(forged.format(who=who, number=number))
        with pytest.raises(IntegrityError, match="has that seat"):
            async with tx.begin() as db:
                await db.execute(query, {"lot": lot.id, "elsewhere": elsewhere.id})
    for sql in ("DELETE FROM seat", "UPDATE seat SET number = number + 1"):
        with pytest.raises(Exception, match="never changed or removed"):
            async with tx.begin() as db:
                await db.execute(text(sql))
    await check_the_book(tx, lot.id)
