"""Changing (变更): proposed by one side, signed by all, and kept as the next version of the text with its day.

What a change says about payments touches only what is not due yet: past dues stay as they are, and a report is made
under the terms that held in its period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, plans, policy, repository, screening, templates
from techmarket.contracts.events import ChangeDecided, ChangeProposed, ContractChanged
from techmarket.contracts.lifecycle import CHANGE, CONTRACT, PLAN_LINE, ChangeState, LineState
from techmarket.contracts.plans import ON_EFFECT, PlanTerms, Term
from techmarket.contracts.rules import ChangeKind, DeadlineKind, LineKind, PartyRole
from techmarket.contracts.service.authorising import require_authority
from techmarket.contracts.service.ending import end_locked
from techmarket.contracts.service.paying import raise_line
from techmarket.contracts.service.reading import all_orgs, known_parties, side_orgs
from techmarket.contracts.service.signing import require_approved
from techmarket.contracts.service.watching import done
from techmarket.contracts.service.writing import plan_row, terms_of
from techmarket.contracts.tables import Contract, ContractChange, ContractVersion, PlanLine
from techmarket.contracts.text import Clause
from techmarket.contracts.views import ChangeView
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import SHANGHAI, shanghai_day
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import HoldCause
from techmarket.signing import steps as signing
from techmarket.signing.steps import Signatory

PURPOSE = "contract_change"


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What is to be different. None leaves clauses or plan as they are; `plan` replaces what is not due yet."""

    clauses: tuple[Clause, ...] | None = None
    plan: tuple[PlanTerms, ...] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return self.clauses is None and self.plan is None and not self.facts


async def propose_change(
    tx: Tx,
    actor: Actor,
    contract_id: UUID,
    *,
    kind: ChangeKind,
    effective_on: date,
    reasons: str,
    terms: NewTerms = NewTerms(),
) -> ChangeView:
    """A party proposes other terms, or the end by agreement; all parties are called to sign the new text."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.CHANGE, parties=await all_orgs(db, contract))
        CONTRACT.move(contract.state, "change" if kind is ChangeKind.AMENDMENT else "terminate")
        earlier = await repository.changes_of(db, contract.id)
        waiting = next((one.n for one in earlier if one.state is ChangeState.PROPOSED), None)
        if waiting is not None:
            raise errors.ChangePending(n=waiting)
        now = await clock.market_now(db)
        if effective_on < shanghai_day(now):
            raise errors.ChangeTooEarly(earliest=shanghai_day(now), pointer="/body/effective_on")
        document = await _document(db, contract, kind, effective_on, terms)
        change = ContractChange(
            id=new_id(),
            contract_id=contract.id,
            n=len(earlier) + 1,
            kind=kind,
            state=CHANGE.initial,
            document_sha256=await texts.put(db, document),
            effective_on=effective_on,
            reasons=reasons,
            proposed_by_org=actor.org,
            proposed_at=now,
        )
        change.signing_id = await signing.open_signing(
            db,
            document_sha256=change.document_sha256,
            purpose=PURPOSE,
            subject=Ref("contract", contract.id),
            signatories=[
                Signatory(org, role=role.value)
                for role, orgs in sorted((await side_orgs(db, contract)).items())
                for org in orgs
            ],
            in_order=False,
            actor=actor,
        )
        db.add(change)
        journal.record(db, ChangeProposed(contract.id, change.id, change.document_sha256), actor=actor)
        await db.flush()
        return await change_view(db, change)


async def sign_change(tx: Tx, actor: Actor, change_id: UUID, *, document_sha256: str) -> ChangeView:
    """A party signs the change; with the last signature it is agreed, and what it says is done in the same commit."""
    async with tx.begin() as db:
        change, contract, parties = await _locked(db, actor, change_id)
        change.state = CHANGE.move(change.state, "sign")
        CONTRACT.move(contract.state, "change" if change.kind is ChangeKind.AMENDMENT else "terminate")
        now = await clock.market_now(db)
        await require_authority(db, actor, contract.rule_date, now)
        progress = await signing.put(db, change.signing_id, actor, document_sha256=document_sha256, now=now)
        if progress.is_complete:
            await _agree(db, contract, parties, change, now=now, actor=actor)
        await db.flush()
        return await change_view(db, change)


async def refuse_change(tx: Tx, actor: Actor, change_id: UUID) -> ChangeView:
    """The other side turns the change down."""
    return await _drop(tx, actor, change_id, act="reject")


async def withdraw_change(tx: Tx, actor: Actor, change_id: UUID) -> ChangeView:
    """Whoever proposed the change takes it back."""
    return await _drop(tx, actor, change_id, act="withdraw")


async def list_changes(tx: Tx, actor: Actor, contract_id: UUID) -> list[ChangeView]:
    """Every change that was proposed, with the text it would give the contract."""
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        return [await change_view(db, one) for one in await repository.changes_of(db, contract.id)]


async def _drop(tx: Tx, actor: Actor, change_id: UUID, *, act: str) -> ChangeView:
    async with tx.begin() as db:
        change, contract, _ = await _locked(db, actor, change_id)
        if (change.proposed_by_org == actor.org) != (act == "withdraw"):
            raise errors.NotYourChange()
        change.state = CHANGE.move(change.state, act)
        change.decided_at = await clock.market_now(db)
        await signing.void(db, change.signing_id, actor)
        journal.record(db, ChangeDecided(contract.id, change.id, change.state), actor=actor)
        await db.flush()
        return await change_view(db, change)


async def _locked(
    db: AsyncSession, actor: Actor, change_id: UUID
) -> tuple[ContractChange, Contract, dict[PartyRole, UUID]]:
    seen = await repository.get_change(db, change_id)
    contract = await repository.lock_contract(db, seen.contract_id)
    parties = await known_parties(db, actor, contract)
    require(actor, policy.CHANGE, parties=await all_orgs(db, contract))
    return await repository.get_change(db, change_id), contract, parties


async def _document(
    db: AsyncSession, contract: Contract, kind: ChangeKind, effective_on: date, terms: NewTerms
) -> dict[str, Any]:
    """The text all would sign: the whole contract as it would then read, or the agreement that it ends."""
    version = await repository.get_version(db, contract.id, contract.current_n)
    amends = {"version": version.n, "sha256": version.sha256, "effective_on": effective_on.isoformat()}
    if kind is ChangeKind.TERMINATION:
        return {"form": "techmarket-contract-end/1", "number": contract.number, "ends": amends}
    if terms.is_empty:
        raise errors.ChangeChangesNothing(pointer="/body")
    document = await texts.get(db, version.sha256)
    changed = {**document}
    if terms.clauses is not None:
        changed["clauses"] = [{"title": clause.title, "text": clause.text} for clause in terms.clauses]
    if terms.facts:
        given = {fact["code"]: fact["text"] for fact in document.get("facts", []) if "text" in fact}
        changed["facts"] = templates.filled(contract.type, contract.form, {**given, **terms.facts})
    if terms.plan is not None:
        plans.check_plan(terms.plan)
        await _require_price_free(db, contract, terms.plan)
        lines = await repository.plan_of(db, contract.id)
        _require_plan_can_change(contract, lines, terms.plan, effective_on)
        await _require_unreported(db, contract, effective_on)
        first = len(lines) + 1
        changed["plan"] = [line.as_text(n) for n, line in enumerate(terms.plan, start=first)]
    if changed == document:
        raise errors.ChangeChangesNothing(pointer="/body")
    return {**changed, "amends": amends}


async def _require_price_free(db: AsyncSession, contract: Contract, plan: Sequence[PlanTerms]) -> None:
    """What a trade found or a notice told is not agreed anew behind it (O32 art. 23); any other price passes the gate
    it passed before the signatures."""
    if contract.award_id is not None or contract.notice_id is not None:
        raise errors.PriceBound(pointer="/body/plan")
    seller = (await side_orgs(db, contract))[PartyRole.PAYEE][0]
    await require_approved(db, contract, seller, stated=plan)


def _require_plan_can_change(
    contract: Contract, lines: Sequence[PlanLine], plan: Sequence[PlanTerms], effective_on: date
) -> None:
    """A royalty that goes by contract years changes with one."""
    royalties = [terms_of(line).royalty for line in lines if line.kind is LineKind.ROYALTY]
    royalties += [line.royalty for line in plan if line.royalty is not None]
    assert contract.term_from is not None
    term = Term(contract.term_from, contract.term_until)
    year = term.year_of(effective_on)
    if any(one is not None and one.looks_at_years for one in royalties) and term.begin_of(year) != effective_on:
        raise errors.ChangeWithinYear(next_start=term.begin_of(year + 1), pointer="/body/effective_on")


async def _require_unreported(db: AsyncSession, contract: Contract, effective_on: date) -> None:
    reported = [one.period_to for one in await repository.reports_of(db, contract.id)]
    if reported and max(reported) >= effective_on:
        raise errors.ChangeTooEarly(earliest=max(reported) + timedelta(days=1), pointer="/body/effective_on")


async def _agree(
    db: AsyncSession,
    contract: Contract,
    parties: dict[PartyRole, UUID],
    change: ContractChange,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    change.state, change.decided_at = CHANGE.move(change.state, "agree"), now
    journal.record(db, ChangeDecided(contract.id, change.id, change.state), actor=actor)
    if change.kind is ChangeKind.TERMINATION:
        on = max(change.effective_on, shanghai_day(now))
        await end_locked(db, contract, reasons=change.reasons, on=on, actor=actor)
        await settlement.lift_release(db, Ref("contract", contract.id), cause=HoldCause.DISPUTE, actor=actor)
        return
    if change.effective_on < shanghai_day(now):  # days went by before the last signature
        raise errors.ChangeTooEarly(earliest=shanghai_day(now))
    contract.state = CONTRACT.move(contract.state, "change")
    journal.record(db, ContractChanged(contract.id, change.id), actor=actor)
    n = contract.current_n + 1
    db.add(
        ContractVersion(
            contract_id=contract.id,
            n=n,
            sha256=change.document_sha256,
            signing_id=change.signing_id,
            at=now,
            effective_on=change.effective_on,
        )
    )
    before = await texts.get(db, (await repository.get_version(db, contract.id, contract.current_n)).sha256)
    after = await texts.get(db, change.document_sha256)
    contract.current_n = change.version_n = n
    contract.findings = {**contract.findings, "clauses": _flags(after)}
    if after["plan"] != before.get("plan"):
        await _require_unreported(db, contract, change.effective_on)
        await _replace_plan(db, contract, parties, after["plan"], change.effective_on, n, now=now, actor=actor)


async def _replace_plan(
    db: AsyncSession,
    contract: Contract,
    parties: dict[PartyRole, UUID],
    stated: Sequence[dict[str, Any]],
    effective_on: date,
    version_n: int,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Lines not due by the day give way to the new ones; what is due, paid or partly paid stays."""
    for line in await repository.plan_of(db, contract.id):
        if line.kind is LineKind.ROYALTY and line.state is LineState.PLANNED:
            if line.valid_until is None:
                line.valid_until = effective_on - timedelta(days=1)
        elif await _gives_way(db, line, effective_on):
            if line.due_id is not None:
                await settlement.cancel_due(db, line.due_id, actor)
                await done(db, contract.id, DeadlineKind.PAYMENT, about=line.due_id, at=now)
            line.state = PLAN_LINE.move(line.state, "replace")
    start = max(now, datetime.combine(effective_on, time(), SHANGHAI))
    for said in stated:
        terms = plans.terms_from_text(said)
        row = plan_row(contract.id, said["n"], terms, version_n=version_n, valid_from=effective_on)
        row.id = new_id()
        db.add(row)
        await db.flush()
        if terms.kind in ON_EFFECT:
            await raise_line(db, contract, row, parties, start=start, actor=actor)


async def _gives_way(db: AsyncSession, line: PlanLine, effective_on: date) -> bool:
    if line.state is LineState.PLANNED:
        return True
    if line.state is not LineState.DUE or line.due_id is None:
        return False
    due = await settlement.get_due(db, line.due_id)
    return not due.is_paid and due.paid_minor == 0 and due.due_on >= effective_on


def _flags(document: Mapping[str, Any]) -> list[dict[str, str]]:
    words = [(one["title"], one["text"]) for one in document["clauses"]]
    words += [(fact["title_zh"], fact["text"]) for fact in document.get("facts", []) if "text" in fact]
    return screening.stated(words)


async def change_view(db: AsyncSession, row: ContractChange) -> ChangeView:
    return ChangeView(
        row.id,
        row.contract_id,
        row.n,
        row.kind,
        row.state,
        row.effective_on,
        row.reasons,
        row.proposed_by_org,
        row.proposed_at,
        row.decided_at,
        row.document_sha256,
        row.signing_id,
        row.version_n,
        await texts.get(db, row.document_sha256),
    )
