"""What the clock starts in achievements."""

from __future__ import annotations

from datetime import timedelta

from techmarket.achievements import service
from techmarket.db.jobs import periodic
from techmarket.db.means import Means


@periodic("achievements.flag_idle", every=timedelta(minutes=10))
async def flag_idle(means: Means) -> None:
    """Say once of each achievement that it has lain unused for the time that the law gives."""
    await service.flag_idle(means.tx, limit=500)
