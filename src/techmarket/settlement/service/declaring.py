"""The settlement account: two people of finance say which it is, before anything of it is taken."""

from __future__ import annotations

from techmarket.db import journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.refusals import NotFound
from techmarket.settlement import errors, policy
from techmarket.settlement.events import AccountDeclared
from techmarket.settlement.repository import guards
from techmarket.settlement.rules import Act
from techmarket.settlement.service.acting import ask_second
from techmarket.settlement.service.stating import STATEMENTS
from techmarket.settlement.tables import SettlementAccount
from techmarket.settlement.views import AccountView, MoneyActView


async def declare_account(
    tx: Tx, actor: Actor, *, account: str, bank_name: str, holder_name: str
) -> AccountView | MoneyActView:
    """The market's account at its bank (结算专户), once and for good: statements of another are not taken."""
    require(actor, policy.DECLARE_ACCOUNT)
    async with tx.begin() as db:
        await lock_name(db, STATEMENTS)
        if await guards.find_account(db) is not None:
            raise errors.AccountInUse()
        content = {"account": account, "bank_name": bank_name, "holder_name": holder_name}
        subject = Ref("organisation", actor.org)
        asked = await guards.find_waiting(db, Act.DECLARE_ACCOUNT, str(subject))
        waiting = await ask_second(db, actor, Act.DECLARE_ACCOUNT, subject, minor=0, content=content)
        if waiting is not None:
            return waiting
        assert asked is not None  # this act always needs two
        row = SettlementAccount(id=new_id(), asked_by=asked.asked_by, declared_by=actor.person, **content)
        db.add(row)
        journal.record(db, AccountDeclared(row.id), actor=actor)
        await db.flush()
        await db.refresh(row)
        return _view(row)


async def get_account(tx: Tx, actor: Actor) -> AccountView:
    """Where payers send their money."""
    require(actor, policy.SEE_ACCOUNT)
    async with tx.read() as db:
        row = await guards.find_account(db)
        if row is None:
            raise NotFound()
        return _view(row)


def _view(row: SettlementAccount) -> AccountView:
    return AccountView(row.account, row.bank_name, row.holder_name, row.declared_at)
