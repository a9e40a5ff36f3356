"""Many lines as one statement: what happens to all of a distribution does not go through them one by one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, Uuid, any_, literal, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from techmarket.revenue.lifecycle import DISTRIBUTION_LINE, LineState
from techmarket.revenue.tables import DistributionLine

IDS = ARRAY(Uuid())


async def move_lines(db: AsyncSession, lines: Sequence[DistributionLine], action: str) -> None:
    """Every one of these lines takes the same step, from whatever state it is in."""
    moves = {state: DISTRIBUTION_LINE.move(state, action) for state in sorted({line.state for line in lines})}
    for state, to in moves.items():
        moved = [line for line in lines if line.state is state]
        await set_state(db, moved, to)


async def set_state(db: AsyncSession, lines: Sequence[DistributionLine], state: LineState) -> None:
    await db.flush()
    change = update(DistributionLine).where(DistributionLine.id == any_(literal([line.id for line in lines], IDS)))
    await db.execute(change.values(state=state).execution_options(synchronize_session=False))
    for line in lines:
        set_committed_value(line, "state", state)
