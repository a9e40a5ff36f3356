"""Makers of contracts: negotiated directly, so that they need no trade; and the bank that pays their dues."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from techmarket.contracts import service
from techmarket.contracts.rules import ContractType
from techmarket.contracts.text import RoyaltyTerms, ScopeTerms
from techmarket.contracts.views import ContractView, RegistrationView
from techmarket.db import clock
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import OrgKind
from techmarket.kernel.ids import Ref
from techmarket.settlement import rules as settlement_rules
from techmarket.settlement import service as bank
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import BankMessage
from tests.achievements.make import an_achievement_id
from tests.identity.make import Keyed, an_organisation

_messages = itertools.count(1)
ROYALTY = RoyaltyTerms(Decimal("0.03"), "net_sales", 30)
SCOPE = ScopeTerms("CN", "ANY", "ANY", 6)


@dataclass(frozen=True)
class Deal:
    """A contract with the two organisations it binds."""

    seller: Keyed
    buyer: Keyed
    achievement_id: UUID
    contract: ContractView

    @property
    def id(self) -> UUID:
        return self.contract.id

    @property
    def sha256(self) -> str:
        return self.contract.document_sha256


async def a_draft(
    tx: Tx, keys: Keys, *, seller_kind: OrgKind = OrgKind.ENTERPRISE, seller: Keyed | None = None, **changes: Any
) -> Deal:
    """A drafted licence. An enterprise sells without a price notice, a university with one."""
    seller = seller or await an_organisation(tx, kind=seller_kind, keys=keys)
    buyer = await an_organisation(tx, keys=keys)
    achievement_id = changes.pop("achievement_id", None) or await an_achievement_id(tx, seller.actor)
    terms: dict[str, Any] = {
        "licence_kind": "ORDINARY",
        "scope": SCOPE,
        "entry_fee_minor": 60_000_000,
        "royalty": ROYALTY,
    }
    contract = await service.draft_directly(
        tx, seller.actor, buyer_org=buyer.actor.org, achievement_ids=[achievement_id], **(terms | changes)
    )
    return Deal(seller, buyer, achievement_id, contract)


async def a_signing(tx: Tx, keys: Keys, **changes: Any) -> Deal:
    """A contract whose parties are called to sign."""
    deal = await a_draft(tx, keys, **changes)
    contract = await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    return Deal(deal.seller, deal.buyer, deal.achievement_id, contract)


async def in_force(tx: Tx, keys: Keys, **changes: Any) -> Deal:
    """A contract that both have signed; its entry fee is due."""
    deal = await a_signing(tx, keys, **changes)
    await service.sign(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    contract = await service.sign(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)
    return Deal(deal.seller, deal.buyer, deal.achievement_id, contract)


async def pay(tx: Tx, keys: Keys, contract_id: UUID) -> int:
    """The money of every open due of the contract arrives, and contracts hears of it; returns how many."""
    arrived = await send_money(tx, keys, contract_id)
    async with tx.read() as db:
        paid = [due.id for due in await settlement.dues_of(db, Ref("contract", contract_id)) if due.is_paid]
    for due_id in paid:
        await service.mark_paid(tx, due_id)
    return arrived


async def send_money(tx: Tx, keys: Keys, contract_id: UUID) -> int:
    """The bank tells of the money of every open due of the contract; returns how many."""
    async with tx.read() as db:
        dues = [due for due in await settlement.dues_of(db, Ref("contract", contract_id)) if not due.is_paid]
        orgs = await identity.get_organisations(db, [due.payer_org for due in dues])
        now = await clock.market_now(db)
    for due in dues:
        message = BankMessage(
            f"SAMPLE-{contract_id}-{next(_messages)}",
            "6222000000000000",
            orgs[due.payer_org].name,
            due.outstanding_minor,
            due.reference,
            now,
        )
        raw, stamp = settlement_rules.write_message(message), str(int(time.time()))
        signature = settlement_rules.sign_message(keys.bank_secret, stamp, raw)
        await bank.receive_bank_message(tx, keys, raw, signature, stamp)
    return len(dues)


async def a_registration(tx: Tx, deal: Deal) -> RegistrationView:
    return await service.file_registration(
        tx,
        deal.seller.actor,
        deal.id,
        contract_class=ContractType.LICENCE,
        whole_minor=60_000_000,
        technology_minor=60_000_000,
    )


def half(year: int, first: bool = True) -> dict[str, date]:
    """A half-year as the period of a report."""
    if first:
        return {"period_from": date(year, 1, 1), "period_to": date(year, 6, 30)}
    return {"period_from": date(year, 7, 1), "period_to": date(year, 12, 31)}


async def awake(tx: Tx, connections: int = 20) -> None:
    """Open the connections beforehand: a race whose runners are still putting on their shoes proves nothing."""

    async def doze() -> None:
        async with tx.read() as db:
            await db.execute(text("SELECT pg_sleep(0.1)"))

    await asyncio.gather(*[doze() for _ in range(connections)])
