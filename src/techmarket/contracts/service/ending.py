"""Ending: a contract that stops before its term, by whatever way, stops for everything that hangs on it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.contracts import policy, repository
from techmarket.contracts.events import ContractTerminated
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, LineState
from techmarket.contracts.rules import LineKind
from techmarket.contracts.service.reading import known_parties, view_of
from techmarket.contracts.service.watching import drop_deadlines
from techmarket.contracts.tables import Contract
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import HoldCause


async def terminate(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """An operator records that a contract ended early, with the reasons; what was paid stays paid."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.TERMINATE)
        today = shanghai_day(await clock.market_now(db))
        await end_locked(db, contract, reasons=reasons, on=today, actor=actor)
        await settlement.lift_release(db, Ref("contract", contract.id), cause=HoldCause.DISPUTE, actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def end_locked(db: AsyncSession, contract: Contract, *, reasons: str, on: date, actor: Actor | None) -> None:
    """The licence ends on the day, and lines that are not due fall away.

    What a dispute holds stays held: only the operator's decision or the word of all parties frees it, and says so.

    Dues of the past stay owed, and what was used until the day is still reported; what was paid stays paid: what goes
    back is for the parties or a court to say.
    """
    contract.state = CONTRACT.move(contract.state, "terminate")
    contract.reasons = reasons
    ref = Ref("contract", contract.id)
    for line in await repository.plan_of(db, contract.id):
        if line.state is LineState.PLANNED and line.kind is not LineKind.ROYALTY:
            line.state = PLAN_LINE.move(line.state, "cancel")
    if contract.term_until is None or on < contract.term_until:
        contract.term_until = on
    await drop_deadlines(db, contract)
    await achievements.end_licence(db, by=ref, on=on, actor=actor)
    await achievements.release(db, by=ref, actor=actor)
    journal.record(db, ContractTerminated(contract.id), actor=actor)
