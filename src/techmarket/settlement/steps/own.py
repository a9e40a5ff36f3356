"""The market's own money: what it has earned less what it has spent. Only this is its to spend.

Parts of fees that are owed to others and not paid yet are still its own: a fee that goes back takes them along.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.money import Money
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors

_OWN = (ledger.Purpose.FEES, ledger.Purpose.EXPENSE)


async def own_money(db: AsyncSession) -> int:
    """In fen; held until the caller commits."""
    accounts = [await ledger.account(db, purpose=purpose) for purpose in _OWN]
    # Together with the bank's account, which everybody who enters or spends money locks: one order for all.
    await ledger.lock(db, [await ledger.account(db, purpose=ledger.Purpose.BANK), *accounts])
    # What is owed moves only together with one of these accounts, so that it stands still here, too.
    owed = sum(account.balance.minor for account in await ledger.balance_sheet(db, purpose=ledger.Purpose.PAYABLE))
    return owed + sum([await ledger.balance(db, account) for account in accounts])


async def require_own(db: AsyncSession, minor: int) -> None:
    """Gate: the market's own money covers this; other people's money never does."""
    own = await own_money(db)
    if own < minor:
        raise errors.ChargeNotCovered(own=Money(own), charge=Money(minor))
