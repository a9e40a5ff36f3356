"""Accounts and transfers over HTTP."""

from __future__ import annotations

from uuid import UUID

import pytest

from techmarket.identity.actor import Role
from techmarket.ledger import steps
from techmarket.ledger.steps import Purpose
from tests.identity.make import a_market, a_member, an_organisation
from tests.ledger.make import a_reason, an_escrow


@pytest.fixture
async def people(tx, keys):
    market = await a_market(tx, keys)
    return {
        "market": market["finance"],
        "operator": market["operator"],
        "own": await an_organisation(tx, keys=keys),
        "stranger": await an_organisation(tx, keys=keys),
    }


@pytest.fixture
async def escrow(tx, people) -> UUID:
    async with tx.begin() as db:
        escrow = await an_escrow(db, people["own"].actor.org, 60_000_000)
        bank = await steps.account(db, purpose=Purpose.BANK)
        for _ in range(4):
            await steps.post(db, debit=escrow, credit=bank, minor=100, why=a_reason(), code="sample.paid_out")
        await steps.hold(db, source=escrow, target=bank, minor=50, why=a_reason())
    return escrow


async def test_an_organisation_sees_its_own_accounts_and_the_markets_finance_sees_all(api, people, escrow):
    own = (await api.get("/v1/ledger/accounts", key=people["own"].key)).json()["items"]
    assert [row["id"] for row in own] == [str(escrow)]
    assert own[0]["balance"] == {"amount": "599996.00", "currency": "CNY"}
    assert own[0]["available"] == {"amount": "599995.50", "currency": "CNY"}
    assert (await api.get("/v1/ledger/accounts", key=people["stranger"].key)).json()["items"] == []
    everything = (await api.get("/v1/ledger/accounts?book=market", key=people["market"].key)).json()["items"]
    assert {row["purpose"] for row in everything} == {"BANK", "ESCROW"}
    bank = await api.get("/v1/ledger/accounts?purpose=BANK", key=people["own"].key)
    assert bank.json()["items"] == []


async def test_what_moved_is_listed_newest_first_page_by_page(api, people, escrow):
    path, seen = f"/v1/ledger/accounts/{escrow}/transfers?limit=2", []
    while path:
        answer = await api.get(path, key=people["own"].key)
        seen += answer.json()["items"]
        path = answer.links.get("next", {}).get("url")
    assert [row["amount"]["amount"] for row in seen] == ["-1.00"] * 4 + ["600000.00"]
    assert [row["seq"] for row in seen] == sorted((row["seq"] for row in seen), reverse=True)


async def test_an_account_of_another_is_not_found_and_the_wrong_role_is_told(api, tx, keys, people, escrow):
    stranger = await api.get(f"/v1/ledger/accounts/{escrow}/transfers", key=people["stranger"].key)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    trader = await a_member(tx, people["own"].actor, Role.TRADER, keys=keys)
    for path in ("/v1/ledger/accounts", f"/v1/ledger/accounts/{escrow}/transfers"):
        answer = await api.get(path, key=trader.key)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert (await api.get(path)).status_code == 401


async def test_the_market_recomputes_the_balance_and_others_may_not(api, people, escrow):
    answer = await api.get("/v1/ledger/balance-check", key=people["operator"].key)
    assert answer.json() == {
        "is_balanced": True,
        "books": [
            {
                "book": "market",
                "accounts": 2,
                "sum": {"amount": "0.00", "currency": "CNY"},
                "wrong_accounts": [],
                "is_balanced": True,
            }
        ],
    }
    assert (await api.get("/v1/ledger/balance-check", key=people["own"].key)).status_code == 403


@pytest.mark.parametrize("query", ["book=other", "purpose=GOLD", "cursor=WyJhIl0", "limit=0"])
async def test_a_wrong_question_is_refused(api, people, query):
    answer = await api.get(f"/v1/ledger/accounts?{query}", key=people["market"].key)
    assert answer.status_code == 422
