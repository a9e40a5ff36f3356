"""The yearly report of a unit on its conversions: for the unit itself, the market and the authority."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import IO
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import steps as contracts
from techmarket.contracts.steps import ReceivedContract
from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.periods import SHANGHAI, shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import policy, reporting
from techmarket.revenue.reporting import Gathering, Report, Row, Workbook, YearOf
from techmarket.revenue.repository import yearly
from techmarket.revenue.views import FileView
from techmarket.rulebook import steps as rulebook

AT_ONCE = 500
DEADLINE = "conversion_report.deadline"


async def get_report(tx: Tx, actor: Actor, unit_id: UUID, year: int) -> Report:
    """The report as data: totals over all contracts, and the first of them one by one."""
    return await _made(tx, actor, unit_id, year, lambda row: None)


async def get_report_paper(tx: Tx, actor: Actor, unit_id: UUID, year: int) -> FileView:
    """The report as a page to hand in."""
    report = await _made(tx, actor, unit_id, year, lambda row: None)
    return FileView(f"conversion-report-{year}", await asyncio.to_thread(reporting.draw_report, report))


async def get_report_sheet(tx: Tx, actor: Actor, unit_id: UUID, year: int) -> IO[bytes]:
    """The report as a spreadsheet with every contract; rows go to disk as they are read."""
    _require_reader(actor, unit_id)
    book = Workbook()
    try:
        report = await _made(tx, actor, unit_id, year, book.add)
    except BaseException:
        book.discard()
        raise
    return await asyncio.to_thread(book.finish, report)


def _require_reader(actor: Actor, unit_id: UUID) -> None:
    require(actor, policy.SEE_REPORT)
    if not policy.reads_report_of(actor, unit_id):
        raise NotFound()


async def _made(tx: Tx, actor: Actor, unit_id: UUID, year: int, each: Callable[[Row], None]) -> Report:
    _require_reader(actor, unit_id)
    async with tx.read(snapshot=True) as db:
        unit = await identity.get_organisation(db, unit_id)
        gathered, groups = Gathering(), dict[str, int]()
        async for row in _rows(db, unit_id, year, groups):
            gathered.take(row)
            each(row)
        rule = await rulebook.find_rule(
            db,
            DEADLINE,
            on=date(year, 12, 31),
            jurisdiction=unit.jurisdiction if unit.applies_local_rules else "CN",
            applies_to=("government_unit",) if unit.government_established else ("enterprise",),
        )
        return Report(
            unit.name,
            unit.uscc,
            year,
            reporting.due_on(year, None if rule is None else rule.value),
            None if rule is None else rule.source,
            await clock.market_now(db),
            gathered.totals,
            gathered.by_type,
            dict(sorted(groups.items())),
            tuple(gathered.shown),
            gathered.totals.contracts - len(gathered.shown),
        )


async def _rows(db: AsyncSession, unit_id: UUID, year: int, groups: dict[str, int]) -> AsyncIterator[Row]:
    """Each contract of the unit that began or moved money in the year, a page at a time."""
    after: UUID | None = None
    while page := await contracts.list_received_by(db, unit_id, after=after, limit=AT_ONCE):
        for row in await _page(db, unit_id, page, year, groups):
            yield row
        after = page[-1].id


async def _page(
    db: AsyncSession, unit_id: UUID, page: list[ReceivedContract], year: int, groups: dict[str, int]
) -> list[Row]:
    ids = [one.id for one in page]
    since, before = (datetime(n, 1, 1, tzinfo=SHANGHAI) for n in (year, year + 1))
    received = await yearly.received(db, unit_id, ids, date(year, 1, 1), date(year, 12, 31))
    distributed = await yearly.distributed(db, unit_id, ids, since, before)
    counted: dict[UUID, int] = {}
    for contract_id, group, lines, minor in await yearly.shares(db, unit_id, ids, since, before):
        counted[contract_id] = counted.get(contract_id, 0) + lines
        groups[group.value] = groups.get(group.value, 0) + minor
    rows = []
    for one in page:
        is_new = one.in_force_at is not None and shanghai_day(one.in_force_at).year == year
        costs, net, reward, unit_part = distributed.get(one.id, (0, 0, 0, 0))
        moved = YearOf(received.get(one.id, 0), costs, net, reward, unit_part, counted.get(one.id, 0))
        if is_new or not moved.is_nothing:
            rows.append(Row(one, moved, is_new))
    return rows
