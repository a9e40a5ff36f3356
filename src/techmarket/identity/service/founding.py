"""How many organisations strangers register from one place: they stand in the queue of whoever verifies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.keys import Keys
from techmarket.identity import errors
from techmarket.identity import repository_people as repository
from techmarket.identity.actor import Actor

WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Founding:
    """From where somebody registers, and how many organisations may be registered there in a day; 0: any number."""

    source: str = "unknown"
    organisations_max: int = 0


async def count_founding(db: AsyncSession, keys: Keys, actor: Actor, founding: Founding) -> None:
    """Members of a verified organisation are counted by it, everybody else by where he comes from; the staff of the
    market are not. What is refused afterwards does not count."""
    if founding.organisations_max == 0 or actor.is_market:
        return
    whose = f"organisation {actor.org_id}" if actor.org_verified else f"address {founding.source}"
    name = keys.hash_secret(f"founding by\n{whose}")
    row = (await repository.lock_tries(db, [name]))[name]
    now = await repository.real_now(db)
    if row.failures == 0 or now - row.tried_at >= WINDOW:
        row.failures, row.tried_at = 0, now
    if row.failures >= founding.organisations_max:
        seconds = int((row.tried_at + WINDOW - now).total_seconds()) + 1
        raise errors.TooManyFounded(organisations_max=founding.organisations_max, retry_after=seconds)
    row.failures += 1
