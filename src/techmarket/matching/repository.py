"""Every query of matching: BM25 over the posting table in one statement, filters included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.listings.rules import ListingKind
from techmarket.matching.rules import Facts
from techmarket.matching.views import Filters

K1 = 1.2
B = 0.75
SCORED_TERMS_MAX = 96
SHOWN_TERMS_MAX = 12
PUBLIC, REGISTERED = 0, 1
_COLUMNS = {PUBLIC: ("tf_public", "df_public"), REGISTERED: ("tf_registered", "df_registered")}


@dataclass(frozen=True, slots=True)
class Hit:
    listing_id: UUID
    score_micro: int
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indexed:
    """One listing as it enters one index."""

    listing_id: UUID
    tier: int
    kind: ListingKind
    length: int
    facts: Facts


_FILTERS = (
    " s.tier = :tier"
    " AND (cast(:kind as text) IS NULL OR s.kind = cast(:kind as text))"
    " AND (cast(:field as text) IS NULL OR s.technology_field = cast(:field as text))"
    " AND (cast(:region as text) IS NULL OR starts_with(s.region, cast(:region as text)))"
    " AND (cast(:mode as text) IS NULL OR s.mode = cast(:mode as text))"
    " AND (cast(:price_max as bigint) IS NULL OR s.price_minor <= cast(:price_max as bigint))"
    " AND (cast(:without as uuid) IS NULL OR s.listing_id <> cast(:without as uuid))"
)


def _bound(tier: int, filters: Filters, without: UUID | None, limit: int) -> dict[str, Any]:
    return {
        "tier": tier,
        "kind": filters.kind.value if filters.kind else None,
        "field": filters.technology_field,
        "region": filters.region,
        "mode": filters.mode,
        "price_max": filters.price_minor_max,
        "without": without,
        "limit": limit,
    }


async def search(
    db: AsyncSession,
    *,
    tier: int,
    wanted: Mapping[str, int],
    filters: Filters,
    after: tuple[int, UUID] | None,
    without: UUID | None = None,
    limit: int,
) -> list[Hit]:
    """The best listings of one index, by BM25. The sum runs in the order of the terms, so that equal is equal.

    The laterals keep the planner to index lookups, term by term: with statistics that lag behind a bulk import it
    would rather read the whole posting table.
    """
    tf, df = _COLUMNS[tier]
    statement = f"""
        WITH scored AS MATERIALIZED (
            SELECT w.term, w.weight, t.df
            FROM unnest(cast(:terms as text[]), cast(:weights as int[])) AS w(term, weight)
            CROSS JOIN LATERAL (SELECT {df} AS df FROM search_term WHERE term = w.term OFFSET 0) t
            WHERE t.df > 0 ORDER BY t.df, w.term LIMIT {SCORED_TERMS_MAX}
        ), total AS (
            SELECT documents, greatest(length_sum, 1)::float8 / greatest(documents, 1) AS average
            FROM search_total WHERE tier = :tier
        ), hit AS (
            SELECT p.listing_id, c.term,
                c.weight * ln(1 + cast(greatest(total.documents - c.df, 0) + 0.5 as float8) / (c.df + 0.5))
                * p.tf * {K1 + 1} / (p.tf + {K1} * ({1 - B} + {B} * s.length / total.average)) AS part
            FROM total CROSS JOIN scored c
            CROSS JOIN LATERAL (
                SELECT listing_id, {tf} AS tf FROM search_posting WHERE term = c.term AND {tf} > 0 OFFSET 0
            ) p
            CROSS JOIN LATERAL (
                SELECT s.length FROM search_listing s WHERE s.listing_id = p.listing_id AND {_FILTERS} OFFSET 0
            ) s
        ), summed AS (
            SELECT listing_id, cast(round(cast(sum(part ORDER BY term) * 1000000 as numeric)) as bigint) AS score,
                (array_agg(term ORDER BY part DESC, term))[1:{SHOWN_TERMS_MAX}] AS terms
            FROM hit GROUP BY listing_id
        )
        SELECT listing_id, score, terms FROM summed
        WHERE cast(:score as bigint) IS NULL OR (score, listing_id) < (cast(:score as bigint), cast(:id as uuid))
        ORDER BY score DESC, listing_id DESC LIMIT :limit
    """
    score, listing_id = after or (None, None)
    bound = _bound(tier, filters, without, limit) | {
        "terms": list(wanted),
        "weights": list(wanted.values()),
        "score": score,
        "id": listing_id,
    }
    rows = await db.execute(text(statement), bound)
    return [Hit(row.listing_id, row.score, tuple(row.terms)) for row in rows]


async def browse(db: AsyncSession, *, tier: int, filters: Filters, before: UUID | None, limit: int) -> list[Hit]:
    """Without words: what fits the filters, newest first."""
    statement = (
        f"SELECT s.listing_id FROM search_listing s WHERE {_FILTERS}"
        " AND (cast(:id as uuid) IS NULL OR s.listing_id < cast(:id as uuid)) ORDER BY s.listing_id DESC LIMIT :limit"
    )
    rows = await db.execute(text(statement), _bound(tier, filters, None, limit) | {"id": before})
    return [Hit(row.listing_id, 0, ()) for row in rows]


async def lock_cursor(db: AsyncSession, name: str) -> int | None:
    """The next position to read, or None while another worker indexes."""
    await db.execute(
        text("INSERT INTO journal_reader (name, position) VALUES (:name, 0) ON CONFLICT DO NOTHING"), {"name": name}
    )
    query = text("SELECT position FROM journal_reader WHERE name = :name FOR UPDATE SKIP LOCKED")
    return (await db.execute(query, {"name": name})).scalar_one_or_none()


async def move_cursor(db: AsyncSession, name: str, position: int) -> None:
    statement = text("UPDATE journal_reader SET position = :position WHERE name = :name")
    await db.execute(statement, {"name": name, "position": position})


async def replace(
    db: AsyncSession,
    listing_ids: Sequence[UUID],
    indexed: Sequence[Indexed],
    postings: Sequence[tuple[str, UUID, int, int]],
) -> None:
    """Everything about these listings anew; those that are not `indexed` leave the index."""
    ids = {"ids": list(listing_ids)}
    await db.execute(
        text(
            "WITH gone AS (DELETE FROM search_posting WHERE listing_id = ANY(cast(:ids as uuid[]))"
            " RETURNING term, tf_public, tf_registered),"
            " less AS (SELECT term, count(*) FILTER (WHERE tf_public > 0) AS public,"
            " count(*) FILTER (WHERE tf_registered > 0) AS registered FROM gone GROUP BY term)"
            " UPDATE search_term t SET df_public = t.df_public - less.public,"
            " df_registered = t.df_registered - less.registered FROM less WHERE less.term = t.term"
        ),
        ids,
    )
    await db.execute(
        text(
            "WITH gone AS"
            " (DELETE FROM search_listing WHERE listing_id = ANY(cast(:ids as uuid[])) RETURNING tier, length),"
            " less AS (SELECT tier, count(*) AS documents, sum(length) AS length_sum FROM gone GROUP BY tier)"
            " UPDATE search_total t SET documents = t.documents - less.documents,"
            " length_sum = t.length_sum - less.length_sum FROM less WHERE less.tier = t.tier"
        ),
        ids,
    )
    await db.execute(
        text(
            "WITH added AS (INSERT INTO search_listing"
            " (tier, listing_id, kind, length, technology_field, region, mode, price_minor)"
            " SELECT * FROM unnest(cast(:tiers as smallint[]), cast(:ids as uuid[]), cast(:kinds as text[]),"
            " cast(:lengths as int[]), cast(:fields as text[]), cast(:regions as text[]), cast(:modes as text[]),"
            " cast(:prices as bigint[])) RETURNING tier, length),"
            " more AS (SELECT tier, count(*) AS documents, sum(length) AS length_sum FROM added GROUP BY tier)"
            " UPDATE search_total t SET documents = t.documents + more.documents,"
            " length_sum = t.length_sum + more.length_sum FROM more WHERE more.tier = t.tier"
        ),
        {
            "tiers": [one.tier for one in indexed],
            "ids": [one.listing_id for one in indexed],
            "kinds": [one.kind.value for one in indexed],
            "lengths": [one.length for one in indexed],
            "fields": [one.facts.technology_field for one in indexed],
            "regions": [one.facts.region for one in indexed],
            "modes": [one.facts.mode for one in indexed],
            "prices": [one.facts.price_minor for one in indexed],
        },
    )
    await db.execute(
        text(
            "INSERT INTO search_posting (term, listing_id, tf_public, tf_registered) SELECT * FROM"
            " unnest(cast(:terms as text[]), cast(:ids as uuid[]), cast(:public as int[]), cast(:registered as int[]))"
        ),
        {
            "terms": [posting[0] for posting in postings],
            "ids": [posting[1] for posting in postings],
            "public": [posting[2] for posting in postings],
            "registered": [posting[3] for posting in postings],
        },
    )
    public = Counter(posting[0] for posting in postings if posting[2])
    registered = Counter(posting[0] for posting in postings if posting[3])
    terms = sorted(public.keys() | registered.keys())
    await db.execute(
        text(
            "INSERT INTO search_term AS t (term, df_public, df_registered) SELECT * FROM"
            " unnest(cast(:terms as text[]), cast(:public as int[]), cast(:registered as int[]))"
            " ON CONFLICT (term) DO UPDATE SET df_public = t.df_public + excluded.df_public,"
            " df_registered = t.df_registered + excluded.df_registered"
        ),
        {
            "terms": terms,
            "public": [public[term] for term in terms],
            "registered": [registered[term] for term in terms],
        },
    )
