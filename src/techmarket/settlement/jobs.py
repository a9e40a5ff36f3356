"""What the clock starts in settlement."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import deadline, periodic
from techmarket.db.means import Means
from techmarket.settlement import service
from techmarket.settlement.lifecycle import DueState
from techmarket.settlement.tables import Due

deadline("settlement.due_is_overdue", Due.due_on, Due.state == DueState.OPEN)


@periodic("settlement.announce_overdue", every=timedelta(seconds=5))
async def announce_overdue(means: Means) -> int:
    """Tell of dues whose day has passed."""
    return await service.announce_overdue(means.tx)
