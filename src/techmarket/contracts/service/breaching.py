"""Breach (违约): one side demands a cure, the other has the time the rule gives; only then the contract is ended."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, policy, repository
from techmarket.contracts.events import BreachClosed, CureDemanded
from techmarket.contracts.lifecycle import BREACH, ContractState
from techmarket.contracts.rules import DeadlineKind, PartyRole
from techmarket.contracts.service.ending import end_locked
from techmarket.contracts.service.reading import known_parties
from techmarket.contracts.service.watching import done, watch
from techmarket.contracts.tables import Contract, ContractBreach
from techmarket.contracts.views import BreachView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import end_of_period, shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import steps as settlement

CURE = "payment.royalty.cure_length"


async def demand_cure(
    tx: Tx,
    actor: Actor,
    contract_id: UUID,
    *,
    grounds: str,
    due_id: UUID | None = None,
    evidence_sha256: str | None = None,
) -> BreachView:
    """A party demands that the other perform (催告). The time to cure is a row of the rulebook (SPC-T art. 15).

    A demand about money names the due, which must be late; any other rests on a kept file that shows the breach. The
    other side contests it by putting the dispute on record: while that lasts, the demand ends nothing.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.DEMAND_CURE, parties=parties.values())
        if contract.state not in (ContractState.IN_FORCE, ContractState.DISPUTED):
            raise errors.NotInForce(state=contract.state)
        now = await clock.market_now(db)
        if due_id is not None:
            if await repository.contract_of_due(db, due_id) != contract.id:
                raise NotFound()
            due = await settlement.get_due(db, due_id)
            if due.is_paid or due.payee_org != actor.org or shanghai_day(now) <= due.due_on:
                raise errors.NothingLate(reference=due.reference, pointer="/body/due_id")
        elif evidence_sha256 is None:
            raise errors.BreachUnproven(pointer="/body/evidence_sha256")
        if evidence_sha256 is not None:
            await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        rule = await rulebook.get_rule(db, CURE, on=contract.rule_date)
        ends = end_of_period(now, rule.length, calendar=await rulebook.work_calendar(db))
        assert ends is not None
        breach = ContractBreach(
            id=new_id(),
            contract_id=contract.id,
            by_org=actor.org,
            grounds=grounds,
            due_id=due_id,
            evidence_sha256=evidence_sha256,
            state=BREACH.initial,
            demanded_at=now,
            cure_ends_at=ends,
        )
        db.add(breach)
        against = next((org for org in parties.values() if org != actor.org), None)
        watch(db, contract, DeadlineKind.CURE, by=ends, org_id=against, about=breach.id, rule_key=rule.key)
        journal.record(db, CureDemanded(contract.id, breach.id), actor=actor)
        await db.flush()
        return breach_view(breach)


async def close_breach(tx: Tx, actor: Actor, breach_id: UUID, *, cured: bool, closing: str) -> BreachView:
    """Whoever demanded says that the other has cured it, or takes the demand back."""
    async with tx.begin() as db:
        breach, contract, _ = await _mine(db, actor, breach_id)
        breach.state = BREACH.move(breach.state, "cure" if cured else "withdraw")
        await _close(db, contract, breach, closing, actor)
        return breach_view(breach)


async def end_for_breach(tx: Tx, actor: Actor, breach_id: UUID, *, closing: str) -> BreachView:
    """The time to cure is over and nothing was cured: whoever demanded ends the contract (民法典 art. 563)."""
    async with tx.begin() as db:
        breach, contract, _ = await _mine(db, actor, breach_id)
        breach.state = BREACH.move(breach.state, "end_contract")
        if contract.state is not ContractState.IN_FORCE:  # a dispute is decided by others than who demands
            raise errors.NotInForce(state=contract.state)
        now = await clock.market_now(db)
        if now < breach.cure_ends_at:
            raise errors.CureRunning(cure_ends_at=breach.cure_ends_at)
        if breach.due_id is not None:
            due = await settlement.get_due(db, breach.due_id)
            if due.is_paid:
                raise errors.BreachCured(reference=due.reference)
        await end_locked(db, contract, reasons=breach.grounds, on=shanghai_day(now), actor=actor)
        await _close(db, contract, breach, closing, actor)
        return breach_view(breach)


async def list_breaches(tx: Tx, actor: Actor, contract_id: UUID) -> list[BreachView]:
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        return [breach_view(one) for one in await repository.breaches_of(db, contract.id)]


async def _mine(
    db: AsyncSession, actor: Actor, breach_id: UUID
) -> tuple[ContractBreach, Contract, dict[PartyRole, UUID]]:
    seen = await repository.get_breach(db, breach_id)
    contract = await repository.lock_contract(db, seen.contract_id)
    parties = await known_parties(db, actor, contract)
    breach = await repository.get_breach(db, breach_id)
    require(actor, policy.DEMAND_CURE, parties=[breach.by_org])
    return breach, contract, parties


async def _close(db: AsyncSession, contract: Contract, breach: ContractBreach, closing: str, actor: Actor) -> None:
    breach.closed_at, breach.closing = await clock.market_now(db), closing
    await done(db, contract.id, DeadlineKind.CURE, about=breach.id, at=breach.closed_at)
    journal.record(db, BreachClosed(contract.id, breach.id, breach.state), actor=actor)
    await db.flush()


def breach_view(row: ContractBreach) -> BreachView:
    return BreachView(
        row.id,
        row.contract_id,
        row.by_org,
        row.grounds,
        row.due_id,
        row.evidence_sha256,
        row.state,
        row.demanded_at,
        row.cure_ends_at,
        row.closed_at,
        row.closing,
    )
