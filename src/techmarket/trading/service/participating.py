"""Who wants to buy registers, is admitted and confirmed, and pays a deposit that is held."""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import journal
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.ledger import steps as ledger
from techmarket.ledger.steps import Purpose as Account
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.settlement import steps as settlement
from techmarket.trading import errors, policy, repository
from techmarket.trading.events import (
    DepositHeld,
    ParticipantAdmitted,
    ParticipantQualified,
    ParticipantRegistered,
    ParticipantRejected,
)
from techmarket.trading.lifecycle import (
    PARTICIPANT,
    TRADE,
    ParticipantState,
    TradeState,
)
from techmarket.trading.service.showing import participant_view, require_known
from techmarket.trading.tables import Participant, Trade
from techmarket.trading.views import ParticipantView


async def register_intent(tx: Tx, actor: Actor, trade_id: UUID, *, related: bool = False) -> ParticipantView:
    """A verified organisation registers while the announcement runs. The related-party flag is computed once, here."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.REGISTER)
        await identity.require_verified(db, actor.org)
        if actor.org_id == trade.seller_org_id:
            raise errors.SellerCannotBuy()
        now = await market_now(db)
        if trade.state is not TradeState.ANNOUNCED or trade.notice_id is None:
            raise errors.RegistrationClosed()
        if await notices.is_cleared(db, trade.notice_id, now):
            raise errors.RegistrationClosed()
        known = await repository.list_participants(db, trade_id)
        if any(participant.org_id == actor.org_id for participant in known):
            raise errors.RegisteredAlready()
        participant = Participant(
            id=new_id(),
            trade_id=trade.id,
            org_id=actor.org,
            person_id=actor.person,
            number=_a_free_number({participant.number for participant in known}),
            related=related or await _is_related(db, trade, actor.org),
            state=PARTICIPANT.initial,
            registered_at=now,
        )
        db.add(participant)
        journal.record(db, ParticipantRegistered(participant.id, trade.id), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def admit(tx: Tx, actor: Actor, participant_id: UUID, *, accepted: bool = True) -> ParticipantView:
    """The operator gives the view on a participant's qualification."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.ADMIT)
        participant.state = PARTICIPANT.move(participant.state, "admit" if accepted else "reject")
        event = ParticipantAdmitted if accepted else ParticipantRejected
        journal.record(db, event(participant.id, trade.id), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def confirm(tx: Tx, actor: Actor, participant_id: UUID, *, accepted: bool = True) -> ParticipantView:
    """The seller confirms an admitted participant; from then on the deposit is due."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.CONFIRM, parties=[trade.seller_org_id])
        participant.state = PARTICIPANT.move(participant.state, "confirm" if accepted else "reject")
        if not accepted:
            journal.record(db, ParticipantRejected(participant.id, trade.id), actor=actor)
            await db.flush()
            return await participant_view(db, trade, participant)
        assert trade.bidding_opens_at is not None
        due = await settlement.raise_due(
            db,
            payer=participant.org_id,
            payee=None,
            minor=trade.deposit_minor,
            due_on=shanghai_day(trade.bidding_opens_at),
            subject=Ref("participant", participant.id),
            purpose=settlement.Purpose.DEPOSIT,
            actor=actor,
        )
        participant.due_id = due.id
        journal.record(db, ParticipantQualified(participant.id, trade.id, due.id), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def hold_deposit(tx: Tx, participant_id: UUID) -> bool:
    """A paid deposit is held for the lot, and its payer may bid. Silent when that is done, or no longer needed."""
    async with tx.begin() as db:
        trade = await repository.hold_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
        participant = await repository.lock_participant(db, participant_id)
        # Whoever was released in the meantime was paid back by that release.
        if participant.state is not ParticipantState.QUALIFIED:
            return False
        source = await ledger.account(db, purpose=Account.ESCROW, owner=participant.org_id)
        target = await ledger.account(db, purpose=Account.DEPOSITS, subject=Ref("trade", trade.id))
        participant.hold_id = await ledger.hold(
            db, source=source, target=target, minor=trade.deposit_minor, why=Ref("participant", participant.id)
        )
        participant.state = PARTICIPANT.move(participant.state, "hold_deposit")
        journal.record(db, DepositHeld(participant.id, trade.id, participant.hold_id), actor=None)
        return True


async def _lock_participant(db: AsyncSession, actor: Actor, participant_id: UUID) -> tuple[Trade, Participant]:
    """A participant to be judged, for the market, the seller and itself; the trade stays announced meanwhile."""
    trade = await repository.hold_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
    participant = await repository.lock_participant(db, participant_id)
    if not actor.is_market and actor.org_id not in (trade.seller_org_id, participant.org_id):
        raise NotFound()
    if trade.state is not TradeState.ANNOUNCED:
        raise NotInThisState(thing=TRADE.thing, state=trade.state, act="qualify", possible=TRADE.possible(trade.state))
    return trade, participant


def _a_free_number(taken: set[int]) -> int:
    """A number that tells neither who nor when: drawn, not counted."""
    while (number := 1000 + secrets.randbelow(9_000 + 10 * len(taken))) in taken:
        pass
    return number


async def _is_related(db: AsyncSession, trade: Trade, org_id: UUID) -> bool:
    """A buyer is a related party when somebody who made the achievement, or anyone of the seller, belongs to it."""
    if await identity.share_people(db, trade.seller_org_id, org_id):
        return True
    offer = await listings.get_offer_facts(db, trade.listing_id)
    people: set[UUID] = set()
    for achievement_id in offer.achievement_ids:
        people |= set(await achievements.completers(db, achievement_id))
    return any(org_id in person.org_ids for person in (await identity.get_people(db, people)).values())
