"""The market gives its view on a participant and the seller answers, each on stated grounds and within its time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.periods import Length, Unit, end_of_period
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.rulebook import steps as rulebook
from techmarket.trading import deposits, errors, policy, qualification, repository
from techmarket.trading.events import ParticipantAdmitted, ParticipantQualified, ParticipantRejected
from techmarket.trading.lifecycle import PARTICIPANT, TRADE, ParticipantState, TradeState
from techmarket.trading.qualification import Ground, OpinionBy
from techmarket.trading.service import consorting, mandating
from techmarket.trading.service.due import work_off_all
from techmarket.trading.service.showing import participant_view, participant_views
from techmarket.trading.tables import Participant, ParticipantOpinion, Trade
from techmarket.trading.views import DueOpinionView, ParticipantView


async def admit(
    tx: Tx,
    actor: Actor,
    participant_id: UUID,
    *,
    accepted: bool = True,
    grounds: Sequence[Ground] = (),
    words: str | None = None,
) -> ParticipantView:
    """The operator gives the view on a participant's qualification; from then on the seller is asked."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.ADMIT)
        await require_apart(db, actor, participant)
        await require_disinterested(db, actor, trade)
        if accepted and participant.principal_org_id is not None and participant.mandated_at is None:
            raise errors.MandateNotSigned()
        if accepted and participant.members:
            await consorting.require_agreed(db, trade, participant)
        said = await _opine(
            db, trade, participant, OpinionBy.OPERATOR, accepted=accepted, grounds=grounds, words=words, actor=actor
        )
        if accepted:
            participant.state = PARTICIPANT.move(participant.state, "admit")
            participant.due_at = await _answer_due_at(db, trade)
            journal.record(db, ParticipantAdmitted(participant.id, trade.id, said), actor=actor)
        else:
            await _reject(db, trade, participant, OpinionBy.OPERATOR, grounds, said, actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def confirm(
    tx: Tx,
    actor: Actor,
    participant_id: UUID,
    *,
    accepted: bool = True,
    grounds: Sequence[Ground] = (),
    words: str | None = None,
) -> ParticipantView:
    """The seller confirms an admitted participant; its deposit becomes due, or where none is asked it may bid."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.CONFIRM, parties=[trade.seller_org_id])
        await require_apart(db, actor, participant)
        said = await _opine(
            db, trade, participant, OpinionBy.SELLER, accepted=accepted, grounds=grounds, words=words, actor=actor
        )
        if accepted:
            await _qualify(db, trade, participant, said, actor)
        else:
            await _reject(db, trade, participant, OpinionBy.SELLER, grounds, said, actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def silence_due(tx: Tx, *, limit: int = 100) -> int:
    """Decide for every seller whose time to answer is over by the announced rule; returns how many."""
    return await work_off_all(tx, repository.list_silent, lambda one: silence_if_due(tx, one), limit=limit)


async def silence_if_due(tx: Tx, participant_id: UUID) -> bool:
    """A seller who does not answer in time has confirmed whom the market admitted, where that was announced.

    Nothing is decided while the procedure is suspended. Silent if the seller was first.
    """
    async with tx.begin() as db:
        trade = await repository.hold_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
        participant = await repository.lock_participant(db, participant_id)
        if participant.state is not ParticipantState.ADMITTED or trade.state is not TradeState.ANNOUNCED:
            return False
        if participant.due_at is None or await market_now(db) < participant.due_at or trade.suspended_at is not None:
            return False
        terms = await texts.get(db, trade.terms_sha256)
        if _announced(terms).get("seller_silence") != qualification.COUNTS_AS_CONFIRMATION:
            return False
        said = await _opine(db, trade, participant, OpinionBy.SELLER, accepted=True, grounds=(), words=None, actor=None)
        await _qualify(db, trade, participant, said, None)
        return True


async def list_due_opinions(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[DueOpinionView]:
    """Who waits for the reader's view, the most urgent first: for the market's, or for one's own as a seller."""
    require(actor, policy.SEE_DUE_OPINIONS, parties=[actor.org_id])
    after = None if cursor is None else decode_cursor(cursor, datetime, UUID)
    async with tx.read() as db:
        rows = await repository.list_due_opinions(
            db, seller_org=None if actor.is_market else actor.org, after=after, limit=limit + 1
        )
        page = page_of(rows, limit, lambda row: (row.due.isoformat(), str(row.participant.id)))
        shown = await participant_views(db, [row.participant for row in page.items])
        lines = [
            DueOpinionView(row.trade.number, row.trade.title_zh, row.trade.title_en, view)
            for row, view in zip(page.items, shown, strict=True)
        ]
        return Page(lines, page.next_cursor)


# --- inside the transaction -------------------------------------------------------------------------------------------


async def view_due_at(db: AsyncSession, trade: Trade, now: datetime) -> datetime | None:
    """Until when the market owes its view on who registers now; unknown while a calendar year is missing."""
    return await _end_of(db, _announced(await texts.get(db, trade.terms_sha256)).get("operator_view"), now)


async def require_apart(db: AsyncSession, actor: Actor, participant: Participant) -> None:
    """Nobody judges a participant he belongs to, through whichever organisation he acts."""
    person = (await identity.get_people(db, [actor.person]))[actor.person]
    if not qualification.is_apart(person.org_ids, participant.sides):
        raise errors.JudgeConflicted()


async def require_disinterested(db: AsyncSession, actor: Actor, trade: Trade) -> None:
    """Nobody of the market acts on a trade in which he sells or takes part, through whichever organisation.

    Who belongs to one bidder would judge its rivals, too.
    """
    parties = mandating.bound_sides(await repository.list_participants(db, trade.id))
    person = (await identity.get_people(db, [actor.person]))[actor.person]
    if not qualification.is_apart(person.org_ids, {trade.seller_org_id, *parties}):
        raise errors.JudgeConflicted()


async def _lock_participant(db: AsyncSession, actor: Actor, participant_id: UUID) -> tuple[Trade, Participant]:
    """A participant to be judged, for the market, the seller and itself; the trade stays announced meanwhile."""
    trade = await repository.hold_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
    participant = await repository.lock_participant(db, participant_id)
    if not actor.is_market and actor.org_id not in {trade.seller_org_id, *participant.sides}:
        raise NotFound()
    if trade.state is not TradeState.ANNOUNCED:
        raise NotInThisState(thing=TRADE.thing, state=trade.state, act="qualify", possible=TRADE.possible(trade.state))
    return trade, participant


async def _opine(
    db: AsyncSession,
    trade: Trade,
    participant: Participant,
    by: OpinionBy,
    *,
    accepted: bool,
    grounds: Sequence[Ground],
    words: str | None,
    actor: Actor | None,
) -> str:
    """Keep a view by the hash of its words; the move is checked first, so that a second view finds its refusal."""
    turn = {OpinionBy.OPERATOR: "admit", OpinionBy.SELLER: "confirm"}[by]
    PARTICIPANT.move(participant.state, turn)
    if not accepted and not grounds:
        raise errors.GroundsNeeded(known=[one.value for one in Ground], pointer="/body/grounds")
    named = sorted({one.value for one in grounds})
    # The nonce keeps words from being guessed from the hash that the journal tells.
    sha256 = await texts.put(
        db,
        {
            "trade": trade.number,
            "participant": participant.number,
            "by": by.value,
            "accepted": accepted,
            "grounds": named,
            "words": words,
            "nonce": secrets.token_hex(16),
        },
    )
    db.add(
        ParticipantOpinion(
            participant_id=participant.id,
            by=by,
            accepted=accepted,
            grounds=named,
            document_sha256=sha256,
            person_id=None if actor is None else actor.person,
            at=await market_now(db),
        )
    )
    return sha256


async def _qualify(db: AsyncSession, trade: Trade, participant: Participant, said: str, actor: Actor | None) -> None:
    participant.state, participant.due_at = PARTICIPANT.move(participant.state, "confirm"), None
    event = ParticipantQualified(participant.id, trade.id, by_silence=actor is None, document_sha256=said)
    journal.record(db, event, actor=actor)
    await deposits.ask(db, trade, participant, actor=actor)


async def _reject(
    db: AsyncSession,
    trade: Trade,
    participant: Participant,
    by: OpinionBy,
    grounds: Sequence[Ground],
    said: str,
    actor: Actor,
) -> None:
    participant.state, participant.due_at = PARTICIPANT.move(participant.state, "reject"), None
    for seat in await repository.seats_of_participants(db, [participant.id]):
        deposits.leave(seat)
    named = tuple(sorted({one.value for one in grounds}))
    journal.record(db, ParticipantRejected(participant.id, trade.id, by.value, named, said), actor=actor)


async def _answer_due_at(db: AsyncSession, trade: Trade) -> datetime | None:
    """Until when the seller answers; a trade announced before there were such terms knows no such time."""
    length = _announced(await texts.get(db, trade.terms_sha256)).get("seller_answer")
    if length is None or trade.bidding_opens_at is None:
        return None
    now = await market_now(db)
    return qualification.answer_due_at(now, await _end_of(db, length, now), trade.bidding_opens_at)


async def _end_of(db: AsyncSession, length: Mapping[str, Any] | None, now: datetime) -> datetime | None:
    if length is None:
        return None
    try:
        calendar = await rulebook.work_calendar(db)
        return end_of_period(now, Length(length["n"], Unit(length["unit"])), calendar=calendar)
    except CalendarYearMissing:
        return None


def _announced(terms: Mapping[str, Any]) -> Mapping[str, Any]:
    said = terms.get("qualification")
    return said if isinstance(said, Mapping) else {}
