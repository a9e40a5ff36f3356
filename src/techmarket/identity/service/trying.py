"""Tries to sign in: counted before they are judged, so that many at once gain nothing, and never a lock for good.

Three counts: of a name from one source, of a source, of a name from everywhere. The last two slow down strangers only:
a source from which the name has signed in before waits for its own failures alone, so nobody can keep a person out by
failing in his name. A name that nobody has is counted like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.keys import Keys
from techmarket.identity import errors
from techmarket.identity import repository_people as repository
from techmarket.identity.rules import wait_after
from techmarket.identity.tables import SignInTries

FREE_PAIR, FREE_SOURCE, FREE_NAME = 5, 100, 30
FORGOTTEN_AFTER = timedelta(days=1)
KNOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Trying:
    """Under which hashes a try is counted."""

    pair: bytes
    source: bytes
    name: bytes


def trying(keys: Keys, name: str, source: str) -> Trying:
    return Trying(
        keys.hash_secret(f"tries\n{name}\n{source}"),
        keys.hash_secret(f"tries from\n{source}"),
        keys.hash_secret(f"tries as\n{name}"),
    )


async def count_try(db: AsyncSession, by: Trying) -> int:
    """Count a try as failed until it is known better. Returns how many seconds it must wait instead, 0 for none."""
    rows = await repository.lock_tries(db, [by.pair, by.source, by.name])
    now = await repository.real_now(db)
    pair = rows[by.pair]
    known = pair.good_at is not None and now - pair.good_at < KNOWN_FOR
    judged = (
        [(pair, FREE_PAIR)]
        if known
        else [(pair, FREE_PAIR), (rows[by.source], FREE_SOURCE), (rows[by.name], FREE_NAME)]
    )
    waits = [_wait(row, free, now) for row, free in judged]
    if max(waits) > 0:
        return max(waits)
    for row in rows.values():
        row.failures = 1 if now - row.tried_at > FORGOTTEN_AFTER else row.failures + 1
        row.tried_at = now
    return 0


async def forgive(db: AsyncSession, by: Trying) -> None:
    """It was the right person: his own failures are forgotten, and the source's count is as before."""
    rows = await repository.lock_tries(db, [by.pair, by.source, by.name])
    pair, source, name = rows[by.pair], rows[by.source], rows[by.name]
    pair.failures, name.failures = 0, 0
    source.failures = max(0, source.failures - 1)
    pair.good_at = await repository.real_now(db)


def must_wait(seconds: int) -> errors.SignInTooOften:
    return errors.SignInTooOften(seconds=seconds, retry_after=seconds)


def _wait(row: SignInTries, free: int, now: datetime) -> int:
    since = now - row.tried_at
    if since > FORGOTTEN_AFTER:
        return 0
    left = wait_after(row.failures, free=free) - since.total_seconds()
    return max(0, -int(-left // 1))
