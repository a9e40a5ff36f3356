"""The queries of whoever looks back: entries of the journal by organisation, person, thing, kind and time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.journal import JournalEntry
from techmarket.transparency.views import AuditQuery

SPAN = 512
"""So many positions are one span."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with its position, and the standing its author acted in."""

    n: int
    id: UUID
    at: datetime
    kind: str
    org: UUID | None
    actor: UUID | None
    refs: tuple[str, ...]
    facts: dict[str, Any]
    standing: dict[str, str]


class Rows(NamedTuple):
    """Among which rows everything is that was written within a time, and little beside it; None is no end."""

    first: int | None
    last: int | None


async def rows_within(db: AsyncSession, since: datetime | None, until: datetime | None) -> Rows | None:
    """Where to look for what was written from `since` on and before `until`; None where there is nothing.

    Rows are numbered in the order they were begun. That is the order of time but for what went on side by side and for
    clocks that were set: the spans tell, and behind the last whole one the entries themselves.
    """
    known = await db.execute(text("SELECT coalesce(max(idx) + 1, 0) FROM journal_span"))
    behind = {"behind": known.scalar_one() * SPAN}
    first = last = None
    if since is not None:
        query = text(_EDGE.format(edge="least", of="min", row="first_seq", span="last_at >= :time", at=">= :time"))
        first = (await db.execute(query, behind | {"time": since})).scalar_one()
    if until is not None:
        query = text(_EDGE.format(edge="greatest", of="max", row="last_seq", span="first_at < :time", at="< :time"))
        last = (await db.execute(query, behind | {"time": until})).scalar_one()
    nothing = (since is not None and first is None) or (until is not None and last is None)
    return None if nothing else Rows(first, last)


_EDGE = (
    "SELECT {edge}((SELECT {of}({row}) FROM journal_span WHERE {span}), (SELECT {of}(e.seq) FROM journal_position p"
    " JOIN journal_entry e USING (seq) WHERE p.n >= :behind AND e.at {at}))"
)


async def keep_spans(db: AsyncSession, *, most: int = 100) -> int:
    """Note the next whole spans; returns how many."""
    first = int((await db.execute(text("SELECT coalesce(max(idx) + 1, 0) FROM journal_span"))).scalar_one())
    spans = min(await journal.head(db) // SPAN - first, most)
    if spans > 0:
        noted = text(
            "INSERT INTO journal_span (idx, first_seq, last_seq, first_at, last_at)"
            " SELECT p.n / :span, min(e.seq), max(e.seq), min(e.at), max(e.at)"
            " FROM journal_position p JOIN journal_entry e USING (seq) WHERE p.n >= :start AND p.n < :end GROUP BY 1"
            " ON CONFLICT DO NOTHING"
        )
        await db.execute(noted, {"span": SPAN, "start": first * SPAN, "end": (first + spans) * SPAN})
    return spans


def _branches(query: AuditQuery, within: Rows, *, is_whole: bool) -> tuple[list[str], dict[str, Any]]:
    """The conditions of each way an entry is found; each way has an index that gives its newest entries first.

    What others did to an organisation is not found by who they are, unless the reader may know them (`is_whole`).
    """
    common, bound = ["TRUE"], dict[str, Any]()
    if query.about is not None:
        common.append("journal_about(e.refs, e.facts) ? :about")
        bound["about"] = query.about
    if query.kinds:
        common.append("e.kind = ANY(cast(:kinds as text[]))")
        bound["kinds"] = sorted(set(query.kinds))
    if query.since is not None:
        common.append("e.at >= :since")
        bound |= {"since": query.since, "first": within.first}
    if query.until is not None:
        common.append("e.at < :until")
        bound |= {"until": query.until, "last": within.last}
    if query.elevation_id is not None:
        common.append("e.standing LIKE '%\"elevation\"%' AND cast(e.standing as jsonb) ->> 'elevation' = :elevation")
        bound["elevation"] = str(query.elevation_id)
    if query.person_id is not None:
        common.append("e.actor = :person")
        bound["person"] = query.person_id
    if query.organisation_id is None:
        return [" AND ".join(common)], bound
    bound |= {"org": query.organisation_id, "org_ref": f"organisation:{query.organisation_id}"}
    ways = ["e.org = :org"]
    if is_whole or query.person_id is None:
        ways.append("journal_about(e.refs, e.facts) ? :org_ref AND e.org IS DISTINCT FROM :org")
    return [" AND ".join([way, *common]) for way in ways], bound


# The same as to have a position, and no join that a planner would do by merging both tables from their ends.
_POSITIONED = "NOT EXISTS (SELECT FROM journal_waiting w WHERE w.seq = e.seq)"


def _rows(query: AuditQuery, *, before: bool = False, turned: bool = False) -> str:
    """The conditions on the number of the row, `turned` as the indexes by -seq have it."""
    ends = [
        (query.since is not None, ">=", "CAST(:first AS bigint)"),
        (query.until is not None, "<=", "CAST(:last AS bigint)"),
        (before, "<", "(SELECT seq FROM journal_position WHERE n = :before)"),
    ]
    across = str.maketrans("<>", "><")
    return "".join(
        f" AND -e.seq {sign.translate(across)} -{end}" if turned else f" AND e.seq {sign} {end}"
        for is_asked, sign, end in ends
        if is_asked
    )


def _newest(query: AuditQuery, condition: str, *, before: bool) -> str:
    """The newest entries of one way."""
    is_of_one = bool(query.organisation_id or query.person_id or query.elevation_id or query.about)
    turned = is_of_one or bool(query.kinds)
    order = "-e.seq" if turned else "e.seq DESC"
    chosen = f"e.* FROM journal_entry e WHERE {condition}{_rows(query, before=before, turned=turned)} AND {_POSITIONED}"
    if query.kinds and not is_of_one:
        # Each kind by itself: rows of several kinds at once come in no order.
        each = f"SELECT {chosen} AND e.kind = k.kind ORDER BY {order} LIMIT :limit"
        return f"(SELECT one.* FROM unnest(cast(:kinds as text[])) k(kind) CROSS JOIN LATERAL ({each}) one)"
    return f"(SELECT {chosen} ORDER BY {order} LIMIT :limit)"


async def search(db: AsyncSession, query: AuditQuery, *, is_whole: bool, before: int | None, limit: int) -> list[Found]:
    """The newest positioned entries that fit, below the position `before`."""
    within = await rows_within(db, query.since, query.until)
    if within is None:
        return []
    branches, bound = _branches(query, within, is_whole=is_whole)
    if before is not None:
        bound["before"] = before
    each = " UNION ALL ".join(_newest(query, branch, before=before is not None) for branch in branches)
    rows = await db.execute(
        text(
            "SELECT p.n, found.id, at, kind, org, actor, refs, facts, standing"
            f" FROM ({each}) found JOIN journal_position p USING (seq) ORDER BY seq DESC LIMIT :limit"
        ).columns(refs=JournalEntry.refs.type, facts=JournalEntry.facts.type),
        bound | {"limit": limit},
    )
    return [
        Found(
            row.n,
            row.id,
            row.at,
            row.kind,
            row.org,
            row.actor,
            tuple(row.refs),
            row.facts,
            json.loads(row.standing) if row.standing else {},
        )
        for row in rows
    ]


async def count(db: AsyncSession, query: AuditQuery, *, is_whole: bool, most: int) -> int:
    """How many positioned entries fit, each way counted no further than `most`."""
    within = await rows_within(db, query.since, query.until)
    if within is None:
        return 0
    branches, bound = _branches(query, within, is_whole=is_whole)
    more = f"{_rows(query)} AND {_POSITIONED} LIMIT :most"
    each = " UNION ALL ".join(f"(SELECT FROM journal_entry e WHERE {branch}{more})" for branch in branches)
    counted = text(f"SELECT count(*) FROM ({each}) found")
    return int((await db.execute(counted, bound | {"most": most})).scalar_one())
