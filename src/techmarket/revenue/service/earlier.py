"""What earlier distributions of a contract came to, so that several events together give what the rule says of all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.revenue import repository, schemes
from techmarket.revenue.case import PROFIT_MODES, Basis, Earlier, Table, plain
from techmarket.revenue.norming import INVENTORS, tiers_of
from techmarket.revenue.service.standing import Standing


async def earlier_of(
    db: AsyncSession, standing: Standing, share_table_id: UUID, table: Table, *, in_shares: bool = False
) -> Earlier | None:
    """The distributions that stand and were made by the same rule: one table at one rate, or the unit's scale.

    A rate that has since changed, or a table that all have signed anew, begins to count afresh: what was distributed
    under another one is not made up for in later money. A scale counts all income of the contract.
    """
    # Each year's profit, and each contribution of shares, is an event by itself.
    if in_shares or standing.mode in PROFIT_MODES:
        return None
    rows = await repository.list_standing(db, standing.subject, standing.mode)
    if not rows:
        return None
    outcomes = {sha: found["outcome"] for sha, found in (await _computations(db, rows)).items()}
    rate = _rate_of(standing, table)
    counted = [
        row
        for row in rows
        if outcomes[row.computation_sha256]["rate"] == rate and (rate is None or row.share_table_id == share_table_id)
    ]
    if not counted:
        return None
    by_place = await repository.sums_by_place(db, [row.id for row in counted if row.share_table_id == share_table_id])
    lines = {
        share.group: tuple(by_place.get((share.group, place), 0) for place in range(1, max(1, len(share.people)) + 1))
        for share in table.groups
    }
    parts: dict[str, int] = {}
    for row in counted:
        for name, minor in outcomes[row.computation_sha256].get("parts", {}).items():
            parts[name] = parts.get(name, 0) + minor
    # As it was split: what an upheld objection gave somebody beyond it is not taken back out of later money.
    reward = sum(outcomes[row.computation_sha256]["reward_minor"] for row in counted)
    return Earlier(sum(row.net_minor for row in counted), reward, lines, parts)


async def _computations(db: AsyncSession, rows: Any) -> dict[str, dict[str, Any]]:
    return await texts.get_many(db, [row.computation_sha256 for row in rows])


def _rate_of(standing: Standing, table: Table) -> str | None:
    """The one rate this split will have, None where the unit shares by a scale."""
    if table.basis is Basis.TITLE:
        assert table.title_share is not None
        return plain(table.title_share)
    if table.rate is None and tiers_of(standing.norms, INVENTORS):
        return None
    rate, _ = schemes.choose_rate(table, mode=standing.mode, is_government=standing.is_government, norms=standing.norms)
    return plain(rate)
