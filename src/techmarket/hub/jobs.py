"""What the clock starts in hub."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from techmarket.db.calling import Caller
from techmarket.db.jobs import periodic, reacts_to
from techmarket.db.means import Means, RowReader
from techmarket.hub.service import administering, nodes, running, sending, syndicating
from techmarket.hub.service.telling import BATCH, tell_on
from techmarket.identity.events import OrganisationRegistered, PersonErased
from techmarket.settlement.events import DueRefunded, Released

TURNS_MAX = 20
FOLLOWED_AT_ONCE = 4


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
    """Send what is due, until nothing is or the turn is over; the clock starts the next."""
    await sending.send_due(means.tx, means.keys, means.caller or Caller())


@periodic("hub.prune", every=timedelta(minutes=10))
async def prune(means: Means) -> None:
    """Let go of messages that have been kept for their time."""
    for _ in range(TURNS_MAX):
        if not await sending.prune_deliveries(means.tx, means.kept.webhook_deliveries):
            return


@reacts_to("hub.place_organisation", OrganisationRegistered)
async def place_organisation(means: Means, event: OrganisationRegistered) -> None:
    """Who registers in a node's region belongs to it."""
    await nodes.place(means.tx, event.organisation_id)


@reacts_to("hub.share_fee", Released)
async def share_fee(means: Means, event: Released) -> None:
    """The nodes of both sides get their parts of the fee."""
    await nodes.share_fee(means.tx, event.due_id)


@reacts_to("hub.take_back_shares", DueRefunded)
async def take_back_shares(means: Means, event: DueRefunded) -> None:
    """A fee that was given back takes its parts along."""
    await nodes.take_back_shares(means.tx, event.due_id)


@reacts_to("hub.forget_person", PersonErased)
async def forget_person(means: Means, event: PersonErased) -> None:
    """Of who is erased no name stays in the record of how he came to administer an organisation."""
    await administering.forget_person(means.tx, event.person_id)


@periodic("hub.run_imports", every=timedelta(seconds=1))
async def run_imports(means: Means) -> None:
    """Go on with the imports that wait, each for a while."""
    if means.reader is None:
        return
    for _ in range(TURNS_MAX):
        if not await running.run_next(means.tx, means.files, means.reader):
            return


@periodic("hub.follow_sources", every=timedelta(seconds=1))
async def follow_sources(means: Means) -> None:
    """Read what other markets tell of their listings, some side by side: one that takes its time holds up no other."""
    if means.reader is None:
        return
    await asyncio.gather(*[_follow_some(means, means.reader) for _ in range(FOLLOWED_AT_ONCE)])


async def _follow_some(means: Means, reader: RowReader) -> None:
    for _ in range(TURNS_MAX):
        if not await syndicating.follow_next(means.tx, means.keys, means.caller or Caller(), reader):
            return
