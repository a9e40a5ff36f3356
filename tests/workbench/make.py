"""Makers of what the workbench's tests need: everything that happened, told to people."""

from __future__ import annotations

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.workbench import service
from techmarket.workbench.service.telling import tell_people
from techmarket.workbench.views import NotificationView
from tests.hub.make import tell_all


async def tell(tx: Tx) -> None:
    """What the workers do by themselves."""
    await tell_all(tx)
    while await tell_people(tx):
        pass


async def inbox(tx: Tx, reader: Actor) -> list[NotificationView]:
    return list((await service.list_notifications(tx, reader, limit=100)).items)


async def kinds(tx: Tx, reader: Actor) -> list[str]:
    """What a person was told, oldest first."""
    return [one.kind for one in reversed(await inbox(tx, reader))]
