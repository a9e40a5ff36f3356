"""The change feed (变更流): what everyone, and what an organisation is told, in the one order of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.hub import errors, policy, repository
from techmarket.hub.repository import Item
from techmarket.hub.telling import PUBLIC_TYPES, Fact, may_read, public_content
from techmarket.hub.views import ChangesView, ChangeView
from techmarket.identity.actor import Actor, Role
from techmarket.identity.permissions import require
from techmarket.kernel.events import Event
from techmarket.kernel.paging import decode_cursor, encode_cursor

POSITION_MAX = 2**62


async def list_changes(
    tx: Tx,
    actor: Actor,
    *,
    cursor: str | None = None,
    types: Sequence[str] = (),
    node: UUID | None = None,
    is_backwards: bool = False,
    limit: int = 20,
) -> ChangesView:
    """The changes beyond a cursor that this reader is told of, each once, in the order of the journal or against it.

    Nothing is ever put before a cursor that was given out: positions are given to committed entries only, and the feed
    tells of them without a gap.
    """
    require(actor, policy.READ_CHANGES)
    check_types(types)
    async with tx.read(snapshot=True) as db:
        log = await repository.log_id(db)
        head = await repository.feed_head(db)
        start = head if is_backwards else -1
        at = position_in(cursor, log) if cursor is not None else start
        found = await items_for(
            db,
            org=actor.org_id,
            is_market=actor.is_market,
            roles=actor.roles,
            types=types,
            at=at,
            head=head,
            is_backwards=is_backwards,
            limit=limit + 1,
            node=node,
        )
    if cursor is not None:
        await require_given(tx, at, head, log)
    items = tuple(change_of(item, log) for item in found[:limit])
    is_at_end = len(found) <= limit
    if not is_at_end:
        return ChangesView(items, items[-1].cursor, is_at_end)
    # Whoever has read everything goes on behind all that does not concern him.
    return ChangesView(items, None if is_backwards else encode_cursor(str(log), max(at, head - 1)), is_at_end)


async def items_for(
    db: AsyncSession,
    *,
    org: UUID | None,
    is_market: bool,
    roles: frozenset[Role],
    types: Sequence[str],
    at: int,
    head: int,
    limit: int,
    is_backwards: bool = False,
    node: UUID | None = None,
) -> list[Item]:
    """What an organisation's people in these roles are told; the market's staff are told of everything."""
    unread = [kind for kind in Event.registry if not may_read(roles, kind)]
    reads_own = org is not None and (is_market or len(unread) < len(Event.registry))
    return await repository.list_items(
        db,
        own=org if reads_own else None,
        sees_all=is_market,
        unread=unread,
        types=list(types) or None,
        at=at,
        head=head,
        is_backwards=is_backwards,
        limit=limit,
        node=node,
    )


def check_types(types: Sequence[str], *, pointer: str = "/query/type") -> None:
    for type in types:
        if type not in PUBLIC_TYPES and type not in Event.registry:
            raise errors.UnknownChangeType(type=type, pointer=pointer)


def position_in(cursor: str, log: UUID) -> int:
    named, position = decode_cursor(cursor, UUID, int)
    if named != log:
        raise errors.CursorOfAnotherLog(log_id=named, pointer="/query/cursor")
    return min(max(int(position), -1), POSITION_MAX)


async def require_given(tx: Tx, at: int, head: int, log: UUID) -> None:
    """A cursor stands where something was told. Beyond what a standby has by now the primary is asked."""
    if at >= head and at >= await repository.feed_head_now(tx):
        raise errors.CursorOfAnotherLog(log_id=log, pointer="/query/cursor")


def change_of(item: Item, log: UUID) -> ChangeView:
    """An item in the words its reader is told: a stranger gets the one thing and what is public by itself."""
    refs, facts = tuple(item.refs), item.facts
    if item.is_public or item.type != item.kind:
        refs, facts = public_content(Fact(item.n, item.org, item.kind, refs, facts))
    return ChangeView(item.id, encode_cursor(str(log), item.n), item.at, item.type, refs, facts)
