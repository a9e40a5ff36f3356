"""What later rooms may know of achievements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import repository
from techmarket.achievements.licences import TITLE_MODES
from techmarket.achievements.lifecycle import AchievementState
from techmarket.achievements.rights import RightKind, RightStatus
from techmarket.db import texts
from techmarket.identity import steps as identity


@dataclass(frozen=True, slots=True)
class RightFacts:
    """`valid_until` is the last day: as stated, else as the law's term gives it."""

    kind: RightKind
    number: str | None
    valid_until: date | None
    status: RightStatus | None = None
    filed_on: date | None = None


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    org_id: UUID | None
    person_id: UUID | None
    share: Decimal


@dataclass(frozen=True, slots=True)
class AchievementFacts:
    """What later rooms may know of an achievement. `completers` are person ids in their order."""

    id: UUID
    org_id: UUID
    state: AchievementState
    title_zh: str | None
    title_en: str | None
    abstract_zh: str | None
    abstract_en: str | None
    keywords: tuple[str, ...]
    technology_field: str | None
    industry: str | None
    ipc: tuple[str, ...]
    trl: int | None
    funding_source: str | None
    rights: tuple[RightFacts, ...]
    owners: tuple[OwnerFacts, ...]
    completers: tuple[UUID, ...]


async def get_facts(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, AchievementFacts]:
    """The facts of many achievements; ids that do not exist are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await repository.get_many(db, wanted)
    rights = await repository.rights_of(db, rows)
    owners = await repository.owners_of(db, rows)
    completers = await repository.completers_of(db, rows)
    return {
        row.id: AchievementFacts(
            id=row.id,
            org_id=row.org_id,
            state=row.state,
            title_zh=row.title_zh,
            title_en=row.title_en,
            abstract_zh=row.abstract_zh,
            abstract_en=row.abstract_en,
            keywords=tuple(row.keywords),
            technology_field=row.technology_field,
            industry=row.industry,
            ipc=tuple(row.ipc),
            trl=row.trl,
            funding_source=row.funding_source,
            rights=tuple(
                RightFacts(r.kind, r.number, r.expires_on, r.status, r.filed_on) for r in rights.get(row.id, [])
            ),
            owners=tuple(OwnerFacts(o.org_id, o.person_id, o.share) for o in owners.get(row.id, [])),
            completers=tuple(c.person_id for c in completers.get(row.id, [])),
        )
        for row in rows.values()
    }


class Kin(StrEnum):
    """What the market sees of a buyer who is a related party (利害关系人) of what he buys."""

    SHARED_PERSON = "SHARED_PERSON"
    COMPLETER_BELONGS = "COMPLETER_BELONGS"


async def kinship(db: AsyncSession, ids: Iterable[UUID], *, seller: UUID, buyer: UUID) -> set[Kin]:
    """A buyer is a related party when somebody who made the achievement belongs to it, or anyone of the seller does."""
    found = {Kin.SHARED_PERSON} if await identity.share_people(db, seller, buyer) else set()
    people = await identity.get_people(db, await ever_completers(db, ids))
    if any(buyer in person.org_ids for person in people.values()):
        found.add(Kin.COMPLETER_BELONGS)
    return found


async def ever_completers(db: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
    """Whoever was named as a completer in any version: who is left out today has made it all the same."""
    found: set[UUID] = set()
    for achievement_id in set(ids):
        found |= set(await completers(db, achievement_id))
        versions = await repository.list_versions(db, achievement_id, before=None, limit=10_000)
        said = await texts.get_many(db, [one.sha256 for one in versions])
        found |= {UUID(person) for one in said.values() for person in one.get("completers", ())}
    return found


async def completers(db: AsyncSession, achievement_id: UUID) -> tuple[UUID, ...]:
    """Who made it, in order."""
    rows = (await repository.completers_of(db, [achievement_id])).get(achievement_id, [])
    return tuple(row.person_id for row in rows)


class FirstRefusalBasis(StrEnum):
    """Why somebody may buy at the same terms before others: he made it (民法典 847), or he owns a share (860)."""

    COMPLETER = "COMPLETER"
    CO_OWNER = "CO_OWNER"


@dataclass(frozen=True, slots=True)
class FirstRefusalHolder:
    """An organisation or a person, and for which of the achievements the right is theirs."""

    org_id: UUID | None
    person_id: UUID | None
    basis: FirstRefusalBasis
    achievement_ids: tuple[UUID, ...]


async def first_refusal_holders(
    db: AsyncSession, achievement_ids: Iterable[UUID], *, mode: str | None = "TRANSFER"
) -> tuple[FirstRefusalHolder, ...]:
    """Who may buy at the same terms before others (优先受让权): the completers, in their order, then the co-owners.

    The right is about the title: a licence gives nobody a first refusal. The unit that sells holds none.
    """
    if mode not in TITLE_MODES:
        return ()
    known = await get_facts(db, achievement_ids)
    found: dict[tuple[UUID | None, UUID | None, FirstRefusalBasis], list[UUID]] = {}
    for achievement_id in sorted(known):
        for person_id in known[achievement_id].completers:
            found.setdefault((None, person_id, FirstRefusalBasis.COMPLETER), []).append(achievement_id)
    for achievement_id in sorted(known):
        for owner in known[achievement_id].owners:
            if owner.org_id != known[achievement_id].org_id:
                named = (owner.org_id, owner.person_id, FirstRefusalBasis.CO_OWNER)
                found.setdefault(named, []).append(achievement_id)
    return tuple(FirstRefusalHolder(*who, tuple(ids)) for who, ids in found.items())


async def first_refusal_of(
    db: AsyncSession,
    achievement_ids: Iterable[UUID],
    org_id: UUID,
    *,
    mode: str | None = "TRANSFER",
    basis: FirstRefusalBasis | None = None,
) -> FirstRefusalBasis | None:
    """On which ground a buyer may hold a first refusal: a completer acts for it, or it owns a share; else None.

    With `basis` that ground alone is looked at.
    """
    holders = await first_refusal_holders(db, achievement_ids, mode=mode)
    people = await identity.get_people(db, {holder.person_id for holder in holders if holder.person_id})
    for holder in holders:
        acting = people[holder.person_id].org_ids if holder.person_id in people else ()
        if (org_id == holder.org_id or org_id in acting) and basis in (None, holder.basis):
            return holder.basis
    return None


async def units_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Whose achievement each of these is."""
    return {id: row.org_id for id, row in (await repository.get_many(db, ids)).items()}
