"""The queries of whoever looks back: entries of the journal by organisation, person, thing, kind and time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry
from techmarket.transparency.views import AuditQuery


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


def _branches(query: AuditQuery, *, is_whole: bool) -> tuple[list[str], dict[str, Any]]:
    """The conditions of each way an entry is found; each way has an index that gives its newest entries first.

    What others did to an organisation is not found by who they are, unless the reader may know them (`is_whole`).
    """
    common, bound = ["TRUE"], dict[str, Any]()
    if query.about is not None:
        common.append("journal_about(e.refs, e.facts) ? :about")
        bound["about"] = query.about
    if query.kinds:
        common.append("e.kind = ANY(cast(:kinds as text[]))")
        bound["kinds"] = list(query.kinds)
    if query.since is not None:
        common.append("e.at >= :since")
        bound["since"] = query.since
    if query.until is not None:
        common.append("e.at < :until")
        bound["until"] = query.until
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


async def search(db: AsyncSession, query: AuditQuery, *, is_whole: bool, before: int | None, limit: int) -> list[Found]:
    """The newest positioned entries that fit, below the position `before`."""
    branches, bound = _branches(query, is_whole=is_whole)
    below = ""
    if before is not None:
        below = " AND e.seq < (SELECT seq FROM journal_position WHERE n = :before)"
        bound["before"] = before
    each = " UNION ALL ".join(
        "(SELECT p.n, e.* FROM journal_entry e JOIN journal_position p USING (seq)"
        f" WHERE {branch}{below} ORDER BY e.seq DESC LIMIT :limit)"
        for branch in branches
    )
    rows = await db.execute(
        text(
            "SELECT n, id, at, kind, org, actor, refs, facts, standing"
            f" FROM ({each}) found ORDER BY seq DESC LIMIT :limit"
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
    branches, bound = _branches(query, is_whole=is_whole)
    each = " UNION ALL ".join(
        f"(SELECT FROM journal_entry e JOIN journal_position p USING (seq) WHERE {branch} LIMIT :most)"
        for branch in branches
    )
    counted = text(f"SELECT count(*) FROM ({each}) found")
    return int((await db.execute(counted, bound | {"most": most})).scalar_one())
