"""The one door: listings leave this room only here, cut to the tier that the reader reaches on each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Reach, Tier, as_far_as
from techmarket.identity.actor import ANONYMOUS, Actor
from techmarket.kernel.refusals import NotFound
from techmarket.listings import repository, tiers
from techmarket.listings.lifecycle import FINDABLE, KNOWN, ListingState
from techmarket.listings.repository import Shown, Sign
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps.facts import listing_ref
from techmarket.listings.views import Dossier, ListingView

Signs = tuple[Sign, ...]


async def views_for(db: AsyncSession, actor: Actor, listing_ids: Iterable[UUID]) -> dict[UUID, ListingView]:
    """The one door: listings leave this room only here, cut to the tier that the reader reaches on each of them.

    What the reader may not know of is left out. The order is that of the ids.
    """
    wanted = list(dict.fromkeys(listing_ids))
    if not wanted:
        return {}
    rows = [row for row in await repository.shown(db, wanted) if may_know(actor, row)]
    if not rows:
        return {}
    reach = await disclosure.reaches(db, actor, {listing_ref(row.id): row.org_id for row in rows})
    views = {row.id: _view(actor, row, reach[listing_ref(row.id)]) for row in rows}
    return {id: views[id] for id in wanted if id in views}


async def terms_up_to(db: AsyncSession, view: ListingView, tier: Tier) -> dict[str, Any]:
    """The terms of a listing that one reads, without what stands above a tier, though he may read that, too."""
    if view.reach <= tier:
        return view.terms
    (row,) = await repository.shown(db, [view.id])
    return tiers.told(tiers.cut(msgspec.json.decode(row.body), as_far_as(tier)), is_inside=view.dossier is not None)


async def public_view(tx: Tx, listing_id: UUID) -> tuple[ListingView | None, Signs]:
    """The same door for the anonymous reader of one listing, in one statement: no grant reaches him.

    With it the signs of what it was made of: as long as `public_signs` are these, the view is this one.
    """
    rows = await repository.shown_to_all(tx, [listing_id])
    views = _public_views(rows)
    return views[0] if views else None, tuple(row.sign for row in rows)


async def public_views(tx: Tx, listing_ids: Collection[UUID]) -> tuple[dict[UUID, ListingView], Signs]:
    """The same for some listings; what he may not know of is left out, and its signs are not."""
    rows = sorted(await repository.shown_to_all(tx, listing_ids), key=lambda row: row.id)
    return {view.id: view for view in _public_views(rows)}, tuple(row.sign for row in rows)


async def public_page(
    tx: Tx, *, kind: ListingKind | None, before: UUID | None, limit: int
) -> tuple[list[ListingView], Signs]:
    """The same for the newest that he finds."""
    rows = await repository.page_shown_to_all(tx, states=FINDABLE, kind=kind, before=before, limit=limit)
    return _public_views(rows), tuple(row.sign for row in rows)


async def public_signs(tx: Tx, listing_ids: Collection[UUID]) -> Signs:
    return await repository.signs(tx, listing_ids)


async def public_signs_within(db: AsyncSession, listing_ids: Collection[UUID]) -> Signs:
    """The same, of the moment of a transaction."""
    return await repository.signs_within(db, listing_ids)


async def public_page_signs(tx: Tx, *, kind: ListingKind | None, before: UUID | None, limit: int) -> Signs:
    return await repository.signs_of_page(tx, states=FINDABLE, kind=kind, before=before, limit=limit)


def _public_views(rows: Sequence[Shown]) -> list[ListingView]:
    return [
        _view(ANONYMOUS, row, disclosure.reach_without_grants(ANONYMOUS, row.org_id))
        for row in rows
        if may_know(ANONYMOUS, row)
    ]


class Owned(Protocol):
    """A listing as a row of the table or of a statement: whose it is, and its state."""

    @property
    def state(self) -> Any: ...

    @property
    def org_id(self) -> UUID: ...

    @property
    def node_id(self) -> UUID | None: ...


def may_know(actor: Actor, listing: Owned) -> bool:
    return listing.state in KNOWN or is_inside(actor, listing)


def is_inside(actor: Actor, listing: Owned) -> bool:
    """Who sees it in every state: its owner, the market, and the operators of its node."""
    is_of_mine = actor.node is not None and actor.node == listing.node_id
    return actor.is_market or is_of_mine or (actor.org_id is not None and actor.org_id == listing.org_id)


async def known_owner_of(db: AsyncSession, actor: Actor, listing_id: UUID) -> UUID:
    """Whose listing it is, for a reader who may know of it; to others it is not there, after the same one query."""
    found = await repository.shown(db, [listing_id])
    if not found or not may_know(actor, found[0]):
        raise NotFound()
    return found[0].org_id


def _view(actor: Actor, row: Shown, reach: Reach) -> ListingView:
    document, dossier = msgspec.json.decode(row.body), None
    if is_inside(actor, row):
        dossier = Dossier(
            row.n,
            row.sha256,
            row.revision,
            document["raised"],
            row.returned_because,
            row.engaged_by,
            row.is_held,
            row.publish_at,
        )
    return ListingView(
        id=row.id,
        kind=ListingKind(row.kind),
        state=ListingState(row.state),
        organisation_id=row.org_id,
        published_at=row.published_at,
        expires_on=row.expires_on,
        reach=reach.highest,
        terms=tiers.told(tiers.cut(document, reach), is_inside=dossier is not None),
        achievement_ids=tuple(row.achievement_ids),
        dossier=dossier,
    )
