"""Reporting: the payer tells the base of a period, the royalty on it falls due, and a wrong report is corrected.

A report is never edited. A correction stands beside it, and what the line's account then says differently falls due, or
is a credit for the reports to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, plans, policy, repository, rules
from techmarket.contracts.events import RoyaltyCorrected, RoyaltyReported
from techmarket.contracts.lifecycle import CONTRACT, ContractState, LineState
from techmarket.contracts.plans import Reported, RoyaltyPlan, Term
from techmarket.contracts.rules import LineKind, PartyRole, Period
from techmarket.contracts.service.reading import known_parties, report_view
from techmarket.contracts.service.watching import watch_next_report, watch_payment
from techmarket.contracts.service.writing import terms_of
from techmarket.contracts.tables import Contract, PlanLine, RoyaltyCorrection, RoyaltyReport
from techmarket.contracts.views import RoyaltyReportView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Purpose


async def report_royalty(
    tx: Tx, actor: Actor, contract_id: UUID, *, period_from: date, period_to: date, base_minor: int
) -> RoyaltyReportView:
    """The licensee reports the base of a period that is over; the royalty on it falls due."""
    async with tx.begin() as db:
        contract, parties, term = await _reportable(db, actor, contract_id)
        contract.state = CONTRACT.move(contract.state, "report_royalty")
        period = Period(period_from, period_to)
        line = _line_for(await repository.plan_of(db, contract.id), term, period)
        plan = _royalty(line)
        reports = await repository.reports_of(db, contract.id)
        now = await clock.market_now(db)
        rules.require_reportable(
            period,
            term_from=term.first,
            term_until=term.last,
            reported=[Period(one.period_from, one.period_to) for one in reports],
            today=shanghai_day(now),
        )
        year = plans.require_one_year(plan, term, period)
        report = RoyaltyReport(
            id=new_id(),
            contract_id=contract.id,
            plan_line_id=line.id,
            period_from=period_from,
            period_to=period_to,
            base_minor=base_minor,
            royalty_minor=rules.royalty_of(base_minor, plan.rate_in(year)),
            reported_by=actor.person,
            reported_at=now,
        )
        charge = await _charge(db, contract, line, term, added=Reported(period, base_minor))
        report.charged_minor = charge.due_minor
        report.due_id = await _raise(db, contract, parties, plan, charge.due_minor, now=now, actor=actor)
        db.add(report)
        await watch_next_report(db, contract, plan, line.id, period_to, now)
        journal.record(db, RoyaltyReported(contract.id, report.id), actor=actor)
        await db.flush()
        return report_view(report)


async def correct_report(
    tx: Tx,
    actor: Actor,
    report_id: UUID,
    *,
    base_minor: int,
    reasons: str,
    evidence_sha256: str | None = None,
) -> RoyaltyReportView:
    """The payer corrects the base of a report; the difference falls due, or counts towards what is charged next."""
    async with tx.begin() as db:
        seen = await repository.get_report(db, report_id)
        contract, parties, term = await _reportable(db, actor, seen.contract_id)
        report = await repository.get_report(db, report_id)
        earlier = (await repository.corrections_of(db, [report.id])).get(report.id, [])
        was = earlier[-1].base_minor if earlier else report.base_minor
        if base_minor == was:
            raise errors.NothingCorrected(base=Money(was), pointer="/body/base")
        if evidence_sha256 is not None:
            await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        line = next(one for one in await repository.plan_of(db, contract.id) if one.id == report.plan_line_id)
        plan = _royalty(line)
        now = await clock.market_now(db)
        charge = await _charge(db, contract, line, term, replaced={report.id: base_minor})
        correction = RoyaltyCorrection(
            id=new_id(),
            report_id=report.id,
            n=len(earlier) + 1,
            was_minor=was,
            base_minor=base_minor,
            charged_minor=charge.due_minor,
            due_id=await _raise(db, contract, parties, plan, charge.due_minor, now=now, actor=actor),
            reasons=reasons,
            evidence_sha256=evidence_sha256,
            corrected_by=actor.person,
            corrected_at=now,
        )
        db.add(correction)
        journal.record(db, RoyaltyCorrected(contract.id, report.id, correction.n), actor=actor)
        await db.flush()
        return report_view(report, [*earlier, correction], credit_minor=charge.credit_minor)


async def _reportable(
    db: AsyncSession, actor: Actor, contract_id: UUID
) -> tuple[Contract, dict[PartyRole, UUID], Term]:
    contract = await repository.lock_contract(db, contract_id)
    parties = await known_parties(db, actor, contract)
    require(actor, policy.REPORT_ROYALTY, parties=[parties[PartyRole.PAYER]])
    if contract.state not in (ContractState.IN_FORCE, ContractState.TERMINATED) or contract.term_from is None:
        raise errors.NotInForce(state=contract.state)
    return contract, parties, Term(contract.term_from, contract.term_until)


def _line_for(lines: Sequence[PlanLine], term: Term, period: Period) -> PlanLine:
    """The royalty that held in the period; where its terms changed within, the report has to be split there."""
    held = [one for one in lines if one.kind is LineKind.ROYALTY and one.state is not LineState.CANCELLED]
    if not held:
        raise errors.NoRoyalty()
    for line in held:
        first = line.valid_from or term.first
        if first <= period.first and (line.valid_until is None or period.first <= line.valid_until):
            if line.valid_until is not None and period.last > line.valid_until:
                raise errors.PeriodCrossesYear(split_on=line.valid_until + timedelta(days=1), pointer="/body/period_to")
            return line
    return held[0]  # before the term: refused as such by the caller's next check


def _royalty(line: PlanLine) -> RoyaltyPlan:
    plan = terms_of(line).royalty
    assert plan is not None
    return plan


async def _charge(
    db: AsyncSession,
    contract: Contract,
    line: PlanLine,
    term: Term,
    *,
    added: Reported | None = None,
    replaced: dict[UUID, int] | None = None,
) -> plans.Charge:
    """What the royalty comes to with this report or correction, less what was charged before.

    Each line has its own account; what one was charged too much counts towards the line that took its place.
    """
    reports = await repository.reports_of(db, contract.id)
    corrections = await repository.corrections_of(db, [one.id for one in reports])
    stands: dict[UUID, list[Reported]] = {line.id: [added] if added is not None else []}
    charged = 0
    for one in reports:
        base, charged = one.base_minor, charged + one.charged
        for correction in corrections.get(one.id, []):
            base, charged = correction.base_minor, charged + correction.charged_minor
        said = Reported(Period(one.period_from, one.period_to), (replaced or {}).get(one.id, base))
        stands.setdefault(one.plan_line_id, []).append(said)
    lines = [one for one in await repository.plan_of(db, contract.id) if one.id in stands]
    accounts = {one.id: plans.royalty_account(_royalty(one), term, stands[one.id]) for one in lines}
    owed = sum(one.owed_minor for one in accounts.values())
    return plans.next_charge(replace(accounts[line.id], owed_minor=owed), charged)


async def _raise(
    db: AsyncSession,
    contract: Contract,
    parties: dict[PartyRole, UUID],
    plan: RoyaltyPlan,
    minor: int,
    *,
    now: datetime,
    actor: Actor,
) -> UUID | None:
    if minor == 0:
        return None
    due = await settlement.raise_due(
        db,
        payer=parties[PartyRole.PAYER],
        payee=parties[PartyRole.PAYEE],
        minor=minor,
        due_on=rules.royalty_due_on(shanghai_day(now), plan.due_days),
        subject=Ref("contract", contract.id),
        purpose=Purpose.ROYALTY,
        rule_date=contract.rule_date,
        actor=actor,
    )
    watch_payment(db, contract, due)
    return due.id
