"""Performing: royalties are reported and paid, plan lines are marked, quarrels are put on record."""

from __future__ import annotations

from uuid import UUID

from techmarket.achievements import steps as achievements
from techmarket.contracts import errors, policy, repository, rules
from techmarket.contracts.events import (
    ContractDefaulted,
    ContractDisputed,
    ContractPerformed,
    ContractSettled,
)
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, LineState
from techmarket.contracts.plans import ON_EFFECT
from techmarket.contracts.rules import PartyRole
from techmarket.contracts.service.reading import all_orgs, known_parties, view_of
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import HoldCause
from techmarket.trading import steps as trading


async def dispute(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """A party puts a dispute on record; while it lasts nothing is released, certified or registered."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.DISPUTE, parties=await all_orgs(db, contract))
        contract.state = CONTRACT.move(contract.state, "dispute")
        contract.reasons = reasons
        await settlement.hold_release(db, Ref("contract", contract.id), cause=HoldCause.DISPUTE, actor=actor)
        journal.record(db, ContractDisputed(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def settle_dispute(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """An operator records that a dispute is over and the contract goes on."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.SETTLE)
        contract.state = CONTRACT.move(contract.state, "settle")
        contract.reasons = None
        await settlement.lift_release(db, Ref("contract", contract.id), cause=HoldCause.DISPUTE, actor=actor)
        journal.record(db, ContractSettled(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def perform(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """A contract is performed when its term is over and everything due is paid; the seller says so on record."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.PERFORM, parties=[parties[PartyRole.PAYEE]])
        contract.state = CONTRACT.move(contract.state, "perform")
        now = await clock.market_now(db)
        rules.require_term_over(contract.term_until, shanghai_day(now))
        await settlement.require_paid(db, Ref("contract", contract.id), now)
        journal.record(db, ContractPerformed(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def declare_default(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """The seller ends an awarded contract whose price is overdue: the buyer loses the deposit, as it was announced.

    What the buyer had paid beyond it goes back; the licence ends today.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.DEFAULT, parties=[parties[PartyRole.PAYEE]])
        contract.state = CONTRACT.move(contract.state, "default")
        if contract.award_id is None:
            raise errors.NotFromAward()
        now = await clock.market_now(db)
        plan = await repository.plan_of(db, contract.id)
        dues = [
            await settlement.get_due(db, one.due_id)
            for one in plan
            if one.kind in ON_EFFECT and one.state is LineState.DUE and one.due_id is not None
        ]
        if any(one.credited_minor and one.state is LineState.PAID for one in plan):
            raise errors.DepositSpent()
        waiting = [due for due in dues if not due.is_paid]
        if not any(shanghai_day(now) > due.due_on for due in waiting):
            raise errors.NothingOverdue(due_on=min((due.due_on for due in waiting), default=None))
        freed = sum([await settlement.cancel_due(db, due.id, actor) for due in waiting])
        for one in plan:
            if PLAN_LINE.can(one.state, "cancel"):
                one.state = PLAN_LINE.move(one.state, "cancel")
        lost = (await trading.default_award(db, contract.award_id, now=now, actor=actor)).deposit_minor
        if freed > lost:
            await settlement.instruct_payout(
                db,
                org=parties[PartyRole.PAYER],
                minor=freed - lost,
                channel=settlement.Channel.ESCROW,
                why=Ref("contract", contract.id),
                actor=actor,
            )
        await achievements.end_licence(db, by=Ref("contract", contract.id), on=shanghai_day(now), actor=actor)
        contract.reasons = reasons
        journal.record(db, ContractDefaulted(contract.id, contract.award_id), actor=actor)
        await db.flush()
        return await view_of(db, contract)
