"""What a stranger may not know of is not there."""

from __future__ import annotations

from uuid import UUID

from techmarket.identity.actor import ANONYMOUS, Actor
from techmarket.kernel.refusals import NotFound


def require_known_org(actor: Actor, org_id: UUID) -> None:
    """An organisation's inside is known to its own people and to the market; without a key one is asked for it."""
    if actor is not ANONYMOUS and not actor.is_market and actor.org_id != org_id:
        raise NotFound()
