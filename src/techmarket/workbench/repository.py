"""Every query of the workbench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.work import Work, is_signatory
from techmarket.kernel.periods import shanghai_day

FAR = datetime(9000, 1, 1, tzinfo=UTC)
"""Where what has no date stands in the order."""
NOBODY = UUID(int=0)


class Row(NamedTuple):
    kind: str
    id: UUID | None
    n: str | None
    since: datetime
    due: datetime | None

    @property
    def place(self) -> tuple[datetime, datetime, str, UUID, str]:
        """Where it stands in the order."""
        return self.due or FAR, self.since, self.kind, self.id or NOBODY, self.n or ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Work with a deadline that is near, and whom it is for: a person, an organisation, or the market's staff."""

    kind: str
    id: UUID | None
    n: str | None
    org_id: UUID | None
    person_id: UUID | None
    due: datetime
    object: str | None

    @property
    def once(self) -> str:
        return once_of(self.kind, self.id, self.n, self.due)


def once_of(kind: str, id: UUID | None, n: str | None, due: datetime | None) -> str:
    """The name of one deadline of one piece of work, by its day: one that moves by minutes, as the end of a lot does
    with every bid, is no other."""
    return f"due:{kind}:{id or ''}:{n or ''}:{'' if due is None else shanghai_day(due).isoformat()}"


def object_of(work: Work, id: UUID | None) -> str | None:
    return f"{work.thing}:{id}" if id is not None else None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, as the queries of the rooms see him."""

    person: UUID
    org: UUID
    orgs: tuple[UUID, ...]
    hands: tuple[UUID, ...]
    signatory: bool

    def parameters(self) -> dict[str, Any]:
        return {
            "person": self.person,
            "org": self.org,
            "orgs": list(self.orgs),
            "hands": list(self.hands),
            "signatory": self.signatory,
        }


async def reader_of(db: AsyncSession, actor: Actor) -> Reader:
    people = await identity.get_people(db, [actor.person])
    hands = await identity.hands_behind(db, actor.person)
    return Reader(
        actor.person,
        actor.org,
        people[actor.person].org_ids,
        tuple(sorted(hands)),
        is_signatory(actor),
    )


def _rows_of(one: Work) -> str:
    """A thing that is his twice over (as a person and as a signatory) comes once."""
    return one.sql if one.comes_once else f"SELECT DISTINCT * FROM ({one.sql}) d"


async def list_work(
    db: AsyncSession,
    reader: Reader,
    kinds: Sequence[Work],
    *,
    object_id: UUID | None = None,
    due_from: datetime | None = None,
    due_before: datetime | None = None,
    after: tuple[datetime, datetime, str, UUID, str] | None = None,
    limit: int,
) -> list[Row]:
    """What waits for the reader, the most urgent first."""
    if not kinds:
        return []
    place = f"coalesce(w.due, '{FAR.isoformat()}'), w.since, w.kind, coalesce(w.id, '{NOBODY}'), coalesce(w.n, '')"
    where, more = ["true"], dict[str, Any]()
    if object_id is not None:
        where.append("w.id = :object_id")
        more["object_id"] = object_id
    if due_from is not None:
        where.append("w.due >= :due_from")
        more["due_from"] = due_from
    if due_before is not None:
        where.append("w.due < :due_before")
        more["due_before"] = due_before
    if after is not None:
        where.append(
            f"({place}) > (cast(:at as timestamptz), cast(:since as timestamptz), cast(:kind as text),"
            " cast(:id as uuid), cast(:n as text))"
        )
        more |= dict(zip(("at", "since", "kind", "id", "n"), after, strict=True))
    # Each kind gives no more than a page of its own most urgent, so that a long queue is not put in order as a whole.
    page = f"ORDER BY {place} LIMIT :limit"
    each = " UNION ALL ".join(
        f"(SELECT w.kind, w.id, w.n, w.since, w.due FROM ({_rows_of(one)}) w WHERE {' AND '.join(where)} {page})"
        for one in kinds
    )
    sql = f"SELECT w.kind, w.id, w.n, w.since, w.due FROM ({each}) w {page}"
    rows = await db.execute(text(sql), {**reader.parameters(), **more, "limit": limit})
    return [Row(row.kind, row.id, row.n, row.since, row.due) for row in rows]


async def count_work(
    db: AsyncSession, reader: Reader, kinds: Sequence[Work], now: datetime
) -> list[tuple[str, int, int, datetime | None]]:
    """For each kind: how many wait, how many of them are late, and when the next one is due."""
    if not kinds:
        return []
    sql = (
        "SELECT w.kind, count(*) AS number, count(*) FILTER (WHERE w.due <= cast(:now as timestamptz)) AS late,"
        " min(w.due) FILTER (WHERE w.due > cast(:now as timestamptz)) AS next_due"
        f" FROM ({' UNION ALL '.join(f'({_rows_of(one)})' for one in kinds)}) w GROUP BY w.kind"
        " ORDER BY w.kind"
    )
    rows = await db.execute(text(sql), {**reader.parameters(), "now": now})
    return [(row.kind, row.number, row.late, row.next_due) for row in rows]


async def list_candidates(
    db: AsyncSession, kinds: Sequence[Work], *, since: datetime, until: datetime, limit: int
) -> list[Candidate]:
    """Work that is due in a span of time and of which nobody was reminded, whoever has to do it."""
    named = {one.kind: one for one in kinds}
    asked = " UNION ".join(f"({one.everyone_sql})" for one in kinds)
    sql = (
        f"SELECT w.* FROM ({asked}) w WHERE NOT EXISTS (SELECT 1 FROM reminder r WHERE r.once ="
        " 'due:' || w.kind || ':' || coalesce(w.id::text, '') || ':' || coalesce(w.n, '') || ':'"
        " || to_char(w.due AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'))"
        " ORDER BY w.due, w.kind, w.id, w.n LIMIT :limit"
    )
    # Nobody's eyes: what a kind leaves out for one reader is left out when each of them is asked for himself.
    nobody = Reader(NOBODY, NOBODY, (), (), True).parameters()
    rows = await db.execute(text(sql), {**nobody, "from": since, "until": until, "limit": limit})
    return [
        Candidate(row.kind, row.id, row.n, row.org_id, row.person_id, row.due, object_of(named[row.kind], row.id))
        for row in rows
    ]
