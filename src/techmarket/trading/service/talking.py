"""The two sides of a negotiation make, answer and accept signed offers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound, wire
from techmarket.listings import steps as listings
from techmarket.signing import steps as signing
from techmarket.trading import errors, policy, repository
from techmarket.trading.events import OfferAccepted, OfferDeclined, OfferMade
from techmarket.trading.lifecycle import OFFER, LotState, Method, OfferState, SeatState
from techmarket.trading.methods.negotiation import stands_until
from techmarket.trading.service import opening
from techmarket.trading.service.drafting import seller_kinds
from techmarket.trading.tables import Lot, Participant, Seat, TalkOffer, Trade
from techmarket.trading.views import OfferView

PURPOSE = "trading.offer"


async def make_offer(
    tx: Tx,
    actor: Actor,
    lot_id: UUID,
    *,
    minor: int,
    valid_until: datetime,
    participant_id: UUID | None = None,
    conditions: str | None = None,
) -> OfferView:
    """One side of a talk offers a price and signs it; an open offer of the other side is thereby countered."""
    async with tx.begin() as db:
        lot = await repository.lock_lot(db, lot_id)
        trade = await repository.get_trade(db, lot.trade_id)
        participant, seat = await _talk(db, actor, trade, lot, participant_id)
        require(actor, policy.MAKE_OFFER, parties=[trade.seller_org_id, participant.org_id])
        now = await market_now(db)
        _require_open(trade, lot, now)
        if seat.state is not SeatState.READY:
            raise errors.NotQualified()
        if lot.start_price_minor is not None and minor < lot.start_price_minor:
            raise errors.OfferBelowFloor(least=Money(lot.start_price_minor), pointer="/body/price")
        assert lot.effective_end is not None
        if not now < valid_until <= lot.effective_end:
            raise errors.OfferEndsTooLate(now=now, talks_end=lot.effective_end, pointer="/body/valid_until")
        last = await repository.last_offer(db, lot.id, participant.id)
        if last is not None and last.state is OfferState.OPEN:
            if last.by_org_id == actor.org_id and now < _end(last, lot):
                raise errors.OfferStands(until=_end(last, lot))
            # The other side's offer is answered by this one; one's own, whose hour is over, makes room for it.
            last.state, last.answered_at = OFFER.move(last.state, "counter"), now
            await db.flush()
        offer = await _sign(db, actor, trade, lot, participant, last, now, minor, valid_until, conditions)
        return await _view(db, offer, trade, lot, now)


async def _sign(
    db: AsyncSession,
    actor: Actor,
    trade: Trade,
    lot: Lot,
    participant: Participant,
    last: TalkOffer | None,
    now: datetime,
    minor: int,
    valid_until: datetime,
    conditions: str | None,
) -> TalkOffer:
    other = participant.org_id if actor.org_id == trade.seller_org_id else trade.seller_org_id
    offer_id, n = new_id(), 1 if last is None else last.n + 1
    document: dict[str, Any] = {
        "trade": trade.number,
        "terms_sha256": trade.terms_sha256,
        "lot": lot.n,
        "offer": str(offer_id),
        "n": n,
        "from_organisation_id": str(actor.org),
        "to_organisation_id": str(other),
        "price": wire(Money(minor)),
        "conditions": conditions,
        "valid_until": wire(valid_until),
        "answers": None if last is None else last.document_sha256,
        # Without it whoever knows the hash could try prices until one fits.
        "nonce": secrets.token_hex(16),
    }
    sha256 = await texts.put(db, document)
    signing_id = await signing.open_signing(
        db,
        document_sha256=sha256,
        purpose=PURPOSE,
        subject=Ref("offer", offer_id),
        signatories=[signing.Signatory(actor.org, role="OFFEROR"), signing.Signatory(other, role="OFFEREE")],
        in_order=True,
        actor=actor,
    )
    await signing.put(db, signing_id, actor, document_sha256=sha256, now=now)
    offer = TalkOffer(
        id=offer_id,
        lot_id=lot.id,
        participant_id=participant.id,
        n=n,
        by_org_id=actor.org,
        minor=minor,
        document_sha256=sha256,
        signing_id=signing_id,
        state=OFFER.initial,
        made_at=now,
        valid_until=valid_until,
    )
    db.add(offer)
    journal.record(db, OfferMade(offer.id, lot.id, sha256, valid_until), actor=actor)
    await db.flush()
    return offer


async def accept_offer(tx: Tx, actor: Actor, offer_id: UUID, *, document_sha256: str) -> OfferView:
    """The other side signs the offer: the lot is awarded at its price, and the price notice begins, in one commit."""
    async with tx.begin() as db:
        trade, lot, offer, participant = await _answered(db, actor, offer_id)
        require(actor, policy.ACCEPT_OFFER, parties=[trade.seller_org_id, participant.org_id])
        now = await market_now(db)
        _require_standing(actor, trade, lot, offer, now)
        await _require_no_competition(db, trade, lot)
        await _require_approved(db, trade, offer.minor)
        offer.state, offer.answered_at = OFFER.move(offer.state, "accept"), now
        await signing.put(db, offer.signing_id, actor, document_sha256=document_sha256, now=now)
        journal.record(db, OfferAccepted(offer.id, lot.id, offer.document_sha256), actor=actor)
        await db.flush()
        await opening.close(db, trade, lot, now=now, actor=actor)
        return await _view(db, offer, trade, lot, now)


async def decline_offer(tx: Tx, actor: Actor, offer_id: UUID) -> OfferView:
    """The other side declines; whoever made the offer is free to make another."""
    async with tx.begin() as db:
        trade, lot, offer, participant = await _answered(db, actor, offer_id)
        require(actor, policy.DECLINE_OFFER, parties=[trade.seller_org_id, participant.org_id])
        now = await market_now(db)
        _require_standing(actor, trade, lot, offer, now)
        offer.state, offer.answered_at = OFFER.move(offer.state, "decline"), now
        await signing.void(db, offer.signing_id, actor)
        journal.record(db, OfferDeclined(offer.id, lot.id), actor=actor)
        await db.flush()
        return await _view(db, offer, trade, lot, now)


async def list_offers(tx: Tx, actor: Actor, lot_id: UUID) -> Sequence[OfferView]:
    """The seller and the market see every talk about the lot, a participant his own, in the order of the offers."""
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        mine = None
        if not actor.is_market and not _is_sellers_officer(actor, trade):
            participant = await repository.find_participant(db, trade.id, actor.org) if actor.org_id else None
            if participant is None:
                raise NotFound()
            mine = participant.id
        parties = [trade.seller_org_id, actor.org_id if mine else None]
        require(actor, policy.SEE_OFFERS, parties=parties)
        now = await market_now(db)
        return [await _view(db, one, trade, lot, now) for one in await repository.list_offers(db, lot.id, mine)]


async def get_offer(tx: Tx, actor: Actor, offer_id: UUID) -> OfferView:
    """One offer, for the two who talk and the market."""
    async with tx.read() as db:
        offer = await repository.get_offer(db, offer_id)
        lot, trade = await repository.find_lot(db, offer.lot_id)
        participant = await repository.get_participant(db, offer.participant_id)
        parties = [trade.seller_org_id, participant.org_id]
        if not (actor.is_market or actor.org_id == participant.org_id or _is_sellers_officer(actor, trade)):
            raise NotFound()
        require(actor, policy.SEE_OFFERS, parties=parties)
        return await _view(db, offer, trade, lot, await market_now(db))


def _is_sellers_officer(actor: Actor, trade: Trade) -> bool:
    return actor.org_id == trade.seller_org_id and bool(actor.roles & policy.SEE_BUYERS)


async def _talk(
    db: AsyncSession, actor: Actor, trade: Trade, lot: Lot, participant_id: UUID | None
) -> tuple[Participant, Seat]:
    """Between the seller and which participant this word is; a stranger does not learn that there is a talk."""
    if actor.org_id == trade.seller_org_id:
        if participant_id is None:
            raise errors.CounterpartyNeeded(pointer="/body/participant_id")
        participant = await repository.get_participant(db, participant_id)
    else:
        found = await repository.find_participant(db, trade.id, actor.org) if actor.org_id else None
        if found is None:
            raise NotFound()
        if participant_id not in (None, found.id):
            raise errors.CounterpartyNeeded(pointer="/body/participant_id")
        participant = found
    seats = await repository.seats_of_participants(db, [participant.id])
    seat = next((one for one in seats if one.lot_id == lot.id), None)
    if participant.trade_id != trade.id or seat is None:
        raise errors.CounterpartyNeeded(pointer="/body/participant_id")
    return participant, seat


async def _answered(db: AsyncSession, actor: Actor, offer_id: UUID) -> tuple[Trade, Lot, TalkOffer, Participant]:
    """The offer to answer, with its trade, lot and itself locked in the order everybody locks them."""
    seen = await repository.get_offer(db, offer_id)
    lot, _ = await repository.find_lot(db, seen.lot_id)
    trade = await repository.lock_trade(db, lot.trade_id)
    lot = await repository.lock_lot(db, lot.id)
    offer = await repository.lock_offer(db, offer_id)
    participant = await repository.get_participant(db, offer.participant_id)
    if actor.org_id not in (trade.seller_org_id, participant.org_id):
        raise NotFound()
    return trade, lot, offer, participant


def _require_open(trade: Trade, lot: Lot, now: datetime) -> None:
    if lot.method is not Method.NEGOTIATION:
        raise errors.NoTalksHere(method=lot.method)
    if lot.state is not LotState.OPEN or lot.effective_end is None or now >= lot.effective_end:
        opens_at = lot.opened_at or trade.bidding_opens_at
        raise errors.TalksNotOpen(state=lot.state, opens_at=opens_at, talks_end=lot.effective_end or lot.closed_at)


def _require_standing(actor: Actor, trade: Trade, lot: Lot, offer: TalkOffer, now: datetime) -> None:
    if actor.org_id == offer.by_org_id:
        raise errors.OfferNotYours()
    OFFER.move(offer.state, "accept")
    _require_open(trade, lot, now)
    if now >= _end(offer, lot):
        raise errors.OfferOver(valid_until=_end(offer, lot))


async def _require_no_competition(db: AsyncSession, trade: Trade, lot: Lot) -> None:
    """Two or more qualified buyers mean open competition for state-owned assets (企业国有资产法 art. 54)."""
    seller = await identity.get_organisation(db, trade.seller_org_id)
    if "soe" not in seller_kinds(seller):
        return
    ready = await repository.count_ready(db, lot.id)
    if ready > 1:
        raise errors.CompetitionNeeded(buyers=ready)


async def _require_approved(db: AsyncSession, trade: Trade, minor: int) -> None:
    """Before a unit awards at a negotiated price it has decided to, where the rule of the trade's day asks for it."""
    facts = await listings.get_offer_facts(db, trade.listing_id)
    await achievements.require_approval(
        db,
        listings.approvals_of(facts),
        seller=trade.seller_org_id,
        achievement_ids=facts.achievement_ids,
        mode=facts.mode,
        price_minor=minor,
        on=trade.rule_date,
    )


def _end(offer: TalkOffer, lot: Lot) -> datetime:
    assert lot.effective_end is not None
    return stands_until(valid_until=offer.valid_until, talks_end=lot.effective_end)


async def _view(db: AsyncSession, offer: TalkOffer, trade: Trade, lot: Lot, now: datetime) -> OfferView:
    stands = offer.state is OfferState.OPEN and lot.state is LotState.OPEN and now < _end(offer, lot)
    return OfferView(
        offer.id,
        offer.lot_id,
        offer.participant_id,
        offer.n,
        offer.by_org_id,
        offer.by_org_id == trade.seller_org_id,
        Money(offer.minor),
        offer.document_sha256,
        await texts.get(db, offer.document_sha256),
        offer.state,
        stands,
        offer.made_at,
        offer.valid_until,
        offer.answered_at,
        offer.signing_id,
    )
