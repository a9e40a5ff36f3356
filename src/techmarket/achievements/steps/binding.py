"""What binds an achievement from now on: licences in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, licences, repository, rules
from techmarket.achievements.claims import Claim
from techmarket.achievements.events import LicenceEnded, LicenceEntered
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.lifecycle import AchievementState
from techmarket.achievements.steps.claiming import check_unclaimed
from techmarket.achievements.steps.selling import burden_of
from techmarket.achievements.tables import Encumbrance
from techmarket.db import clock, journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound


async def enter_licence(
    db: AsyncSession,
    achievement_ids: Iterable[UUID],
    *,
    kind: str,
    territory: str = licences.EVERYWHERE,
    field: str = licences.ANY_FIELD,
    manner: str = licences.ANY_MANNER,
    valid_from: date,
    valid_until: date | None,
    by: Ref,
    under: Ref | None = None,
    actor: Actor,
) -> list[UUID]:
    """A licence in force binds the achievement: locks it, refuses an overlap, and is written once per cause.

    `under` is the trade that it concludes; what else is under way stands against it.

    `kind` is EXCLUSIVE, SOLE or ORDINARY, or the same with `LICENCE_` before it.
    """
    wanted = sorted(set(achievement_ids))
    rows = await repository.lock_many(db, wanted)
    if len(rows) < len(wanted):
        raise NotFound()
    licence = BurdenKind(kind if kind.startswith("LICENCE_") else f"LICENCE_{kind}")
    scope = Scope(territory, field, valid_from, valid_until, manner)
    today = shanghai_day(await clock.market_now(db))
    held = await repository.burdens_of(db, wanted, running_on=min(today, valid_from))
    claims = await repository.claims_on(db, wanted)
    wants = Claim(str(by), licence, scope)
    entered: list[UUID] = []
    for row in rows:
        known = await repository.burden_by(db, row.id, str(by))
        if known is not None:
            entered.append(known.id)
            continue
        if row.state is not AchievementState.RECORDED:
            raise errors.NotRecorded(achievement=row.id, state=row.state)
        rules.check_disposable(row.id, [burden_of(b) for b in held.get(row.id, [])])
        if _is_blocked(licence, scope, held.get(row.id, [])):
            raise errors.LicenceOverlaps(achievement=row.id)
        check_unclaimed(row.id, wants, claims.get(row.id, []), under=under)
        burden = Encumbrance(
            id=new_id(),
            achievement_id=row.id,
            kind=licence,
            territory=territory,
            field=field,
            manner=manner,
            valid_from=valid_from,
            valid_until=valid_until,
            by=str(by),
        )
        db.add(burden)
        row.revision += 1
        row.first_agreement_on = row.first_agreement_on or today
        journal.record(db, LicenceEntered(burden.id, row.id, licence), actor=actor)
        entered.append(burden.id)
    await db.flush()
    return entered


async def end_licence(db: AsyncSession, *, by: Ref, on: date, actor: Actor | None) -> int:
    """A licence whose cause fell away binds nobody from this day on. Returns how many achievements are free of it."""
    burdens = await repository.burdens_caused(db, str(by))
    await repository.lock_many(db, sorted({burden.achievement_id for burden in burdens}))
    ended = 0
    for burden in burdens:
        last = max(burden.valid_from, on - timedelta(days=1))
        if burden.valid_until is None or burden.valid_until > last:
            burden.valid_until = last
            journal.record(db, LicenceEnded(burden.id, burden.achievement_id), actor=actor)
            ended += 1
    await db.flush()
    return ended


def _is_blocked(licence: BurdenKind, scope: Scope, held: Iterable[Encumbrance]) -> bool:
    standing = [(burden.kind, burden.scope) for burden in map(burden_of, held)]
    return licences.blocking_licence(licence, scope, standing) is not None
