"""A sealed lot gets its key and its officers, and bidders put their envelopes into its slots."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.permissions import require
from techmarket.kernel.refusals import NotFound
from techmarket.trading import envelopes, errors, policy, repository
from techmarket.trading.events import LotSealed
from techmarket.trading.lifecycle import LotState, SeatState, TradeState
from techmarket.trading.methods import Family, method_rules, rules_of
from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES, SUITE, BadKey, require_public_key
from techmarket.trading.sealed.receipts import receipt_bytes
from techmarket.trading.sealed.rules import Slot
from techmarket.trading.service.due import work_off
from techmarket.trading.service.mandating import bound_sides
from techmarket.trading.service.qualifying import require_disinterested
from techmarket.trading.service.showing import require_known
from techmarket.trading.tables import Lot, LotSealing, OpeningOfficer, Trade
from techmarket.trading.views import EnvelopeReceiptView, OfficerView, SealingView, SlotView

OFFICER_KINDS = frozenset({OrgKind.MARKET, OrgKind.AUTHORITY, OrgKind.AGENCY})
"""The market, an authority, or an agency such as a notary's office."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Who will hold a share, and the share's hash."""

    person_id: UUID
    organisation_id: UUID
    share_sha256: str


async def seal_lot(
    tx: Tx, actor: Actor, lot_id: UUID, *, public_key: bytes, needed: int, officers: Sequence[Officer]
) -> SealingView:
    """The operator registers a lot's key and who shares it, before quotes open; no organisation can open it alone."""
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        require_known(actor, seen)
        require(actor, policy.SEAL_LOT)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        await require_disinterested(db, actor, trade)
        _require_envelopes(lot)
        if trade.state is not TradeState.ANNOUNCED or lot.state is not LotState.WAITING:
            raise errors.SealingFixed()
        await _require_as_announced(db, trade, needed, len(officers))
        await _require_independent(db, trade, needed, officers)
        await _require_own_key(db, lot, public_key)
        await repository.drop_sealing(db, lot.id)
        sealing = LotSealing(lot_id=lot.id, suite=SUITE, public_key=public_key, needed=needed, officers=len(officers))
        db.add(sealing)
        await db.flush()
        db.add_all(
            OpeningOfficer(
                lot_id=lot.id,
                n=n,
                person_id=one.person_id,
                org_id=one.organisation_id,
                share_sha256=one.share_sha256,
            )
            for n, one in enumerate(officers, start=1)
        )
        journal.record(db, LotSealed(lot.id, trade.id, public_key.hex(), needed, len(officers)), actor=actor)
        await db.flush()
        return await sealing_view(db, actor, trade, sealing)


async def _require_as_announced(db: AsyncSession, trade: Trade, needed: int, officers: int) -> None:
    said = rules_of(await texts.get(db, trade.terms_sha256))
    if (needed, officers) != (said["needed"], said["officers"]):
        raise errors.SealingNotAnnounced(needed=said["needed"], officers=said["officers"], pointer="/body/officers")


async def _require_independent(db: AsyncSession, trade: Trade, needed: int, officers: Sequence[Officer]) -> None:
    parties = {trade.seller_org_id, *bound_sides(await repository.list_participants(db, trade.id))}
    kinds = await identity.get_organisations(db, {one.organisation_id for one in officers})
    persons = await identity.get_people(db, {one.person_id for one in officers})
    people, shares = {one.person_id for one in officers}, {one.share_sha256 for one in officers}
    for n, one in enumerate(officers):
        await identity.require_member(db, one.person_id, one.organisation_id, pointer=f"/body/officers/{n}/person_id")
        org = kinds[one.organisation_id]
        if parties & {org.id, *persons[one.person_id].org_ids} or org.kind not in OFFICER_KINDS or not org.is_verified:
            raise errors.OfficersUnfit(pointer=f"/body/officers/{n}")
    if len(people) < len(officers) or len(shares) < len(officers):
        raise errors.OfficersUnfit(pointer="/body/officers")
    held = [one.organisation_id for one in officers]
    if any(held.count(org_id) >= needed for org_id in set(held)):
        raise errors.OfficersOfOneHand(most=needed - 1, pointer="/body/officers")


async def _require_own_key(db: AsyncSession, lot: Lot, public_key: bytes) -> None:
    try:
        require_public_key(public_key)
    except BadKey:
        raise errors.KeyUnfit(pointer="/body/public_key") from None
    known = await repository.find_sealing_by_key(db, public_key)
    if known is not None and known.lot_id != lot.id:
        raise errors.KeyUnfit(pointer="/body/public_key")


async def get_sealing(tx: Tx, actor: Actor, lot_id: UUID) -> SealingView:
    """A sealed lot's key, officers and progress; public once the trade is announced."""
    async with tx.read() as db:
        _, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        sealing = await repository.find_sealing(db, lot_id)
        if sealing is None:
            raise NotFound()
        return await sealing_view(db, actor, trade, sealing)


async def put_envelope(tx: Tx, actor: Actor, keys: Keys, lot_id: UUID, *, envelope: bytes) -> EnvelopeReceiptView:
    """A ready bidder puts or replaces his one envelope until the lot's end; all slots are written with it.

    Nothing is recorded: an entry for each envelope would count them. The receipt is the bidder's proof.
    """
    require(actor, policy.SEAL_QUOTE)
    if len(envelope) != ENVELOPE_BYTES:
        raise errors.EnvelopeMalformed(bytes=ENVELOPE_BYTES, pointer="/body/envelope")
    async with tx.begin() as db:
        _, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        _require_envelopes(lot)
        seat = await repository.find_seat(db, lot.id, actor.org)
        if seat is None:
            raise errors.NotAParticipant()
        _require_open(trade, lot, now)
        if seat.state is not SeatState.READY:
            raise errors.NotQualified()
        sealing = await repository.find_sealing(db, lot.id)
        assert sealing is not None
        await envelopes.rewrite(db, trade, sealing, keys, put=(actor.org, envelope))
        return _receipt(lot.id, seat.number, Slot(seat.number, envelope).sha256, now, keys)


async def get_slot(tx: Tx, actor: Actor, keys: Keys, lot_id: UUID) -> SlotView:
    """What stands in one's own slot, by its hash: after an answer that was lost, whether the envelope arrived."""
    require(actor, policy.SEE_SLOT)
    async with tx.read() as db:
        _, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        seat = await repository.find_seat(db, lot_id, actor.org)
        if seat is None:
            raise NotFound()
        for slot in await envelopes.slots(db, lot_id, keys):
            if slot.number == seat.number:
                return SlotView(lot_id, seat.number, slot.sha256)
        raise NotFound()


async def renew_covers(tx: Tx, keys: Keys, *, one_in: int, within: timedelta = timedelta(0), limit: int = 100) -> int:
    """The clock writes the slots of open lots anew at random moments, so that a write tells of no envelope.

    Each lot at its own moment of the time given, to the millisecond: on the stroke of the schedule alone, every other
    write would be a bidder's.
    """
    async with tx.read() as db:
        lots = await repository.list_open_sealed(db, limit)
    chosen = {
        lot_id: secrets.randbelow(int(within.total_seconds() * 1000) + 1) / 1000
        for lot_id in lots
        if secrets.randbelow(one_in) == 0
    }
    began = time.monotonic()

    async def renew_in_time(lot_id: UUID) -> bool:
        await asyncio.sleep(max(0.0, began + chosen[lot_id] - time.monotonic()))
        return await _renew(tx, keys, lot_id)

    return await work_off(sorted(chosen, key=chosen.__getitem__), renew_in_time)


async def _renew(tx: Tx, keys: Keys, lot_id: UUID) -> bool:
    async with tx.begin() as db:
        _, trade = await repository.find_lot(db, lot_id)
        lot = await repository.lock_lot(db, lot_id)
        sealing = await repository.find_sealing(db, lot_id)
        if lot.state is not LotState.OPEN or sealing is None:
            return False
        await envelopes.rewrite(db, trade, sealing, keys)
        return True


def _require_envelopes(lot: Lot) -> None:
    if method_rules(lot.method).family is not Family.ENVELOPE:
        raise errors.NoEnvelopesHere(method=lot.method.value)


def _require_open(trade: Trade, lot: Lot, now: datetime) -> None:
    """The instant of the end itself no longer belongs to the lot."""
    if lot.state is LotState.PAUSED:
        known: dict[str, Any] = {} if lot.resumes_at is None else {"resumes_at": lot.resumes_at}
        raise errors.BiddingPaused(cause=lot.pause_cause, reason=lot.pause_reason, **known)
    if lot.state is LotState.WAITING:
        raise errors.BiddingNotOpen(opens_at=trade.bidding_opens_at)
    if lot.state is not LotState.OPEN or lot.effective_end is None or now >= lot.effective_end:
        raise errors.BiddingOver(effective_end=min(at for at in (lot.effective_end, lot.closed_at) if at is not None))


def _receipt(lot_id: UUID, number: int, sha256: str, at: datetime, keys: Keys) -> EnvelopeReceiptView:
    signature = keys.receipts.sign(receipt_bytes(lot_id, number, sha256, at))
    return EnvelopeReceiptView(lot_id, number, sha256, at, keys.receipts.kid, signature.hex())


async def sealing_view(db: AsyncSession, actor: Actor, trade: Trade, sealing: LotSealing) -> SealingView:
    seat = None if actor.org_id is None else await repository.find_seat(db, sealing.lot_id, actor.org_id)
    return SealingView(
        sealing.lot_id,
        sealing.suite,
        ENVELOPE_BYTES,
        sealing.public_key.hex(),
        trade.terms_sha256,
        sealing.needed,
        tuple(
            OfficerView(one.n, one.org_id, one.share_sha256, one.given_at)
            for one in await repository.officers_of(db, sealing.lot_id)
        ),
        sealing.slots_sha256,
        sealing.opened_at,
        None if seat is None else seat.number,
    )
