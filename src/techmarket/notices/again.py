"""A price published again (再次公示): the notice goes on from those before it, about the same things and buyers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.locks import lock_name
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.notices import counting, deadlines, errors, repository, rules, telling
from techmarket.notices.events import ObjectionCarriedOver
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import OBJECTION, STANDING, NoticeState
from techmarket.notices.tables import Notice


@dataclass(frozen=True, slots=True)
class Deal:
    """What is sold (`about`), who would have it, and what is paid whatever happens; None where there are royalties
    alone."""

    about: tuple[Ref, ...]
    buyers: tuple[UUID, ...]
    price_minor: int | None


async def lock_deals(db: AsyncSession, kind: NoticeKind, owner_org: UUID) -> None:
    """One at a time: the next notice about a deal has no row yet whose lock would keep another away."""
    await lock_name(db, f"{kind} notices of {owner_org}")


async def former(db: AsyncSession, kind: NoticeKind, owner_org: UUID, deal: Deal) -> list[Notice]:
    """The owner's notices about any of the same things to any of the same buyers, newest first, locked: back to the
    last one that has cleared."""
    await lock_deals(db, kind, owner_org)
    about = [str(one) for one in deal.about]
    found: list[Notice] = []
    for one in await repository.lock_former(db, kind, owner_org, about, deal.buyers):
        if await counting.state_now(db, one) is NoticeState.CLEARED:
            break
        found.append(one)
    return found


def check_former(before: Sequence[Notice], price_minor: int | None) -> None:
    """There is one price notice about a thing and a buyer at a time; what was upheld against the price is kept to."""
    for one in before:
        if one.state in STANDING:
            raise errors.PriceStandsAlready(notice=one.id)
        if one.state is NoticeState.UPHELD:
            rules.check_price_again(price_minor, upheld=one.price_minor, allowed=one.allowed_minor, notice=one.id)


async def go_on(db: AsyncSession, before: Sequence[Notice], new: Notice, *, now: datetime, actor: Actor | None) -> None:
    """Objections that lapsed because their notice came down stand again, the last one of each party, with the time for
    the decision counted anew; and the new notice names the last one as the one it replaces."""
    taken: set[UUID] = set()
    for old in before:
        for objection in reversed(await repository.list_lapsed(db, old.id)):
            own = objection.by_org_id == old.owner_org_id
            party = objection.by_person_id if own else objection.by_org_id
            if party in taken:
                continue
            taken.add(party)
            objection.state, objection.decided_at = OBJECTION.move(objection.state, "carry"), None
            objection.notice_id, objection.carried_from_id = new.id, old.id
            await deadlines.set_deadlines(db, new, objection, since=now)
            event = ObjectionCarriedOver(objection.id, new.id, old.id, new.subject, new.kind)
            telling.record(db, new.id, event, actor=actor)
            await db.flush()
    for old in before:
        if old.state is not NoticeState.REPLACED and await repository.find_successor(db, old.id) is None:
            new.replaces_id = old.id
            break
    await db.flush()
