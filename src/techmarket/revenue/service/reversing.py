"""Taking a distribution back (冲回): every posting gets its mirror, and what was paid becomes a claim."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.notices import steps as notices
from techmarket.notices.lifecycle import STANDING
from techmarket.revenue import errors, policy, repository
from techmarket.revenue.events import DistributionReversed, LineReworkWithdrawn
from techmarket.revenue.lifecycle import DISTRIBUTION, LINE_REWORK, LineState, ReworkState
from techmarket.revenue.repository import claiming
from techmarket.revenue.repository.sets import move_lines
from techmarket.revenue.service.claims import lock_what_was_set_off, reclaim, undo_set_off
from techmarket.revenue.service.funding import give_rest_back
from techmarket.revenue.service.showing import seen, view_of
from techmarket.revenue.tables import Distribution, DistributionLine, LineRework
from techmarket.revenue.views import DistributionView
from techmarket.settlement import steps as settlement
from techmarket.settlement.steps import PayoutState
from techmarket.signing import steps as signing


async def reverse_distribution(
    tx: Tx, actor: Actor, distribution_id: UUID, *, claw_back: bool = False
) -> DistributionView:
    """Take back a distribution: its income and costs are open again. Of one that was instructed or paid in part the
    unit must say so: what has not left is stopped, what was paid is owed back."""
    async with tx.begin() as db:
        row = seen(actor, await repository.lock_distribution(db, distribution_id))
        require(actor, policy.REVERSE, parties=[row.unit_id])
        DISTRIBUTION.move(row.state, "reverse")
        gone = await repository.count_gone(db, row.id)
        if gone and not claw_back:
            raise errors.PaidAlready(lines=gone, pointer="/body/claw_back")
        await reverse(db, row, actor, cause="unit")
        return await view_of(db, row)


async def reverse(db: AsyncSession, row: Distribution, actor: Actor | None, *, cause: str, waits: bool = True) -> int:
    """A locked distribution is taken back whole. Returns how many claims that made.

    What the bank was told to pay cannot be stopped: with `waits` nothing is taken back before its answer; without, all
    else is, and such a line stays instructed until `settle_line` hears how it ended.
    """
    row.state = DISTRIBUTION.move(row.state, "reverse")
    if row.fund_due_id is not None:
        # The bank's next message waits: it, too, locks the due before the accounts.
        await settlement.is_paid_by_now(db, row.fund_due_id)
    lines = await repository.list_lines(db, row.id)
    late = await _unstoppable(db, lines)
    if late and waits:
        raise errors.PayoutUnderway(lines=len(late))
    registered = sum(line.in_shares and line.state is LineState.PAID for line in lines)
    if registered:
        raise errors.SharesRegistered(lines=registered)
    open_ones = [line for line in lines if line.id not in late]
    claims = await _take_lines_back(db, row, open_ones, actor, cause)
    for rework in await claiming.list_reworks(db, row.id):
        if rework.state is not ReworkState.WITHDRAWN:
            await end_rework(db, rework, actor)
    if row.notice_id is not None:
        await _take_down(db, row.notice_id, actor)
    if row.fund_due_id is not None:
        await give_rest_back(db, row, row.fund_due_id, actor)
    await repository.free_books(db, row.id)
    journal.record(db, DistributionReversed(row.id, claims, cause), actor=actor)
    await db.flush()
    return claims


async def _take_lines_back(
    db: AsyncSession, row: Distribution, lines: Sequence[DistributionLine], actor: Actor | None, cause: str
) -> int:
    """However many there are, they are taken back by sets: paid ones become claims, the rest is cancelled."""
    paid = [line for line in lines if line.state is LineState.PAID]
    cancelled = [line for line in lines if line.state in (LineState.OPEN, LineState.HELD, LineState.INSTRUCTED)]
    instructed = [line for line in cancelled if line.payout_id is not None]
    await lock_what_was_set_off(db, lines)
    claims = await reclaim(db, row, paid, cause=cause)
    await undo_set_off(db, instructed)
    if instructed:
        await settlement.stop_payouts(db, [_payout_of(line) for line in instructed], actor=actor)
    await move_lines(db, cancelled, "cancel")
    return claims


def _payout_of(line: DistributionLine) -> UUID:
    assert line.payout_id is not None
    return line.payout_id


async def end_rework(db: AsyncSession, rework: LineRework, actor: Actor | None) -> None:
    """A rework falls with what it was part of: its round of signatures and its notice end."""
    rework.state = LINE_REWORK.move(rework.state, "withdraw")
    if not (await signing.state_of(db, rework.signing_id)).is_complete:
        await signing.void(db, rework.signing_id, actor)
    if rework.notice_id is not None:
        await _take_down(db, rework.notice_id, actor)
    journal.record(db, LineReworkWithdrawn(rework.id, rework.distribution_id), actor=actor)
    await db.flush()


async def _take_down(db: AsyncSession, notice_id: UUID, actor: Actor | None) -> None:
    if (await notices.get_facts(db, notice_id)).state in STANDING:
        await notices.withdraw(db, notice_id, actor)


async def _unstoppable(db: AsyncSession, lines: Sequence[DistributionLine]) -> set[UUID]:
    """The lines whose payout the bank has, or has answered without our having heard it. None is given to it any more
    until the caller commits.
    """
    payouts = {line.payout_id: line.id for line in lines if line.state is LineState.INSTRUCTED and line.payout_id}
    known = await settlement.lock_payouts(db, [payout_id for payout_id in payouts if payout_id is not None])
    return {payouts[one.id] for one in known if one.state is not PayoutState.INSTRUCTED}
