"""Paying: under a table that all have signed, after the notice, line by line; whoever pays confirms."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import steps as contracts
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.revenue import errors, policy, reliefs, repository, rules
from techmarket.revenue.case import Case, case_from
from techmarket.revenue.events import DistributionPaid, DistributionPayable, LinePaid, LinesInstructed
from techmarket.revenue.lifecycle import DISTRIBUTION, DISTRIBUTION_LINE, DistributionState, LineState, TableState
from techmarket.revenue.service.distributing import line_view, seen, stored, view_of
from techmarket.revenue.service.standing import is_registered, standing_of
from techmarket.revenue.tables import Distribution, DistributionLine, ShareTable
from techmarket.revenue.views import DistributionView, LineView
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.steps import unit_scope
from techmarket.settlement import steps as settlement
from techmarket.settlement.lifecycle import PayoutState
from techmarket.settlement.rules import Channel
from techmarket.settlement.steps import PayoutOrder

CHANNEL = "reward.channel"
CHANNELS = {"payroll": Channel.PAYROLL, "escrow": Channel.ESCROW}


async def pay_distribution(tx: Tx, actor: Actor, distribution_id: UUID) -> DistributionView:
    """Instruct every line that no objection holds. No payout under a table not signed by all who must sign.

    Called again after a decision, it instructs the lines that were freed; a line is instructed once.
    """
    async with tx.begin() as db:
        row = seen(actor, await repository.lock_distribution(db, distribution_id))
        require(actor, policy.PAY, parties=[row.unit_id])
        table = await repository.lock_table(db, row.share_table_id)
        _require_signed(table)
        await _clear(db, row, actor)
        row.state = DISTRIBUTION.move(row.state, "pay")
        lines = await repository.list_lines(db, row.id)
        assert row.notice_id is not None
        _hold_and_free(lines, await notices.held_lines(db, row.notice_id))
        payable = [line for line in lines if line.state is LineState.OPEN]
        held = sum(line.state is LineState.HELD for line in lines)
        if not payable:
            raise errors.NothingPayable(held=held)
        await _settle_wage_base(db, row, table, payable)
        await _instruct(db, row, payable)
        journal.record(db, LinesInstructed(row.id, len(payable), held), actor=actor)
        await db.flush()
        return await view_of(db, row)


async def clear_distribution(tx: Tx, notice_id: UUID) -> bool:
    """The reward list has stood its time. Twice is harmless; says whether it changed anything."""
    async with tx.begin() as db:
        found = await repository.find_by_notice(db, notice_id)
        if found is None:
            return False
        row = await repository.lock_distribution(db, found)
        if row.state is not DistributionState.PUBLISHED:
            return False
        await _clear(db, row, None)
        return True


async def confirm_payroll(tx: Tx, actor: Actor, line_id: UUID) -> LineView:
    """The unit has paid the line with its wages and says so."""
    async with tx.begin() as db:
        known = await repository.get_line(db, line_id)
        row = seen(actor, await repository.lock_distribution(db, known.distribution_id))
        require(actor, policy.CONFIRM_PAYROLL, parties=[row.unit_id])
        line = await repository.get_line(db, line_id)
        line.state = DISTRIBUTION_LINE.move(line.state, "confirm")
        assert line.payout_id is not None
        if (await settlement.get_payout(db, line.payout_id)).channel is not Channel.PAYROLL:
            raise errors.ChannelConfirmsItself()
        await settlement.confirm_payout(db, line.payout_id, actor=actor)
        await _paid(db, row, line, actor)
        return line_view(line)


async def settle_line(tx: Tx, payout_id: UUID) -> bool:
    """The bank has paid a line from escrow, or could not. Twice is harmless; says whether it changed anything."""
    async with tx.begin() as db:
        known = await repository.find_line_by_payout(db, payout_id)
        if known is None:
            return False
        row = await repository.lock_distribution(db, known.distribution_id)
        line = await repository.get_line(db, known.id)
        state = (await settlement.get_payout(db, payout_id)).state
        if line.state is not LineState.INSTRUCTED or line.payout_id != payout_id:
            return False
        if state is PayoutState.CONFIRMED:
            line.state = DISTRIBUTION_LINE.move(line.state, "confirm")
            await _paid(db, row, line, None)
        elif state is PayoutState.FAILED:
            line.state, line.payout_id = DISTRIBUTION_LINE.move(line.state, "fail"), None
        else:
            return False
        await db.flush()
        return True


def _require_signed(table: ShareTable) -> None:
    if table.state is TableState.REPLACED:
        raise errors.TableReplaced(n=table.n)
    if table.state is not TableState.SIGNED:
        raise errors.TableNotSigned(n=table.n, state=table.state)


async def _clear(db: AsyncSession, row: Distribution, actor: Actor | None) -> None:
    """The gate counts from clock and rows, so it does not wait for the job that clears notices."""
    if row.state is not DistributionState.PUBLISHED or row.notice_id is None:
        return
    await notices.require_cleared(db, row.notice_id, await clock.market_now(db))
    row.state = DISTRIBUTION.move(row.state, "clear")
    journal.record(db, DistributionPayable(row.id), actor=actor)


def _hold_and_free(lines: Sequence[DistributionLine], held: set[str]) -> None:
    """An objection holds the lines it names and no other; a decision frees them."""
    for line in lines:
        if line.state is LineState.OPEN and str(line.n) in held:
            line.state = DISTRIBUTION_LINE.move(line.state, "hold")
        elif line.state is LineState.HELD and str(line.n) not in held:
            line.state = DISTRIBUTION_LINE.move(line.state, "free")


async def _settle_wage_base(
    db: AsyncSession, row: Distribution, table: ShareTable, lines: Sequence[DistributionLine]
) -> None:
    """What counts as wage is decided by the registration and the window on the day of payment; amounts stay."""
    case = await case_of(db, row.computation_sha256, table.sha256)
    today = shanghai_day(await clock.market_now(db))
    now = reliefs.on_payment(case, pay_on=today, is_registered=await is_registered(db, row.contract_id))
    done = rules.compute(now)
    sha256 = row.computation_sha256
    if now != case:
        sha256 = await texts.put(db, stored(done, table.sha256))
    by_number = dict(enumerate(done.lines, start=1))
    for line in lines:
        computed = by_number[line.n]
        assert computed.minor == line.minor
        line.wage_base_minor = computed.wage_base_minor
        line.computation_sha256 = sha256


async def case_of(db: AsyncSession, computation_sha256: str, table_sha256: str) -> Case:
    """The case behind a stored computation, with the table from its own text."""
    inputs = (await texts.get(db, computation_sha256))["inputs"]
    return case_from({**inputs, "table": (await texts.get(db, table_sha256))["table"]})


async def _instruct(db: AsyncSession, row: Distribution, lines: Sequence[DistributionLine]) -> None:
    """One instruction per line. By default the unit pays with its wages and owes the line in its own book till then."""
    standing = await standing_of(db, await contracts.get_contract(db, row.contract_id))
    rule = await rulebook.get_rule(
        db,
        CHANNEL,
        on=row.rule_date,
        jurisdiction=standing.jurisdiction,
        applies_to=standing.sellers,
        scope=unit_scope(row.unit_id),
    )
    orders = [
        PayoutOrder(row.unit_id, line.minor, CHANNELS[rule.value], Ref("distribution_line", line.id)) for line in lines
    ]
    for line, payout_id in zip(lines, await settlement.instruct_payouts(db, orders), strict=True):
        line.payout_id = payout_id
        line.state = DISTRIBUTION_LINE.move(line.state, "instruct")
    await db.flush()


async def _paid(db: AsyncSession, row: Distribution, line: DistributionLine, actor: Actor | None) -> None:
    journal.record(db, LinePaid(line.id, row.id), actor=actor)
    await db.flush()
    if row.state is DistributionState.PAYABLE and await repository.count_unpaid(db, row.id) == 0:
        row.state = DISTRIBUTION.move(row.state, "complete")
        journal.record(db, DistributionPaid(row.id), actor=actor)
        await db.flush()
