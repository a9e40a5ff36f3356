"""What later rooms may ask of contracts inside their own transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import borders, errors, repository
from techmarket.contracts.borders import Category, ClearanceKind, Crossing, Direction
from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.plans import FIXED
from techmarket.contracts.rules import ContractType, LineKind, Origin, PartyRole
from techmarket.contracts.tables import Contract, PlanLine


@dataclass(frozen=True, slots=True)
class LineFacts:
    id: UUID
    kind: LineKind
    state: LineState
    minor: int | None
    credited_minor: int
    rate: Decimal | None
    base: str | None
    due_id: UUID | None


@dataclass(frozen=True, slots=True)
class ReportFacts:
    id: UUID
    period_from: date
    period_to: date
    royalty_minor: int
    due_id: UUID | None
    is_paid: bool


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    id: UUID
    state: RegistrationState
    contract_class: ContractType
    number: str | None
    whole_minor: int
    technology_minor: int


@dataclass(frozen=True, slots=True)
class ContractFacts:
    id: UUID
    number: str
    award_id: UUID | None
    listing_id: UUID | None
    notice_id: UUID | None
    approval_ids: tuple[UUID, ...]
    type: ContractType
    state: ContractState
    rule_date: date
    licence_kind: str | None
    scope: dict[str, Any]
    term_years: int | None
    term_from: date | None
    term_until: date | None
    in_force_at: datetime | None
    document_sha256: str
    payer_org: UUID
    payee_org: UUID
    joint_orgs: tuple[tuple[PartyRole, UUID], ...]
    achievement_ids: tuple[UUID, ...]
    price_minor: int | None
    origin: Origin
    open_clearances: tuple[ClearanceKind, ...]
    lines: tuple[LineFacts, ...]
    reports: tuple[ReportFacts, ...]

    @property
    def holds(self) -> bool:
        """It binds, or was performed as agreed; a quarrel about it is not over otherwise."""
        return self.state in (ContractState.IN_FORCE, ContractState.PERFORMED)

    @property
    def parties(self) -> tuple[UUID, ...]:
        """Everyone who is bound: the two sides, and who stands on one of them jointly."""
        return self.payee_org, self.payer_org, *(org for _, org in self.joint_orgs)


async def get_contract(db: AsyncSession, contract_id: UUID) -> ContractFacts:
    """The contract's facts as they stand; without a lock."""
    return await _facts(db, await repository.get_contract(db, contract_id))


async def lock_contract(db: AsyncSession, contract_id: UUID) -> ContractFacts:
    """The contract's facts, held until the caller commits: no signature, report or dispute comes in between."""
    return await _facts(db, await repository.lock_contract(db, contract_id))


async def require_in_force(db: AsyncSession, contract_id: UUID) -> ContractFacts:
    """A gate: the contract is in force or performed, not in dispute, and no authority's paper is missing; it stays so
    until the caller commits."""
    facts = await lock_contract(db, contract_id)
    if not facts.holds:
        raise errors.NotInForce(state=facts.state)
    if facts.open_clearances:
        raise errors.ClearancesOpen(missing=facts.open_clearances)
    return facts


async def registration_of(db: AsyncSession, contract_id: UUID) -> RegistrationFacts | None:
    """The latest registration of the contract, whatever became of it."""
    row = await repository.latest_registration(db, contract_id)
    if row is None:
        return None
    return RegistrationFacts(row.id, row.state, row.class_, row.number, row.whole_minor, row.technology_minor)


@dataclass(frozen=True, slots=True)
class ReceivedContract:
    """A contract whose money goes to a unit, as its yearly report tells it."""

    id: UUID
    number: str
    type: ContractType
    licence_kind: str | None
    in_force_at: datetime | None
    fixed_price_minor: int | None
    registration_number: str | None
    registered_minor: int | None
    technology_minor: int | None


async def list_received_by(db: AsyncSession, org_id: UUID, *, after: UUID | None, limit: int) -> list[ReceivedContract]:
    """A page of the contracts whose money goes to this organisation, by id."""
    return [
        ReceivedContract(
            row.id,
            row.number,
            row.type,
            row.licence_kind,
            row.in_force_at,
            fixed,
            None if registered is None else registered.number,
            None if registered is None else registered.whole_minor,
            None if registered is None else registered.technology_minor,
        )
        for row, fixed, registered in await repository.list_received_by(db, org_id, after=after, limit=limit)
    ]


async def contract_of_award(db: AsyncSession, award_id: UUID) -> UUID | None:
    row = await repository.find_by_award(db, award_id)
    return row.id if row else None


async def contract_of_due(db: AsyncSession, due_id: UUID) -> UUID | None:
    """Which contract a due belongs to."""
    return await repository.contract_of_due(db, due_id)


async def _open_clearances(db: AsyncSession, contract: Contract) -> tuple[ClearanceKind, ...]:
    """Documents of authorities the contract still waits for; until then it is neither certified nor registered."""
    if contract.crossing is None:
        return ()
    said = contract.crossing
    crossing = Crossing(Direction(said["direction"]), Category(said["category"]), said["fiscal_project"])
    needed = borders.needed(crossing, contract.type, contract.licence_kind)
    return tuple(sorted(needed - await repository.clearances_of(db, contract.id)))


def _price(lines: Sequence[PlanLine]) -> int | None:
    """What is paid in money whatever happens: the fixed parts together, as they now stand."""
    gone = (LineState.REPLACED, LineState.CANCELLED)
    alive = [line for line in lines if line.state not in gone] or lines
    fixed = [line.minor for line in alive if line.minor is not None and line.kind in FIXED]
    return sum(fixed) if fixed else None


async def _facts(db: AsyncSession, contract: Contract) -> ContractFacts:
    rows = (await repository.parties_of(db, [contract.id]))[contract.id]
    orgs = {row.role: row.org_id for row in rows if row.position == 1}
    version = await repository.get_version(db, contract.id, contract.current_n)
    lines = await repository.plan_of(db, contract.id)
    reports = await repository.reports_of(db, contract.id)
    return ContractFacts(
        id=contract.id,
        number=contract.number,
        award_id=contract.award_id,
        listing_id=contract.listing_id,
        notice_id=contract.notice_id,
        approval_ids=tuple(contract.approval_ids),
        type=contract.type,
        state=contract.state,
        rule_date=contract.rule_date,
        licence_kind=contract.licence_kind,
        scope=contract.scope,
        term_years=contract.term_years,
        term_from=contract.term_from,
        term_until=contract.term_until,
        in_force_at=contract.in_force_at,
        document_sha256=version.sha256,
        payer_org=orgs[PartyRole.PAYER],
        payee_org=orgs[PartyRole.PAYEE],
        joint_orgs=tuple((row.role, row.org_id) for row in rows if row.position > 1),
        achievement_ids=tuple(await repository.achievements_of(db, contract.id)),
        price_minor=_price(lines),
        origin=contract.origin,
        open_clearances=await _open_clearances(db, contract),
        lines=tuple(
            LineFacts(
                one.id,
                one.kind,
                one.state,
                one.minor,
                one.credited_minor,
                one.rate.normalize() if one.rate is not None else None,
                one.base,
                one.due_id,
            )
            for one in lines
        ),
        reports=tuple(
            ReportFacts(one.id, one.period_from, one.period_to, one.royalty_minor, one.due_id, one.paid_at is not None)
            for one in reports
        ),
    )


async def parties_of(db: AsyncSession, contract_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Everyone each contract is between."""
    found = await repository.parties_of(db, contract_ids) if contract_ids else {}
    return {id: frozenset(party.org_id for party in parties) for id, parties in found.items()}
