"""What the clock starts in the workbench."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import periodic, reacts_to
from techmarket.db.means import Means
from techmarket.identity.events import PersonErased
from techmarket.workbench.service.keeping import forget_person, prune
from techmarket.workbench.service.mailing import send_due, write_mails
from techmarket.workbench.service.reminding import remind
from techmarket.workbench.service.telling import BATCH, tell_people

TURNS_MAX = 20


@periodic("workbench.tell", every=timedelta(seconds=1))
async def tell(means: Means) -> None:
    """Tell people of what has happened; a backlog is worked off in many short transactions."""
    for _ in range(TURNS_MAX):
        if await tell_people(means.tx) < BATCH:
            return


@periodic("workbench.remind", every=timedelta(minutes=1))
async def remind_all(means: Means) -> None:
    """Remind of deadlines that come up."""
    for _ in range(TURNS_MAX):
        if not await remind(means.tx):
            return


@periodic("workbench.mail", every=timedelta(seconds=5))
async def mail(means: Means) -> None:
    """Write the mails that are due and hand them to the server; without one everything stays in the inbox."""
    if means.mailer is None:
        return
    for _ in range(TURNS_MAX):
        if not await write_mails(means.tx, public_url=means.public_url):
            break
    for _ in range(TURNS_MAX):
        if not await send_due(means.tx, means.keys, means.mailer, public_url=means.public_url):
            return


@periodic("workbench.prune", every=timedelta(minutes=10))
async def forget(means: Means) -> None:
    """Let go of what has been kept for its time."""
    for _ in range(TURNS_MAX):
        if not await prune(means.tx, means.kept):
            return


@reacts_to("workbench.forget_person", PersonErased)
async def forget_who_left(means: Means, event: PersonErased) -> None:
    """Whoever left is told of nothing more, and no address of his is kept."""
    await forget_person(means.tx, event.person_id)
