"""Unwinding (回转): what sharing must undo when money is refunded, a contract is void or a registration revoked.

It is done by itself and at once, for each day more is paid that is owed back; what to share anew is the unit's act.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import steps as contracts
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.revenue import policy, reliefs, repository, rules
from techmarket.revenue.events import ContractUnwound, TaxFlagsChanged
from techmarket.revenue.lifecycle import DistributionState, LineState
from techmarket.revenue.repository import booking
from techmarket.revenue.service.books import take_fee_back, take_out
from techmarket.revenue.service.distributing import stored
from techmarket.revenue.service.paying import case_of
from techmarket.revenue.service.reversing import reverse
from techmarket.revenue.service.standing import is_registered
from techmarket.revenue.tables import Cost, Distribution, Income
from techmarket.settlement import steps as settlement

REFUNDED, VOID, REVOKED = "refunded", "contract_void", "registration_revoked"


async def take_refund(tx: Tx, due_id: UUID) -> int:
    """Money of a due went back: it is no income any more, and what was shared of it is taken back.

    Returns how many rows of income that took out; twice is harmless.
    """
    async with tx.begin() as db:
        contract_id = await contracts.contract_of_due(db, due_id)
        if contract_id is None:
            return 0
        await contracts.lock_contract(db, contract_id)
        known = await booking.list_of_due(db, due_id)
        gave_back = await settlement.fee_kept(db, due_id) == 0
        return await _undo(db, known, REFUNDED, await booking.costs_of_due(db, due_id) if gave_back else ())


async def unwind_contract(tx: Tx, actor: Actor, contract_id: UUID, *, evidence_sha256: str) -> int:
    """A contract was void from the beginning, as a decision that the operator has on file says: none of its income
    counts, whatever was shared of it. Returns how many rows that took out; twice is harmless."""
    require(actor, policy.UNWIND)
    async with tx.begin() as db:
        await contracts.lock_contract(db, contract_id)
        await notices.require_kept(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        took = await _undo(db, await booking.list_of_contract(db, contract_id), VOID)
        if took:
            journal.record(db, ContractUnwound(contract_id, evidence_sha256, took), actor=actor)
        return took


async def _undo(db: AsyncSession, known: Sequence[Income], cause: str, fees: Sequence[Cost] = ()) -> int:
    """Distributions are locked before income and costs, in the order of their ids, as everywhere.

    What the bank is about to pay holds up nothing: its answer finishes the line.
    """
    standing = [row for row in known if row.withdrawn_at is None]
    counted = [row.distribution_id for row in standing] + [fee.distribution_id for fee in fees]
    for distribution_id in sorted({one for one in counted if one is not None}):
        row = await repository.lock_distribution(db, distribution_id)
        if row.state is not DistributionState.REVERSED:
            await reverse(db, row, None, cause=cause, waits=False)
    for one in standing:
        await take_out(db, await booking.lock_one(db, one.id), cause, None)
    for fee in fees:
        await take_fee_back(db, await repository.lock_cost(db, fee.id))
    return len(standing)


async def revise_flags(tx: Tx, contract_id: UUID) -> int:
    """The registration is gone: of every line under the contract that is not taken back, all counts as wage again, and
    the computation that says so stands beside the old one. Returns how many distributions changed."""
    changed = 0
    async with tx.begin() as db:
        registered = await is_registered(db, contract_id)
        rows = await repository.list_distributions(db, unit_id=None, contract_id=contract_id, before=None, limit=1_000)
        for known in reversed(rows):
            row = await repository.lock_distribution(db, known.id)
            if row.state is not DistributionState.REVERSED:
                changed += await _revise(db, row, registered)
    return changed


async def _revise(db: AsyncSession, row: Distribution, registered: bool) -> bool:
    table = await repository.get_table(db, row.share_table_id)
    case = await case_of(db, row.computation_sha256, table.sha256)
    now = reliefs.on_payment(case, pay_on=shanghai_day(await clock.market_now(db)), is_registered=registered)
    half = reliefs.half_counts_as_wage(now)
    lines = [
        line
        for line in await repository.list_lines(db, row.id)
        if line.state in (LineState.INSTRUCTED, LineState.PAID)
        and line.wage_base_minor is not None
        and line.wage_base_minor != reliefs.wage_base(line.minor, half)
    ]
    if not lines:
        return False
    sha256 = await texts.put(db, stored(rules.compute(now), table.sha256))
    for line in lines:
        line.wage_base_minor, line.computation_sha256 = reliefs.wage_base(line.minor, half), sha256
    journal.record(db, TaxFlagsChanged(row.id, len(lines), REVOKED), actor=None)
    await db.flush()
    return True
