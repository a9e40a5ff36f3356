"""Every query of contracts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts.lifecycle import RegistrationState
from techmarket.contracts.rules import PartyRole
from techmarket.contracts.tables import (
    Contract,
    ContractAchievement,
    ContractParty,
    ContractVersion,
    PlanLine,
    Registration,
    ReliefFlagRow,
    RoyaltyReport,
)
from techmarket.kernel.refusals import NotFound


async def next_serial(db: AsyncSession, year: int) -> int:
    """The next number of the year; the counter's row stays locked until the commit, so a rollback leaves no gap."""
    query = text(
        "INSERT INTO contract_counter (year, last) VALUES (:year, 1)"
        " ON CONFLICT (year) DO UPDATE SET last = contract_counter.last + 1 RETURNING last"
    )
    return int((await db.execute(query, {"year": year})).scalar_one())


async def lock_contract(db: AsyncSession, contract_id: UUID) -> Contract:
    query = select(Contract).where(Contract.id == contract_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_contract(db: AsyncSession, contract_id: UUID) -> Contract:
    row = await db.get(Contract, contract_id)
    if row is None:
        raise NotFound()
    return row


async def find_by_award(db: AsyncSession, award_id: UUID) -> Contract | None:
    return (await db.execute(select(Contract).where(Contract.award_id == award_id))).scalar_one_or_none()


async def list_contracts(
    db: AsyncSession, *, org_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Contract]:
    """The newest first; `org_id` narrows them to those of one party."""
    query = select(Contract).order_by(Contract.created_at.desc(), Contract.id.desc()).limit(limit)
    if org_id is not None:
        query = query.where(Contract.id.in_(select(ContractParty.contract_id).where(ContractParty.org_id == org_id)))
    if after is not None:
        query = query.where(tuple_(Contract.created_at, Contract.id) < after)
    return (await db.execute(query)).scalars().all()


async def list_received_by(
    db: AsyncSession, org_id: UUID, *, after: UUID | None, limit: int
) -> list[tuple[Contract, int | None, Registration | None]]:
    """The contracts whose money goes to this organisation, by id: each with its fixed price and its registration."""
    fixed = (
        select(PlanLine.contract_id, func.sum(PlanLine.minor).label("minor")).group_by(PlanLine.contract_id).subquery()
    )
    query = (
        select(Contract, fixed.c.minor, Registration)
        .join(ContractParty, ContractParty.contract_id == Contract.id)
        .outerjoin(fixed, fixed.c.contract_id == Contract.id)
        .outerjoin(
            Registration,
            (Registration.contract_id == Contract.id) & (Registration.state == RegistrationState.REGISTERED),
        )
        .where(ContractParty.org_id == org_id, ContractParty.role == PartyRole.PAYEE, ContractParty.position == 1)
        .order_by(Contract.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Contract.id > after)
    return [(row[0], None if row[1] is None else int(row[1]), row[2]) for row in await db.execute(query)]


async def parties_of(db: AsyncSession, contract_ids: Collection[UUID]) -> dict[UUID, list[ContractParty]]:
    """Side by side, each side's first organisation before those that stand with it."""
    query = select(ContractParty).where(ContractParty.contract_id.in_(contract_ids))
    rows = (await db.execute(query.order_by(ContractParty.role, ContractParty.position))).scalars()
    found: dict[UUID, list[ContractParty]] = {contract_id: [] for contract_id in contract_ids}
    for row in rows:
        found[row.contract_id].append(row)
    return found


async def achievements_of(db: AsyncSession, contract_id: UUID) -> list[UUID]:
    query = (
        select(ContractAchievement.achievement_id)
        .where(ContractAchievement.contract_id == contract_id)
        .order_by(ContractAchievement.position)
    )
    return list((await db.execute(query)).scalars())


async def get_version(db: AsyncSession, contract_id: UUID, n: int) -> ContractVersion:
    query = select(ContractVersion).where(ContractVersion.contract_id == contract_id, ContractVersion.n == n)
    return (await db.execute(query)).scalar_one()


async def plan_of(db: AsyncSession, contract_id: UUID) -> Sequence[PlanLine]:
    query = select(PlanLine).where(PlanLine.contract_id == contract_id).order_by(PlanLine.n)
    return (await db.execute(query)).scalars().all()


async def reports_of(db: AsyncSession, contract_id: UUID) -> Sequence[RoyaltyReport]:
    query = select(RoyaltyReport).where(RoyaltyReport.contract_id == contract_id).order_by(RoyaltyReport.period_from)
    return (await db.execute(query)).scalars().all()


async def find_line_by_due(db: AsyncSession, due_id: UUID) -> PlanLine | None:
    return (await db.execute(select(PlanLine).where(PlanLine.due_id == due_id))).scalar_one_or_none()


async def find_report_by_due(db: AsyncSession, due_id: UUID) -> RoyaltyReport | None:
    return (await db.execute(select(RoyaltyReport).where(RoyaltyReport.due_id == due_id))).scalar_one_or_none()


async def get_registration(db: AsyncSession, registration_id: UUID) -> Registration:
    row = await db.get(Registration, registration_id)
    if row is None:
        raise NotFound()
    return row


async def lock_registration(db: AsyncSession, registration_id: UUID) -> Registration:
    query = select(Registration).where(Registration.id == registration_id).with_for_update()
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def find_registration_alive(db: AsyncSession, contract_id: UUID) -> Registration | None:
    alive = (RegistrationState.FILED, RegistrationState.REGISTERED)
    query = select(Registration).where(Registration.contract_id == contract_id, Registration.state.in_(alive))
    return (await db.execute(query)).scalar_one_or_none()


async def latest_registration(db: AsyncSession, contract_id: UUID) -> Registration | None:
    query = (
        select(Registration)
        .where(Registration.contract_id == contract_id)
        .order_by(Registration.filed_at.desc(), Registration.id.desc())
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def reliefs_of(db: AsyncSession, registration_id: UUID) -> Sequence[ReliefFlagRow]:
    query = select(ReliefFlagRow).where(ReliefFlagRow.registration_id == registration_id).order_by(ReliefFlagRow.tax)
    return (await db.execute(query)).scalars().all()
