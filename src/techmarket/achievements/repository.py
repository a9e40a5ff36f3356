"""Every query of achievements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements.lifecycle import AchievementState, AttestationState, BurdenState, ConsentState
from techmarket.achievements.tables import (
    Achievement,
    AchievementClaim,
    AchievementVersion,
    Approval,
    Attestation,
    Completer,
    Encumbrance,
    Evaluation,
    IntellectualRight,
    OwnerShare,
    SaleConsent,
    Vesting,
    VestingGrantee,
)
from techmarket.kernel.refusals import NotFound


async def lock(db: AsyncSession, achievement_id: UUID) -> Achievement:
    query = select(Achievement).where(Achievement.id == achievement_id).with_for_update(key_share=True)
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_many(db: AsyncSession, ids: Iterable[UUID]) -> list[Achievement]:
    """Locked in the order of their ids, so that two who lock the same ones never wait for each other in a ring."""
    query = (
        select(Achievement).where(Achievement.id.in_(set(ids))).order_by(Achievement.id).with_for_update(key_share=True)
    )
    return list((await db.execute(query.execution_options(populate_existing=True))).scalars())


async def get_many(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Achievement]:
    rows = await db.execute(select(Achievement).where(Achievement.id.in_(set(ids))))
    return {row.id: row for row in rows.scalars()}


def _concerns(org_id: UUID, person_id: UUID) -> ColumnElement[bool]:
    """The unit's own, those it or the person owns a share of, and those the person completed."""
    shared = exists().where(
        OwnerShare.achievement_id == Achievement.id,
        or_(OwnerShare.org_id == org_id, OwnerShare.person_id == person_id),
    )
    made = exists().where(Completer.achievement_id == Achievement.id, Completer.person_id == person_id)
    return or_(Achievement.org_id == org_id, shared, made)


async def find_known(
    db: AsyncSession,
    thing: type[Achievement | Encumbrance | Evaluation | Vesting],
    thing_id: UUID,
    *,
    org_id: UUID,
    person_id: UUID,
    everything: bool,
) -> UUID | None:
    """The achievement that this is about, if it concerns the reader: one query, whatever there is and whoever asks."""
    if thing is Achievement:
        query = select(Achievement.id).where(Achievement.id == thing_id)
    else:
        query = select(Achievement.id).join(thing, thing.achievement_id == Achievement.id).where(thing.id == thing_id)  # type: ignore[union-attr]
    if not everything:
        query = query.where(_concerns(org_id, person_id))
    return (await db.execute(query)).scalar_one_or_none()


async def list_concerning(
    db: AsyncSession,
    *,
    org_id: UUID,
    person_id: UUID,
    everything: bool,
    idle_on: date | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Achievement]:
    query = select(Achievement).order_by(Achievement.id.desc()).limit(limit)
    if not everything:
        query = query.where(_concerns(org_id, person_id))
    if idle_on is not None:
        query = query.where(_waits(), Achievement.idle_from <= idle_on)
    if before is not None:
        query = query.where(Achievement.id < before)
    return (await db.execute(query)).scalars().all()


def _waits() -> ColumnElement[bool]:
    """On record, and no agreement has been signed."""
    return and_(Achievement.state == AchievementState.RECORDED, Achievement.first_agreement_on.is_(None))


async def lock_idle(db: AsyncSession, today: date, limit: int) -> Sequence[Achievement]:
    """Idle ones of which nobody has been told; those that somebody else works on wait for the next turn."""
    query = (
        select(Achievement)
        .where(_waits(), Achievement.idle_from <= today, Achievement.idle_flagged_at.is_(None))
        .order_by(Achievement.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return (await db.execute(query)).scalars().all()


async def last_version(db: AsyncSession, achievement_id: UUID) -> AchievementVersion | None:
    query = select(AchievementVersion).where(AchievementVersion.achievement_id == achievement_id)
    return (await db.execute(query.order_by(AchievementVersion.n.desc()).limit(1))).scalar_one_or_none()


async def list_versions(
    db: AsyncSession, achievement_id: UUID, *, before: int | None, limit: int
) -> Sequence[AchievementVersion]:
    query = select(AchievementVersion).where(AchievementVersion.achievement_id == achievement_id)
    if before is not None:
        query = query.where(AchievementVersion.n < before)
    return (await db.execute(query.order_by(AchievementVersion.n.desc()).limit(limit))).scalars().all()


@dataclass(frozen=True, slots=True)
class Parts:
    """Rights, owners and completers by achievement, each in its order."""

    rights: dict[UUID, list[IntellectualRight]]
    owners: dict[UUID, list[OwnerShare]]
    completers: dict[UUID, list[Completer]]


async def parts_of(db: AsyncSession, ids: Iterable[UUID]) -> Parts:
    wanted = set(ids)
    return Parts(await rights_of(db, wanted), await owners_of(db, wanted), await completers_of(db, wanted))


async def rights_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[IntellectualRight]]:
    return await _grouped(db, IntellectualRight, ids)


async def owners_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[OwnerShare]]:
    return await _grouped(db, OwnerShare, ids)


async def completers_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[Completer]]:
    return await _grouped(db, Completer, ids)


async def _grouped(db: AsyncSession, table: Any, ids: Iterable[UUID]) -> dict[UUID, list[Any]]:
    query = select(table).where(table.achievement_id.in_(set(ids))).order_by(table.achievement_id, table.position)
    out: dict[UUID, list[Any]] = {}
    for row in (await db.execute(query.execution_options(populate_existing=True))).scalars():
        out.setdefault(row.achievement_id, []).append(row)
    return out


async def burdens_of(
    db: AsyncSession, ids: Iterable[UUID], *, running_on: date | None = None
) -> dict[UUID, list[Encumbrance]]:
    """What is not released; with a day, what has not ended by then either."""
    query = select(Encumbrance).where(
        Encumbrance.achievement_id.in_(set(ids)), Encumbrance.state == BurdenState.RUNNING
    )
    query = query.order_by(Encumbrance.id)
    if running_on is not None:
        query = query.where(or_(Encumbrance.valid_until.is_(None), Encumbrance.valid_until >= running_on))
    out: dict[UUID, list[Encumbrance]] = {}
    for row in (await db.execute(query)).scalars():
        out.setdefault(row.achievement_id, []).append(row)
    return out


async def claims_on(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[AchievementClaim]]:
    query = select(AchievementClaim).where(AchievementClaim.achievement_id.in_(set(ids))).order_by(AchievementClaim.by)
    out: dict[UUID, list[AchievementClaim]] = {}
    for row in (await db.execute(query)).scalars():
        out.setdefault(row.achievement_id, []).append(row)
    return out


async def claimed_by(db: AsyncSession, by: str) -> Sequence[UUID]:
    return (await db.execute(select(AchievementClaim.achievement_id).where(AchievementClaim.by == by))).scalars().all()


async def forget_claims(db: AsyncSession, by: str) -> Sequence[UUID]:
    gone = delete(AchievementClaim).where(AchievementClaim.by == by).returning(AchievementClaim.achievement_id)
    return sorted((await db.execute(gone)).scalars())


async def consents_of(db: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[SaleConsent]]:
    """What co-owners were asked and gave, without what was withdrawn."""
    query = select(SaleConsent).where(
        SaleConsent.achievement_id.in_(set(ids)), SaleConsent.state != ConsentState.WITHDRAWN
    )
    out: dict[UUID, list[SaleConsent]] = {}
    for row in (await db.execute(query.order_by(SaleConsent.id))).scalars():
        out.setdefault(row.achievement_id, []).append(row)
    return out


async def consents(db: AsyncSession, ids: Iterable[UUID]) -> Sequence[SaleConsent]:
    """Those of them that are known, what was withdrawn too, in the order they were asked for."""
    query = select(SaleConsent).where(SaleConsent.id.in_(set(ids))).order_by(SaleConsent.id)
    return (await db.execute(query)).scalars().all()


async def get_consent(db: AsyncSession, consent_id: UUID) -> tuple[SaleConsent, UUID]:
    """A consent and the unit that sells: one query, so that absent and forbidden are the same way."""
    query = (
        select(SaleConsent, Achievement.org_id)
        .join(Achievement, Achievement.id == SaleConsent.achievement_id)
        .where(SaleConsent.id == consent_id)
        .execution_options(populate_existing=True)
    )
    found = (await db.execute(query)).one_or_none()
    if found is None:
        raise NotFound()
    return found[0], found[1]


async def list_consents(
    db: AsyncSession,
    *,
    org_id: UUID,
    person_id: UUID,
    everything: bool,
    achievement_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> Sequence[SaleConsent]:
    query = select(SaleConsent).order_by(SaleConsent.id.desc()).limit(limit)
    if not everything:
        ours = exists().where(Achievement.id == SaleConsent.achievement_id, Achievement.org_id == org_id)
        query = query.where(or_(SaleConsent.org_id == org_id, SaleConsent.person_id == person_id, ours))
    if achievement_id is not None:
        query = query.where(SaleConsent.achievement_id == achievement_id)
    if before is not None:
        query = query.where(SaleConsent.id < before)
    return (await db.execute(query)).scalars().all()


async def get_approval(db: AsyncSession, approval_id: UUID, *, lock: bool = False) -> Approval:
    query = select(Approval).where(Approval.id == approval_id).execution_options(populate_existing=True)
    row = (await db.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def approvals(db: AsyncSession, ids: Iterable[UUID], *, hold: bool = False) -> dict[UUID, Approval]:
    """Those of them that are known; held, they are not revoked before the commit."""
    query = select(Approval).where(Approval.id.in_(set(ids))).order_by(Approval.id)
    held = query.with_for_update(read=True) if hold else query
    rows = await db.execute(held.execution_options(populate_existing=True))
    return {row.id: row for row in rows.scalars()}


async def list_approvals(
    db: AsyncSession, *, org_id: UUID, everything: bool, before: UUID | None, limit: int
) -> Sequence[Approval]:
    query = select(Approval).order_by(Approval.id.desc()).limit(limit)
    if not everything:
        query = query.where(Approval.org_id == org_id)
    if before is not None:
        query = query.where(Approval.id < before)
    return (await db.execute(query)).scalars().all()


async def get_vesting(db: AsyncSession, vesting_id: UUID) -> Vesting:
    row = await db.get(Vesting, vesting_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return row


async def grantees_of(db: AsyncSession, vesting_id: UUID) -> list[VestingGrantee]:
    query = select(VestingGrantee).where(VestingGrantee.vesting_id == vesting_id).order_by(VestingGrantee.position)
    return list((await db.execute(query)).scalars())


async def list_vestings(
    db: AsyncSession, achievement_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[Vesting]:
    query = select(Vesting).where(Vesting.achievement_id == achievement_id)
    if before is not None:
        query = query.where(Vesting.id < before)
    return (await db.execute(query.order_by(Vesting.id.desc()).limit(limit))).scalars().all()


async def replace_owners(db: AsyncSession, achievement_id: UUID, owners: Sequence[dict[str, Any]]) -> None:
    await db.execute(delete(OwnerShare).where(OwnerShare.achievement_id == achievement_id))
    await insert_many(db, OwnerShare, owners)


async def get_burden(db: AsyncSession, burden_id: UUID) -> Encumbrance:
    row = await db.get(Encumbrance, burden_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return row


async def find_attestation(db: AsyncSession, attestation_id: UUID) -> tuple[UUID, Encumbrance, Attestation] | None:
    """What is attested, of which burden, and the unit whose achievement it binds: one query."""
    query = (
        select(Achievement.org_id, Encumbrance, Attestation)
        .join(Encumbrance, Encumbrance.achievement_id == Achievement.id)
        .join(Attestation, Attestation.encumbrance_id == Encumbrance.id)
        .where(Attestation.id == attestation_id)
        .execution_options(populate_existing=True)
    )
    found = (await db.execute(query)).one_or_none()
    return None if found is None else (found[0], found[1], found[2])


async def pending_attestations(db: AsyncSession, burden_ids: Iterable[UUID]) -> Sequence[Attestation]:
    query = select(Attestation).where(
        Attestation.encumbrance_id.in_(set(burden_ids)), Attestation.state == AttestationState.PENDING
    )
    return (await db.execute(query.order_by(Attestation.id))).scalars().all()


async def list_attestations(
    db: AsyncSession, *, of_org: UUID | None, state: AttestationState | None, before: UUID | None, limit: int
) -> Sequence[tuple[Attestation, Encumbrance, UUID]]:
    """What was said of burdens, newest first, with whose achievement it is; `of_org` is the unit or the holder."""
    query = (
        select(Attestation, Encumbrance, Achievement.org_id)
        .join(Encumbrance, Encumbrance.id == Attestation.encumbrance_id)
        .join(Achievement, Achievement.id == Encumbrance.achievement_id)
        .order_by(Attestation.id.desc())
        .limit(limit)
    )
    if of_org is not None:
        query = query.where(or_(Achievement.org_id == of_org, Encumbrance.holder_org_id == of_org))
    if state is not None:
        query = query.where(Attestation.state == state)
    if before is not None:
        query = query.where(Attestation.id < before)
    return [(row[0], row[1], row[2]) for row in await db.execute(query)]


async def get_evaluation(db: AsyncSession, evaluation_id: UUID) -> Evaluation:
    row = await db.get(Evaluation, evaluation_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return row


async def list_evaluations(
    db: AsyncSession, achievement_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[Evaluation]:
    query = select(Evaluation).where(Evaluation.achievement_id == achievement_id)
    if before is not None:
        query = query.where(Evaluation.id < before)
    return (await db.execute(query.order_by(Evaluation.id.desc()).limit(limit))).scalars().all()


async def burden_by(db: AsyncSession, achievement_id: UUID, by: str) -> Encumbrance | None:
    query = select(Encumbrance).where(Encumbrance.achievement_id == achievement_id, Encumbrance.by == by)
    return (await db.execute(query)).scalar_one_or_none()


async def burdens_caused(db: AsyncSession, by: str) -> Sequence[Encumbrance]:
    """What one cause binds, achievement by achievement."""
    query = select(Encumbrance).where(Encumbrance.by == by).order_by(Encumbrance.achievement_id)
    return (await db.execute(query)).scalars().all()


async def insert_many(db: AsyncSession, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(table), rows)


async def forget_parts(db: AsyncSession, achievement_id: UUID) -> None:
    for table in (IntellectualRight, OwnerShare, Completer):
        await db.execute(delete(table).where(table.achievement_id == achievement_id))
