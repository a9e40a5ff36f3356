"""What the unit's officers and the market see of a distribution: all of it. A contributor has her own statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import holds, policy, repository
from techmarket.revenue.holds import Heir, heirs_in
from techmarket.revenue.lifecycle import DISTRIBUTION_LINE, HoldState
from techmarket.revenue.repository import NewRow, holding
from techmarket.revenue.tables import Distribution, DistributionLine
from techmarket.revenue.views import DistributionCard, DistributionView, HeirPart, LineView

NOTHING = Money(0)


async def get_distribution(tx: Tx, actor: Actor, distribution_id: UUID) -> DistributionView:
    """A whole split, for the unit's officers and the market; a contributor has her own statement instead."""
    require(actor, policy.SEE_DISTRIBUTIONS, parties=[actor.org_id])
    async with tx.read() as db:
        return await view_of(db, seen(actor, await repository.get_distribution(db, distribution_id)))


async def list_distributions(
    tx: Tx, actor: Actor, *, contract_id: UUID | None, cursor: str | None, limit: int
) -> Page[DistributionCard]:
    """The unit's distributions, newest first; the market sees all."""
    require(actor, policy.SEE_DISTRIBUTIONS, parties=[actor.org_id])
    if not policy.sees_money_of(actor, actor.org_id):
        return Page([])
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_distributions(
            db,
            unit_id=None if actor.is_market else actor.org_id,
            contract_id=contract_id,
            before=before,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(
            lambda row: DistributionCard(
                row.id,
                row.contract_id,
                row.achievement_id,
                row.mode,
                row.in_shares,
                row.unit_id,
                row.state,
                Money(row.net_minor),
                Money(row.reward_minor),
                row.created_at,
            )
        )


def seen(actor: Actor, row: Distribution) -> Distribution:
    """The door: the split of all is for the unit's officers and the market."""
    if not policy.sees_money_of(actor, row.unit_id):
        raise NotFound()
    return row


async def view_of(db: AsyncSession, row: Distribution) -> DistributionView:
    document = await texts.get(db, row.computation_sha256)
    lines = await repository.list_lines(db, row.id)
    heirs = await heirs_of_lines(db, lines)
    return shown(
        row, document, tuple(line_view(line, heirs.get(line.hold_id, ()) if line.hold_id else ()) for line in lines)
    )


def shown(row: Distribution, document: dict[str, Any], lines: tuple[LineView, ...]) -> DistributionView:
    outcome: dict[str, Any] = document["outcome"]
    return DistributionView(
        row.id,
        row.contract_id,
        row.achievement_id,
        row.mode,
        row.in_shares,
        row.share_table_id,
        row.unit_id,
        row.state,
        row.rule_date,
        Money(row.receipts_minor),
        Money(row.costs_minor),
        Money(row.net_minor),
        Money(row.reward_minor),
        Money(row.unit_minor),
        row.notice_id,
        row.fund_due_id,
        row.computation_sha256,
        row.created_at,
        tuple(document["steps"]),
        tuple(outcome["flags"]),
        tuple(outcome["terms"]),
        lines,
    )


async def heirs_of_lines(db: AsyncSession, lines: Sequence[DistributionLine]) -> dict[UUID, tuple[Heir, ...]]:
    """Who stands in the place of those who died, by the hold that their heirs have ended."""
    held = [line.hold_id for line in lines if line.hold_id is not None]
    return {
        hold.id: heirs_in(await texts.get(db, hold.heirs_sha256))
        for hold in await holding.get_many(db, held)
        if hold.heirs_sha256 is not None and hold.state is HoldState.RELEASED
    }


def fresh_line(line: NewRow) -> LineView:
    """A line that was just written, as it would be read."""
    wage = line.wage_base_minor
    return LineView(
        line.id,
        line.n,
        line.group,
        line.position,
        UUID(line.person_id) if isinstance(line.person_id, str) else line.person_id,
        Money(line.minor),
        None if wage is None else Money(wage),
        DISTRIBUTION_LINE.initial,
        None,
        NOTHING,
        line.rework_id,
        None,
    )


def line_view(line: DistributionLine, heirs: Sequence[Heir] = ()) -> LineView:
    parts = zip(heirs, holds.parts_of_heirs(line.minor, heirs), strict=True) if heirs else ()
    return LineView(
        line.id,
        line.n,
        line.group,
        line.position,
        line.person_id,
        Money(line.minor),
        None if line.wage_base_minor is None else Money(line.wage_base_minor),
        line.state,
        line.payout_id,
        Money(line.offset_minor),
        line.rework_id,
        line.hold_id,
        tuple(HeirPart(heir.name, Money(minor)) for heir, minor in parts),
    )
