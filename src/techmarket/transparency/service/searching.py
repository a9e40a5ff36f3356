"""Looking back (审计): what happened in an organisation, or in all, out of the journal itself.

An organisation's administrators read what its people and programs did, whole, and what others did that names it, by
office alone. The market's operators read everything; each look of theirs is an entry of its own, and one at an
organisation is told to that organisation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.transparency import errors, policy
from techmarket.transparency import repository_audit as repository
from techmarket.transparency.events import AuditRead
from techmarket.transparency.repository_audit import Found
from techmarket.transparency.views import AuditQuery, AuditView

FILE_ROWS_MAX = 100_000
FILE_BATCH = 1_000


async def search_audit(tx: Tx, actor: Actor, query: AuditQuery, *, cursor: str | None, limit: int) -> Page[AuditView]:
    """What happened, newest first. A page never repeats an entry, and skips none that had a position at its start."""
    is_overseer = _require_reader(actor, query)
    before = None if cursor is None else int(decode_cursor(cursor, int)[0])
    async with tx.begin() if is_overseer else tx.read() as db:
        if is_overseer:
            _record(db, actor, query, as_file=False)
        found = await repository.search(db, query, is_whole=actor.is_market, before=before, limit=limit + 1)
        page = page_of(found, limit, lambda one: (one.n,))
        return Page(await _shown(db, actor, query, page.items), page.next_cursor)


async def require_audit_file(tx: Tx, actor: Actor, query: AuditQuery) -> None:
    """Before a file is sent: who asks may have it, it is not too long, and that he took it is on record."""
    is_overseer = _require_reader(actor, query)
    async with tx.begin() if is_overseer else tx.read() as db:
        rows = await repository.count(db, query, is_whole=actor.is_market, most=FILE_ROWS_MAX + 1)
        if rows > FILE_ROWS_MAX:
            raise errors.AuditTooLong(rows_max=FILE_ROWS_MAX, pointer="/query/since")
        if is_overseer:
            _record(db, actor, query, as_file=True)


async def read_audit(tx: Tx, actor: Actor, query: AuditQuery) -> AsyncIterator[AuditView]:
    """Everything that fits, newest first, a batch in a transaction of its own."""
    _require_reader(actor, query)
    before, rows = None, 0
    while rows < FILE_ROWS_MAX:
        async with tx.read() as db:
            found = await repository.search(db, query, is_whole=actor.is_market, before=before, limit=FILE_BATCH)
            shown = await _shown(db, actor, query, found)
        for one in shown:
            yield one
        rows += len(found)
        if len(found) < FILE_BATCH:
            return
        before = found[-1].n


def _require_reader(actor: Actor, query: AuditQuery) -> bool:
    """Whether it is the market that looks at others; refused who may not look."""
    if query.organisation_id is None or (actor.is_market and actor.org_id != query.organisation_id):
        require(actor, policy.SEARCH_AUDIT)
        return True
    if not actor.is_anonymous and actor.org_id != query.organisation_id:
        raise NotFound()
    require(actor, policy.SEARCH_AUDIT_OF, parties=[query.organisation_id])
    return False


def _record(db: AsyncSession, actor: Actor, query: AuditQuery, *, as_file: bool) -> None:
    read = AuditRead(
        query.organisation_id, query.person_id, as_file, query.kinds, query.about, query.since, query.until
    )
    journal.record(db, read, actor=actor)


async def _shown(db: AsyncSession, actor: Actor, query: AuditQuery, found: Sequence[Found]) -> list[AuditView]:
    own = None if actor.is_market else query.organisation_id
    told = [one for one in found if own is None or one.org == own]
    people = await identity.get_people(db, {one.actor for one in told if one.actor is not None})
    return [_view(one, people, is_whole=own is None or one.org == own) for one in found]


def _view(one: Found, people: dict[UUID, identity.PersonFacts], *, is_whole: bool) -> AuditView:
    person = one.actor if is_whole else None
    standing = one.standing if is_whole else {}
    # Under whose elevation somebody of the market acted is what the organisation is to know.
    elevation = one.standing.get("elevation")
    return AuditView(
        one.n,
        one.id,
        one.at,
        one.kind,
        one.org,
        person,
        people[person].name if person in people else None,
        standing.get("via"),
        _id(standing.get("credential")),
        _id(standing.get("stands_in_for")),
        _id(standing.get("seconded_by")),
        _id(elevation),
        one.refs,
        one.facts,
    )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text is not None else None
