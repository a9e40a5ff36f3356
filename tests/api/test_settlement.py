"""Dues, the bank's door and payouts over HTTP."""

from __future__ import annotations

import time

import pytest

from techmarket.cli.openapi import document
from techmarket.settlement import rules
from tests.identity.make import a_market, an_organisation
from tests.settlement.make import a_due, a_message, a_paid_due, from_the_bank


@pytest.fixture
async def people(tx, keys):
    market = await a_market(tx, keys)
    return {
        "finance": market["finance"],
        "payer": await an_organisation(tx, keys=keys),
        "payee": await an_organisation(tx, keys=keys),
        "stranger": await an_organisation(tx, keys=keys),
    }


async def knock(client, keys, raw: bytes, **headers: str):
    timestamp = headers.get("X-Bank-Timestamp", str(int(time.time())))
    wanted = {
        "Content-Type": "application/json",
        "X-Bank-Timestamp": timestamp,
        "X-Bank-Signature": rules.sign_message(keys.bank_secret, timestamp, raw),
    }
    return await client.post("/v1/bank/messages", content=raw, headers=wanted | headers)


async def test_the_bank_needs_no_key_but_its_signature_and_a_repeat_hears_the_same(client, api, tx, keys, people):
    due = await a_due(tx, payer=people["payer"].actor.org)
    raw = rules.write_message(await a_message(tx, due))
    first, again = await knock(client, keys, raw), await knock(client, keys, raw)
    assert (first.status_code, first.json()["outcome"]) == (200, "MATCHED")
    assert (again.status_code, again.json()) == (200, first.json())
    seen = (await api.get(f"/v1/dues/{due.id}", key=people["payer"].key)).json()
    assert (seen["state"], seen["outstanding"]["amount"]) == ("PAID", "0.00")


async def test_a_message_that_is_not_the_banks_is_refused_by_name(client, tx, keys, people):
    due = await a_due(tx, payer=people["payer"].actor.org)
    raw = rules.write_message(await a_message(tx, due))
    old = str(int(time.time()) - 301)
    for headers, status, code in (
        ({"X-Bank-Signature": "0" * 64}, 401, "settlement.bad_signature"),
        ({"X-Bank-Signature": ""}, 401, "settlement.bad_signature"),
        ({"X-Bank-Timestamp": old}, 401, "settlement.message_stale"),
        ({"X-Bank-Timestamp": "x" * 21}, 422, "request.invalid"),
    ):
        answer = await knock(client, keys, raw, **headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    missing = await client.post("/v1/bank/messages", content=raw, headers={"Content-Type": "application/json"})
    assert (missing.status_code, missing.json()["code"]) == (401, "settlement.bad_signature")
    wrong = await knock(client, keys, b"{}")
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["pointer"]) == (
        422,
        "settlement.message_malformed",
        "/body/message_id",
    )
    assert (await knock(client, keys, raw)).status_code == 200
    changed = await knock(client, keys, raw.replace(b"6222", b"6223"))
    assert (changed.status_code, changed.json()["code"]) == (409, "settlement.message_differs")


def test_the_document_says_that_the_bank_signs_and_is_not_keyed():
    described = document()
    door = described["paths"]["/v1/bank/messages"]["post"]
    assert door["security"] == [{"bankSignature": []}]
    assert [parameter["name"].lower() for parameter in door["parameters"]] == ["x-bank-timestamp"]
    assert described["components"]["securitySchemes"]["bankSignature"]["name"] == "X-Bank-Signature"
    assert described["paths"]["/v1/dues/{due_id}"]["get"]["security"] == [{"apiKey": []}, {"oauth2": []}]


async def test_finance_looks_at_unmatched_money_and_assigns_it(api, tx, keys, people):
    due = await a_due(tx, payer=people["payer"].actor.org)
    await from_the_bank(tx, keys, await a_message(tx, due, reference="no reference"))
    key = people["finance"].key
    [line] = (await api.get("/v1/bank/lines?state=UNMATCHED", key=key)).json()["items"]
    assert (line["outcome"], line["amount"]["amount"]) == ("UNKNOWN_REFERENCE", "150000.00")
    path = f"/v1/bank/lines/{line['id']}/assignment"
    body = {"due_id": str(due.id)}
    assert (await api.post(path, key=people["payer"].key, json=body)).status_code == 403
    done = await api.post(path, key=key, json=body)
    assert (done.status_code, done.json()["state"], done.json()["due_id"]) == (200, "MATCHED", str(due.id))
    twice = await api.post(path, key=key, json=body)
    assert (twice.status_code, twice.json()["code"]) == (409, "lifecycle.not_in_this_state")
    assert (await api.get("/v1/bank/lines", key=people["payer"].key)).status_code == 403


async def test_unmatched_money_can_be_sent_back(api, tx, keys, people):
    due = await a_due(tx, payer=people["payer"].actor.org)
    line = await from_the_bank(tx, keys, await a_message(tx, due, reference="?"))
    answer = await api.post(f"/v1/bank/lines/{line.id}/return", key=people["finance"].key)
    assert (answer.status_code, answer.json()["state"]) == (200, "RETURNED")


async def test_a_due_is_listed_for_its_parties_and_not_found_by_others(api, tx, people):
    due = await a_due(tx, payer=people["payer"].actor.org, payee=people["payee"].actor.org)
    for who in ("payer", "payee", "finance"):
        items = (await api.get(f"/v1/dues?subject={due.subject}&state=OPEN", key=people[who].key)).json()["items"]
        assert [(row["id"], row["purpose"]) for row in items] == [(str(due.id), "PRICE")]
    stranger = await api.get(f"/v1/dues/{due.id}", key=people["stranger"].key)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    assert (await api.get(f"/v1/dues/{due.id}")).status_code == 401
    assert (await api.get("/v1/dues?subject=nonsense", key=people["payer"].key)).status_code == 422


async def test_a_paid_due_is_released_once_and_the_bank_confirms_the_payout(api, tx, keys, people):
    due = await a_paid_due(tx, keys, payer=people["payer"].actor.org, payee=people["payee"].actor.org, minor=60_000_000)
    path, key = f"/v1/dues/{due.id}/release", people["finance"].key
    assert (await api.post(path, key=people["payee"].key)).status_code == 403
    first = await api.post(path, key=key, once="release")
    assert (first.status_code, first.json()["fee"]) == (200, {"amount": "9000.00", "currency": "CNY"})
    assert (await api.post(path, key=key, once="release")).json() == first.json()
    other = await api.post(path, key=key)
    assert (other.status_code, other.json()["code"]) == (409, "settlement.released_already")

    [payout] = (await api.get("/v1/payouts", key=people["payee"].key)).json()["items"]
    assert (payout["amount"]["amount"], payout["state"]) == ("591000.00", "INSTRUCTED")
    assert (await api.get("/v1/payouts", key=people["payer"].key)).json()["items"] == []
    assert (await api.post(f"/v1/payouts/{payout['id']}/sending", key=key)).json()["state"] == "SENT"
    answer = {"outcome": "CONFIRMED", "bank_reference": "B-1"}
    done = await api.post(f"/v1/payouts/{payout['id']}/confirmation", key=key, json=answer)
    assert (done.status_code, done.json()["state"], done.json()["bank_reference"]) == (200, "CONFIRMED", "B-1")
    late = await api.post(f"/v1/payouts/{payout['id']}/confirmation", key=key, json=answer | {"outcome": "FAILED"})
    assert (late.status_code, late.json()["code"]) == (409, "lifecycle.not_in_this_state")
    renewed = await api.post(f"/v1/payouts/{payout['id']}/renewal", key=key)
    assert (renewed.status_code, renewed.json()["code"]) == (409, "settlement.nothing_to_renew")


async def test_an_open_due_is_not_released(api, tx, people):
    due = await a_due(tx, payer=people["payer"].actor.org, payee=people["payee"].actor.org)
    answer = await api.post(f"/v1/dues/{due.id}/release", key=people["finance"].key)
    assert (answer.status_code, answer.json()["code"]) == (409, "settlement.not_paid_yet")
