"""What a unit paid in so that the market pays its rewards (代发资金): what is not needed for them goes back to it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.ledger import steps as ledger
from techmarket.revenue import repository
from techmarket.revenue.lifecycle import DistributionState, LineState
from techmarket.revenue.tables import Distribution, DistributionLine
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Channel

SPENT = (LineState.INSTRUCTED, LineState.PAID, LineState.RECLAIMED)
"""Its money has left, or the bank is about to send it."""


async def give_rest_back(db: AsyncSession, row: Distribution, due_id: UUID, actor: Actor | None) -> None:
    """By the way it came: with the last line what was set off against earlier claims and so not needed, and of a
    distribution that is taken back all that no line has spent. What has not come in is asked for no more."""
    whys = [Ref("distribution", row.id), Ref("due", due_id)]
    why = whys[row.state is DistributionState.REVERSED]
    if (await settlement.get_due(db, due_id)).state is settlement.DueState.CANCELLED:
        return
    came_in = await settlement.drop_due(db, due_id, actor)
    lines = await repository.list_lines(db, row.id)
    spent = sum(line.minor - line.offset_minor for line in lines if line.state in SPENT and line.payout_id is not None)
    given = sum([await settlement.paid_out(db, row.unit_id, one) for one in whys])
    if not await settlement.paid_out(db, row.unit_id, why):
        await _give(db, row, due_id, came_in - spent - given, why, actor)


async def give_line_back(db: AsyncSession, row: Distribution, line: DistributionLine, minor: int) -> None:
    """What could not be paid, or came back, of a distribution that was taken back meanwhile."""
    if row.fund_due_id is not None:
        await _give(db, row, row.fund_due_id, minor, Ref("distribution_line", line.id), None)


async def _give(db: AsyncSession, row: Distribution, due_id: UUID, minor: int, why: Ref, actor: Actor | None) -> None:
    rest = min(minor, await ledger.available(db, await settlement.escrow_of(db, row.unit_id)))
    if rest > 0:
        await settlement.instruct_payout(
            db, org=row.unit_id, minor=rest, channel=Channel.ESCROW, why=why, actor=actor, back_of=due_id
        )
