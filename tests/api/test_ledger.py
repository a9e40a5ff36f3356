"""Accounts and transfers over HTTP."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

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


async def at(tx, escrow: UUID, moment: str) -> None:
    """As if what moved on this account till now had moved then."""
    async with tx.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(
            text(
                "UPDATE transfer SET at = cast(:moment as timestamptz)"
                " WHERE :escrow IN (debit_account, credit_account) AND at > '2026-06-01'"
            ),
            {"moment": datetime.fromisoformat(moment), "escrow": escrow},
        )


async def test_a_statement_of_account_goes_from_its_opening_to_its_closing_balance(api, tx, people, escrow):
    await at(tx, escrow, "2026-03-01T15:59:59.999999+00:00")  # the last moment of 1 March in Shanghai
    async with tx.begin() as db:
        bank = await steps.account(db, purpose=Purpose.BANK)
        await steps.post(db, debit=bank, credit=escrow, minor=700, why=a_reason(), code="sample.paid_in")
        for minor in (1, 2, 3):
            await steps.post(db, debit=escrow, credit=bank, minor=minor, why=a_reason(), code="sample.paid_out")
    await at(tx, escrow, "2026-03-01T16:00:00+00:00")  # the first of 2 March
    path = f"/v1/ledger/accounts/{escrow}/statement"
    seen, where = [], f"{path}?from=2026-03-02&to=2026-03-02&limit=3"
    while where:
        answer = await api.get(where, key=people["own"].key)
        said = answer.json()
        figures = [said[name]["amount"] for name in ("opening", "came_in", "went_out", "closing")]
        assert figures == ["599996.00", "7.00", "0.06", "600002.94"]
        seen += said["items"]
        where = answer.links.get("next", {}).get("url")
    assert [(line["amount"]["amount"], line["balance"]["amount"]) for line in seen] == [
        ("7.00", "600003.00"),
        ("-0.01", "600002.99"),
        ("-0.02", "600002.97"),
        ("-0.03", "600002.94"),
    ]
    before = (await api.get(f"{path}?from=2026-02-01&to=2026-03-01", key=people["own"].key)).json()
    assert (before["opening"]["amount"], before["closing"]["amount"], len(before["items"])) == ("0.00", "599996.00", 5)


async def test_a_statement_of_account_is_its_owners_and_its_days_come_in_order(api, people, escrow):
    path = f"/v1/ledger/accounts/{escrow}/statement"
    days = "?from=2026-03-02&to=2026-03-02"
    assert (await api.get(path + days, key=people["stranger"].key)).json()["code"] == "not_found"
    assert (await api.get(path + days, key=people["market"].key)).status_code == 200
    assert (await api.get(path + days)).status_code == 401
    wrong = await api.get(f"{path}?from=2026-03-03&to=2026-03-02", key=people["own"].key)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "ledger.period_reversed")
    for query in ("?from=2026-03-02", "?from=2026-02-30&to=2026-03-02", f"{days}&cursor=WyJ4IiwxXQ"):
        assert (await api.get(path + query, key=people["own"].key)).status_code == 422
    far = await api.get(f"{path}?from=0001-01-01&to=9999-12-31", key=people["own"].key)
    assert far.status_code < 500
