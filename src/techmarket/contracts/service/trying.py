"""Try before you buy (先用后转): the terms are signed first, the trial is free, and nothing happens unless accepted."""

from __future__ import annotations

from uuid import UUID

from techmarket.contracts import errors, policy, repository
from techmarket.contracts.events import TrialEnded
from techmarket.contracts.lifecycle import CONTRACT, ContractState
from techmarket.contracts.rules import DeadlineKind, PartyRole
from techmarket.contracts.service.drafting import cancel_locked
from techmarket.contracts.service.reading import known_parties, view_of
from techmarket.contracts.service.signing import enter_into_force
from techmarket.contracts.service.watching import done
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.periods import shanghai_day


async def accept_trial(tx: Tx, actor: Actor, contract_id: UUID) -> ContractView:
    """Whoever tried it takes it, on the terms that were signed before the trial: the contract is in force."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.DECIDE_TRIAL, parties=[parties[PartyRole.PAYER]])
        CONTRACT.move(contract.state, "enter_into_force")
        now = await clock.market_now(db)
        if contract.trial_until is None or shanghai_day(now) > contract.trial_until:
            raise errors.TrialNotRunning(until=contract.trial_until)
        await done(db, contract.id, DeadlineKind.TRIAL_DECISION, at=now)
        await enter_into_force(db, contract, parties, now=now, actor=actor)
        journal.record(db, TrialEnded(contract.id, "accepted"), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def decline_trial(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """Whoever tried it does not want it: nothing is owed, and what was held for him is free."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.DECIDE_TRIAL, parties=[parties[PartyRole.PAYER]])
        await cancel_locked(db, contract, cause="trial_declined", actor=actor, act="decline")
        contract.reasons = reasons
        journal.record(db, TrialEnded(contract.id, "declined"), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def lapse_trials(tx: Tx, *, limit: int = 100) -> int:
    """Trials that ran out without a word have lapsed. Returns how many were found so."""
    async with tx.read() as db:
        today = shanghai_day(await clock.market_now(db))
        found = await repository.due_trials(db, today, limit)
    return sum([await _lapse(tx, contract_id) for contract_id in found])


async def _lapse(tx: Tx, contract_id: UUID) -> bool:
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        today = shanghai_day(await clock.market_now(db))
        if contract.state is not ContractState.TRIAL or contract.trial_until is None or today <= contract.trial_until:
            return False
        await cancel_locked(db, contract, cause="trial_lapsed", actor=None, act="lapse")
        journal.record(db, TrialEnded(contract.id, "lapsed"), actor=None)
        return True
