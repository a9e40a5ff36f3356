"""What the clock starts in matching."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import periodic
from techmarket.db.means import Means
from techmarket.matching import service

ROUNDS_MAX = 20


@periodic("matching.index", every=timedelta(seconds=1))
async def index(means: Means) -> None:
    """Follow the journal, so that what was published is found within two seconds."""
    for _ in range(ROUNDS_MAX):
        if not await service.follow(means.tx):
            return
