"""Contracts over HTTP: drafted, signed, reported and registered with keys of people."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from tests.achievements.make import an_achievement_id
from tests.contracts.make import in_force
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_sandbox, move_to

START = datetime(2026, 4, 20, 2, 0, tzinfo=UTC)


def terms(buyer, achievement_id, **changes):
    body = {
        "buyer_id": str(buyer.actor.org),
        "achievement_ids": [str(achievement_id)],
        "licence_kind": "ORDINARY",
        "scope": {"territory": "CN", "term_years": 6},
        "entry_fee": {"amount": "600000.00", "currency": "CNY"},
        "royalty": {"rate": "0.03", "base": "net_sales", "due_days": 30},
    }
    return body | changes


async def test_a_licence_goes_from_draft_to_force_over_http(tx, keys, api):
    await a_sandbox(tx, START)
    seller, buyer = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    achievement_id = await an_achievement_id(tx, seller.actor)
    drafted = await api.post("/v1/direct-contracts", key=seller.key, json=terms(buyer, achievement_id))
    assert drafted.status_code == 201, drafted.text
    contract = drafted.json()
    assert (contract["number"], contract["state"]) == ("HT-2026-000001", "DRAFT")
    assert contract["plan"][0]["amount"] == {"amount": "600000.00", "currency": "CNY"}
    assert contract["plan"][1]["rate"] == "0.03"
    path = f"/v1/contracts/{contract['id']}"
    hidden = await api.get(f"{path}/document", key=buyer.key)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    document = (await api.get(f"{path}/document", key=seller.key)).json()
    signed = {"document_sha256": document["sha256"]}
    opened = await api.post(f"{path}/signing", key=seller.key, json=signed)
    assert (opened.status_code, opened.json()["state"]) == (200, "SIGNING")
    early = await api.post(f"{path}/signatures", key=buyer.key, json=signed)
    assert (early.status_code, early.json()["code"]) == (409, "signing.not_your_turn")
    assert (await api.post(f"{path}/signatures", key=seller.key, json=signed)).status_code == 201
    last = await api.post(f"{path}/signatures", key=buyer.key, json=signed, once="the-last")
    assert (last.status_code, last.json()["state"], last.json()["term_until"]) == (201, "IN_FORCE", "2032-04-20")
    again = await api.post(f"{path}/signatures", key=buyer.key, json=signed, once="the-last")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    listed = (await api.get("/v1/contracts", key=buyer.key)).json()
    assert [one["number"] for one in listed["items"]] == ["HT-2026-000001"]


async def test_a_stranger_and_an_anonymous_reader_learn_nothing_of_a_contract(tx, keys, api):
    deal, stranger = await in_force(tx, keys), await an_organisation(tx, keys=keys)
    for path in (f"/v1/contracts/{deal.id}", f"/v1/contracts/{deal.id}/document", f"/v1/contracts/{uuid4()}"):
        hidden = await api.get(path, key=stranger.key)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
        nobody = await api.get(path)
        assert (nobody.status_code, nobody.json()["code"]) == (401, "identity.sign_in_needed")
    assert (await api.get("/v1/contracts", key=stranger.key)).json()["items"] == []


async def test_wrong_terms_are_refused_by_name(tx, keys, api):
    seller, buyer = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    achievement_id = await an_achievement_id(tx, seller.actor)
    cases = [
        ({"entry_fee": None, "royalty": None}, 422, "contracts.nothing_to_pay"),
        ({"entry_fee": {"amount": "-1.00", "currency": "CNY"}}, 422, "request.invalid"),
        ({"entry_fee": {"amount": 600000, "currency": "CNY"}}, 422, "request.invalid"),
        ({"royalty": {"rate": "1.1", "base": "net_sales", "due_days": 30}}, 422, "request.invalid"),
        ({"licence_kind": "WHATEVER"}, 422, "request.invalid"),
        ({"achievement_ids": []}, 422, "contracts.achievements_unfit"),
        ({"achievement_ids": [str(uuid4())]}, 422, "achievements.not_the_sellers"),
        ({"buyer_id": str(uuid4())}, 404, "not_found"),
        ({"buyer_id": str(seller.actor.org)}, 422, "contracts.same_party"),
        ({"surprise": 1}, 422, "request.invalid"),
    ]
    for changes, status, code in cases:
        answer = await api.post("/v1/direct-contracts", key=seller.key, json=terms(buyer, achievement_id, **changes))
        assert (answer.status_code, answer.json()["code"]) == (status, code), changes
    unknown = await api.post("/v1/contracts", key=seller.key, json={"award_id": str(uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (await api.get("/v1/contracts", key=seller.key)).json()["items"] == []


async def test_a_royalty_is_reported_over_http_to_the_cent(tx, keys, api):
    await a_sandbox(tx, START)
    deal = await in_force(tx, keys)
    await move_to(tx, datetime(2027, 1, 10, tzinfo=UTC))
    body = {
        "period_from": "2026-04-20",
        "period_to": "2026-12-31",
        "base": {"amount": "18456789.12", "currency": "CNY"},
    }
    path = f"/v1/contracts/{deal.id}/royalty-reports"
    report = await api.post(path, key=deal.buyer.key, json=body)
    assert report.status_code == 201, report.text
    assert report.json()["royalty"] == {"amount": "553703.67", "currency": "CNY"}
    again = await api.post(path, key=deal.buyer.key, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "contracts.period_reported")


async def test_a_contract_is_filed_registered_and_revoked_over_http(tx, keys, api):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    filed = await api.post(
        f"/v1/contracts/{deal.id}/registrations",
        key=deal.seller.key,
        json={
            "contract_class": "LICENCE",
            "whole_amount": {"amount": "600000.00", "currency": "CNY"},
            "technology_amount": {"amount": "600000.00", "currency": "CNY"},
        },
    )
    assert (filed.status_code, filed.json()["state"]) == (201, "FILED"), filed.text
    path = f"/v1/registrations/{filed.json()['id']}"
    party = await api.post(f"{path}/decision", key=deal.seller.key, json={"number": "26330106000123"})
    assert (party.status_code, party.json()["code"]) == (403, "not_allowed")
    decided = await api.post(f"{path}/decision", key=market["registrar"].key, json={"number": "26330106000123"})
    assert (decided.status_code, decided.json()["state"], decided.json()["warnings"]) == (200, "REGISTERED", [])
    assert {flag["tax"] for flag in decided.json()["reliefs"]} == {"VAT", "CIT", "IIT", "STAMP"}
    revoked = await api.post(f"{path}/revocation", key=market["registrar"].key, json={"reasons": "Sample: sham"})
    assert (revoked.status_code, revoked.json()["state"]) == (200, "REVOKED")
    whole = (await api.get(f"/v1/contracts/{deal.id}", key=deal.buyer.key)).json()
    assert whole["registration"]["state"] == "REVOKED"


async def test_disputes_and_ends_are_put_on_record_over_http(tx, keys, api):
    market, deal = await a_market(tx, keys), await in_force(tx, keys)
    path = f"/v1/contracts/{deal.id}"
    assert (await api.post(f"{path}/dispute", key=deal.buyer.key, json={"reasons": "Sample"})).json()["state"] == (
        "DISPUTED"
    )
    assert (await api.post(f"{path}/settlement", key=market["operator"].key)).json()["state"] == "IN_FORCE"
    early = await api.post(f"{path}/performance", key=deal.seller.key)
    assert (early.status_code, early.json()["code"]) == (409, "contracts.term_not_over")
    late = await api.post(f"{path}/cancellation", key=deal.seller.key)
    assert (late.status_code, late.json()["code"]) == (409, "lifecycle.not_in_this_state")
    ended = await api.post(f"{path}/termination", key=market["operator"].key, json={"reasons": "Sample"})
    assert ended.json()["state"] == "TERMINATED"
