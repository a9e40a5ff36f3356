"""What the clock starts in hub."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.calling import Caller
from techmarket.db.jobs import periodic
from techmarket.db.means import Means
from techmarket.hub.service import sending
from techmarket.hub.service.telling import BATCH, tell_on

TURNS_MAX = 20


@periodic("hub.tell", every=timedelta(seconds=1))
async def tell(means: Means) -> None:
    """Tell of what has happened; a backlog is worked off in many short transactions."""
    for _ in range(TURNS_MAX):
        if await tell_on(means.tx) < BATCH:
            return


@periodic("hub.write_messages", every=timedelta(seconds=1))
async def write_messages(means: Means) -> None:
    """Write down what subscribers are to be sent."""
    for _ in range(TURNS_MAX):
        if not await sending.write_messages(means.tx):
            return


@periodic("hub.send", every=timedelta(seconds=1))
async def send(means: Means) -> None:
    """Send what is due."""
    for _ in range(TURNS_MAX):
        if not await sending.send_due(means.tx, means.keys, means.caller or Caller()):
            return


@periodic("hub.prune", every=timedelta(minutes=10))
async def prune(means: Means) -> None:
    """Let go of messages that have been kept for their time."""
    for _ in range(TURNS_MAX):
        if not await sending.prune_deliveries(means.tx, means.kept.webhook_deliveries):
            return
