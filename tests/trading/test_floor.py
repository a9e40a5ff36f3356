"""A pause takes time from nobody and lets no bid slip through; the operator sees what runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.db import journal
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.trading import errors, rules, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import LotState, PauseCause
from tests.client import Api
from tests.identity.make import Keyed, a_market, an_organisation
from tests.notices.make import a_sandbox, move_to, shanghai
from tests.trading.make import OPENS, OpenLot, a_draft, a_market_at_work, an_open_lot, an_open_trade, bidders, end_now

START, STEP = 50_000_000, 1_000_000
CAUSE = {"cause": PauseCause.NETWORK_FAULT, "reason": "示例：市场网络故障，正在抢修"}


@dataclass(frozen=True)
class Floor:
    tx: Tx
    staff: Keyed
    who: list[Actor]
    lot: OpenLot
    book: BidBook

    @property
    def operator(self) -> Actor:
        return self.staff.actor

    async def row(self) -> Any:
        async with self.tx.read() as db:
            return (await db.execute(text("SELECT * FROM lot WHERE id = :id"), {"id": self.lot.id})).one()

    async def turns(self) -> list[Any]:
        async with self.tx.read() as db:
            query = text("SELECT * FROM lot_turn WHERE lot_id = :id ORDER BY n")
            return list((await db.execute(query, {"id": self.lot.id})).all())

    async def entries(self) -> list[Any]:
        async with self.tx.read() as db:
            query = text("SELECT seq, at, verdict FROM bid WHERE lot_id = :id ORDER BY seq")
            return list((await db.execute(query, {"id": self.lot.id})).all())

    async def bid(self, step: int) -> Any:
        buyer = self.who[step % len(self.who)]
        return await service.place_bid(self.book, buyer, self.lot.id, minor=START + step * STEP, key=f"step {step}")

    async def go_to(self, moment: datetime) -> None:
        await move_to(self.tx, moment)

    async def now(self) -> datetime:
        async with self.tx.read() as db:
            return await market_now(db)


@pytest.fixture
async def floor(tx: Tx, keys: Keys) -> AsyncIterator[Floor]:
    await a_sandbox(tx, OPENS)
    operator = (await a_market(tx, keys))["operator"]
    who = await bidders(tx, 2)
    lot = await an_open_lot(tx, who)
    async with BidBook(tx.engine, keys.receipts) as book:
        yield Floor(tx, operator, who, lot, book)


async def pause(floor: Floor, **more: Any) -> Any:
    return await service.pause_lot(floor.tx, floor.operator, floor.lot.id, **(CAUSE | more))


async def resume(floor: Floor) -> Any:
    return await service.resume_lot(floor.tx, floor.operator, floor.lot.id)


TIMES = ("free_ends_at", "effective_end", "hard_end")


# --- the time that is given back ------------------------------------------------------------------------------------


async def test_all_times_move_by_exactly_as_long_as_the_pause_was(floor):
    before = await floor.row()
    paused = await pause(floor)
    assert (paused.state, paused.pause.cause, paused.pause.reason) == (LotState.PAUSED, *CAUSE.values())
    during = await floor.row()
    assert [getattr(during, name) for name in TIMES] == [getattr(before, name) for name in TIMES]
    await floor.go_to(before.hard_end + timedelta(hours=5))
    resumed = await resume(floor)
    after, (_, turn) = await floor.row(), await floor.turns()
    given = turn.at - during.paused_at
    assert given > timedelta(days=1)
    assert [getattr(after, name) - getattr(before, name) for name in TIMES] == [given] * 3
    assert (resumed.state, resumed.pause, resumed.effective_end) == (LotState.OPEN, None, after.effective_end)
    assert (after.paused_at, after.pause_cause, after.pause_reason, after.resumes_at) == (None,) * 4
    assert (await floor.bid(0)).is_accepted


async def test_a_pause_is_on_record_with_its_cause_and_its_words_are_told_but_not_logged(floor):
    await floor.bid(0)
    await pause(floor)
    await resume(floor)
    async with floor.tx.begin() as db:
        await journal.sequence(db)
    async with floor.tx.read() as db:
        kinds = ["trading.lot_paused", "trading.lot_resumed"]
        noted = await journal.read(db, after=-1, kinds=kinds, limit=10)
    first, second = [entry.facts for entry in noted]
    assert (first["cause"], first["seq"], "resumes_at" in first) == ("NETWORK_FAULT", 1, False)
    assert second["paused_at"] == first["paused_at"]
    assert "示例" not in str(noted)
    paused, resumed = await floor.turns()
    assert [(one.what, one.seq, one.state) for one in (paused, resumed)] == [
        ("paused", 1, "PAUSED"),
        ("resumed", 1, "OPEN"),
    ]
    assert (paused.cause, paused.reason) == ("NETWORK_FAULT", CAUSE["reason"])
    assert (resumed.cause, resumed.reason) == (None, None)
    assert datetime.fromisoformat(first["paused_at"]) == paused.at
    assert datetime.fromisoformat(second["resumed_at"]) == resumed.at


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**9)), min_size=1, max_size=8),
    st.tuples(*[st.integers(1, 10**7)] * 3),
)
def test_whoever_is_paused_has_afterwards_the_time_he_had_before(pauses, lengths):
    free, limited, hard = (timedelta(milliseconds=n) for n in lengths)
    periods = rules.Periods(OPENS + free, OPENS + free + limited, OPENS + free + limited + hard)
    worked, now = timedelta(0), OPENS
    for ran, stood in pauses:
        now += timedelta(milliseconds=ran)
        worked += timedelta(milliseconds=ran)
        periods = rules.give_back(periods, timedelta(milliseconds=stood))
        now += timedelta(milliseconds=stood)
        assert periods.effective_end - now == free + limited - worked
        assert periods.hard_end - periods.effective_end == hard
        assert periods.effective_end - periods.free_ends_at == limited


# --- what a pause keeps out -----------------------------------------------------------------------------------------


async def test_a_bid_during_a_pause_is_refused_with_the_reason_and_takes_no_number(floor):
    await floor.bid(0)
    await pause(floor)
    with pytest.raises(errors.BiddingPaused) as refused:
        await floor.bid(1)
    assert refused.value.facts == CAUSE
    assert "恢复时会补回时间。" in refused.value.detail("zh-CN")
    assert refused.value.detail("en").endswith("the time is given back when it resumes.")
    assert len(await floor.entries()) == 1
    await resume(floor)
    assert (await floor.bid(1)).is_accepted, "the key of a bid that was not entered is as good as new"


async def test_a_bid_during_a_pause_hears_over_http_why_and_when_it_goes_on(floor, api: Api, keys: Keys):
    buyer = await an_organisation(floor.tx, keys=keys)
    lot = await an_open_lot(floor.tx, [buyer.actor])
    until = await floor.now() + timedelta(hours=2)
    await service.pause_lot(floor.tx, floor.operator, lot.id, resumes_at=until, **CAUSE)
    money = {"amount": {"amount": "500000.00", "currency": "CNY"}}
    answer = await api.post(f"/v1/lots/{lot.id}/bids", json=money, key=buyer.key, headers={"Accept-Language": "en"})
    body = answer.json()
    assert (answer.status_code, body["code"], body["cause"]) == (409, "trading.bidding_paused", "NETWORK_FAULT")
    assert datetime.fromisoformat(body["resumes_at"]) == until
    assert body["title"].endswith(f"It goes on at {body['resumes_at']}.")
    shown = (await api.get(f"/v1/lots/{lot.id}")).json()
    assert (shown["state"], shown["pause"]["reason"]) == ("PAUSED", CAUSE["reason"])
    assert shown["pause"]["resumes_at"] == body["resumes_at"]


async def test_a_paused_lot_is_not_closed_however_late_it_gets(floor):
    before = await floor.row()
    await pause(floor)
    await floor.go_to(before.hard_end + timedelta(days=1))
    assert await service.close_due(floor.tx) == 0
    assert not await service.close_if_due(floor.tx, floor.lot.id)
    assert (await floor.row()).state == "PAUSED"


async def test_what_was_said_to_go_on_at_an_hour_does_not_go_on_before(floor):
    until = await floor.now() + timedelta(hours=1)
    await pause(floor, resumes_at=until)
    with pytest.raises(errors.ResumesLater) as refused:
        await resume(floor)
    assert refused.value.facts == {"resumes_at": until}
    assert (await floor.row()).state == "PAUSED"
    await floor.go_to(until)
    assert (await resume(floor)).state is LotState.OPEN


async def test_at_the_hour_that_was_told_the_clock_lets_it_go_on_and_the_time_is_given_back(floor):
    before = await floor.row()
    until = await floor.now() + timedelta(hours=1)
    await pause(floor, resumes_at=until)
    assert await service.go_on_due(floor.tx) == 0
    await floor.go_to(until)
    assert await asyncio.gather(*[service.go_on_due(floor.tx) for _ in range(3)]) != [0, 0, 0]
    after = await floor.row()
    assert (after.state, after.resumes_at) == ("OPEN", None)
    assert after.effective_end - before.effective_end >= timedelta(minutes=59)
    assert [turn.what for turn in await floor.turns()] == ["paused", "resumed"]
    await pause(floor)
    assert await service.go_on_due(floor.tx) == 0  # no hour was told


async def test_a_pause_without_an_hour_ends_by_the_clock_after_the_longest_the_rulebook_knows(floor):
    before = await floor.row()
    await pause(floor)
    await floor.go_to(shanghai(2026, 4, 2, 23))  # paused on 2 March: a month ends with 2 April
    assert await service.go_on_due(floor.tx) == 0
    await floor.go_to(shanghai(2026, 4, 3))
    assert await service.go_on_due(floor.tx) == 1
    after, turns = await floor.row(), await floor.turns()
    assert (after.state, after.paused_at) == ("OPEN", None)
    assert after.hard_end - before.hard_end == turns[-1].at - turns[-2].at


@pytest.mark.parametrize("away", [timedelta(0), timedelta(seconds=-1), timedelta(days=181)])
async def test_an_hour_to_go_on_lies_ahead_and_not_years_away(floor, away):
    with pytest.raises(errors.TermsOutOfRange):
        await pause(floor, resumes_at=await floor.now() + away)
    assert (await floor.row()).state == "OPEN"
    assert await floor.turns() == []


async def test_a_lot_whose_time_has_run_out_cannot_be_paused_though_nobody_has_closed_it_yet(floor):
    await end_now(floor.tx, floor.lot.id)
    with pytest.raises(errors.BiddingOver):
        await pause(floor)
    assert (await floor.row()).state == "OPEN"


async def test_only_what_is_open_is_paused_and_only_what_is_paused_goes_on(floor):
    with pytest.raises(NotInThisState):
        await resume(floor)
    await pause(floor)
    with pytest.raises(NotInThisState):
        await pause(floor)
    assert [turn.what for turn in await floor.turns()] == ["paused"]


async def test_only_the_operator_pauses_and_sees_the_floor(floor, tx, keys):
    stranger = (await an_organisation(tx, keys=keys)).actor
    for actor in (stranger, floor.lot.seller, floor.who[0]):
        with pytest.raises(NotAllowed):
            await service.pause_lot(tx, actor, floor.lot.id, **CAUSE)
        with pytest.raises(NotAllowed):
            await service.list_floor(tx, actor, limit=10)
    assert (await floor.row()).state == "OPEN"
    await pause(floor)
    with pytest.raises(NotAllowed):
        await service.resume_lot(tx, floor.lot.seller, floor.lot.id)
    assert (await floor.row()).state == "PAUSED"


# --- races ----------------------------------------------------------------------------------------------------------


async def test_bids_that_race_with_a_pause_are_entered_before_it_or_not_at_all(floor):
    await floor.bid(0)
    others = [asyncio.create_task(floor.bid(step)) for step in range(1, 13)]
    await asyncio.sleep(0)
    await pause(floor)
    late = await asyncio.gather(*[floor.bid(step) for step in range(13, 17)], return_exceptions=True)
    said = await asyncio.gather(*others, return_exceptions=True)
    (turn,) = await floor.turns()
    book = await floor.entries()
    assert [type(one) for one in late] == [errors.BiddingPaused] * 4
    assert all(entry.at <= turn.at for entry in book)
    assert turn.seq == len(book) == 1 + sum(not isinstance(one, Refusal) for one in said)
    assert {type(one) for one in said if isinstance(one, Refusal)} <= {errors.BiddingPaused}


async def test_a_resumption_and_the_closing_job_at_once_leave_the_lot_open_with_all_its_time(floor):
    before = await floor.row()
    await pause(floor)
    await floor.go_to(before.hard_end + timedelta(hours=1))
    done = await asyncio.gather(resume(floor), *[service.close_if_due(floor.tx, floor.lot.id) for _ in range(4)])
    assert done[1:] == [False] * 4
    after, turns = await floor.row(), await floor.turns()
    assert after.state == "OPEN"
    assert after.effective_end - turns[1].at == before.effective_end - turns[0].at


async def test_a_pause_and_the_closing_job_at_the_end_leave_the_lot_closed(tx: Tx, keys: Keys):
    town = await a_market_at_work(tx, keys, buyers=1)
    lot = (await an_open_trade(town)).lot
    await end_now(tx, lot.id)
    closed, paused = await asyncio.gather(
        service.close_if_due(tx, lot.id), service.pause_lot(tx, town.operator, lot.id, **CAUSE), return_exceptions=True
    )
    assert closed is True
    assert isinstance(paused, errors.BiddingOver | NotInThisState)
    async with tx.read() as db:
        turns = text("SELECT what FROM lot_turn WHERE lot_id = :id ORDER BY n")
        assert (await db.execute(turns, {"id": lot.id})).scalars().all() == ["opened", "closed", "unsold"]


async def test_of_many_who_resume_at_once_one_gives_the_time_back(floor):
    before = await floor.row()
    await pause(floor)
    await floor.go_to(await floor.now() + timedelta(hours=3))
    said = await asyncio.gather(*[resume(floor) for _ in range(4)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in said) == ["LotView"] + ["NotInThisState"] * 3
    after, (paused, resumed) = await floor.row(), await floor.turns()
    assert after.hard_end - before.hard_end == resumed.at - paused.at


# --- the turns that watchers are told -------------------------------------------------------------------------------


async def test_a_turn_once_told_stays_as_it_was(floor):
    await pause(floor)
    for change in ("UPDATE lot_turn SET what = 'opened'", "DELETE FROM lot_turn"):
        with pytest.raises(Exception, match=r"stays|changed|refuse"):
            async with floor.tx.begin() as db:
                await db.execute(text(change))
    assert [turn.what for turn in await floor.turns()] == ["paused"]


async def test_a_bid_is_no_turn_and_every_move_of_the_state_is_one(floor):
    moves = [
        ("PAUSED", "paused_at = market_now(), pause_cause = 'OTHER'", ["paused"]),
        ("OPEN", "paused_at = NULL", ["resumed"]),
        ("EVALUATING", "closed_at = market_now()", ["closed"]),
        ("EVALUATING", "step = 'RESERVE', step_due_at = market_now()", ["step"]),
        ("EVALUATING", "step_due_at = market_now() + interval '1 day'", ["step"]),
        ("EVALUATING", "step_due_at = step_due_at", []),
        ("AWARDED", "step = NULL, step_due_at = NULL", ["awarded"]),
        ("CONCLUDED", "", ["concluded"]),
        ("UNSOLD", "", ["unsold"]),
    ]
    await floor.bid(0)
    assert await floor.turns() == []
    told: list[str] = []
    for state, more, turns in moves:
        async with floor.tx.begin() as db:
            change = f"UPDATE lot SET state = '{state}'{', ' if more else ''}{more} WHERE id = :id"
            await db.execute(text(change), {"id": floor.lot.id})
        told += turns
        rows = await floor.turns()
        assert [(row.n, row.what) for row in rows] == list(enumerate(told, start=1))
        assert not turns or rows[-1].state == state


# --- the floor ------------------------------------------------------------------------------------------------------


async def test_the_floor_shows_what_runs_whatever_is_due_first_on_top(floor, api: Api):
    tx = floor.tx
    await floor.bid(0)
    later = await an_open_lot(tx, floor.who[:1], free_seconds=7200)
    waits, steps, over = [await an_open_lot(tx, []) for _ in range(3)]
    await service.pause_lot(tx, floor.operator, waits.id, **CAUSE)
    async with tx.begin() as db:
        await db.execute(
            text(
                "UPDATE lot SET state = 'EVALUATING', step = 'RESERVE', closed_at = market_now(),"
                " step_due_at = market_now() + interval '1 minute' WHERE id = :id"
            ),
            {"id": steps.id},
        )
        await db.execute(text("UPDATE lot SET state = 'UNSOLD' WHERE id = :id"), {"id": over.id})
    seen, address = [], "/v1/trading/floor?limit=3"
    while address:
        page = await api.get(address, key=floor.staff.key)
        assert page.status_code == 200, page.text
        seen += page.json()["items"]
        cursor = page.json()["next_cursor"]
        address = f"/v1/trading/floor?limit=3&cursor={cursor}" if cursor else ""
    assert [line["lot_id"] for line in seen] == [str(one.id) for one in (steps, floor.lot, later, waits)]
    assert [line["state"] for line in seen] == ["EVALUATING", "OPEN", "OPEN", "PAUSED"]
    assert [line["bidders_ready"] for line in seen] == [0, 2, 1, 0]
    running, paused = seen[1], seen[3]
    assert (running["entries"], running["leading"]["amount"], running["due_at"]) == (
        1,
        "500000.00",
        running["effective_end"],
    )
    assert (paused["due_at"], paused["pause"]["cause"]) == (None, "NETWORK_FAULT")


async def test_the_operator_pauses_and_resumes_over_http_and_the_answer_is_kept_under_its_key(floor, api: Api):
    operator = floor.staff.key
    path = f"/v1/lots/{floor.lot.id}"
    body = {"cause": "SYSTEM_FAULT", "reason": "sample"}
    first = await api.post(f"{path}/pause", json=body, key=operator, once="pause-it-once")
    again = await api.post(f"{path}/pause", json=body, key=operator, once="pause-it-once")
    assert (first.status_code, first.json()["state"]) == (200, "PAUSED")
    assert again.json() == first.json()
    for wrong in ({"cause": "BECAUSE", "reason": "sample"}, {"cause": "OTHER", "reason": ""}, {"cause": "OTHER"}):
        assert (await api.post(f"{path}/pause", json=wrong, key=operator)).status_code == 422
    resumed = await api.post(f"{path}/resume", key=operator)
    assert (resumed.status_code, resumed.json()["state"], resumed.json()["pause"]) == (200, "OPEN", None)


async def test_a_lot_of_a_trade_not_yet_announced_is_not_known_to_others(tx: Tx, keys: Keys):
    town = await a_market_at_work(tx, keys, buyers=1)
    draft = await a_draft(town)
    with pytest.raises(NotFound):
        await service.pause_lot(tx, town.buyers[0], draft.lot.id, **CAUSE)
    with pytest.raises(NotInThisState):
        await service.pause_lot(tx, town.operator, draft.lot.id, **CAUSE)
