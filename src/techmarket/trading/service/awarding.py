"""What happens after the award: it lapses, is annulled, or a runner-up leaves."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.notices import steps as notices
from techmarket.trading import awards, policy, repository
from techmarket.trading.lifecycle import AWARD, TRADE, ActKind, AwardState, ForfeitCause
from techmarket.trading.publishing import require_countable
from techmarket.trading.service.due import work_off_all
from techmarket.trading.service.showing import award_view
from techmarket.trading.views import AwardView


async def lapse_due(tx: Tx, *, limit: int = 100) -> int:
    """Lapse every offered award whose time to sign has passed; returns how many."""
    return await work_off_all(tx, repository.list_due_to_lapse, lambda award_id: lapse_award(tx, award_id), limit=limit)


async def lapse_award(tx: Tx, award_id: UUID) -> bool:
    """A winner who lets the signing date pass loses the award and the deposit; the runner-up is offered the lot.

    If the seller has not signed by then, it was never the buyer's turn: the award is annulled, the lot is unsold, and
    every deposit goes back. All in one commit. The award is locked first, as by the last signature: whichever comes
    first wins. While the result notice is paused, or its end was put off by a pause, the time to sign is put off too.
    """
    async with tx.begin() as db:
        award = await repository.lock_award(db, award_id)
        if award.state is not AwardState.OFFERED:
            return False
        trade = await repository.lock_trade(db, award.trade_id)
        deadline = await awards.signing_deadline(db, trade, award)
        now = await market_now(db)
        # Without a deadline it sorts behind those that have one, and keeps none of them waiting.
        award.sign_by = deadline
        if deadline is None:
            return False
        if now < deadline:
            return False
        # An upheld objection annuls the award by its event; until that comes, nobody could have signed either.
        if award.notice_id is None or not await notices.is_cleared(db, award.notice_id, now):
            return False
        lot = await repository.lock_lot(db, award.lot_id)
        # A runner-up's notice that nobody could count would keep this from its end: it waits for the calendar.
        try:
            await require_countable(db, trade, await texts.get(db, trade.terms_sha256), now)
        except CalendarYearMissing:
            return False
        if award.buyers_turn_at is None:
            await awards.annul(db, trade, award, cause="seller_did_not_sign", now=now, actor=None)
            await awards.end_unsold(db, trade, lot, cause="seller_did_not_sign", actor=None)
        else:
            await awards.lose(db, trade, lot, award, cause=ForfeitCause.REFUSES_TO_SIGN, now=now, actor=None)
        return True


async def follow_award_notice(tx: Tx, award_id: UUID) -> bool:
    """Another notice stands in the place of the award's: the award names that one, and its time to sign moves."""
    async with tx.begin() as db:
        award = await repository.lock_award(db, award_id)
        if award.notice_id is None or award.state is not AwardState.OFFERED:
            return False
        award.notice_id = await notices.current(db, award.notice_id)
        award.sign_by = await awards.signing_deadline(db, await repository.get_trade(db, award.trade_id), award)
        return True


async def leave_as_runner_up(tx: Tx, actor: Actor, award_id: UUID) -> AwardView:
    """A runner-up may leave with the deposit at any time while waiting."""
    async with tx.begin() as db:
        award = await repository.get_award(db, award_id)
        participant = await repository.get_participant(db, award.participant_id)
        if actor.org_id != participant.org_id:
            raise NotFound()
        require(actor, policy.LEAVE, parties=[participant.org_id])
        # The trade before its waiting award, as a lapse takes them; an award that waits changes under the trade alone.
        trade = await repository.lock_trade(db, award.trade_id)
        await db.refresh(award)
        AWARD.move(award.state, "release")
        await awards.release_runner_up(db, trade, award.lot_id, actor=actor)
        await db.flush()
        return await award_view(db, award, trade, participant)


async def terminate_trade(tx: Tx, trade_id: UUID) -> bool:
    """An upheld objection to the announcement ends the procedure. Silent if it has ended already."""
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        if not TRADE.can(trade.state, "terminate"):
            return False
        now = await market_now(db)
        await awards.terminate(db, trade, cause="objection_upheld", now=now, actor=None)
        await repository.add_act(
            db, trade, ActKind.TERMINATED, cause="objection_upheld", reasons=None, actor=None, now=now
        )
        return True


async def annul_award(tx: Tx, award_id: UUID) -> bool:
    """An upheld objection to the result annuls the award and ends its lot; nobody loses a deposit by it."""
    async with tx.begin() as db:
        award = await repository.lock_award(db, award_id)
        if not AWARD.can(award.state, "annul"):
            return False
        trade = await repository.lock_trade(db, award.trade_id)
        now = await market_now(db)
        await awards.annul(db, trade, award, cause="objection_upheld", now=now, actor=None)
        lot = await repository.lock_lot(db, award.lot_id)
        await awards.end_terminated(db, trade, lot, cause="objection_upheld", now=now, actor=None)
        await awards.settle(db, trade, actor=None, cause="objection_upheld")
        return True
