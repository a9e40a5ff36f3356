"""Makers of signings."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.signing import steps
from techmarket.signing.steps import Signatory, SigningProgress

DOCUMENT = "aa" * 32


async def a_signing(tx: Tx, *signatories: Signatory, in_order: bool = True, document_sha256: str = DOCUMENT) -> UUID:
    async with tx.begin() as db:
        return await steps.open_signing(
            db,
            document_sha256=document_sha256,
            purpose="contract",
            subject=Ref("contract", new_id()),
            signatories=signatories,
            in_order=in_order,
            actor=None,
        )


async def sign(tx: Tx, signing_id: UUID, actor: Actor, document_sha256: str = DOCUMENT) -> SigningProgress:
    async with tx.begin() as db:
        now = await clock.market_now(db)
        return await steps.put(db, signing_id, actor, document_sha256=document_sha256, now=now)
