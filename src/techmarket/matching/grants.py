"""Text above the registered tier: kept apart by listing, and read only for those to whom that tier was opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Actor
from techmarket.listings import steps as listings
from techmarket.matching.index.columns import ROW, Space

GRANTS_MAX = 500
"""So many listings with an open grant take part in one reader's search, the newest first."""


@dataclass(frozen=True, slots=True)
class GrantedText:
    """What a listing says at one tier above registered: its terms, and its row of facts."""

    listing_id: UUID
    terms: Mapping[str, int]
    row: npt.NDArray[np.void]


async def opened_to(db: AsyncSession, actor: Actor, space: Space) -> list[GrantedText]:
    """The whole text of the listings of which this reader has a grant in force, each at the tier that it opens.

    Where a listing says nothing more at that tier than at the registered one, it stays in its space.
    """
    if space is not Space.REGISTERED or actor.is_market or actor.org_id is None:
        return []
    reached = await listings.granted_to(db, actor, limit=GRANTS_MAX)
    if not reached:
        return []
    query = text(
        "SELECT DISTINCT ON (g.listing_id) g.listing_id, g.terms, g.row FROM search_granted g"
        " JOIN unnest(cast(:ids as uuid[]), cast(:tiers as int[])) AS r(id, tier)"
        " ON g.listing_id = r.id AND g.tier <= r.tier ORDER BY g.listing_id, g.tier DESC"
    ).columns(terms=JSONB)
    bound = {"ids": list(reached), "tiers": [int(tier) for tier in reached.values()]}
    return [
        GrantedText(row.listing_id, row.terms, np.frombuffer(row.row, ROW)) for row in await db.execute(query, bound)
    ]


async def replace(
    db: AsyncSession, touched: Sequence[UUID], texts: Sequence[tuple[UUID, Tier, Mapping[str, int], bytes]]
) -> None:
    """What these listings say above the registered tier, anew."""
    await db.execute(
        text("DELETE FROM search_granted WHERE listing_id = ANY(cast(:ids as uuid[]))"), {"ids": list(touched)}
    )
    if not texts:
        return
    statement = text(
        "INSERT INTO search_granted (listing_id, tier, terms, row) VALUES (:listing_id, :tier, :terms, :row)"
    ).bindparams(bindparam("terms", type_=JSONB))
    rows: list[dict[str, Any]] = [
        {"listing_id": id, "tier": int(tier), "terms": dict(terms), "row": row} for id, tier, terms, row in texts
    ]
    await db.execute(statement, rows)
