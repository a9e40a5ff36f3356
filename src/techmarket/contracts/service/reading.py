"""Reading: a contract is known to its parties, to the market and to registrars; to others it does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import policy, repository, rules
from techmarket.contracts.lifecycle import AuthorityState, ContractState
from techmarket.contracts.rules import Origin, PartyRole
from techmarket.contracts.tables import (
    Contract,
    ContractAttestation,
    ContractParty,
    PlanLine,
    Registration,
    RoyaltyCorrection,
    RoyaltyReport,
)
from techmarket.contracts.views import (
    AmountsView,
    AttestationView,
    ClearanceView,
    ContractCard,
    ContractView,
    CorrectionView,
    DocumentView,
    ItemView,
    PartyView,
    PlanLineView,
    RegistrationView,
    ReliefView,
    RoyaltyReportView,
    SignedView,
    VersionView,
)
from techmarket.db import texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import AUTHORITY_ROLES, Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.signing import steps as signing


async def get_contract(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """One contract with its plan, reports and registration."""
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        return await view_of(db, contract)


async def get_document(tx: Tx, actor: Actor, contract_id: UUID, *, n: int | None = None) -> DocumentView:
    """The text that is signed, with the hash that is signed: the newest version, or the one named."""
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        version = await repository.find_version(db, contract.id, n or contract.current_n)
        if version is None:
            raise NotFound()
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
    """Who owes and is owed on each side, for a reader who may know of the contract.

    A draft is its drafter's own: the other side learns of it when it is called to sign. The record of a contract made
    elsewhere is every party's at once: it says what they signed, and each confirms it.
    """
    rows = (await repository.parties_of(db, [contract.id]))[contract.id]
    is_draft, first = contract.state is ContractState.DRAFT and contract.origin is Origin.MARKET, leads(contract)
    if not sees_all(actor) and actor.org_id not in {row.org_id for row in rows if row.role is first or not is_draft}:
        raise NotFound()
    return party_orgs(rows)


async def side_orgs(db: AsyncSession, contract: Contract) -> dict[PartyRole, list[UUID]]:
    """All organisations of each side, whoever stands for the others first."""
    sides: dict[PartyRole, list[UUID]] = {}
    for row in (await repository.parties_of(db, [contract.id]))[contract.id]:
        sides.setdefault(row.role, []).append(row.org_id)
    return sides


def leads(contract: Contract) -> PartyRole:
    """The side that drafts and signs first."""
    return rules.calls_first(contract.type, from_award=contract.award_id is not None)


async def all_orgs(db: AsyncSession, contract: Contract) -> list[UUID]:
    """Every organisation of either side."""
    return [row.org_id for row in (await repository.parties_of(db, [contract.id]))[contract.id]]


def party_orgs(rows: list[ContractParty]) -> dict[PartyRole, UUID]:
    return {row.role: row.org_id for row in rows if row.position == 1}


async def view_of(db: AsyncSession, contract: Contract) -> ContractView:
    parties = (await repository.parties_of(db, [contract.id]))[contract.id]
    named = await identity.get_organisations(db, [one.org_id for one in parties])
    registration = await repository.latest_registration(db, contract.id)
    reports = await repository.reports_of(db, contract.id)
    corrections = await repository.corrections_of(db, [one.id for one in reports]) if reports else {}
    cleared = await repository.list_clearances(db, contract.id) if contract.crossing is not None else ()
    seen = () if contract.origin is Origin.MARKET else await repository.attestations_of(db, contract.id)
    orgs = {one.org_id for one in parties}
    versions = await repository.versions_of(db, contract.id)
    version = next(one for one in versions if one.n == contract.current_n)
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
        royalty_reports=tuple(report_view(one, corrections.get(one.id, [])) for one in reports),
        registration=await registration_view(db, registration) if registration else None,
        in_force_at=contract.in_force_at,
        term_from=contract.term_from,
        term_until=contract.term_until,
        reasons=contract.reasons,
        form=contract.form,
        origin=contract.origin,
        findings=contract.findings,
        crossing=contract.crossing,
        clearances=tuple(
            ClearanceView(one.kind, one.number, one.issued_by, one.issued_on, one.recorded_at) for one in cleared
        ),
        trial_until=contract.trial_until,
        title_moves=contract.title_moves,
        title_moved_at=contract.title_moved_at,
        title_restored_at=contract.title_restored_at,
        versions=tuple(VersionView(one.n, one.sha256, one.signing_id, one.effective_on) for one in versions),
        attestations=tuple(_attested(one) for one in seen if one.org_id not in orgs),
        confirmations=tuple(_attested(one) for one in seen if one.org_id in orgs),
        signed_on=contract.signed_on,
        scan_sha256=contract.scan_sha256,
        signatures=await _signatures(db, contract, [one.signing_id for one in versions if one.signing_id]),
    )


def _attested(row: ContractAttestation) -> AttestationView:
    return AttestationView(row.person_id, row.org_id, row.at, row.document_sha256, row.entry_id)


async def _signatures(db: AsyncSession, contract: Contract, signing_ids: list[UUID]) -> tuple[SignedView, ...]:
    known = {(one.signing_id, one.position): one for one in await repository.signatures_of(db, contract.id)}
    found = []
    for signing_id in signing_ids:
        for put in await signing.signatures_of(db, signing_id):
            more = known.get((signing_id, put.position))
            authority = None
            if more is not None and more.authority_id is not None:
                authority = await repository.get_authority(db, more.authority_id)
            found.append(
                SignedView(
                    signing_id,
                    put.position,
                    put.organisation_id,
                    put.person_id,
                    put.method,
                    put.at,
                    put.entry_id,
                    None if authority is None else authority.kind,
                    authority is not None and authority.state is AuthorityState.CONFIRMED,
                    None if more is None else more.paper_sha256,
                    None if more is None else more.certificate,
                    None if more is None else more.identity,
                )
            )
    return tuple(found)


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
        line.due_on,
        line.terms,
        line.version_n,
        line.valid_from,
        line.valid_until,
        line.accepted_sha256,
    )


def report_view(
    report: RoyaltyReport, corrections: Sequence[RoyaltyCorrection] = (), *, credit_minor: int | None = None
) -> RoyaltyReportView:
    return RoyaltyReportView(
        report.id,
        report.contract_id,
        report.period_from,
        report.period_to,
        Money(report.base_minor),
        Money(report.royalty_minor),
        report.due_id,
        report.paid_at,
        Money(report.charged),
        tuple(
            CorrectionView(
                one.n,
                Money(one.was_minor),
                Money(one.base_minor),
                Money(one.charged_minor),
                one.due_id,
                one.reasons,
                one.evidence_sha256,
                one.corrected_at,
            )
            for one in corrections
        ),
        None if credit_minor is None else Money(credit_minor),
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
        row.is_estimate,
        tuple(ItemView(one.title, Money(one.minor)) for one in await repository.items_of(db, row.id)),
        row.seller_code,
        row.buyer_code,
        row.seller_place,
        row.buyer_place,
        tuple(
            AmountsView(
                one.n,
                Money(one.was_whole_minor),
                Money(one.was_technology_minor),
                Money(one.whole_minor),
                Money(one.technology_minor),
                one.reasons,
                one.at,
            )
            for one in await repository.registration_corrections(db, row.id)
        ),
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
        row.origin,
    )
