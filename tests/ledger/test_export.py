"""A book given out as plain-text accounting, added up by a checker that others wrote."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from beancount import loader
from beancount.core.data import Transaction

from techmarket.db.session import Tx
from techmarket.identity.actor import Role
from techmarket.kernel.ids import new_id
from techmarket.ledger import service, steps
from techmarket.ledger.steps import Purpose
from tests.identity.make import a_market, a_member, an_organisation
from tests.ledger.make import a_reason, an_escrow

PATH = "/v1/ledger/books/market/journal"


def checked(tmp_path: Path, text: str) -> dict[str, Decimal]:
    """What beancount says each account holds; it must find nothing wrong."""
    file = tmp_path / f"{new_id()}.beancount"
    file.write_text(text)
    entries, errors, _ = loader.load_file(str(file))
    assert [error.message for error in errors] == []
    held: dict[str, Decimal] = {}
    for entry in entries:
        if isinstance(entry, Transaction):
            for leg in entry.postings:
                held[leg.account] = held.get(leg.account, Decimal(0)) + leg.units.number
    return held


async def kept(tx: Tx, book: str) -> dict[UUID, int]:
    async with tx.read() as db:
        return {row.id: row.balance.minor for row in await steps.balance_sheet(db, book)}


async def test_an_outside_checker_adds_a_book_up_to_the_balances_the_market_keeps(api, tx, keys, tmp_path):
    market = await a_market(tx, keys)
    one, two = orgs = [(await an_organisation(tx, keys=keys)).actor.org for _ in range(2)]
    async with tx.begin() as db:
        escrows = [await an_escrow(db, org, 60_000_001) for org in orgs]
        bank = await steps.account(db, purpose=Purpose.BANK)
        fees = await steps.account(db, purpose=Purpose.FEES)
        first = await steps.post(db, debit=escrows[0], credit=fees, minor=333, why=a_reason(), code="fee.taken")
        await steps.post(db, debit=escrows[1], credit=bank, minor=1, why=a_reason(), code="sample.paid_out")
        await steps.hold(db, source=escrows[1], target=fees, minor=50, why=a_reason())
        await steps.reverse(db, first, a_reason())
    answer = await api.get(PATH, key=market["finance"].key)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    held = checked(tmp_path, answer.text)
    balances = await kept(tx, "market")
    assert sorted(balances.values()) == sorted([-120_000_001, 0, 60_000_000, 60_000_001])
    assert {UUID(name.rpartition(":")[2].lower()): -int(sum_ * 100) for name, sum_ in held.items()} == balances
    assert f'owner: "{one}"' in answer.text
    assert f'owner: "{two}"' in answer.text


async def test_the_checker_finds_a_transfer_that_was_changed_in_the_text(api, tx, keys, tmp_path):
    market = await a_market(tx, keys)
    owner = (await an_organisation(tx, keys=keys)).actor.org
    async with tx.begin() as db:
        await an_escrow(db, owner, 60_000_000)
    text = (await api.get(PATH, key=market["finance"].key)).text
    checked(tmp_path, text)
    wrong = re.sub(r"  600000\.00 CNY", "  600000.01 CNY", text, count=1)
    assert wrong != text
    file = tmp_path / "wrong.beancount"
    file.write_text(wrong)
    assert loader.load_file(str(file))[1]


async def test_a_unit_has_its_own_book_and_no_other(api, tx, keys, tmp_path):
    market = await a_market(tx, keys)
    own, other = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    book = steps.book_of_unit(own.actor.org)
    async with tx.begin() as db:
        await an_escrow(db, own.actor.org, 100)
        bank = await steps.account(db, book=book, purpose=Purpose.BANK)
        owed = await steps.account(db, book=book, purpose=Purpose.PAYABLE)
        await steps.post(db, debit=bank, credit=owed, minor=33_176_103, why=a_reason(), code="sample.reward")
    path = f"/v1/ledger/books/{book}/journal"
    for key in (own.key, market["finance"].key):
        text = (await api.get(path, key=key)).text
        assert sorted(checked(tmp_path, text).values()) == [Decimal("-331761.03"), Decimal("331761.03")]
    for key, where in ((other.key, path), (own.key, PATH)):
        answer = await api.get(where, key=key)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    trader = await a_member(tx, own.actor, Role.TRADER, keys=keys)
    assert (await api.get(path, key=trader.key)).json()["code"] == "not_allowed"
    assert (await api.get(path)).status_code == 401


async def test_a_book_in_which_nothing_moved_is_an_empty_text_that_checks(api, tx, keys, tmp_path):
    own = await an_organisation(tx, keys=keys)
    text = (await api.get(f"/v1/ledger/books/{steps.book_of_unit(own.actor.org)}/journal", key=own.key)).text
    assert checked(tmp_path, text) == {}


async def test_whatever_moved_in_a_long_book_the_checker_comes_to_the_same(tx, keys, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "EXPORTED_AT_ONCE", 64)
    book, draw = steps.book_of_unit(new_id()), Random(20261124)
    async with tx.begin() as db:
        names = (Purpose.BANK, Purpose.PAYABLE, Purpose.EXPENSE, Purpose.RECEIVABLE)
        accounts = [await steps.account(db, book=book, purpose=purpose) for purpose in names]
        moves = [
            steps.Posting(*draw.sample(accounts, 2), draw.randrange(1, 10**13), a_reason(), "sample.moved")
            for _ in range(300)
        ]
        await steps.post_many(db, moves)
    market = await a_market(tx, keys)
    with await service.export_book(tx, market["finance"].actor, book) as aside:
        text = aside.read().decode()
    assert text.count("sample.moved") == 300
    held = {UUID(name.rpartition(":")[2].lower()): -int(sum_ * 100) for name, sum_ in checked(tmp_path, text).items()}
    assert held == await kept(tx, book)


@pytest.mark.parametrize("book", ["other", "unit:", "market%00"])
async def test_a_book_that_cannot_be_is_refused(api, tx, keys, book):
    market = await a_market(tx, keys)
    answer = await api.get(f"/v1/ledger/books/{book}/journal", key=market["finance"].key)
    assert answer.status_code in (400, 422)
