"""Watching: what is to be done by when stands in rows; a job tells once of each that went by."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.rights import PATENTS
from techmarket.contracts import errors, plans, policy, repository
from techmarket.contracts.events import DeadlinePassed, LicenceFiled
from techmarket.contracts.lifecycle import ContractState
from techmarket.contracts.plans import RoyaltyPlan
from techmarket.contracts.rules import ContractType, DeadlineKind, PartyRole
from techmarket.contracts.service.reading import known_parties, sees_all, view_of
from techmarket.contracts.service.writing import terms_of
from techmarket.contracts.tables import Contract, ContractDeadline
from techmarket.contracts.views import ContractView, DeadlineView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.periods import end_of_day, shanghai_day
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.settlement.steps import DueFacts


async def list_deadlines(
    tx: Tx, actor: Actor, *, contract_id: UUID | None, open_only: bool, cursor: str | None, limit: int
) -> Page[DeadlineView]:
    """What my organisation's contracts wait for, the earliest first; staff and registrars see all."""
    require(actor, policy.LIST_DEADLINES)
    after = None
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, UUID)
        after = (at, last)
    async with tx.read() as db:
        rows = await repository.list_deadlines(
            db,
            org_id=None if sees_all(actor) else actor.org,
            contract_id=contract_id,
            open_only=open_only,
            after=after,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (row.due_at.isoformat(), str(row.id))).map(deadline_view)


async def file_licence(tx: Tx, actor: Actor, contract_id: UUID, *, number: str, evidence_sha256: str) -> ContractView:
    """A party records that the licence of a patent was filed with the office (许可备案, 细则 art. 15)."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.FILE_LICENCE, parties=parties.values())
        deadline = await repository.find_deadline(db, contract.id, DeadlineKind.LICENCE_FILING)
        if deadline is None or deadline.done_at is not None:
            raise errors.NothingToFile()
        await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        deadline.done_at = await clock.market_now(db)
        deadline.number, deadline.evidence_sha256 = number, evidence_sha256
        journal.record(db, LicenceFiled(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def announce_passed(tx: Tx, *, limit: int = 100) -> int:
    """Each deadline that went by is told once. Returns how many were."""
    async with tx.begin() as db:
        now = await clock.market_now(db)
        passed = await repository.lock_passed_deadlines(db, now, limit)
        for one in passed:
            one.passed_at = now
            journal.record(db, DeadlinePassed(one.contract_id, one.id, one.kind), actor=None)
        return len(passed)


def watch(
    db: AsyncSession,
    contract: Contract,
    kind: DeadlineKind,
    *,
    by: datetime,
    org_id: UUID | None = None,
    about: UUID | None = None,
    rule_key: str | None = None,
) -> None:
    """Write down that something has to be done by an instant, and by whom."""
    db.add(
        ContractDeadline(
            id=new_id(), contract_id=contract.id, kind=kind, about=about, org_id=org_id, due_at=by, rule_key=rule_key
        )
    )


async def done(
    db: AsyncSession, contract_id: UUID, kind: DeadlineKind, *, about: UUID | None = None, at: datetime
) -> None:
    """It was done; a deadline that nobody set, or that is done already, is no matter."""
    deadline = await repository.find_deadline(db, contract_id, kind, about)
    if deadline is not None and deadline.done_at is None:
        deadline.done_at = at


async def watch_effect(db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], now: datetime) -> None:
    """What a contract in force asks for: the filing of a patent licence by law, the first report by its terms."""
    if contract.type is ContractType.LICENCE and await _licenses_patents(db, contract):
        rule = await rulebook.find_rule(db, "licence.filing.length", on=contract.rule_date, mode="licence")
        if rule is not None:
            calendar = await rulebook.work_calendar(db)
            by = end_of_day(plans.last_day_of(now, rule.length, calendar=calendar))
            seller = parties[PartyRole.PAYEE]
            watch(db, contract, DeadlineKind.LICENCE_FILING, by=by, org_id=seller, rule_key=rule.key)

    assert contract.term_from is not None
    for line in await repository.plan_of(db, contract.id):
        royalty = terms_of(line).royalty
        if royalty is not None and royalty.report_months is not None:
            first = _report_by(contract, royalty, contract.term_from)
            if first is not None:
                payer = parties[PartyRole.PAYER]
                watch(db, contract, DeadlineKind.ROYALTY_REPORT, by=first, org_id=payer, about=line.id)


async def watch_next_report(
    db: AsyncSession, contract: Contract, royalty: RoyaltyPlan, line_id: UUID, reported_to: date, now: datetime
) -> None:
    """A report came: its line waits for the next one, or for none when the term is over."""
    deadline = await repository.find_deadline(db, contract.id, DeadlineKind.ROYALTY_REPORT, line_id)
    if deadline is None:
        return
    by = _report_by(contract, royalty, reported_to + timedelta(days=1))
    if by is None:
        deadline.done_at = now
    elif by > deadline.due_at:
        deadline.due_at, deadline.passed_at = by, None


def _report_by(contract: Contract, royalty: RoyaltyPlan, first: date) -> datetime | None:
    """The report of the period that begins on a day is told by the day on which its payment would be due."""
    if royalty.report_months is None or (contract.term_until is not None and first >= contract.term_until):
        return None
    last = plans.end_of_last_period(first, royalty.report_months)
    if contract.term_until is not None:
        last = min(last, contract.term_until)
    return end_of_day(last + timedelta(days=royalty.due_days))


def watch_payment(db: AsyncSession, contract: Contract, due: DueFacts) -> None:
    """A due is to be paid by the end of its day."""
    watch(db, contract, DeadlineKind.PAYMENT, by=end_of_day(due.due_on), org_id=due.payer_org, about=due.id)


async def _licenses_patents(db: AsyncSession, contract: Contract) -> bool:
    facts = await achievements.get_facts(db, await repository.achievements_of(db, contract.id))
    return any(right.kind in PATENTS for one in facts.values() for right in one.rights)


async def drop_deadlines(db: AsyncSession, contract: Contract) -> None:
    """A contract that has ended asks for no report and no filing any more; what is owed stays owed."""
    now = await clock.market_now(db)
    kept = (DeadlineKind.PAYMENT, DeadlineKind.REGISTRATION_DECISION)
    for one in await repository.list_deadlines(
        db, org_id=None, contract_id=contract.id, open_only=True, after=None, limit=1_000
    ):
        if one.kind not in kept or contract.state is ContractState.CANCELLED:
            one.done_at = now


def deadline_view(row: ContractDeadline) -> DeadlineView:
    return DeadlineView(
        row.id,
        row.contract_id,
        row.kind,
        row.about,
        row.org_id,
        row.due_at,
        shanghai_day(row.due_at - timedelta(microseconds=1)),
        row.rule_key,
        row.done_at,
        row.passed_at,
        row.number,
    )
