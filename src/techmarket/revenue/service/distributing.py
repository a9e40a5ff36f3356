"""Distributions: the open income of a contract or an achievement is split once, under one share table."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id, new_ids
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import errors, incomes, policy, proving, repository, rules, titles
from techmarket.revenue.case import PROFIT_MODES, Case, Cost, Mode, Receipt, Table, table_from
from techmarket.revenue.computation import Computation, Line
from techmarket.revenue.events import DistributionDrafted
from techmarket.revenue.lifecycle import DISTRIBUTION
from techmarket.revenue.repository import NewRow, booking
from techmarket.revenue.service.earlier import earlier_of
from techmarket.revenue.service.showing import fresh_line, shown
from techmarket.revenue.service.standing import Standing, is_registered, standing_of_subject, subject_of
from techmarket.revenue.service.tabling import holders_of
from techmarket.revenue.tables import Cost as CostRow
from techmarket.revenue.tables import Distribution, DistributionProof, ShareTable
from techmarket.revenue.tables import Income as IncomeRow
from techmarket.revenue.views import DistributionView, LineView
from techmarket.rulebook import steps as rulebook

AT_A_TIME = 500


async def draft_distribution(
    tx: Tx,
    actor: Actor,
    contract_id: UUID | None = None,
    *,
    achievement_id: UUID | None = None,
    mode: Mode | None = None,
    in_shares: bool = False,
    share_table_id: UUID | None = None,
) -> DistributionView:
    """A unit's open income of one mode, less its open costs, is split under one share table. Income is split only once.

    Of a contract its own mode is meant unless another is named. Shares are split by themselves; no cost reduces them.
    """
    async with tx.begin() as db:
        subject = await subject_of(db, actor, contract_id, achievement_id)
        require(actor, policy.DISTRIBUTE, parties=[subject.unit_id])
        now = await clock.market_now(db)
        if mode is None and in_shares:
            mode = Mode.EQUITY
        if mode is None and achievement_id is not None:
            raise errors.IncomeMalformed(reason="an_achievement_needs_a_mode", pointer="/body/mode")
        known = await standing_of_subject(db, subject, mode=mode, on=shanghai_day(now))
        # Whoever waits here for the same income finds it taken when he gets it.
        income = await booking.lock_open(db, subject, known.mode, in_shares=in_shares)
        if not income:
            raise errors.NoIncome()
        # Without a contract the rules of the day on which the first of it came in hold.
        standing = await standing_of_subject(db, subject, mode=mode, on=min(row.received_on for row in income))
        costs = [] if in_shares or standing.mode in PROFIT_MODES else await booking.lock_open_costs(db, subject)
        share_table = await _table_for(db, standing, share_table_id)
        document = await texts.get(db, share_table.sha256)
        table = table_from(document["table"])
        await _require_no_grant_beside(db, standing, table, elects_reward=bool(document.get("elects_reward")))
        await _require_years(db, standing, table, income)
        case = Case(
            mode=standing.mode,
            is_government=standing.is_government,
            receipts=tuple(Receipt(str(row.id), row.minor, row.received_on, row.purpose) for row in income),
            costs=tuple(Cost(str(row.id), row.kind, row.minor, row.evidence) for row in costs),
            table=table,
            norms=standing.norms,
            pay_on=shanghai_day(now),
            is_registered=await is_registered(db, contract_id),
            term_years=None if standing.contract is None else standing.contract.term_years,
            capital_minor=next((row.capital_minor for row in income), None) if in_shares else None,
            earlier=await earlier_of(db, standing, share_table.id, table, in_shares=in_shares),
        )
        done = rules.compute(case)
        return await _write(db, actor, standing, share_table, done, income, costs, now, in_shares=in_shares)


async def _require_no_grant_beside(db: AsyncSession, standing: Standing, table: Table, *, elects_reward: bool) -> None:
    """A grant that came after the table was signed ends the reward, until the completers elect it (ZJR art. 37)."""
    made = await achievements.get_facts(db, standing.achievement_ids)
    holders, _ = holders_of(list(made.values()), standing.unit_id)
    titles.require_elected(table, holders=holders, elects_reward=elects_reward)


async def _require_years(db: AsyncSession, standing: Standing, table: Table, income: Sequence[IncomeRow]) -> None:
    """Profit of own use is shared in so many years; after them only if the table itself names a rate."""
    if standing.mode not in PROFIT_MODES or table.rate is not None:
        return
    rule = await rulebook.find_rule(
        db,
        "reward.years_max",
        on=standing.rule_date,
        jurisdiction=standing.jurisdiction,
        mode=standing.mode.value,
        applies_to=standing.sellers,
    )
    if rule is None or not rule.is_enforceable:
        return
    for row in income:
        assert row.year is not None
        assert row.first_year is not None
        last = incomes.last_year(row.first_year, rule.int)
        if row.year > last:
            raise errors.YearsOver(year=row.year, last_year=last, source=rule.source)


def stored(done: Computation, table_sha256: str) -> dict[str, Any]:
    """The computation as it is kept: table and lines stand in their own places, so a large split stays small here."""
    return done.document(table={"sha256": table_sha256})


async def _table_for(db: AsyncSession, standing: Standing, wanted: UUID | None) -> ShareTable:
    """The table asked for, or the one that stands for the contract, else for its achievement. Payment asks for
    signatures; a split may be worked out before."""
    if wanted is None:
        found = await repository.find_table(db, standing.subjects, standing.unit_id)
        if found is None:
            raise errors.NoShareTable()
        return found
    row = await repository.get_table(db, wanted)
    if row.unit_id != standing.unit_id:
        raise NotFound()
    if row.subject not in standing.subjects:
        raise errors.TableOfAnotherSubject(pointer="/body/share_table_id")
    if row.state.value == "REPLACED":
        raise errors.TableReplaced(n=row.n)
    return row


async def _write(
    db: AsyncSession,
    actor: Actor,
    standing: Standing,
    share_table: ShareTable,
    done: Computation,
    income: Any,
    costs: Any,
    now: datetime,
    *,
    in_shares: bool,
) -> DistributionView:
    document = stored(done, share_table.sha256) | {"jurisdiction": standing.jurisdiction}
    row = Distribution(
        id=new_id(),
        contract_id=standing.subject.contract_id,
        achievement_id=standing.subject.achievement_id,
        mode=standing.mode,
        in_shares=in_shares,
        share_table_id=share_table.id,
        unit_id=standing.unit_id,
        rule_date=standing.rule_date,
        computation_sha256=await texts.put(db, document),
        receipts_minor=done.receipts_minor,
        costs_minor=done.costs_minor,
        net_minor=done.base_minor,
        reward_minor=done.reward_minor,
        unit_minor=done.unit_minor,
        state=DISTRIBUTION.initial,
        drafted_by=actor.person,
        created_at=now,
    )
    db.add(row)
    await db.flush()
    lines = _rows(done)
    secret = secrets.token_bytes(proving.SECRET_SIZE)
    # While the server takes the lines, this process makes their leaves and what is shown of them.
    _, leaves, views = await asyncio.gather(
        repository.insert_lines(db, row.id, lines, in_shares=in_shares),
        _leaves(row.id, done.lines, secret),
        _views(lines),
    )
    taken: list[IncomeRow | CostRow] = [*income, *costs]
    for one in taken:
        one.distribution_id = row.id
    _log(db, actor, row, secret, leaves)
    await db.flush()
    return shown(row, document, views)


def _rows(done: Computation) -> list[NewRow]:
    """Who has waived her part by a weight of nought has a number in the list and no line."""
    numbered = [(n, line) for n, line in enumerate(done.lines, start=1) if line.minor]
    return [
        NewRow(line_id, n, line.group, line.position, line.key, line.minor, line.wage_base_minor)
        for line_id, (n, line) in zip(new_ids(len(numbered)), numbered, strict=True)
    ]


async def _leaves(distribution_id: UUID, lines: Sequence[Line], secret: bytes) -> list[bytes]:
    """So many at a time: ten thousand people keep nobody else waiting."""
    leaves: list[bytes] = []
    for begin in range(0, len(lines), AT_A_TIME):
        await asyncio.sleep(0)
        leaves += proving.leaves_of(distribution_id, lines[begin : begin + AT_A_TIME], secret, begin + 1)
    return leaves


async def _views(lines: Sequence[NewRow]) -> tuple[LineView, ...]:
    """The lines that are just being written, as they would be read."""
    views: list[LineView] = []
    for begin in range(0, len(lines), AT_A_TIME):
        await asyncio.sleep(0)
        views += [fresh_line(line) for line in lines[begin : begin + AT_A_TIME]]
    return tuple(views)


def _log(db: AsyncSession, actor: Actor, row: Distribution, secret: bytes, leaves: list[bytes]) -> None:
    """The journal names the root over all lines, so that each person can prove hers and nobody sees another's."""
    event = DistributionDrafted(
        row.id, row.contract_id, row.share_table_id, row.computation_sha256, len(leaves), proving.root(leaves)
    )
    entry_id = journal.record(db, event, actor=actor)
    db.add(DistributionProof(distribution_id=row.id, entry_id=entry_id, secret=secret, leaves=proving.joined(leaves)))
