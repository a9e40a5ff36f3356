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
from techmarket.matching import texts
from techmarket.matching.index.columns import ROW, Space

GRANTS_MAX = 500
"""So many listings with an open grant take part in one reader's search, the newest first; he is told of the cut."""


@dataclass(frozen=True, slots=True)
class GrantedText:
    """What a listing says at one tier above registered: its terms, and its row of facts."""

    listing_id: UUID
    terms: Mapping[str, int]
    row: npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Opened:
    """What grants open to one reader; `is_cut` where he holds more of them than take part."""

    texts: Sequence[GrantedText] = ()
    is_cut: bool = False


async def opened_to(db: AsyncSession, actor: Actor, space: Space) -> Opened:
    """The whole text of the listings of which this reader has a grant in force, each at the tier that it opens.

    Where a listing says nothing more at that tier than at the registered one, it stays in its space.
    """
    if space is not Space.REGISTERED or actor.is_market or actor.org_id is None:
        return Opened()
    reached, is_cut = await listings.granted_to(db, actor, limit=GRANTS_MAX)
    if not reached:
        return Opened((), is_cut)
    query = text(
        "SELECT DISTINCT ON (g.listing_id) g.listing_id, g.terms, g.row FROM search_granted g"
        " JOIN unnest(cast(:ids as uuid[]), cast(:tiers as int[])) AS r(id, tier)"
        " ON g.listing_id = r.id AND g.tier <= r.tier ORDER BY g.listing_id, g.tier DESC"
    ).columns(terms=JSONB)
    bound = {"ids": list(reached), "tiers": [int(tier) for tier in reached.values()]}
    rows = await db.execute(query, bound)
    return Opened([GrantedText(row.listing_id, row.terms, np.frombuffer(row.row, ROW)) for row in rows], is_cut)


async def holding_number(
    db: AsyncSession, actor: Actor, opened: Sequence[GrantedText], number: str
) -> list[GrantedText]:
    """Those of the opened listings that name a right of this number where the reader may see it."""
    if not opened:
        return []
    views = await listings.views_for(db, actor, [one.listing_id for one in opened])
    named = {id for id, view in views.items() if number in texts.numbers_of(view.terms)}
    return [one for one in opened if one.listing_id in named]


async def replace(
    db: AsyncSession, touched: Sequence[UUID], granted: Sequence[tuple[UUID, Tier, Mapping[str, int], bytes]]
) -> None:
    """What these listings say above the registered tier, anew."""
    await db.execute(
        text("DELETE FROM search_granted WHERE listing_id = ANY(cast(:ids as uuid[]))"), {"ids": list(touched)}
    )
    if not granted:
        return
    statement = text(
        "INSERT INTO search_granted (listing_id, tier, terms, row) VALUES (:listing_id, :tier, :terms, :row)"
    ).bindparams(bindparam("terms", type_=JSONB))
    rows: list[dict[str, Any]] = [
        {"listing_id": id, "tier": int(tier), "terms": dict(terms), "row": row} for id, tier, terms, row in granted
    ]
    await db.execute(statement, rows)
