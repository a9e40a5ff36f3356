"""Holding back what is paid: while a dispute lasts, money of its subject reaches nobody.

The room that knows of the dispute says so here, in its own transaction, and says when it is over; release asks here
and knows nothing of contracts.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.settlement import errors, repository
from techmarket.settlement.events import ReleaseHeld, ReleaseLifted
from techmarket.settlement.repository import guards
from techmarket.settlement.rules import HoldCause
from techmarket.settlement.tables import ReleaseHold


async def hold_release(db: AsyncSession, subject: Ref, *, cause: HoldCause, actor: Actor | None) -> bool:
    """From now on no money of the subject is released, nor a payout of it sent. Twice is harmless; says whether new."""
    # Whoever releases locks the due first: he is over before the hold stands, or he sees it.
    await repository.lock_dues_of(db, str(subject))
    if await guards.find_hold(db, str(subject), cause) is not None:
        return False
    db.add(ReleaseHold(id=new_id(), subject=str(subject), cause=cause))
    await db.flush()
    journal.record(db, ReleaseHeld(str(subject), cause), actor=actor)
    return True


async def lift_release(db: AsyncSession, subject: Ref, *, cause: HoldCause, actor: Actor | None) -> bool:
    """This cause is over; another may still hold. Says whether there was anything to lift."""
    hold = await guards.find_hold(db, str(subject), cause)
    if hold is None:
        return False
    hold.lifted_at = await clock.market_now(db)
    await db.flush()
    journal.record(db, ReleaseLifted(str(subject), cause), actor=actor)
    return True


async def is_held(db: AsyncSession, subject: Ref) -> bool:
    return bool(await guards.causes_held(db, str(subject)))


async def require_not_held(db: AsyncSession, subject: str) -> None:
    """Gate: nobody holds the money of this subject back."""
    causes = await guards.causes_held(db, subject)
    if causes:
        raise errors.ReleaseOnHold(causes=[cause.value for cause in causes])
