"""Paying: under a table that all have signed, after the notice, line by line; whoever pays confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

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
from techmarket.revenue.lifecycle import (
    DISTRIBUTION,
    DISTRIBUTION_LINE,
    LIVE_HOLDS,
    DistributionState,
    HoldState,
    LineState,
    ReworkState,
    TableState,
)
from techmarket.revenue.repository import claiming, holding
from techmarket.revenue.service.claims import (
    lock_what_was_set_off,
    reclaim,
    set_off,
    settle_by_return,
    spent_by_market,
    undo_set_off,
)
from techmarket.revenue.service.distributing import stored
from techmarket.revenue.service.funding import give_line_back, give_rest_back
from techmarket.revenue.service.showing import line_view, seen, view_of
from techmarket.revenue.service.standing import channel_of, is_registered, standing_of_row
from techmarket.revenue.tables import Distribution, DistributionLine, ShareHold, ShareTable
from techmarket.revenue.views import DistributionView, LineView
from techmarket.settlement import steps as settlement
from techmarket.settlement.lifecycle import PayoutState
from techmarket.settlement.rules import Channel
from techmarket.settlement.steps import PayoutOrder


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
        standing = await _standing_of_lines(db, row, lines)
        hold_and_free(lines, standing, await _holds(db, table))
        payable = [line for line in lines if line.state is LineState.OPEN and line.n in standing.ended]
        held = sum(line.state is LineState.HELD for line in lines)
        if not payable:
            raise errors.NothingPayable(held=held)
        await _settle_wage_base(db, row, table, payable)
        used_up = [] if row.in_shares else await set_off(db, row, payable, actor)
        await _instruct(db, row, [line for line in payable if line.state is LineState.OPEN])
        for line in used_up:
            await paid(db, row, line, actor)
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


async def follow_notice(tx: Tx, about: Ref) -> None:
    """Another list stands in the place of the one about this distribution, or these new lines. Twice is harmless."""
    async with tx.begin() as db:
        rework = await claiming.get_rework(db, about.id) if about.kind == "line_rework" else None
        row = await repository.lock_distribution(db, about.id if rework is None else rework.distribution_id)
        published = row if rework is None else await claiming.get_rework(db, about.id)
        if published.notice_id is not None:
            published.notice_id = await notices.current(db, published.notice_id)


async def confirm_payroll(tx: Tx, actor: Actor, line_id: UUID) -> LineView:
    """The unit has paid the line with its wages and says so."""
    async with tx.begin() as db:
        known = await repository.get_line(db, line_id)
        row = seen(actor, await repository.lock_distribution(db, known.distribution_id))
        require(actor, policy.CONFIRM_PAYROLL, parties=[row.unit_id])
        line = await repository.get_line(db, line_id)
        if row.in_shares:
            raise errors.PaidInShares()
        line.state = DISTRIBUTION_LINE.move(line.state, "confirm")
        assert line.payout_id is not None
        if (await settlement.get_payout(db, line.payout_id)).channel is not Channel.PAYROLL:
            raise errors.ChannelConfirmsItself()
        await settlement.confirm_payout(db, line.payout_id, actor=actor)
        await paid(db, row, line, actor)
        return line_view(line)


async def register_shares(tx: Tx, actor: Actor, line_id: UUID, *, proof_sha256: str) -> LineView:
    """The shares of a line stand in the person's name: the unit shows the company's registration."""
    async with tx.begin() as db:
        known = await repository.get_line(db, line_id)
        row = seen(actor, await repository.lock_distribution(db, known.distribution_id))
        require(actor, policy.REGISTER_SHARES, parties=[row.unit_id])
        if not row.in_shares:
            raise errors.PaidInMoney()
        line = await repository.get_line(db, line_id)
        state = DISTRIBUTION_LINE.move(line.state, "confirm")
        await notices.require_kept(db, row.unit_id, [proof_sha256], pointer="/body/proof_sha256")
        line.state, line.proof_sha256 = state, proof_sha256
        await paid(db, row, line, actor)
        return line_view(line)


async def settle_line(tx: Tx, payout_id: UUID) -> bool:
    """The bank has paid a line from escrow, or could not; of a distribution that was taken back meanwhile what it paid
    is owed back. Twice is harmless; says whether it changed anything."""
    async with tx.begin() as db:
        known = await repository.find_line_by_payout(db, payout_id)
        if known is None:
            return False
        row = await repository.lock_distribution(db, known.distribution_id)
        line = await repository.get_line(db, known.id)
        payout = await settlement.get_payout(db, payout_id)
        state = payout.state
        if line.payout_id != payout_id:
            return False
        await lock_what_was_set_off(db, [line])
        if line.state is LineState.PAID and state is PayoutState.FAILED:
            await _came_back(db, row, line)
            return True
        if line.state is LineState.RECLAIMED and state is PayoutState.FAILED:
            await settle_by_return(db, row.unit_id, line)
            await give_line_back(db, row, line, payout.minor)
            return True
        if line.state is not LineState.INSTRUCTED:
            return False
        if state is PayoutState.CONFIRMED:
            line.state = DISTRIBUTION_LINE.move(line.state, "confirm")
            await spent_by_market(db, row.unit_id, line)
            await paid(db, row, line, None)
            if row.state is DistributionState.REVERSED:
                await reclaim(db, row, [line], cause=await claiming.why_reversed(db, row.id))
        elif state is PayoutState.FAILED and row.state is DistributionState.REVERSED:
            await undo_set_off(db, [line])
            line.state = DISTRIBUTION_LINE.move(line.state, "cancel")
            await give_line_back(db, row, line, payout.minor)
        elif state is PayoutState.FAILED:
            await undo_set_off(db, [line])
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


@dataclass(frozen=True, slots=True)
class LinesStanding:
    """Which lines wait for an objection, and which stood in a notice that has ended."""

    objected: frozenset[int]
    ended: frozenset[int]


async def _standing_of_lines(db: AsyncSession, row: Distribution, lines: Sequence[DistributionLine]) -> LinesStanding:
    """A reworked line has a notice of its own; all others stood in the reward list, whose gate is behind us."""
    assert row.notice_id is not None
    objected = {int(n) for n in await notices.held_lines(db, row.notice_id)}
    ended = {line.n for line in lines if line.rework_id is None}
    now = await clock.market_now(db)
    for rework in await claiming.list_reworks(db, row.id):
        if rework.notice_id is None or rework.state is not ReworkState.PUBLISHED:
            continue
        objected |= {int(n) for n in await notices.held_lines(db, rework.notice_id)}
        if await notices.has_ended(db, rework.notice_id, now):
            ended |= {line.n for line in lines if line.rework_id == rework.id}
    return LinesStanding(frozenset(objected), frozenset(ended))


async def _holds(db: AsyncSession, table: ShareTable) -> dict[UUID, ShareHold]:
    """The latest hold on each person's share under the table; one that was rejected never was."""
    found = await holding.list_of_table(db, table.id)
    return {hold.person_id: hold for hold in found if hold.state is not HoldState.REJECTED}


def hold_and_free(lines: Sequence[DistributionLine], standing: LinesStanding, held: Mapping[UUID, ShareHold]) -> None:
    """An objection holds the lines it names, a hold the lines of its person, and neither any other."""
    for line in lines:
        hold = held.get(line.person_id) if line.person_id else None
        waits = line.n in standing.objected or (hold is not None and hold.state in LIVE_HOLDS)
        if line.state in (LineState.OPEN, LineState.HELD):
            line.hold_id = None if hold is None else hold.id
        if line.state is LineState.OPEN and waits:
            line.state = DISTRIBUTION_LINE.move(line.state, "hold")
        elif line.state is LineState.HELD and not waits:
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
    half = reliefs.half_counts_as_wage(now)
    for line in lines:
        if line.rework_id is not None:
            line.wage_base_minor = reliefs.wage_base(line.minor, half) if reliefs.is_wage(now) else None
            line.computation_sha256 = sha256
            continue
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
    if row.in_shares:
        for line in lines:
            line.state = DISTRIBUTION_LINE.move(line.state, "instruct")
        return
    if not lines:
        return
    channel = await channel_of(db, await standing_of_row(db, row))
    orders = [
        PayoutOrder(row.unit_id, line.minor - line.offset_minor, channel, Ref("distribution_line", line.id))
        for line in lines
    ]
    for line, payout_id in zip(lines, await settlement.instruct_payouts(db, orders), strict=True):
        line.payout_id = payout_id
        line.state = DISTRIBUTION_LINE.move(line.state, "instruct")
    await db.flush()


async def _came_back(db: AsyncSession, row: Distribution, line: DistributionLine) -> None:
    """Money that had left came back (退汇): the line is open again, and so is the distribution."""
    await spent_by_market(db, row.unit_id, line, back=True)
    await undo_set_off(db, [line])
    line.state, line.payout_id = DISTRIBUTION_LINE.move(line.state, "bounce"), None
    if row.state is DistributionState.PAID:
        row.state = DISTRIBUTION.move(row.state, "reopen")
    await db.flush()


async def paid(db: AsyncSession, row: Distribution, line: DistributionLine, actor: Actor | None) -> None:
    """The line is paid; with the last one the distribution is."""
    journal.record(db, LinePaid(line.id, row.id), actor=actor)
    await db.flush()
    if row.state is DistributionState.PAYABLE and await repository.count_unpaid(db, row.id) == 0:
        row.state = DISTRIBUTION.move(row.state, "complete")
        journal.record(db, DistributionPaid(row.id), actor=actor)
        await db.flush()
        if row.fund_due_id is not None:
            await give_rest_back(db, row, row.fund_due_id, actor)
