"""Offering, releasing and forfeiting inside a transaction: what a close, a lapse and a conclusion have in common.

Locks are taken in one order: an offered award, trade, lot, the waiting award, participants; then the rooms to the left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.periods import Length, Unit, end_of_period
from techmarket.kernel.refusals import wire
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.ledger import steps as ledger
from techmarket.ledger.steps import Purpose as Account
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import steps as settlement
from techmarket.trading import repository
from techmarket.trading.events import (
    AwardOffered,
    DepositForfeited,
    DepositReleased,
    RunnerUpReleased,
    TradeTerminated,
    TradeUnsold,
)
from techmarket.trading.lifecycle import AWARD, BOOK, PARTICIPANT, TRADE, BookState, ParticipantState
from techmarket.trading.tables import Award, Lot, Participant, Trade

AN_INSTANT = timedelta(microseconds=1)


async def offer(db: AsyncSession, trade: Trade, lot: Lot, award: Award, *, now: datetime, actor: Actor | None) -> None:
    """Offer the lot: the result is published, and the time to sign runs once that notice has ended."""
    terms = await texts.get(db, trade.terms_sha256)
    participant = await repository.get_participant(db, award.participant_id)
    names = await identity.get_organisations(db, [trade.seller_org_id, participant.org_id])
    award.state = AWARD.move(award.state, "offer")
    award.offered_at = now
    award.notice_id = await notices.open_notice(
        db,
        kind=NoticeKind.RESULT,
        subject=Ref("award", award.id),
        owner_org=trade.seller_org_id,
        document={
            "trade": trade.number,
            "method": trade.method.value,
            "listing": str(trade.listing_id),
            "title_zh": trade.title_zh,
            "title_en": trade.title_en,
            "seller": names[trade.seller_org_id].name,
            "buyer": names[participant.org_id].name,
            "related_party": participant.related,
            "start_price": wire(Money(trade.start_price_minor)),
            "deal_price": wire(Money(award.price_minor)),
            "rank": award.rank,
            "book": {"entries": lot.seq, "chain": lot.chain.hex()},
        },
        rule_date=trade.rule_date,
        length=Length(terms["result_notice"]["n"], Unit(terms["result_notice"]["unit"])),
        actor=actor,
        now=now,
    )
    award.sign_by = await signing_deadline(db, trade, award)
    await disclosure.open_tier(
        db,
        org=participant.org_id,
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


async def signing_deadline(db: AsyncSession, trade: Trade, award: Award) -> datetime | None:
    """The time to sign begins when the result notice has ended; while that notice is paused there is no deadline.

    Nor is there one while the operator has not entered the holidays of the year it falls into.
    """
    if award.notice_id is None:
        return None
    ends_at = await notices.ends_at(db, award.notice_id)
    if ends_at is None:
        return None
    length = Length(trade.signing_n, Unit(trade.signing_unit))
    # The notice ends with the last instant of its day; that day is the one not counted.
    try:
        return end_of_period(ends_at - AN_INSTANT, length, calendar=await rulebook.work_calendar(db))
    except CalendarYearMissing:
        return None


async def release(db: AsyncSession, trade: Trade, participant: Participant, *, actor: Actor | None) -> None:
    """Whoever does not win gets back whatever came of the deposit, a part of it too, by the way it came."""
    was = participant.state
    participant.state = PARTICIPANT.move(was, "release")
    if was is ParticipantState.READY:
        assert participant.hold_id is not None
        await ledger.void_hold(db, participant.hold_id)
        await _pay_back(db, trade, participant, trade.deposit_minor, actor)
    elif participant.due_id is not None:
        if (await settlement.get_due(db, participant.due_id)).is_paid:
            await _pay_back(db, trade, participant, trade.deposit_minor, actor)
        elif part := await settlement.cancel_due(db, participant.due_id, actor):
            await _pay_back(db, trade, participant, part, actor)
    await db.flush()


async def release_all(
    db: AsyncSession, trade: Trade, *, actor: Actor | None, keep: frozenset[UUID] = frozenset()
) -> None:
    """Release everyone who still stands in the trade, but those to keep."""
    leaving = [
        participant
        for participant in await repository.lock_participants(db, trade.id)
        if participant.id not in keep and PARTICIPANT.can(participant.state, "release")
    ]
    escrows = [await ledger.account(db, purpose=Account.ESCROW, owner=participant.org_id) for participant in leaving]
    await ledger.lock(db, escrows)
    for participant in leaving:
        await release(db, trade, participant, actor=actor)


async def pay_out(db: AsyncSession, org_id: UUID, minor: int, *, why: Ref, actor: Actor | None) -> None:
    await settlement.instruct_payout(
        db, org=org_id, minor=minor, channel=settlement.Channel.ESCROW, why=why, actor=actor
    )


async def _pay_back(db: AsyncSession, trade: Trade, participant: Participant, minor: int, actor: Actor | None) -> None:
    why = Ref("participant", participant.id)
    await pay_out(db, participant.org_id, minor, why=why, actor=actor)
    journal.record(db, DepositReleased(participant.id, trade.id), actor=actor)


async def forfeit(db: AsyncSession, trade: Trade, participant: Participant, *, actor: Actor | None) -> None:
    """A winner who does not sign in time loses the deposit to the seller."""
    participant.state = PARTICIPANT.move(participant.state, "forfeit")
    assert participant.hold_id is not None
    seller = await ledger.account(db, purpose=Account.ESCROW, owner=trade.seller_org_id)
    await ledger.post_hold(db, participant.hold_id, credit=seller, code="deposit.forfeited")
    why = Ref("participant", participant.id)
    await pay_out(db, trade.seller_org_id, trade.deposit_minor, why=why, actor=actor)
    journal.record(db, DepositForfeited(participant.id, trade.id), actor=actor)
    await db.flush()


async def release_runner_up(db: AsyncSession, trade: Trade, *, actor: Actor | None) -> None:
    """The runner-up need not wait any longer."""
    waiting = await repository.lock_waiting_award(db, trade.id)
    if waiting is None:
        return
    waiting.state = AWARD.move(waiting.state, "release")
    await release(db, trade, await repository.lock_participant(db, waiting.participant_id), actor=actor)
    journal.record(db, RunnerUpReleased(waiting.id, trade.id), actor=actor)


async def close_disclosure(
    db: AsyncSession, trade: Trade, participant: Participant, award: Award, actor: Actor | None
) -> None:
    await disclosure.close_tier(
        db,
        org=participant.org_id,
        subject=Ref("listing", trade.listing_id),
        basis=f"award:{award.id}",
        actor=actor,
    )


async def end_unsold(db: AsyncSession, trade: Trade, *, actor: Actor | None) -> None:
    """Nobody bought: everyone is released and the listing is free again."""
    trade.state = TRADE.move(trade.state, "fail")
    await release_all(db, trade, actor=actor)
    await listings.disengage(db, trade.listing_id, actor)
    journal.record(db, TradeUnsold(trade.id, trade.listing_id), actor=actor)
    await db.flush()


async def terminate(db: AsyncSession, trade: Trade, *, cause: str, now: datetime, actor: Actor | None) -> None:
    """The procedure does not stand: the book is sealed as it is, everyone is released, the listing is free again."""
    trade.state = TRADE.move(trade.state, "terminate")
    lot = await repository.lock_lot_of(db, trade.id)
    if lot.state is not BookState.CLOSED:
        lot.state = BOOK.move(lot.state, "close")
        lot.closed_at = now
    await release_all(db, trade, actor=actor)
    await listings.disengage(db, trade.listing_id, actor)
    journal.record(db, TradeTerminated(trade.id, trade.listing_id, cause), actor=actor)
    await db.flush()
