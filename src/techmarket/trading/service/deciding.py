"""From the close of a lot to its award: one announced step after the other, then whoever is first is offered the lot.

A step that has to wait says until when; the clock decides it by rule, so that no lot waits for ever. A method that
needs a step of its own names it in `MethodRules.steps` and enters it here in `STEPS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.trading import awards, deposits, final_bids, first_refusal, repository
from techmarket.trading.events import LotAwaits
from techmarket.trading.lifecycle import AWARD, LOT, LotState, LotStep
from techmarket.trading.methods import Candidate, Family, Standing, method_rules, rules_of
from techmarket.trading.publishing import require_countable
from techmarket.trading.service.due import work_off_all
from techmarket.trading.tables import Award, Lot, Trade


@dataclass(frozen=True, slots=True)
class Case:
    """A locked lot under decision, with the terms it was announced under."""

    trade: Trade
    lot: Lot
    terms: Mapping[str, Any]
    now: datetime
    actor: Actor | None


@dataclass(frozen=True, slots=True)
class Step:
    """`begin` says until when the lot waits, or None if there is nothing to wait for; `expire` is the clock's word."""

    begin: Callable[[AsyncSession, Case], Awaitable[datetime | None]]
    expire: Callable[[AsyncSession, Case], Awaitable[None]]


async def _no_wait(db: AsyncSession, case: Case) -> datetime | None:
    return None


async def _look_again(db: AsyncSession, case: Case) -> None:
    """The award is tried again; with the holidays it is offered, without them the lot waits on."""


CALENDAR_LOOK = timedelta(hours=1)
"""How soon the clock looks again by itself whether the calendar has come; entering it is told at once."""
STEPS: dict[LotStep, Step] = {LotStep.CALENDAR: Step(_no_wait, _look_again)}
CANDIDATES: dict[Family, Callable[[AsyncSession, UUID], Awaitable[list[Candidate]]]] = {
    Family.BOOK: repository.best_bids,
    Family.TALKS: repository.accepted_offer,
}


async def advance(db: AsyncSession, trade: Trade, lot: Lot, *, now: datetime, actor: Actor | None) -> None:
    """Move an evaluating lot on: to the next announced step that has something to wait for, or to its award.

    Whoever has ended a step (by an act of a person, or the clock) calls this; trade and lot are locked.
    """
    case = await case_of(db, trade, lot, now, actor)
    announced = {
        *method_rules(lot.method).steps,
        *([LotStep.RESERVE] if lot.reserve_digest is not None else []),
        # Each of the two looks itself whether it was announced.
        *(LotStep.FINAL_BID, LotStep.FIRST_REFUSAL),
    }
    for step in _steps_left(lot, announced):
        due_at = await STEPS[step].begin(db, case)
        if lot.state is not LotState.EVALUATING:
            return
        if due_at is not None:
            lot.step, lot.step_due_at = step, due_at
            journal.record(db, LotAwaits(lot.id, trade.id, step.value, due_at), actor=actor)
            await db.flush()
            return
    lot.step = lot.step_due_at = None
    await _award(db, case)


async def case_of(db: AsyncSession, trade: Trade, lot: Lot, now: datetime, actor: Actor | None) -> Case:
    return Case(trade, lot, rules_of(await texts.get(db, trade.terms_sha256)), now, actor)


def _steps_left(lot: Lot, announced: Collection[LotStep]) -> list[LotStep]:
    """The announced steps after the one the lot stands at, in the order of the pipeline."""
    order = list(LotStep)
    done = -1 if lot.step is None else order.index(lot.step)
    return [step for step in order[done + 1 :] if step in announced]


async def standings(db: AsyncSession, case: Case, *, with_finals: bool = True) -> list[Standing]:
    """Who gets the lot at which price, as things stand: the first wins, the next waits.

    Whoever has lost his seat, with a forfeited deposit say, is not among them, nor who lies below a revealed reserve.
    Final bids rank anew, and a first refusal that was exercised goes before them all at the price they made.
    """
    method, lot = method_rules(case.lot.method), case.lot
    points = await repository.panel_points(db, lot.id)
    gone = await repository.numbers_gone(db, lot.id)
    found = [one for one in await CANDIDATES[method.family](db, lot.id) if one.number not in gone]
    marked = [replace(one, points=points.get(one.number, {})) for one in found]
    limit = max(lot.start_price_minor or 0, lot.reserve_minor or 0)
    ranked = method.rank(marked, {**case.terms, "limit_minor": limit})
    reserve = lot.reserve_minor
    ranked = ranked if reserve is None else [one for one in ranked if one.price_minor >= reserve]
    if not with_finals:
        return ranked
    finals = {one.number: one.minor for one in await repository.final_bids_of(db, lot.id)}
    return first_refusal.prefer(final_bids.rank(ranked, finals), await repository.holders_of(db, lot.id))


async def _award(db: AsyncSession, case: Case) -> None:
    """The first of the ranking is offered the lot, the next waits, the others are released."""
    trade, lot = case.trade, case.lot
    ranked = (await standings(db, case))[:2]
    if not ranked:
        if lot.leading_seq is None and method_rules(lot.method).family is Family.BOOK:
            await deposits.forfeit_silence(db, trade, lot)
        cause = "no_bids" if lot.reserve_minor is None else "below_reserve"
        await awards.end_unsold(db, trade, lot, cause=cause, actor=case.actor)
        return
    try:
        await require_countable(db, trade, await texts.get(db, trade.terms_sha256), case.now)
    except CalendarYearMissing:
        due_at = case.now + CALENDAR_LOOK
        lot.step, lot.step_due_at = LotStep.CALENDAR, due_at
        journal.record(db, LotAwaits(lot.id, trade.id, LotStep.CALENDAR.value, due_at), actor=case.actor)
        await db.flush()
        return
    lot.state = LOT.move(lot.state, "award")
    by_number = {seat.number: seat for seat in await repository.seats_of(db, trade.id) if seat.lot_id == lot.id}
    made = [
        Award(
            id=new_id(),
            lot_id=lot.id,
            trade_id=trade.id,
            rank=rank,
            participant_id=by_number[standing.number].participant_id,
            price_minor=standing.price_minor,
            state=AWARD.initial,
        )
        for rank, standing in enumerate(ranked, start=1)
    ]
    db.add_all(made)
    await db.flush()
    await awards.settle(db, trade, actor=case.actor)
    await awards.offer(db, trade, lot, made[0], now=case.now, actor=case.actor)


async def step_due(tx: Tx, *, limit: int = 100) -> int:
    """Decide every step whose time is over by its rule; returns how many."""
    return await work_off_all(tx, repository.list_due_steps, lambda lot_id: step_if_due(tx, lot_id), limit=limit)


async def follow_calendar(tx: Tx) -> None:
    """The operator has entered work days: lots that waited for them are tried again at once."""
    async with tx.read() as db:
        waiting = await repository.list_waiting_for_calendar(db)
    for lot_id in waiting:
        async with tx.begin() as db:
            lot = await repository.lock_lot(db, lot_id)
            if lot.step is LotStep.CALENDAR:
                lot.step_due_at = await market_now(db)


async def step_if_due(tx: Tx, lot_id: UUID) -> bool:
    """The time of a step is over: the clock decides it and the lot moves on. Silent if a person was first."""
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        if lot.state is not LotState.EVALUATING or lot.step is None or lot.step_due_at is None or now < lot.step_due_at:
            return False
        case = await case_of(db, trade, lot, now, None)
        await STEPS[lot.step].expire(db, case)
        if lot.state is LotState.EVALUATING:
            await advance(db, trade, lot, now=now, actor=None)
        return True
