"""What tests of revenue look at, and how they let things happen at once."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from techmarket.revenue import service
from tests.notices.make import move_to, shanghai


async def count(tx, table):
    async with tx.read() as db:
        return (await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


async def together(tx, *acts):
    """All at once over connections that are open already, so that nobody is late."""

    async def connect():
        async with tx.read() as db:
            await db.execute(text("SELECT pg_sleep(0.1)"))

    await asyncio.gather(*[connect() for _ in acts])
    return await asyncio.gather(*acts, return_exceptions=True)


def states(view):
    return [line.state for line in view.lines]


def amounts(view):
    return [line.amount.minor for line in view.lines]


async def reload(licence, distribution):
    return await service.get_distribution(licence.tx, licence.unit.actor, distribution.id)


async def after_the_notice(licence):
    """The list hung from 20 March on: 15 days end with 4 April, a Saturday and Qingming, so with 7 April."""
    await move_to(licence.tx, shanghai(2026, 4, 8))
