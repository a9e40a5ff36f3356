"""What the clock starts in the log."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import periodic
from techmarket.db.means import Means
from techmarket.transparency import cosigning, service


@periodic("transparency.checkpoint", every=timedelta(seconds=1))
async def checkpoint(means: Means) -> None:
    """Sign a checkpoint when the log has grown; at most a hundred in a row, so that a backlog cannot starve others."""
    for _ in range(100):
        if not await service.make_checkpoint(means.tx, means.keys):
            return


@periodic("transparency.spans", every=timedelta(seconds=10))
async def note_spans(means: Means) -> None:
    """Keep up what looking back at a time finds its rows by; a market that had none catches up in a while."""
    for _ in range(20):
        if not await service.note_spans(means.tx):
            return


@periodic("transparency.cosign", every=timedelta(seconds=10))
async def cosign(means: Means) -> None:
    """Have the newest checkpoint signed by the witnesses that the market has named."""
    await cosigning.ask_all(means)
