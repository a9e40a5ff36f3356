"""What other markets may show of our listings (联合发布): pages in the order of the journal, each item signed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.disclosure.tiers import Tier
from techmarket.hub import policy, repository, syndication
from techmarket.hub.repository import Item
from techmarket.hub.service.following import position_in, require_given
from techmarket.hub.syndication import ItemState
from techmarket.hub.views import OpeningView, SyndicatedItemView, SyndicationPageView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import encode_cursor
from techmarket.kernel.refusals import wire
from techmarket.listings import steps as listings
from techmarket.listings.steps import IndexText
from techmarket.transparency import steps as transparency


async def list_syndicated(
    tx: Tx, keys: Keys, actor: Actor, *, public_url: str, node: UUID | None, cursor: str | None, limit: int
) -> SyndicationPageView:
    """Our own listings that changed for everyone beyond a cursor, each once and as it is now: shown, or gone.

    A verified organisation gets the terms for registered readers beside those for everyone, and nobody more: what a
    grant opens is for whom it was granted. What we show of other markets is theirs to tell.
    """
    require(actor, policy.READ_CHANGES)
    async with tx.read(snapshot=True) as db:
        log = await repository.log_id(db)
        head = await repository.feed_head(db)
        at = position_in(cursor, log) if cursor is not None else -1
        found = await repository.list_items(
            db,
            own=None,
            sees_all=False,
            unread=(),
            types=syndication.TYPES,
            at=at,
            head=head,
            is_backwards=False,
            limit=limit + 1,
            node=node,
        )
        page, is_at_end = found[:limit], len(found) <= limit
        last = max(at, head - 1) if is_at_end else page[-1].n
        checkpoint = await transparency.newest(db)
        if checkpoint is not None and checkpoint.log_id != log:
            checkpoint = None  # restored a moment ago: what was signed before is of the former log
        items = await _items(db, keys, actor, page, log, public_url.rstrip("/"), node)
        openings = [_opening(keys, one) for one in (await transparency.restores(db))[: syndication.OPENINGS_MAX]]
    if cursor is not None:
        await require_given(tx, at, head, log)
    return SyndicationPageView(log, items, encode_cursor(str(log), last), is_at_end, checkpoint, tuple(openings))


def _opening(keys: Keys, one: tuple[UUID, UUID, int]) -> OpeningView:
    log_id, previous, size = one
    claim = syndication.opening_statement(log_id=str(log_id), previous_log_id=str(previous), previous_size=size)
    return OpeningView(log_id, previous, size, keys.receipts.kid, keys.receipts.sign(canonical_json(claim)).hex())


async def _items(
    db: AsyncSession, keys: Keys, actor: Actor, page: list[Item], log: UUID, public_url: str, node: UUID | None
) -> tuple[SyndicatedItemView, ...]:
    # Of several changes of one listing only the last is told: it is told as it is now.
    latest = {listing.id: item for item in page if (listing := _listing_of(item)) is not None}
    elsewhere = await listings.syndicated_among(db, latest)
    mine = {id: item for id, item in latest.items() if id not in elsewhere}
    texts = await listings.texts_for_index(db, mine)
    if node is not None:  # whoever follows a node is told of what has left it as of what is gone
        of = await listings.nodes_of(db, mine)
        texts = {id: text for id, text in texts.items() if of.get(id) == node}
    owners = await identity.get_organisations(db, {one.org_id for one in texts.values()})
    entries = [item.id for item in mine.values()]
    leaves = await transparency.leaves_of(db, entries)
    proofs = await transparency.proofs_for(db, entries)
    paths = {one.entry_id: one.path for one in proofs.entries} if proofs is not None else {}
    is_registered = actor.org_verified or actor.is_market
    items = []
    for id, item in sorted(mine.items(), key=lambda pair: pair[1].n):
        text = texts.get(id)
        content = _content(text, owners[text.org_id], is_registered) if text is not None else None
        claim = syndication.statement(
            log_id=str(log),
            entry_id=str(item.id),
            position=item.n,
            leaf_hash=leaves[item.id],
            listing_id=str(id),
            state=ItemState.GONE if content is None else ItemState.SHOWN,
            content_sha256=syndication.content_hash(content),
        )
        items.append(
            SyndicatedItemView(
                listing_id=id,
                entry_id=item.id,
                position=item.n,
                at=item.at,
                state=ItemState(claim["state"]),
                content=content,
                url=f"{public_url}/v1/listings/{id}",
                leaf_hash=claim["leaf_hash"],
                path=paths.get(item.id),
                kid=keys.receipts.kid,
                signature=keys.receipts.sign(canonical_json(claim)).hex(),
            )
        )
    return tuple(items)


def _listing_of(item: Item) -> Ref | None:
    return next((ref for one in item.refs if (ref := Ref.parse(one)).kind == "listing"), None)


def _content(text: IndexText, owner: identity.OrganisationFacts, is_registered: bool) -> dict[str, Any]:
    """What of a listing its readers see there, by the tier that they reach."""
    terms = {"PUBLIC": listings.as_told(text.cuts[Tier.PUBLIC])}
    if is_registered:
        terms["REGISTERED"] = listings.as_told(text.cuts[Tier.REGISTERED])
    said: dict[str, Any] = wire(
        {
            "kind": text.kind.value,
            "state": text.state.value,
            "organisation": {"name": owner.name, "name_en": owner.name_en, "region": owner.region},
            "published_at": text.published_at,
            "expires_on": text.expires_on,
            "terms": terms,
        }
    )
    return said
