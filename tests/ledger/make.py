"""Makers of accounts with money in them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.kernel.ids import Ref, new_id
from techmarket.ledger import steps
from techmarket.ledger.steps import Purpose


def a_reason() -> Ref:
    return Ref("sample", new_id())


async def an_escrow(db: AsyncSession, owner: UUID, minor: int = 0) -> UUID:
    """The escrow account of an organisation, with so much paid in from the bank."""
    escrow = await steps.account(db, purpose=Purpose.ESCROW, owner=owner)
    if minor:
        bank = await steps.account(db, purpose=Purpose.BANK)
        await steps.post(db, debit=bank, credit=escrow, minor=minor, why=a_reason(), code="sample.paid_in")
    return escrow


async def balances(tx: Tx, *accounts: UUID) -> list[tuple[int, int]]:
    """(balance, available) of each."""
    async with tx.read() as db:
        return [(await steps.balance(db, one), await steps.available(db, one)) for one in accounts]


async def balanced(tx: Tx, book: str = "market") -> bool:
    async with tx.read() as db:
        return await steps.is_balanced(db, book)


async def moved(tx: Tx, refs: Sequence[str]) -> list[tuple[str, int]]:
    """The transfers that a journal row names as its proof: what for, and how much."""
    ids = [ref.partition(":")[2] for ref in refs if ref.startswith("transfer:")]
    async with tx.read() as db:
        query = text("SELECT code, minor FROM transfer WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY seq")
        return [(row.code, row.minor) for row in await db.execute(query, {"ids": ids})]
