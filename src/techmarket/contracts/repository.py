"""Every query of contracts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import String, and_, case, cast, delete, exists, func, or_, select, text, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts.borders import ClearanceKind
from techmarket.contracts.lifecycle import AuthorityState, ContractState, LineState, OrderedState, RegistrationState
from techmarket.contracts.plans import FIXED
from techmarket.contracts.rules import ContractType, DeadlineKind, Origin, PartyRole
from techmarket.contracts.tables import (
    Contract,
    ContractAchievement,
    ContractAttestation,
    ContractBreach,
    ContractChange,
    ContractClearance,
    ContractDeadline,
    ContractPaper,
    ContractParty,
    ContractSignature,
    ContractVersion,
    PlanLine,
    Registration,
    RegistrationCorrection,
    RegistrationItem,
    ReliefFlagRow,
    RoyaltyCorrection,
    RoyaltyReport,
    SignatureOrder,
    SigningAuthority,
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


async def id_of_award(db: AsyncSession, award_id: UUID) -> UUID | None:
    return (await db.execute(select(Contract.id).where(Contract.award_id == award_id))).scalar_one_or_none()


async def find_by_award(db: AsyncSession, award_id: UUID) -> Contract | None:
    return (await db.execute(select(Contract).where(Contract.award_id == award_id))).scalar_one_or_none()


async def list_contracts(
    db: AsyncSession, *, org_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Contract]:
    """The newest first; `org_id` narrows them to those of one party, drafts to those it drafts itself."""
    query = select(Contract).order_by(Contract.created_at.desc(), Contract.id.desc()).limit(limit)
    if org_id is not None:
        payer_drafts = and_(Contract.type == ContractType.DEVELOPMENT, Contract.award_id.is_not(None))
        leading = case((payer_drafts, PartyRole.PAYER.value), else_=PartyRole.PAYEE.value)
        mine = exists().where(
            ContractParty.contract_id == Contract.id,
            ContractParty.org_id == org_id,
            or_(
                Contract.state != ContractState.DRAFT,
                Contract.origin != Origin.MARKET,
                cast(ContractParty.role, String) == leading,
            ),
        )
        query = query.where(mine)
    if after is not None:
        query = query.where(tuple_(Contract.created_at, Contract.id) < after)
    return (await db.execute(query)).scalars().all()


async def list_received_by(
    db: AsyncSession, org_id: UUID, *, after: UUID | None, limit: int
) -> list[tuple[Contract, int | None, Registration | None]]:
    """The contracts whose money goes to this organisation, by id: each with its fixed price and its registration."""
    stands = PlanLine.kind.in_(FIXED), PlanLine.state != LineState.REPLACED
    fixed = (
        select(PlanLine.contract_id, func.sum(PlanLine.minor).label("minor"))
        .where(*stands)
        .group_by(PlanLine.contract_id)
        .subquery()
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


async def clearances_of(db: AsyncSession, contract_id: UUID) -> frozenset[ClearanceKind]:
    """What offices have given for the contract so far."""
    query = select(ContractClearance.kind).where(ContractClearance.contract_id == contract_id)
    return frozenset((await db.execute(query)).scalars())


async def list_clearances(db: AsyncSession, contract_id: UUID) -> Sequence[ContractClearance]:
    query = select(ContractClearance).where(ContractClearance.contract_id == contract_id)
    return (await db.execute(query.order_by(ContractClearance.recorded_at))).scalars().all()


async def due_trials(db: AsyncSession, today: date, limit: int) -> Sequence[UUID]:
    """Trials whose last day is over."""
    query = select(Contract.id).where(Contract.state == ContractState.TRIAL, Contract.trial_until < today).limit(limit)
    return (await db.execute(query)).scalars().all()


async def get_order(db: AsyncSession, order_id: UUID, *, lock: bool = False) -> SignatureOrder:
    query = select(SignatureOrder).where(SignatureOrder.id == order_id)
    query = query.with_for_update() if lock else query
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def find_order(db: AsyncSession, signing_id: UUID, position: int) -> SignatureOrder | None:
    """The order for a place that has not come to nothing."""
    alive = (OrderedState.INTENDED, OrderedState.SENT, OrderedState.SIGNED)
    query = select(SignatureOrder).where(SignatureOrder.signing_id == signing_id, SignatureOrder.position == position)
    return (await db.execute(query.where(SignatureOrder.state.in_(alive)))).scalar_one_or_none()


async def list_orders(db: AsyncSession, state: OrderedState, limit: int) -> list[UUID]:
    """Those nobody has looked at for longest; they are looked at now, so that the next call gives others."""
    query = (
        select(SignatureOrder.id)
        .where(SignatureOrder.state == state)
        .order_by(SignatureOrder.looked_at.asc().nulls_first(), SignatureOrder.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list((await db.execute(query)).scalars())
    await db.execute(update(SignatureOrder).where(SignatureOrder.id.in_(ids)).values(looked_at=func.clock_timestamp()))
    return ids


async def list_stale_orders(db: AsyncSession, before: datetime, limit: int) -> list[tuple[UUID, bool]]:
    """Orders that came to nothing: their contract is cancelled (True), or they were given before this instant."""
    cancelled = Contract.state == ContractState.CANCELLED
    query = (
        select(SignatureOrder.id, cancelled)
        .join(Contract, Contract.id == SignatureOrder.contract_id)
        .where(SignatureOrder.state.in_([OrderedState.INTENDED, OrderedState.SENT]))
        .where(or_(cancelled, SignatureOrder.ordered_at < before))
        .order_by(SignatureOrder.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await db.execute(query)]


async def attestations_of(db: AsyncSession, contract_id: UUID) -> Sequence[ContractAttestation]:
    query = select(ContractAttestation).where(ContractAttestation.contract_id == contract_id)
    return (await db.execute(query.order_by(ContractAttestation.at))).scalars().all()


async def items_of(db: AsyncSession, registration_id: UUID) -> Sequence[RegistrationItem]:
    query = select(RegistrationItem).where(RegistrationItem.registration_id == registration_id)
    return (await db.execute(query.order_by(RegistrationItem.n))).scalars().all()


async def replace_items(db: AsyncSession, registration_id: UUID, items: Sequence[tuple[str, int]]) -> None:
    await db.execute(delete(RegistrationItem).where(RegistrationItem.registration_id == registration_id))
    db.add_all(
        RegistrationItem(registration_id=registration_id, n=n, title=title, minor=minor)
        for n, (title, minor) in enumerate(items, start=1)
    )


async def registration_corrections(db: AsyncSession, registration_id: UUID) -> Sequence[RegistrationCorrection]:
    query = select(RegistrationCorrection).where(RegistrationCorrection.registration_id == registration_id)
    return (await db.execute(query.order_by(RegistrationCorrection.n))).scalars().all()


async def find_paper(db: AsyncSession, contract_id: UUID, n: int) -> ContractPaper | None:
    return await db.get(ContractPaper, (contract_id, n), populate_existing=True)


async def keep_paper(db: AsyncSession, contract_id: UUID, n: int, sha256: str, at: datetime) -> None:
    """The first file drawn of a text is the one that counts."""
    row = insert(ContractPaper).values(contract_id=contract_id, n=n, sha256=sha256, at=at)
    await db.execute(row.on_conflict_do_nothing())


async def signatures_of(db: AsyncSession, contract_id: UUID) -> Sequence[ContractSignature]:
    query = select(ContractSignature).where(ContractSignature.contract_id == contract_id)
    return (await db.execute(query.order_by(ContractSignature.signing_id, ContractSignature.position))).scalars().all()


async def newest_signed_paper(db: AsyncSession, signing_id: UUID) -> str | None:
    """The file as the last party that signed it gave it back."""
    query = (
        select(ContractSignature.paper_sha256)
        .where(ContractSignature.signing_id == signing_id, ContractSignature.paper_sha256.is_not(None))
        .order_by(ContractSignature.position.desc())
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def get_authority(db: AsyncSession, authority_id: UUID, *, lock: bool = False) -> SigningAuthority:
    query = select(SigningAuthority).where(SigningAuthority.id == authority_id)
    query = query.with_for_update() if lock else query
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def find_authority(db: AsyncSession, org_id: UUID, person_id: UUID, on: date) -> SigningAuthority | None:
    """The authority that holds today, confirmed ones before such as were only recorded."""
    alive = (AuthorityState.CONFIRMED, AuthorityState.RECORDED)
    query = (
        select(SigningAuthority)
        .where(
            SigningAuthority.org_id == org_id,
            SigningAuthority.person_id == person_id,
            SigningAuthority.state.in_(alive),
            SigningAuthority.valid_from <= on,
            or_(SigningAuthority.valid_until.is_(None), SigningAuthority.valid_until >= on),
        )
        .order_by(SigningAuthority.state, SigningAuthority.recorded_at.desc())
        .limit(1)
    )
    return (await db.execute(query)).scalar_one_or_none()


async def list_authorities(
    db: AsyncSession, *, org_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[SigningAuthority]:
    query = (
        select(SigningAuthority).order_by(SigningAuthority.recorded_at.desc(), SigningAuthority.id.desc()).limit(limit)
    )
    if org_id is not None:
        query = query.where(SigningAuthority.org_id == org_id)
    if after is not None:
        query = query.where(tuple_(SigningAuthority.recorded_at, SigningAuthority.id) < after)
    return (await db.execute(query)).scalars().all()


async def find_version(db: AsyncSession, contract_id: UUID, n: int) -> ContractVersion | None:
    return await db.get(ContractVersion, (contract_id, n))


async def versions_of(db: AsyncSession, contract_id: UUID) -> Sequence[ContractVersion]:
    query = select(ContractVersion).where(ContractVersion.contract_id == contract_id).order_by(ContractVersion.n)
    return (await db.execute(query)).scalars().all()


async def get_change(db: AsyncSession, change_id: UUID) -> ContractChange:
    row = (
        await db.execute(
            select(ContractChange).where(ContractChange.id == change_id).execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def changes_of(db: AsyncSession, contract_id: UUID) -> Sequence[ContractChange]:
    query = select(ContractChange).where(ContractChange.contract_id == contract_id).order_by(ContractChange.n)
    return (await db.execute(query)).scalars().all()


async def get_breach(db: AsyncSession, breach_id: UUID) -> ContractBreach:
    row = (
        await db.execute(
            select(ContractBreach).where(ContractBreach.id == breach_id).execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def breaches_of(db: AsyncSession, contract_id: UUID) -> Sequence[ContractBreach]:
    query = select(ContractBreach).where(ContractBreach.contract_id == contract_id)
    return (await db.execute(query.order_by(ContractBreach.demanded_at, ContractBreach.id))).scalars().all()


async def find_deadline(
    db: AsyncSession, contract_id: UUID, kind: DeadlineKind, about: UUID | None = None
) -> ContractDeadline | None:
    query = select(ContractDeadline).where(ContractDeadline.contract_id == contract_id, ContractDeadline.kind == kind)
    query = query.where(ContractDeadline.about.is_not_distinct_from(about))
    return (await db.execute(query)).scalar_one_or_none()


async def list_deadlines(
    db: AsyncSession,
    *,
    org_id: UUID | None,
    contract_id: UUID | None,
    open_only: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[ContractDeadline]:
    """The earliest first; `org_id` narrows them to contracts of one party."""
    query = select(ContractDeadline).order_by(ContractDeadline.due_at, ContractDeadline.id).limit(limit)
    if org_id is not None:
        mine = select(ContractParty.contract_id).where(ContractParty.org_id == org_id)
        query = query.where(ContractDeadline.contract_id.in_(mine))
    if contract_id is not None:
        query = query.where(ContractDeadline.contract_id == contract_id)
    if open_only:
        query = query.where(ContractDeadline.done_at.is_(None))
    if after is not None:
        query = query.where(tuple_(ContractDeadline.due_at, ContractDeadline.id) > after)
    return (await db.execute(query)).scalars().all()


async def lock_passed_deadlines(db: AsyncSession, now: datetime, limit: int) -> Sequence[ContractDeadline]:
    """Deadlines that went by with nothing done, and were not told yet."""
    query = (
        select(ContractDeadline)
        .where(ContractDeadline.done_at.is_(None), ContractDeadline.passed_at.is_(None), ContractDeadline.due_at <= now)
        .order_by(ContractDeadline.due_at, ContractDeadline.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await db.execute(query)).scalars().all()


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


async def find_correction_by_due(db: AsyncSession, due_id: UUID) -> RoyaltyCorrection | None:
    query = select(RoyaltyCorrection).where(RoyaltyCorrection.due_id == due_id)
    return (await db.execute(query)).scalar_one_or_none()


async def get_report(db: AsyncSession, report_id: UUID) -> RoyaltyReport:
    row = await db.get(RoyaltyReport, report_id)
    if row is None:
        raise NotFound()
    return row


async def corrections_of(db: AsyncSession, report_ids: Collection[UUID]) -> dict[UUID, list[RoyaltyCorrection]]:
    """The corrections of each report in their order; reports without any are left out."""
    query = select(RoyaltyCorrection).where(RoyaltyCorrection.report_id.in_(report_ids))
    found: dict[UUID, list[RoyaltyCorrection]] = {}
    for row in (await db.execute(query.order_by(RoyaltyCorrection.n))).scalars():
        found.setdefault(row.report_id, []).append(row)
    return found


async def contract_of_due(db: AsyncSession, due_id: UUID) -> UUID | None:
    """The contract whose plan line, report, correction or interest a due was raised for."""
    corrected = (
        select(RoyaltyReport.contract_id)
        .join(RoyaltyCorrection, RoyaltyCorrection.report_id == RoyaltyReport.id)
        .where(or_(RoyaltyCorrection.due_id == due_id, RoyaltyCorrection.interest_due_id == due_id))
    )
    queries = [
        select(table.contract_id).where(or_(table.due_id == due_id, table.interest_due_id == due_id))
        for table in (PlanLine, RoyaltyReport)
    ]
    return (await db.execute(union_all(*queries, corrected).limit(1))).scalar_one_or_none()


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
