"""Offering and ending inside a transaction: what a close, a lapse and a conclusion have in common.

Locks are taken in one order: an offered award, the trade, its lots, the waiting award, deposits; then the rooms to the
left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import Length, Unit, end_of_period
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.trading import deposits, repository
from techmarket.trading.events import (
    AwardAnnulled,
    AwardLapsed,
    AwardOffered,
    LotTerminated,
    LotUnsold,
    RunnerUpReleased,
    TradeTerminated,
    TradeUnsold,
)
from techmarket.trading.lifecycle import AWARD, IN_FORCE, LOT, STANDING_AWARDS, TRADE, ForfeitCause, LotState, next_act
from techmarket.trading.methods import Family, method_rules
from techmarket.trading.publishing import publish_award
from techmarket.trading.tables import Award, Lot, Participant, Trade

AN_INSTANT = timedelta(microseconds=1)


async def offer(db: AsyncSession, trade: Trade, lot: Lot, award: Award, *, now: datetime, actor: Actor | None) -> None:
    """Offer the lot: result or price is published, and the time to sign runs once that notice has ended."""
    terms = await texts.get(db, trade.terms_sha256)
    participant = await repository.get_participant(db, award.participant_id)
    award.state = AWARD.move(award.state, "offer")
    award.offered_at = now
    award.notice_id = await publish_award(db, trade, lot, award, participant, terms, now=now, actor=actor)
    award.sign_by = await signing_deadline(db, trade, award)
    for org in sorted(participant.sides):
        await disclosure.open_tier(
            db,
            org=org,
            subject=Ref("listing", trade.listing_id),
            tier=Tier.DEAL,
            basis=f"award:{award.id}",
            actor=actor,
        )
    journal.record(
        db,
        AwardOffered(award.id, trade.id, lot.id, award.notice_id, award.rank, award.price_minor),
        actor=actor,
    )
    await db.flush()
    await _close_rooms(db, trade, lot, actor)


async def signing_deadline(db: AsyncSession, trade: Trade, award: Award) -> datetime | None:
    """The time to sign begins when the result notice has ended; while that notice is paused there is no deadline.

    However late the seller signs, the buyer has his own announced time after that. Nor is there a deadline while the
    operator has not entered the holidays of the year it falls into.
    """
    if award.notice_id is None:
        return None
    ends_at = await notices.ends_at(db, award.notice_id)
    if ends_at is None:
        return None
    length = Length(trade.signing_n, Unit(trade.signing_unit))
    # The notice ends with the last instant of its day; that day is the one not counted.
    try:
        calendar = await rulebook.work_calendar(db)
        deadline = end_of_period(ends_at - AN_INSTANT, length, calendar=calendar)
        turn = (await texts.get(db, trade.terms_sha256)).get("buyer_turn")
        if award.buyers_turn_at is None or turn is None or deadline is None:
            return deadline
        own = end_of_period(award.buyers_turn_at, Length(turn["n"], Unit(turn["unit"])), calendar=calendar)
        return deadline if own is None else max(deadline, own)
    except CalendarYearMissing:
        return None


async def lose(
    db: AsyncSession,
    trade: Trade,
    lot: Lot,
    award: Award,
    *,
    cause: ForfeitCause,
    now: datetime,
    actor: Actor | None,
    reasons: str | None = None,
) -> None:
    """The buyer has lost the award by his own fault, and the deposit if that was announced; the runner-up steps in."""
    award.state, award.decided_at = AWARD.move(award.state, "lapse"), now
    participant = await repository.lock_participant(db, award.participant_id)
    deposit = await repository.find_backing(db, participant.id, lot.id)
    if deposit is not None:
        await deposits.forfeit(db, trade, participant, deposit, cause=cause, actor=actor, reasons=reasons)
    await close_disclosure(db, trade, participant, award, actor)
    # A result that still stood would be objected to for nothing. One that has cleared is not even locked: whoever signs
    # holds it while he waits for the award.
    if award.notice_id is not None and not await notices.is_cleared(db, award.notice_id, now):
        await notices.withdraw(db, award.notice_id, actor)
    journal.record(db, AwardLapsed(award.id, trade.id, cause.value), actor=actor)
    await db.flush()
    runner_up = await repository.lock_waiting_award(db, lot.id)
    if runner_up is None:
        await end_unsold(db, trade, lot, cause="winner_lapsed", actor=actor)
    else:
        await offer(db, trade, lot, runner_up, now=now, actor=actor)
        # A deposit that was not forfeited backs nothing any more.
        await deposits.release_idle(db, trade, actor=actor)


async def annul(
    db: AsyncSession, trade: Trade, award: Award, *, cause: str, now: datetime, actor: Actor | None
) -> None:
    """The award does not stand, and not by the buyer's fault: nobody loses a deposit, and no runner-up waits for it.

    The caller ends the lot.
    """
    award.state, award.decided_at = AWARD.move(award.state, "annul"), now
    participant = await repository.lock_participant(db, award.participant_id)
    await close_disclosure(db, trade, participant, award, actor)
    journal.record(db, AwardAnnulled(award.id, trade.id, cause), actor=actor)
    await release_runner_up(db, trade, award.lot_id, actor=actor)


async def release_runner_up(db: AsyncSession, trade: Trade, lot_id: UUID, *, actor: Actor | None) -> None:
    """The lot's runner-up need not wait any longer."""
    waiting = await repository.lock_waiting_award(db, lot_id)
    if waiting is None:
        return
    waiting.state = AWARD.move(waiting.state, "release")
    journal.record(db, RunnerUpReleased(waiting.id, trade.id), actor=actor)
    await db.flush()
    await _close_rooms(db, trade, await repository.get_lot(db, lot_id), actor)
    await deposits.release_idle(db, trade, actor=actor)


async def close_disclosure(
    db: AsyncSession, trade: Trade, participant: Participant, award: Award, actor: Actor | None
) -> None:
    for org in sorted(participant.sides):
        await disclosure.close_tier(
            db,
            org=org,
            subject=Ref("listing", trade.listing_id),
            basis=f"award:{award.id}",
            actor=actor,
        )


async def end_unsold(db: AsyncSession, trade: Trade, lot: Lot, *, cause: str, actor: Actor | None) -> None:
    """Nobody bought this lot; what stood for it alone goes back."""
    lot.state, lot.step, lot.step_due_at = LOT.move(lot.state, "fail"), None, None
    await _close_rooms(db, trade, lot, actor)
    journal.record(db, LotUnsold(lot.id, trade.id, cause), actor=actor)
    await settle(db, trade, actor=actor)


async def settle(db: AsyncSession, trade: Trade, *, actor: Actor | None, cause: str = "") -> None:
    """After each lot's decision: idle deposits go back, and the trade stands where its lots stand.

    With the last lot the listing is closed if one was sold, and free again if none was.
    """
    await deposits.release_idle(db, trade, actor=actor)
    act = next_act(trade.state, [lot.state for lot in await repository.lots_of(db, trade.id)])
    if act is None:
        return
    trade.state = TRADE.move(trade.state, act)
    if act == "conclude":
        await listings.close(db, trade.listing_id, actor)
    elif act == "fail":
        await listings.disengage(db, trade.listing_id, actor)
        journal.record(db, TradeUnsold(trade.id, trade.listing_id), actor=actor)
    elif act == "terminate":
        await listings.disengage(db, trade.listing_id, actor)
        journal.record(db, TradeTerminated(trade.id, trade.listing_id, cause), actor=actor)
    await db.flush()


async def settle_default(db: AsyncSession, trade: Trade, *, actor: Actor | None) -> None:
    """A trade whose last sale came to nothing is unsold after all, and its listing is free to be traded again."""
    await db.flush()
    lots = {lot.state for lot in await repository.lots_of(db, trade.id)}
    if TRADE.can(trade.state, "default") and LotState.CONCLUDED not in lots:
        trade.state = TRADE.move(trade.state, "default")
        await listings.reopen(db, trade.listing_id, actor)
        journal.record(db, TradeUnsold(trade.id, trade.listing_id), actor=actor)


async def terminate(db: AsyncSession, trade: Trade, *, cause: str, now: datetime, actor: Actor | None) -> None:
    """The procedure does not stand: books are sealed as they are, everyone is released, the listing is free again.

    The caller has annulled what was offered; nothing was sold.
    """
    for lot in await repository.lock_lots(db, trade.id):
        if LOT.can(lot.state, "terminate"):
            await end_terminated(db, trade, lot, cause=cause, now=now, actor=actor)
    trade.state = TRADE.move(trade.state, "terminate")
    trade.extension_look_at = trade.suspended_at = trade.resume_by = None
    await deposits.release_idle(db, trade, actor=actor)
    for seat in await repository.seats_of(db, trade.id):
        deposits.leave(seat)
    await listings.disengage(db, trade.listing_id, actor)
    journal.record(db, TradeTerminated(trade.id, trade.listing_id, cause), actor=actor)
    await db.flush()


def panel_basis(lot: Lot) -> str:
    """Why the lister and a panel read the documents of the proposals for a lot."""
    return f"panel:{lot.id}"


async def _close_rooms(db: AsyncSession, trade: Trade, lot: Lot, actor: Actor | None) -> None:
    """The documents of whoever cannot get the lot any more, of all once nobody bought, are their bidder's own again."""
    if method_rules(lot.method).family is Family.ENVELOPE:
        awards = [one for one in await repository.list_awards(db, trade.id) if one.lot_id == lot.id]
        kept = {one.participant_id for one in awards if one.state in STANDING_AWARDS | IN_FORCE}
        known = [one.id for one in await repository.list_participants(db, trade.id)]
        rooms = [Ref("participant", one) for one in known if one not in kept]
        await disclosure.close_basis(db, rooms, basis=panel_basis(lot), actor=actor)


async def end_terminated(
    db: AsyncSession, trade: Trade, lot: Lot, *, cause: str, now: datetime, actor: Actor | None
) -> None:
    """What was done for this lot does not stand; the caller settles the trade."""
    await _close_rooms(db, trade, lot, actor)
    lot.state, lot.step, lot.step_due_at = LOT.move(lot.state, "terminate"), None, None
    lot.closed_at = lot.closed_at or now
    journal.record(db, LotTerminated(lot.id, trade.id, cause), actor=actor)
