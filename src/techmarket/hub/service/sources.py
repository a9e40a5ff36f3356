"""Which other markets are followed (联合发布): added, paused, trusted again, bounded and removed by operators."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.means import OutsideCaller
from techmarket.db.session import Tx
from techmarket.hub import errors, policy, syndication
from techmarket.hub import repository_syndication as repository
from techmarket.hub.events import SourceAdded, SourceChanged
from techmarket.hub.lifecycle import SOURCE, SourceState
from techmarket.hub.service.syndicating import (
    KEYS_BYTES_MAX,
    KEYS_PATH,
    PAGE_BYTES_MAX,
    QUOTA,
    NoAnswer,
    fetch,
    most_shown,
    page_url,
    read_anew,
)
from techmarket.hub.syndication import Distrusted
from techmarket.hub.tables import SyndicationSource
from techmarket.hub.views import OriginView, SourceView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.permissions import require
from techmarket.kernel.addresses import read_url
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings


async def add_source(
    tx: Tx,
    keys: Keys,
    caller: OutsideCaller,
    actor: Actor,
    *,
    name: str,
    url: str,
    key: str | None,
    node: str | None,
    shown_max: int | None = None,
) -> SourceView:
    """Follow another market from now on, from the beginning of what it tells. Its keys as of today are trusted."""
    require(actor, policy.ADD_SOURCE)
    base = url.rstrip("/")
    target = read_url(base, may_be_plain=caller.may_reach_inside)
    if target is None or "?" in base:
        raise errors.SourceNotAllowed(pointer="/body/url")
    try:
        published = await fetch(caller, f"{base}{KEYS_PATH}", None, KEYS_BYTES_MAX)
        trusted = syndication.read_keys(published)
        await fetch(caller, page_url(base, node, None, 1), key, PAGE_BYTES_MAX)
    except (NoAnswer, Distrusted) as trouble:
        raise errors.SourceNotReached(why=trouble.why, pointer="/body/url") from trouble
    async with tx.begin() as db:
        if await repository.is_followed(db, base, node):
            raise errors.SourceFollowed(pointer="/body/url")
        org_id = await identity.register(
            db, identity.Registered(OrgKind.AGENCY, name, None, None, None, False, False), actor=actor, is_verified=True
        )
        row = SyndicationSource(
            id=new_id(),
            name=name,
            url=base,
            node=node,
            org_id=org_id,
            by=actor.person,
            market_id=actor.org,
            trusted=published,
            state=SOURCE.initial,
            shown_max=shown_max,
        )
        row.key_wrapped = keys.wrap(key.encode(), about=row.id.bytes) if key is not None else None
        db.add(row)
        await db.flush()
        journal.record(db, SourceAdded(row.id, tuple(sorted(trusted))), actor=actor)
        return await _view(db, row)


async def list_sources(tx: Tx, actor: Actor) -> list[SourceView]:
    require(actor, policy.SEE_SOURCES)
    async with tx.read() as db:
        rows = await repository.list_sources(db)
        return [await _view(db, row) for row in rows]


async def get_source(tx: Tx, actor: Actor, source_id: UUID) -> SourceView:
    require(actor, policy.SEE_SOURCES)
    async with tx.read() as db:
        return await _view(db, await repository.get_source(db, source_id))


async def pause_source(tx: Tx, actor: Actor, source_id: UUID) -> SourceView:
    """Nothing more is read; what is shown stays as it is."""
    return await _change(tx, actor, source_id, "pause")


async def resume_source(tx: Tx, actor: Actor, source_id: UUID) -> SourceView:
    """It is read on from where it was left."""
    return await _change(tx, actor, source_id, "resume")


async def remove_source(tx: Tx, actor: Actor, source_id: UUID) -> SourceView:
    """It is read no more, and everything of it is taken down here."""
    return await _change(tx, actor, source_id, "remove")


async def set_quota(tx: Tx, actor: Actor, source_id: UUID, *, shown_max: int) -> SourceView:
    """How many of its listings are shown at most. What is shown stays; where there is room for more than before, the
    source is read from its beginning once more, since what it told is not told again by itself."""
    require(actor, policy.CHANGE_SOURCE)
    async with tx.begin() as db:
        row = await repository.lock_source(db, source_id)
        if row.state is SourceState.REMOVED:
            raise NotInThisState(thing=SOURCE.thing, state=row.state, act="quota", possible=SOURCE.possible(row.state))
        was, row.shown_max = most_shown(row), shown_max
        if shown_max > was and await repository.is_refused_for(db, row.id, QUOTA):
            row.cursor, row.generation = None, row.generation + 1
        return await _changed(db, row, "quota", actor)


async def trust_source(tx: Tx, caller: OutsideCaller, actor: Actor, source_id: UUID) -> SourceView:
    """An operator has looked, and trusts the keys that the source shows now, and its log as it is now."""
    require(actor, policy.CHANGE_SOURCE)
    async with tx.read() as db:
        url = (await repository.get_source(db, source_id)).url
    try:
        published = await fetch(caller, f"{url}{KEYS_PATH}", None, KEYS_BYTES_MAX)
        syndication.read_keys(published)
    except (NoAnswer, Distrusted) as trouble:
        raise errors.SourceNotReached(why=trouble.why) from trouble
    async with tx.begin() as db:
        row = await repository.lock_source(db, source_id)
        row.state = SOURCE.move(row.state, "trust")
        row.trusted, row.problem, row.failures = published, None, 0
        row.checkpoint_size = row.checkpoint_root = row.unproven_since = row.read_anew_at = None
        read_anew(row)
        return await _changed(db, row, "trust", actor)


async def _change(tx: Tx, actor: Actor, source_id: UUID, move: str) -> SourceView:
    require(actor, policy.CHANGE_SOURCE)
    async with tx.begin() as db:
        row = await repository.lock_source(db, source_id)
        row.state = SOURCE.move(row.state, move)
        row.problem, row.failures = None, 0
        return await _changed(db, row, move, actor)


async def _changed(db: AsyncSession, row: SyndicationSource, what: str, actor: Actor) -> SourceView:
    journal.record(db, SourceChanged(row.id, what), actor=actor)
    await db.flush()
    await repository.wait(db, row.id, timedelta(0))
    await db.refresh(row)
    return await _view(db, row)


async def get_origin(tx: Tx, actor: Actor, listing_id: UUID) -> OriginView:
    """Where a listing comes from that another market has published, with what that market signed of it."""
    require(actor, policy.READ_CHANGES)
    async with tx.read() as db:
        row = await repository.find_by_listing(db, listing_id)
        if row is None or not await listings.views_for(db, actor, [listing_id]):
            raise NotFound()
        source = await repository.get_source(db, row.source_id)
        return OriginView(source.id, source.name, row.theirs, dict(row.proof))


async def _view(db: AsyncSession, row: SyndicationSource) -> SourceView:
    now = await repository.real_now(db)
    shown = await repository.count_shown(db, [row.id])
    behind = None if row.caught_up_at is None else max(0, int((now - row.caught_up_at).total_seconds()))
    return SourceView(
        row.id,
        row.name,
        row.url,
        row.node,
        row.org_id,
        row.state,
        row.key_wrapped is not None,
        tuple(sorted(syndication.read_keys(row.trusted))),
        shown.get(row.id, 0),
        most_shown(row),
        row.refused,
        row.failures,
        row.problem,
        row.caught_up_at,
        behind,
        row.created_at,
    )
