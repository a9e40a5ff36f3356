"""The market's own money: what it has earned less what it has spent. Only this is its to spend.

Of that a part belongs to others already: what nodes have in the fees (分润), booked or still to be booked. A charge, or
a shortage that is borne, comes out of the rest; a fee that goes back takes its own parts along and nobody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, repository, rules

_OWN = (ledger.Purpose.FEES, ledger.Purpose.EXPENSE)


@dataclass(frozen=True, slots=True)
class OwnMoney:
    """In fen; `owed` by the account of whom it is owed to, `waiting` what may still be shared of fees."""

    own: int
    owed: Mapping[UUID, int]
    waiting: int

    @property
    def free(self) -> int:
        return rules.free_money(self.own, self.owed.values(), self.waiting)


async def own_money(db: AsyncSession) -> OwnMoney:
    """Held until the caller commits."""
    accounts = [await ledger.account(db, purpose=purpose) for purpose in _OWN]
    # Together with the bank's account, which everybody who enters or spends money locks: one order for all.
    await ledger.lock(db, [await ledger.account(db, purpose=ledger.Purpose.BANK), *accounts])
    # What is owed moves only together with one of these accounts, so that it stands still here, too.
    sheet = await ledger.balance_sheet(db, purpose=ledger.Purpose.PAYABLE)
    owed = {account.id: account.balance.minor for account in sheet}
    kept = sum([await ledger.balance(db, account) for account in accounts])
    return OwnMoney(kept + sum(owed.values()), owed, await repository.unshared_fees(db))


async def require_own(db: AsyncSession, minor: int) -> None:
    """Gate: what the market may spend covers this; other people's money never does, nor what it owes them."""
    money = await own_money(db)
    if money.free < minor:
        raise errors.ChargeNotCovered(own=Money(money.free), charge=Money(minor))


async def require_own_for_fee(db: AsyncSession, due_id: UUID, minor: int) -> None:
    """Gate: a fee goes back. Its own parts come back with it; those of other fees stay whose they are."""
    money = await own_money(db)
    back = await ledger.credited(db, why=Ref("due", due_id), code="fee.shared")
    owed = [minor - back.get(account, 0) for account, minor in money.owed.items()]
    waiting = await repository.unshared_fees(db, but=due_id)
    free = rules.free_money(money.own, owed, waiting)
    if free < minor:
        raise errors.ChargeNotCovered(own=Money(free), charge=Money(minor))


async def require_own_for_share(db: AsyncSession, account: UUID, minor: int) -> None:
    """Gate: what is owed to one is paid to him, and never out of what is owed to another."""
    money = await own_money(db)
    free = rules.free_money(money.own, [owed for one, owed in money.owed.items() if one != account])
    if free < minor:
        raise errors.ChargeNotCovered(own=Money(free), charge=Money(minor))
