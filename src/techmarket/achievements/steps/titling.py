"""The title passes: owners and shares change, as a version of the achievement."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import history, repository
from techmarket.achievements.events import TitleChanged
from techmarket.achievements.tables import Achievement, VersionAct
from techmarket.achievements.vesting import moved_title
from techmarket.db import journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref


async def change_title(
    db: AsyncSession,
    achievement_id: UUID,
    *,
    giver: UUID,
    takers: Mapping[UUID, Decimal],
    takers_are_people: bool = False,
    by: Ref,
    actor: Actor | None,
) -> Achievement:
    """Shares of the title pass from an organisation to others, with a new version; what all hold still sums to one.

    `by` names the contract or the vesting that moves it.
    """
    row = await repository.lock(db, achievement_id)
    stood = (await history.stated(db, [row]))[row.id]
    owners = moved_title(stood.owners, giver=giver, takers=takers, takers_are_people=takers_are_people)
    await history.carry(db, row)
    await repository.replace_owners(
        db,
        row.id,
        [
            {
                "achievement_id": row.id,
                "position": n,
                "org_id": one.org_id,
                "person_id": one.person_id,
                "share": one.share,
            }
            for n, one in enumerate(owners)
        ],
    )
    sha256 = await history.turn(db, row, VersionAct.TITLE_CHANGED, actor)
    journal.record(db, TitleChanged(row.id, str(by), row.revision, sha256), actor=actor)
    await db.flush()
    return row
