"""A trade or a contract under way claims what it sells, so that two never sell the same thing twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, repository
from techmarket.achievements.claims import Claim, blocking_claim, claim_of
from techmarket.achievements.events import AchievementClaimed, ClaimReleased
from techmarket.achievements.licences import Scope
from techmarket.achievements.steps.selling import Sale
from techmarket.achievements.tables import AchievementClaim
from techmarket.db import clock, journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day


async def claim(db: AsyncSession, sale: Sale, *, by: Ref, actor: Actor | None) -> int:
    """What is announced or called to signature holds its achievements: locks them, refuses what would overlap.

    The same claim twice is one claim. Returns how many achievements it holds from now on.
    """
    today = shanghai_day(await clock.market_now(db))
    wanted = claim_of(str(by), sale.mode, sale.licence_kind, sale.scope(today))
    if wanted is None or not sale.achievement_ids:
        return 0
    rows = await repository.lock_many(db, sale.achievement_ids)
    standing = await repository.claims_on(db, [row.id for row in rows])
    made = 0
    for row in rows:
        held = standing.get(row.id, [])
        if any(one.by == wanted.by for one in held):
            continue
        check_unclaimed(row.id, wanted, held)
        db.add(
            AchievementClaim(
                achievement_id=row.id,
                by=wanted.by,
                licence=wanted.licence,
                territory=wanted.scope.territory,
                field=wanted.scope.field,
                manner=wanted.scope.manner,
                valid_from=wanted.scope.valid_from,
                valid_until=wanted.scope.valid_until,
            )
        )
        journal.record(db, AchievementClaimed(row.id, wanted.by), actor=actor)
        made += 1
    await db.flush()
    return made


async def release(db: AsyncSession, *, by: Ref, actor: Actor | None) -> int:
    """What was under way is over: its achievements are free for others. Twice is harmless; returns how many were."""
    held = await repository.claimed_by(db, str(by))
    await repository.lock_many(db, held)
    freed = await repository.forget_claims(db, str(by))
    for achievement_id in freed:
        journal.record(db, ClaimReleased(achievement_id, str(by)), actor=actor)
    await db.flush()
    return len(freed)


def check_unclaimed(
    achievement_id: UUID, wanted: Claim, standing: Sequence[AchievementClaim], *, under: Ref | None = None
) -> None:
    """Whoever comes second is refused and told to wait until what is under way is over."""
    found = blocking_claim(wanted, _claims(standing), under=None if under is None else str(under))
    if found is not None:
        raise errors.UnderWay(achievement=achievement_id)


def _claims(rows: Iterable[AchievementClaim]) -> list[Claim]:
    return [
        Claim(row.by, row.licence, Scope(row.territory, row.field, row.valid_from, row.valid_until, row.manner))
        for row in rows
    ]
