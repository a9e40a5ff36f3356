"""Makers of certificates: a deal that may be certified, and the two people who do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from techmarket.certification import service
from techmarket.certification.views import CertificateView
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from tests.contracts.make import Deal, in_force, pay
from tests.identity.make import Keyed, a_market
from tests.notices.make import a_sandbox

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Desk:
    """The market's people and a deal before them."""

    market: dict[str, Keyed]
    deal: Deal

    @property
    def first(self) -> Actor:
        return self.market["certifier_1"].actor

    @property
    def second(self) -> Actor:
        return self.market["certifier_2"].actor


async def a_desk(tx: Tx, keys: Keys, *, paid: bool = True) -> Desk:
    """A contract in force whose entry fee is paid, and a market with two certifiers."""
    await a_sandbox(tx, START)
    market = await a_market(tx, keys)
    deal = await in_force(tx, keys)
    if paid:
        await pay(tx, keys, deal.id)
    return Desk(market, deal)


async def issued(tx: Tx, keys: Keys, desk: Desk) -> CertificateView:
    prepared = await service.prepare(tx, desk.first, desk.deal.id)
    return await service.approve(tx, keys, desk.second, prepared.id)
