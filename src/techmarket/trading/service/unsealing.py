"""After the deadline: the slots go into the log as one hash, officers give their shares, and the last needed one opens.

Until enough shares are given nobody can open the lot, and none is taken before the deadline. If they do not come in the
time announced, the lot ends unsold and everybody's deposit goes back.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.trading import awards, envelopes, errors, policy, repository
from techmarket.trading.events import LotUnsealed, ShareGiven, SlotsClosed
from techmarket.trading.lifecycle import LOT, LotState, LotStep, Method
from techmarket.trading.methods import Family, method_rules, rules_of
from techmarket.trading.methods.scored import Scored, panel_criteria
from techmarket.trading.methods.sealed import Sealed
from techmarket.trading.panel import seating
from techmarket.trading.sealed import rules
from techmarket.trading.sealed.rules import Judged, Slot, Verdict
from techmarket.trading.sealed.shares import Share, combine, is_genuine
from techmarket.trading.service import deciding
from techmarket.trading.service.deciding import Case, Step
from techmarket.trading.service.due import work_off
from techmarket.trading.service.qualifying import require_disinterested
from techmarket.trading.service.sealing import sealing_view
from techmarket.trading.service.showing import require_known
from techmarket.trading.tables import Lot, LotSealing, OpenedEnvelope, OpeningOfficer, Trade
from techmarket.trading.views import OpenedEnvelopeView, OpeningView, SealingView

CONFIDENTIAL = frozenset({Method.SELECTION})
"""Proposals stay between their bidder, the lister and the panel: only their commitments become public."""


async def close_slots_due(tx: Tx, keys: Keys, *, limit: int = 100) -> int:
    """Log the slots of every lot whose deadline has passed; returns how many."""
    async with tx.read() as db:
        due = await repository.list_slots_to_close(db, limit)
    return await work_off(due, lambda lot_id: _close_slots_if_due(tx, keys, lot_id))


async def _close_slots_if_due(tx: Tx, keys: Keys, lot_id: UUID) -> bool:
    async with tx.begin() as db:
        _, trade = await repository.find_lot(db, lot_id)
        lot = await repository.lock_lot(db, lot_id)
        sealing = await repository.find_sealing(db, lot_id)
        if lot.step is not LotStep.OPENING or sealing is None or sealing.slots_sha256 is not None:
            return False
        await _close_slots(db, trade, sealing, keys, actor=None)
        return True


async def _close_slots(
    db: AsyncSession, trade: Trade, sealing: LotSealing, keys: Keys, *, actor: Actor | None
) -> list[Slot]:
    """Every ready seat has its slot, and from here on none can change unnoticed."""
    await envelopes.rewrite(db, trade, sealing, keys)
    slots = await envelopes.slots(db, sealing.lot_id, keys)
    sealing.slots_sha256 = rules.slots_digest(sealing.lot_id, slots).hex()
    journal.record(db, SlotsClosed(sealing.lot_id, trade.id, sealing.slots_sha256), actor=actor)
    await db.flush()
    return slots


async def give_share(tx: Tx, actor: Actor, keys: Keys, lot_id: UUID, *, n: int, share: bytes) -> SealingView:
    """An officer gives his share after the deadline; the last one needed opens the lot in the same transaction."""
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        require_known(actor, seen)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        sealing = await repository.find_sealing(db, lot_id)
        if sealing is None:
            raise NotFound()
        officers = await repository.officers_of(db, lot_id)
        require(actor, policy.GIVE_SHARE, parties=[one.person_id for one in officers])
        _require_deadline_passed(trade, lot, sealing)
        officer = _officer_of(officers, actor, n, share, lot_id)
        if sealing.opened_at is None:
            await require_disinterested(db, actor, trade)
            await _require_panel(db, trade, lot)
        if officer.share is None:
            officer.share, officer.given_at = share, now
            journal.record(db, ShareGiven(lot.id, trade.id, officer.n), actor=actor)
        if sealing.opened_at is None:
            await _open_if_enough(db, trade, lot, sealing, officers, keys, now=now, actor=actor)
        await db.flush()
        return await sealing_view(db, actor, trade, sealing)


def _require_deadline_passed(trade: Trade, lot: Lot, sealing: LotSealing) -> None:
    if lot.state in (LotState.WAITING, LotState.OPEN, LotState.PAUSED):
        opens_at = trade.bidding_opens_at if lot.state is LotState.WAITING else None
        raise errors.SharesTooEarly(opens_at=opens_at, effective_end=lot.effective_end)
    if sealing.opened_at is None and lot.step is not LotStep.OPENING:
        raise NotInThisState(thing=LOT.thing, state=lot.state, act="give_share", possible=LOT.possible(lot.state))


async def _require_panel(db: AsyncSession, trade: Trade, lot: Lot) -> None:
    terms = rules_of(await texts.get(db, trade.terms_sha256))
    if panel_criteria(terms):
        await seating.require_complete(db, lot, announced=terms["experts"])


def _officer_of(officers: Sequence[OpeningOfficer], actor: Actor, n: int, share: bytes, lot_id: UUID) -> OpeningOfficer:
    """An officer gives the share he was dealt, and nobody else's."""
    digests = {one.n: bytes.fromhex(one.share_sha256) for one in officers if one.person_id == actor.person_id}
    if not is_genuine(Share(n, share), digests, lot_id):
        raise errors.WrongShare(n=n, pointer="/body/share")
    return next(one for one in officers if one.n == n)


async def _open_if_enough(
    db: AsyncSession,
    trade: Trade,
    lot: Lot,
    sealing: LotSealing,
    officers: Sequence[OpeningOfficer],
    keys: Keys,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    if sealing.slots_sha256 is None:
        slots = await _close_slots(db, trade, sealing, keys, actor=actor)
    else:
        slots = await envelopes.slots(db, lot.id, keys)
    given = [Share(one.n, one.share) for one in officers if one.share is not None]
    private_key = combine(given, needed=sealing.needed, public_key=sealing.public_key)
    if private_key is None:
        return
    if rules.slots_digest(lot.id, slots).hex() != sealing.slots_sha256:
        # Somebody wrote into the database after the deadline: nobody can be awarded anything over such slots.
        await awards.end_unsold(db, trade, lot, cause="slots_changed", actor=actor)
        return
    judged = _judge(trade, lot, slots, private_key, rules_of(await texts.get(db, trade.terms_sha256)))
    await _publish(db, sealing, slots, judged, private_key, now=now)
    counted = sum(one.verdict is Verdict.COUNTED for one in judged)
    told_key = None if lot.method in CONFIDENTIAL else private_key.hex()
    event = LotUnsealed(lot.id, trade.id, sealing.slots_sha256, told_key, counted)
    journal.record(db, event, actor=actor)
    await deciding.advance(db, trade, lot, now=now, actor=actor)


def _judge(trade: Trade, lot: Lot, slots: Sequence[Slot], private_key: bytes, terms: Mapping[str, Any]) -> list[Judged]:
    floor, method = lot.start_price_minor or 0, method_rules(lot.method)
    assert isinstance(method, Sealed | Scored)
    return rules.judge(
        slots,
        lot_id=lot.id,
        terms_sha256=trade.terms_sha256,
        private_key=private_key,
        read=lambda content: method.read(content, terms),
        is_in_bounds=lambda minor: minor >= floor,
    )


async def _publish(
    db: AsyncSession,
    sealing: LotSealing,
    slots: Sequence[Slot],
    judged: Sequence[Judged],
    private_key: bytes,
    *,
    now: datetime,
) -> None:
    assert sealing.slots_sha256 is not None
    envelope_of = {slot.number: slot.envelope for slot in slots}
    numbers = sorted(envelope_of)
    drawn = {
        number: place
        for place, number in enumerate(rules.draw(private_key, bytes.fromhex(sealing.slots_sha256), numbers), start=1)
    }
    db.add_all(
        OpenedEnvelope(
            lot_id=sealing.lot_id,
            number=one.number,
            drawn=drawn[one.number],
            envelope=envelope_of[one.number],
            verdict=one.verdict.value,
            copied_from=one.copied_from,
            minor=one.minor,
            content=None if one.letter is None else dict(one.letter.content),
            nonce=None if one.letter is None else one.letter.nonce,
            commitment=None if one.letter is None else one.letter.commitment,
        )
        for one in judged
    )
    await repository.drop_slots(db, sealing.lot_id)
    sealing.private_key, sealing.opened_at = private_key, now
    await db.flush()


async def get_opening(tx: Tx, actor: Actor, lot_id: UUID) -> OpeningView:
    """The record of an opening, for anyone: each envelope, the verdict on it, its content, and the key to check that.

    Of confidential proposals it tells verdicts, hashes and commitments.
    """
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        sealing = await repository.find_sealing(db, lot_id)
        if sealing is None:
            raise NotFound()
        if sealing.opened_at is None or sealing.private_key is None or sealing.slots_sha256 is None:
            given = sum(one.share is not None for one in await repository.officers_of(db, lot_id))
            due_at = lot.step_due_at if lot.step is LotStep.OPENING else None
            raise errors.NotOpenedYet(needed=sealing.needed, given=given, due_at=due_at)
        return OpeningView(
            lot_id,
            sealing.opened_at,
            sealing.public_key.hex(),
            None if lot.method in CONFIDENTIAL else sealing.private_key.hex(),
            trade.terms_sha256,
            sealing.slots_sha256,
            tuple(
                _opened_view(one, is_public=lot.method not in CONFIDENTIAL)
                for one in await repository.list_opened(db, lot_id)
            ),
        )


def _opened_view(one: OpenedEnvelope, *, is_public: bool) -> OpenedEnvelopeView:
    return OpenedEnvelopeView(
        one.number,
        one.drawn,
        one.verdict,
        one.copied_from,
        Money(one.minor) if is_public and one.minor is not None else None,
        one.content if is_public else None,
        one.nonce.hex() if is_public and one.nonce is not None else None,
        None if one.commitment is None else one.commitment.hex(),
        base64.b64encode(one.envelope).decode() if is_public else None,
        Slot(one.number, one.envelope).sha256,
    )


async def _wait_for_shares(db: AsyncSession, case: Case) -> datetime | None:
    """Officers have as long as was announced; a lot nobody could quote on has nothing to open."""
    if not await repository.ready_seats(db, case.lot.id):
        return None
    return case.now + timedelta(seconds=case.terms["opening_seconds"])


async def _never_opened(db: AsyncSession, case: Case) -> None:
    """A lot whose officers did not come is decided for nobody: unsold, and every deposit goes back."""
    await awards.end_unsold(db, case.trade, case.lot, cause="never_opened", actor=case.actor)


deciding.STEPS[LotStep.OPENING] = Step(_wait_for_shares, _never_opened)
deciding.CANDIDATES[Family.ENVELOPE] = repository.opened_quotes
