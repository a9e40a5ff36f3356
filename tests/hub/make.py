"""Makers of what the feed needs: everything that happened, told."""

from __future__ import annotations

from techmarket.db import journal
from techmarket.db.session import Tx
from techmarket.hub.service import list_changes
from techmarket.hub.service.telling import tell_on
from techmarket.hub.views import ChangeView
from techmarket.identity.actor import Actor


async def tell_all(tx: Tx) -> None:
    """What the workers do by themselves: give positions, and tell."""
    async with tx.begin() as db:
        await journal.sequence(db)
    while await tell_on(tx):
        pass


async def changes(tx: Tx, reader: Actor, about: object = "") -> list[ChangeView]:
    """Everything this reader is told, oldest first, that names this thing."""
    await tell_all(tx)
    found = (await list_changes(tx, reader, limit=1_000)).items
    return [one for one in found if str(about) in str((one.refs, one.facts))]


async def types(tx: Tx, reader: Actor, about: object = "") -> list[str]:
    return [one.type for one in await changes(tx, reader, about)]
