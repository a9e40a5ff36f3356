"""Makers of listings."""

from __future__ import annotations

import itertools
from typing import Any

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.listings import service
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.listings.views import ListingView
from tests.achievements.make import an_achievement

_numbers = itertools.count(1)


def offer_terms(**changes: Any) -> dict[str, Any]:
    fields = {
        "title_en": f"Sample offer {next(_numbers)}",
        "summary_en": "A sample way to keep welded trays flat. 示例数据 / sample data",
        "mode": "LICENCE",
        "licence_kind": "ORDINARY",
        "price_form": "FIXED",
        "price": {"amount": "500000.00", "currency": "CNY"},
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def demand_terms(**changes: Any) -> dict[str, Any]:
    fields = {
        "title_en": f"Sample demand {next(_numbers)}",
        "problem_en": "Welded trays warp. 示例数据 / sample data",
        "budget": {"amount": "800000.00", "currency": "CNY"},
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


async def an_offer(
    tx: Tx, seller: Actor, operator: Actor | None = None, *, raised: dict[str, str] | None = None, **changes: Any
) -> ListingView:
    """An offer of the seller's: a draft, or published when an operator is given."""
    expires_on = changes.pop("expires_on", None)
    held = {name: changes.pop(name) for name in ("is_held", "publish_at") if name in changes}
    achievement_ids = changes.pop("achievement_ids", None) or ((await an_achievement(tx, seller)).id,)
    draft = ListingDraft(offer_terms(**changes), raised or {}, achievement_ids, expires_on, **held)
    view = await service.create_draft(tx, seller, ListingKind.OFFER, draft)
    return await published(tx, seller, operator, view) if operator else view


async def a_demand(
    tx: Tx, buyer: Actor, operator: Actor | None = None, *, raised: dict[str, str] | None = None, **changes: Any
) -> ListingView:
    """A demand of the buyer's: a draft, or published when an operator is given."""
    expires_on = changes.pop("expires_on", None)
    draft = ListingDraft(demand_terms(**changes), raised or {}, (), expires_on)
    view = await service.create_draft(tx, buyer, ListingKind.DEMAND, draft)
    return await published(tx, buyer, operator, view) if operator else view


async def published(tx: Tx, owner: Actor, operator: Actor, view: ListingView) -> ListingView:
    await service.submit(tx, owner, view.id)
    return await service.accept(tx, operator, view.id)
