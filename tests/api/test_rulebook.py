"""Rules and work days over HTTP."""

from __future__ import annotations

import pytest

from techmarket.identity.actor import Role
from tests.identity.make import a_market, a_member, an_organisation

REWARD_FLOORS = 36

NEW = {
    "key": "tariff.exchange_fee",
    "scope": "market",
    "binding": "default",
    "base": "receipts",
    "value": "0.02",
    "unit": "ratio",
    "source": "SAMPLE tariff",
    "evidence": "sample",
    "effective_from": "2100-01-01",
}


async def test_anyone_reads_the_rules_page_by_page(api):
    seen, path = [], "/v1/rules?key=reward.floor&limit=30"
    while path:
        answer = await api.get(path)
        assert answer.status_code == 200
        seen += answer.json()["items"]
        path = answer.links.get("next", {}).get("url")
    assert len(seen) == len({row["id"] for row in seen}) == REWARD_FLOORS
    assert {row["key"] for row in seen} == {"reward.floor"}
    one = await api.get(f"/v1/rules/{seen[0]['id']}")
    assert one.json() == seen[0]


async def test_a_reader_asks_for_a_place_and_a_day(api):
    answer = await api.get("/v1/rules?key=reward.floor&jurisdiction=CN-33&on=2026-03-02&limit=100")
    found = {row["mode"]: row["value"] for row in answer.json()["items"]}
    assert found["transfer"] == "0.70"
    none = await api.get("/v1/rules?key=reward.floor&jurisdiction=CN-33&on=2010-01-01")
    assert none.json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/rules?key=No%20Key", 422, "request.invalid"),
        ("/v1/rules?jurisdiction=CN-3", 422, "request.invalid"),
        ("/v1/rules?on=2026-02-30", 422, "request.invalid"),
        ("/v1/rules?cursor=abc", 422, "paging.bad_cursor"),
        ("/v1/rules?cursor=WyJhIiwiYiJd", 422, "paging.bad_cursor"),
        ("/v1/rules/018f0000-0000-7000-8000-000000000001", 404, "not_found"),
    ],
)
async def test_a_wrong_question_is_refused_by_name(api, path, status, code):
    answer = await api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_operator_adds_a_row_once_and_a_retry_hears_the_same(api, tx, keys):
    operator = (await a_market(tx, keys))["operator"]
    colleague = await a_member(tx, operator.actor, Role.OPERATOR, keys=keys)
    proposed = await api.post("/v1/rules", key=operator.key, json=NEW)
    assert (proposed.status_code, proposed.json()["state"], proposed.json()["row"]["value"]) == (202, "WAITING", "0.02")
    mine = await api.post("/v1/rules", key=operator.key, json=NEW)
    assert (mine.status_code, mine.json()["code"]) == (403, "rulebook.second_operator_needed")
    first = await api.post("/v1/rules", key=colleague.key, once="one", json=NEW)
    again = await api.post("/v1/rules", key=colleague.key, once="one", json=NEW)
    other = await api.post("/v1/rules", key=colleague.key, once="two", json=NEW)
    listed = (await api.get("/v1/rule-proposals?state=CONFIRMED", key=operator.key)).json()["items"]
    assert [one["id"] for one in listed] == [proposed.json()["id"]]
    sent_back = await api.post("/v1/rules", key=operator.key, json=NEW | {"effective_from": "2101-01-01"})
    path = f"/v1/rule-proposals/{sent_back.json()['id']}/refusal"
    assert (await api.post(path, key=colleague.key, json={"reasons": "Sample"})).json()["state"] == "REFUSED"
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (409, "rulebook.rules_overlap")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"value": "2"}, 422, "rulebook.value_malformed"),
        ({"key": "tariff.unheard_of"}, 422, "rulebook.unknown_key"),
        ({"binding": "mandatory"}, 422, "rulebook.not_enforceable"),
        ({"effective_from": "2020-06-01"}, 409, "rulebook.successor_in_the_past"),
        ({"scope": "unit:" + "-" * 36}, 422, "rulebook.scope_malformed"),
        ({"extra": 1}, 422, "request.invalid"),
    ],
)
async def test_a_wrong_row_is_refused(api, tx, keys, change, status, code):
    operator = (await a_market(tx, keys))["operator"]
    answer = await api.post("/v1/rules", key=operator.key, json=NEW | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_work_days_are_entered_by_the_operator_only(api, tx, keys):
    operator = (await a_market(tx, keys))["operator"]
    unit = await an_organisation(tx, keys=keys)
    body = {"days": [{"day": "2098-01-01", "is_working": False}], "source": "sample", "declares_year": 2098}
    assert (await api.post("/v1/work-days", json=body)).status_code == 401
    assert (await api.post("/v1/work-days", key=unit.key, json=body)).status_code == 403
    answer = await api.post("/v1/work-days", key=operator.key, json=body)
    assert (answer.status_code, answer.json()) == (201, {"entered": 1})
