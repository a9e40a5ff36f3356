"""First refusal: it is claimed before the opening, and after the session its holders are asked (step FIRST_REFUSAL)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.steps import FirstRefusalBasis
from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.trading import errors, first_refusal, policy, repository
from techmarket.trading.events import (
    FirstRefusalAsked,
    FirstRefusalClaimed,
    FirstRefusalDecided,
    FirstRefusalExercised,
    FirstRefusalWaived,
)
from techmarket.trading.first_refusal import CLAIM, Basis, ClaimState
from techmarket.trading.lifecycle import PARTICIPANT, LotStep, ParticipantState, SeatState, TradeState
from techmarket.trading.service import deciding
from techmarket.trading.service.deciding import Case, Step
from techmarket.trading.service.showing import lot_view, participant_view, require_known
from techmarket.trading.tables import FirstRefusalClaim, Lot, Participant, Trade
from techmarket.trading.views import LotView, ParticipantView

OUT = (ParticipantState.REJECTED, ParticipantState.WITHDRAWN)


async def claim_first_refusal(
    tx: Tx, actor: Actor, participant_id: UUID, *, basis: Basis, evidence_sha256: str | None = None
) -> ParticipantView:
    """A participant claims a first refusal before the opening, on each of its lots where the ground holds.

    Who made the result and who owns a share of it is on record; a promise by contract is shown by uploaded evidence,
    and the seller says whether it stands.
    """
    async with tx.begin() as db:
        seen = await repository.get_participant(db, participant_id)
        if actor.org_id != seen.org_id:
            raise NotFound()
        require(actor, policy.CLAIM_FIRST_REFUSAL, parties=[seen.org_id])
        trade, participant = await _lock_announced(db, participant_id)
        if participant.state in OUT:
            raise NotInThisState(
                thing=PARTICIPANT.thing,
                state=participant.state,
                act="claim_first_refusal",
                possible=PARTICIPANT.possible(participant.state),
            )
        if first_refusal.hours_of(await texts.get(db, trade.terms_sha256)) is None:
            raise errors.NoFirstRefusalHere()
        if await repository.claims_of(db, [participant.id]):
            raise errors.FirstRefusalClaimed()
        if basis is Basis.CONTRACT:
            if evidence_sha256 is None:
                raise errors.ClaimUnfounded(basis=basis, pointer="/body/evidence_sha256")
            await notices.require_evidence(db, participant.org_id, [evidence_sha256], pointer="/body/evidence_sha256")
        now = await market_now(db)
        lots = await repository.lots_of(db, trade.id)
        mine = {seat.lot_id for seat in await repository.seats_of_participants(db, [participant.id])}
        buyers = [participant.buyer_org_id, *participant.member_org_ids]
        shares = [(lot, await _joint_share(db, trade, lot, buyers, basis)) for lot in lots if lot.id in mine]
        founded = [(lot, share) for lot, share in shares if share is not None]
        if not founded:
            raise errors.ClaimUnfounded(basis=basis, pointer="/body/basis")
        for lot, share in founded:
            db.add(
                FirstRefusalClaim(
                    lot_id=lot.id,
                    participant_id=participant.id,
                    number=participant.number,
                    basis=basis,
                    share=share,
                    evidence_sha256=evidence_sha256,
                    state=CLAIM.initial if basis is Basis.CONTRACT else CLAIM.move(CLAIM.initial, "hold"),
                    claimed_at=now,
                )
            )
            journal.record(db, FirstRefusalClaimed(participant.id, lot.id, basis.value), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def answer_claim(tx: Tx, actor: Actor, participant_id: UUID, *, accepted: bool) -> ParticipantView:
    """The seller says whether a first refusal that is claimed by contract stands; what it leaves open does not."""
    async with tx.begin() as db:
        seen = await repository.get_participant(db, participant_id)
        known = await repository.get_trade(db, seen.trade_id)
        if actor.org_id not in (known.seller_org_id, seen.org_id) and not actor.is_market:
            raise NotFound()
        require(actor, policy.ANSWER_CLAIM, parties=[known.seller_org_id])
        trade, participant = await _lock_announced(db, participant_id)
        claims = await repository.claims_of(db, [participant.id])
        if not claims:
            raise NotFound()
        for claim in claims:
            claim.state = CLAIM.move(claim.state, "hold" if accepted else "refuse")
            journal.record(db, FirstRefusalDecided(participant.id, claim.lot_id, accepted), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def exercise_first_refusal(tx: Tx, actor: Actor, lot_id: UUID, *, exercise: bool) -> LotView:
    """A holder takes the lot at the winner's price, or waives. Neither is taken back.

    The step ends as soon as nobody who comes before whoever exercises is still to be heard.
    """
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        require_known(actor, seen)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        seat = None if actor.org_id is None else await repository.find_seat(db, lot.id, actor.org)
        require(actor, policy.EXERCISE_FIRST_REFUSAL, parties=[] if seat is None else [seat.org_id])
        assert seat is not None
        now = await market_now(db)
        if lot.step is not LotStep.FIRST_REFUSAL or lot.step_due_at is None or now >= lot.step_due_at:
            over = lot.step is LotStep.FIRST_REFUSAL and lot.step_due_at is not None
            until: dict[str, Any] = {"asked_until": lot.step_due_at} if over else {}
            raise errors.NoFirstRefusalAwaited(**until)
        claim = await repository.find_claim(db, lot.id, seat.participant_id)
        if claim is None or seat.state is not SeatState.READY:
            raise errors.NoFirstRefusalAwaited()
        claim.state, claim.answered_at = CLAIM.move(claim.state, "exercise" if exercise else "waive"), now
        happened = FirstRefusalExercised if exercise else FirstRefusalWaived
        journal.record(db, happened(lot.id, trade.id), actor=actor)
        await db.flush()
        if first_refusal.is_settled(await repository.holders_of(db, lot.id)):
            await deciding.advance(db, trade, lot, now=now, actor=actor)
        await db.flush()
        return lot_view(lot, now)


# --- the step ---------------------------------------------------------------------------------------------------------


async def begin(db: AsyncSession, case: Case) -> datetime | None:
    """Holders who stand ready and did not win are asked; where there is none the lot is awarded at once."""
    hours = first_refusal.hours_of(await texts.get(db, case.trade.terms_sha256))
    if hours is None:
        return None
    ranked = await deciding.standings(db, case)
    asked = first_refusal.who_is_asked(await repository.holders_of(db, case.lot.id), ranked)
    if not asked:
        return None
    numbers = {one.number for one in asked}
    for claim in await repository.claims_on(db, case.lot.id):
        if claim.number in numbers:
            claim.state = CLAIM.move(claim.state, "ask")
    journal.record(
        db, FirstRefusalAsked(case.lot.id, case.trade.id, len(asked), ranked[0].price_minor), actor=case.actor
    )
    return case.now + timedelta(hours=hours)


async def expire(db: AsyncSession, case: Case) -> None:
    """Whoever was silent has waived; of those who exercised the first in the announced order takes the lot."""
    for claim in await repository.claims_on(db, case.lot.id):
        if claim.state is ClaimState.ASKED:
            claim.state = CLAIM.move(claim.state, "waive")
            journal.record(db, FirstRefusalWaived(case.lot.id, case.trade.id), actor=None)
    await db.flush()


deciding.STEPS[LotStep.FIRST_REFUSAL] = Step(begin, expire)


# --- inside the transaction -------------------------------------------------------------------------------------------


async def _lock_announced(db: AsyncSession, participant_id: UUID) -> tuple[Trade, Participant]:
    trade = await repository.hold_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
    if trade.state is not TradeState.ANNOUNCED:
        known: dict[str, Any] = {} if trade.bidding_opens_at is None else {"bidding_opens_at": trade.bidding_opens_at}
        raise errors.TooLateToClaim(**known)
    return trade, await repository.lock_participant(db, participant_id)


async def _joint_share(
    db: AsyncSession, trade: Trade, lot: Lot, buyers: Sequence[UUID], basis: Basis
) -> Decimal | None:
    """Who buys jointly holds a first refusal if each of them does; their shares of the title add up."""
    shares = [await _share(db, trade, lot, org, basis) for org in buyers]
    return None if None in shares else sum((one for one in shares if one is not None), start=Decimal(0))


async def _share(db: AsyncSession, trade: Trade, lot: Lot, org_id: UUID, basis: Basis) -> Decimal | None:
    """The holder's largest share of the title in this lot; None if the ground does not hold here."""
    offer = await listings.get_offer_facts(db, trade.listing_id)
    ids = offer.achievement_ids if lot.achievement_ids is None else [UUID(one) for one in lot.achievement_ids]
    if basis is Basis.CONTRACT:
        return Decimal(0)
    if not await _stands(db, ids, org_id, FirstRefusalBasis(basis.value), mode=offer.mode):
        return None
    facts = (await achievements.get_facts(db, ids)).values()
    return max((owner.share for one in facts for owner in one.owners if owner.org_id == org_id), default=Decimal(0))


async def _stands(
    db: AsyncSession, ids: Sequence[UUID], org_id: UUID, basis: FirstRefusalBasis, *, mode: str | None
) -> bool:
    return await achievements.first_refusal_of(db, ids, org_id, mode=mode, basis=basis) is not None
