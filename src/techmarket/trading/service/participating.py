"""Who wants to buy registers, is admitted and confirmed, and pays a deposit that is held."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.trading import deposits, errors, policy, repository
from techmarket.trading.events import (
    ParticipantAdmitted,
    ParticipantQualified,
    ParticipantRegistered,
    ParticipantRejected,
)
from techmarket.trading.lifecycle import (
    PARTICIPANT,
    SEAT,
    TRADE,
    DepositState,
    TradeState,
)
from techmarket.trading.methods import rules_of
from techmarket.trading.methods.online_bidding import IN_SESSION
from techmarket.trading.service.showing import participant_view, require_known
from techmarket.trading.tables import Lot, Participant, Seat, Trade
from techmarket.trading.views import ParticipantView


async def register_intent(
    tx: Tx,
    actor: Actor,
    trade_id: UUID,
    *,
    related: bool = False,
    lot_ids: Sequence[UUID] = (),
    payer_account: str | None = None,
) -> ParticipantView:
    """A verified organisation registers while the announcement runs, for the lots it names or for all.

    The related-party flag is computed once, here.
    """
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
            payer_account=payer_account,
            registered_at=now,
        )
        lots = await repository.lots_of(db, trade.id)
        wanted = set(lot_ids) or {lot.id for lot in lots}
        if not wanted <= {lot.id for lot in lots}:
            raise errors.LotNotOfTrade(pointer="/body/lots")
        db.add(participant)
        held = await _first_refusals(db, trade, [lot for lot in lots if lot.id in wanted], actor.org)
        await db.flush()
        db.add_all(
            Seat(
                lot_id=lot_id,
                org_id=participant.org_id,
                participant_id=participant.id,
                number=participant.number,
                state=SEAT.initial,
                first_refusal=lot_id in held,
            )
            for lot_id in sorted(wanted)
        )
        journal.record(db, ParticipantRegistered(participant.id, trade.id), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def _first_refusals(db: AsyncSession, trade: Trade, lots: Sequence[Lot], org: UUID) -> set[UUID]:
    """The lots on which this organisation exercises a first refusal by bidding, where the trade announced that."""
    if rules_of(await texts.get(db, trade.terms_sha256)).get("first_refusal") != IN_SESSION:
        return set()
    offer = await listings.get_offer_facts(db, trade.listing_id)
    held = set()
    for lot in lots:
        ids = offer.achievement_ids if lot.achievement_ids is None else [UUID(one) for one in lot.achievement_ids]
        if await achievements.first_refusal_of(db, ids, org, mode=offer.mode) is not None:
            held.add(lot.id)
    return held


async def admit(tx: Tx, actor: Actor, participant_id: UUID, *, accepted: bool = True) -> ParticipantView:
    """The operator gives the view on a participant's qualification."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.ADMIT)
        if accepted:
            participant.state = PARTICIPANT.move(participant.state, "admit")
            journal.record(db, ParticipantAdmitted(participant.id, trade.id), actor=actor)
        else:
            await _reject(db, trade, participant, actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def confirm(tx: Tx, actor: Actor, participant_id: UUID, *, accepted: bool = True) -> ParticipantView:
    """The seller confirms an admitted participant; its deposit becomes due, or where none is asked it may bid."""
    async with tx.begin() as db:
        trade, participant = await _lock_participant(db, actor, participant_id)
        require(actor, policy.CONFIRM, parties=[trade.seller_org_id])
        if accepted:
            participant.state = PARTICIPANT.move(participant.state, "confirm")
            journal.record(db, ParticipantQualified(participant.id, trade.id), actor=actor)
            await deposits.ask(db, trade, participant, actor=actor)
        else:
            await _reject(db, trade, participant, actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def _reject(db: AsyncSession, trade: Trade, participant: Participant, actor: Actor) -> None:
    participant.state = PARTICIPANT.move(participant.state, "reject")
    for seat in await repository.seats_of_participants(db, [participant.id]):
        deposits.leave(seat)
    journal.record(db, ParticipantRejected(participant.id, trade.id), actor=actor)


async def hold_deposit(tx: Tx, due_id: UUID) -> bool:
    """A paid deposit is held, and its payer may bid on what it backs. Silent when that is done, or no longer needed."""
    async with tx.begin() as db:
        found = await repository.find_deposit_by_due(db, due_id)
        if found is None:
            return False
        seen = await repository.get_participant(db, found.participant_id)
        trade = await repository.hold_trade(db, seen.trade_id)
        participant = await repository.lock_participant(db, seen.id)
        deposit = await repository.lock_deposit(db, found.id)
        # What was released in the meantime was paid back by that release.
        if deposit.state is not DepositState.DUE:
            return False
        await deposits.hold(db, trade, participant, deposit)
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
