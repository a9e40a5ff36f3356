"""A participant withdraws, or the operator shuts one out and its deposit is forfeited."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import journal
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.trading import awards, deposits, errors, policy, repository
from techmarket.trading.events import ParticipantWithdrew
from techmarket.trading.lifecycle import DEPOSIT, PARTICIPANT, AwardState, ForfeitCause, TradeState
from techmarket.trading.service.qualifying import require_apart, require_disinterested
from techmarket.trading.service.showing import participant_view
from techmarket.trading.views import ParticipantView


async def withdraw(tx: Tx, actor: Actor, participant_id: UUID) -> ParticipantView:
    """A participant may withdraw until the opening. Whoever has paid loses the deposit if that was announced."""
    async with tx.begin() as db:
        seen = await repository.get_participant(db, participant_id)
        if actor.org_id != seen.org_id:
            raise NotFound()
        require(actor, policy.WITHDRAW, parties=[seen.org_id])
        trade = await repository.lock_trade(db, seen.trade_id)
        participant = await repository.lock_participant(db, participant_id)
        if trade.state is not TradeState.ANNOUNCED:
            raise errors.TooLateToWithdraw()
        participant.state, participant.due_at = PARTICIPANT.move(participant.state, "withdraw"), None
        journal.record(db, ParticipantWithdrew(participant.id, trade.id), actor=actor)
        cause = ForfeitCause.WITHDRAWS_AFTER_PAYING
        for deposit in await repository.deposits_of(db, [participant.id]):
            await deposits.hold_what_came(db, trade, participant, deposit)
            await deposits.forfeit(db, trade, participant, deposit, cause=cause, actor=actor)
        for seat in await repository.seats_of_participants(db, [participant.id]):
            deposits.leave(seat)
        await deposits.release_idle(db, trade, actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def forfeit_deposit(
    tx: Tx, actor: Actor, deposit_id: UUID, *, cause: ForfeitCause, reasons: str
) -> ParticipantView:
    """The operator shuts a participant out for false papers or a breach of the rules, if that was announced.

    An award it is being offered is lost with the deposit that backs it; the runner-up steps in.
    """
    require(actor, policy.FORFEIT)
    async with tx.begin() as db:
        seen = await repository.get_deposit(db, deposit_id)
        participant_id = seen.participant_id
        # Awards before their trade, as a lapse and a conclusion lock them.
        offered = [
            await repository.lock_award(db, award_id) for award_id in await repository.offered_to(db, participant_id)
        ]
        trade = await repository.lock_trade(db, (await repository.get_participant(db, participant_id)).trade_id)
        participant = await repository.lock_participant(db, participant_id)
        await require_apart(db, actor, participant)
        await require_disinterested(db, actor, trade)
        deposit = await repository.lock_deposit(db, deposit_id)
        announced = await deposits.announced_causes(db, trade)
        if cause not in announced:
            raise errors.CauseNotAnnounced(announced=sorted(announced), pointer="/body/cause")
        await deposits.hold_what_came(db, trade, participant, deposit)
        DEPOSIT.move(deposit.state, "forfeit")
        now = await market_now(db)
        for award_id in await repository.offered_to(db, participant_id):
            if award_id not in {award.id for award in offered}:  # a runner-up who stepped in meanwhile
                offered.append(await repository.lock_award(db, award_id))
        for award in offered:
            # What an objection to the result says may end the lot for everybody: no runner-up steps in before that.
            if award.state is AwardState.OFFERED and award.notice_id and deposit.lot_id in (None, award.lot_id):
                await notices.require_unobjected(db, award.notice_id)
        await deposits.forfeit(db, trade, participant, deposit, cause=cause, actor=actor, reasons=reasons)
        for award in offered:
            if award.state is AwardState.OFFERED and deposit.lot_id in (None, award.lot_id):
                lot = await repository.lock_lot(db, award.lot_id)
                await awards.lose(db, trade, lot, award, cause=cause, now=now, actor=actor)
        await deposits.release_idle(db, trade, actor=actor)
        return await participant_view(db, trade, participant)
