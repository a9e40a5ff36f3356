"""Reading: a contract is known to its parties, to the market and to registrars; to others it does not exist."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import policy, repository, rules
from techmarket.contracts.rules import PartyRole
from techmarket.contracts.tables import Contract, ContractParty, PlanLine, Registration, RoyaltyReport
from techmarket.contracts.views import (
    ContractCard,
    ContractView,
    DocumentView,
    PartyView,
    PlanLineView,
    RegistrationView,
    ReliefView,
    RoyaltyReportView,
)
from techmarket.db import texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import AUTHORITY_ROLES, Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound


async def get_contract(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """One contract with its plan, reports and registration."""
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        return await view_of(db, contract)


async def get_document(tx: Tx, actor: Actor, contract_id: UUID) -> DocumentView:
    """The text that is signed, with the hash that is signed."""
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        version = await repository.get_version(db, contract.id, contract.current_n)
        return DocumentView(version.sha256, await texts.get(db, version.sha256))


async def list_contracts(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[ContractCard]:
    """My organisation's contracts, the newest first; staff of the market and registrars see all."""
    require(actor, policy.LIST)
    after = None
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, UUID)
        after = (at, last)
    async with tx.read() as db:
        mine = None if sees_all(actor) else actor.org
        rows = await repository.list_contracts(db, org_id=mine, after=after, limit=limit + 1)
        parties = await repository.parties_of(db, [row.id for row in rows])
        page = page_of(rows, limit, lambda row: (row.created_at.isoformat(), str(row.id)))
        return page.map(lambda row: _card(row, parties[row.id]))


def sees_all(actor: Actor) -> bool:
    return actor.is_market or bool(actor.roles & AUTHORITY_ROLES)


async def known_parties(db: AsyncSession, actor: Actor, contract: Contract) -> dict[PartyRole, UUID]:
    """Who owes and is owed on each side, for a reader who may know of the contract."""
    rows = (await repository.parties_of(db, [contract.id]))[contract.id]
    if not sees_all(actor) and actor.org_id not in {row.org_id for row in rows}:
        raise NotFound()
    return party_orgs(rows)


async def side_orgs(db: AsyncSession, contract: Contract) -> dict[PartyRole, list[UUID]]:
    """All organisations of each side, whoever stands for the others first."""
    sides: dict[PartyRole, list[UUID]] = {}
    for row in (await repository.parties_of(db, [contract.id]))[contract.id]:
        sides.setdefault(row.role, []).append(row.org_id)
    return sides


def party_orgs(rows: list[ContractParty]) -> dict[PartyRole, UUID]:
    return {row.role: row.org_id for row in rows if row.position == 1}


async def view_of(db: AsyncSession, contract: Contract) -> ContractView:
    parties = (await repository.parties_of(db, [contract.id]))[contract.id]
    named = await identity.get_organisations(db, [one.org_id for one in parties])
    version = await repository.get_version(db, contract.id, contract.current_n)
    registration = await repository.latest_registration(db, contract.id)
    return ContractView(
        id=contract.id,
        number=contract.number,
        type=contract.type,
        state=contract.state,
        award_id=contract.award_id,
        listing_id=contract.listing_id,
        notice_id=contract.notice_id,
        approval_ids=tuple(contract.approval_ids),
        licence_kind=contract.licence_kind,
        scope=contract.scope,
        parties=tuple(PartyView(one.role, one.org_id, named[one.org_id].name) for one in parties),
        achievement_ids=tuple(await repository.achievements_of(db, contract.id)),
        document_sha256=version.sha256,
        signing_id=version.signing_id,
        plan=tuple(line_view(line) for line in await repository.plan_of(db, contract.id)),
        royalty_reports=tuple(report_view(report) for report in await repository.reports_of(db, contract.id)),
        registration=await registration_view(db, registration) if registration else None,
        in_force_at=contract.in_force_at,
        term_from=contract.term_from,
        term_until=contract.term_until,
        reasons=contract.reasons,
    )


def line_view(line: PlanLine) -> PlanLineView:
    return PlanLineView(
        line.id,
        line.n,
        line.kind,
        line.title,
        line.state,
        Money(line.minor) if line.minor is not None else None,
        Money(line.credited_minor),
        line.rate.normalize() if line.rate is not None else None,
        line.base,
        line.due_id,
    )


def report_view(report: RoyaltyReport) -> RoyaltyReportView:
    return RoyaltyReportView(
        report.id,
        report.contract_id,
        report.period_from,
        report.period_to,
        Money(report.base_minor),
        Money(report.royalty_minor),
        report.due_id,
        report.paid_at,
    )


async def registration_view(db: AsyncSession, row: Registration) -> RegistrationView:
    return RegistrationView(
        row.id,
        row.contract_id,
        row.state,
        row.class_,
        Money(row.whole_minor),
        Money(row.technology_minor),
        row.number,
        row.filed_at,
        row.decide_by,
        row.decided_at,
        row.reasons,
        tuple(ReliefView(f.tax, f.relief, f.needs_confirmation) for f in await repository.reliefs_of(db, row.id)),
        rules.registration_warnings(row.number) if row.number is not None else (),
    )


def _card(row: Contract, parties: list[ContractParty]) -> ContractCard:
    orgs = party_orgs(parties)
    return ContractCard(
        row.id,
        row.number,
        row.type,
        row.state,
        row.award_id,
        orgs[PartyRole.PAYEE],
        orgs[PartyRole.PAYER],
        row.created_at,
    )
