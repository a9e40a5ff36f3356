"""What the clock starts in identity."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import periodic
from techmarket.db.means import Means
from techmarket.identity import repository_people
from techmarket.identity.service.trying import FORGOTTEN_AFTER, KNOWN_FOR

SESSIONS_KEPT = timedelta(days=180)
INVITATIONS_KEPT = timedelta(days=180)


@periodic("identity.forget_ended", every=timedelta(hours=1))
async def forget_ended(means: Means) -> int:
    """What tells of people only how they once signed in or were invited goes after half a year."""
    async with means.tx.begin() as db:
        return await repository_people.forget_ended(db, sessions=SESSIONS_KEPT, invitations=INVITATIONS_KEPT)


@periodic("identity.forget_tries", every=timedelta(hours=1))
async def forget_tries(means: Means) -> int:
    """Counts of failed tries that no longer slow anybody down are dropped."""
    async with means.tx.begin() as db:
        return await repository_people.forget_tries(db, counted=FORGOTTEN_AFTER, known=KNOWN_FOR)


@periodic("identity.forget_sign_ins", every=timedelta(hours=1))
async def forget_sign_ins(means: Means) -> int:
    """Sign-ins at another house that never came back, or came back long ago, are dropped."""
    async with means.tx.begin() as db:
        return await repository_people.forget_outside_sign_ins(db, after=FORGOTTEN_AFTER)
