"""Achievements over HTTP."""

from __future__ import annotations

from tests.api.test_evidence import PDF
from tests.identity.make import a_market, an_organisation

BODY = {
    "title_zh": "示例成果",
    "abstract_zh": "示例数据 / sample data",
    "technology_field": "03",
    "industry": "C35",
    "ipc": ["B23K 26/04"],
    "rights": [{"kind": "INVENTION_PATENT", "number": "ZL202310123456.6"}],
}


async def test_an_achievement_is_created_recorded_read_and_changed(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    made = await api.post("/v1/achievements", json=BODY, key=unit.key)
    assert made.status_code == 201
    body = made.json()
    assert (body["state"], body["rights"][0]["number"]) == ("DRAFT", "202310123456.6")
    assert [(o["organisation_id"], o["share"]) for o in body["owners"]] == [(str(unit.actor.org), "1.00000000")]
    address = f"/v1/achievements/{body['id']}"
    recorded = await api.post(f"{address}/record", key=unit.key)
    assert (recorded.status_code, recorded.json()["state"]) == (200, "RECORDED")
    read = await api.get(address, key=unit.key)
    assert read.headers["ETag"] == recorded.headers["ETag"]
    changed = await api.patch(address, json={"trl": 6}, key=unit.key, headers={"If-Match": read.headers["ETag"]})
    assert (changed.status_code, changed.json()["trl"], changed.json()["title_zh"]) == (200, 6, "示例成果")
    stale = await api.patch(address, json={"trl": 7}, key=unit.key, headers={"If-Match": read.headers["ETag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "achievements.changed")
    blind = await api.patch(address, json={"trl": 7}, key=unit.key)
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition.if_match_missing")
    assert (await api.get(address, key=unit.key)).json()["trl"] == 6


async def test_bad_numbers_and_shares_are_refused_with_the_place(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    wrong = BODY | {"rights": [{"kind": "INVENTION_PATENT", "number": "202310123456.5"}]}
    answer = await api.post("/v1/achievements", json=wrong, key=unit.key)
    assert (answer.status_code, answer.json()["code"]) == (422, "achievements.patent_check_digit_wrong")
    assert answer.json()["pointer"] == "/body/rights/0/number"
    owners = [{"organisation_id": str(unit.actor.org), "share": "0.99"}]
    answer = await api.post("/v1/achievements", json=BODY | {"owners": owners}, key=unit.key)
    assert (answer.status_code, answer.json()["code"]) == (422, "achievements.shares_do_not_sum")
    for change in ({"trl": 10}, {"technology_field": "12"}, {"title_zh": "a\x00b"}, {"ipc": ["x"]}, {"nope": 1}):
        assert (await api.post("/v1/achievements", json=BODY | change, key=unit.key)).status_code in (400, 422)
    assert (await api.get("/v1/achievements", key=unit.key)).json()["items"] == []


async def test_pages_of_achievements_neither_skip_nor_repeat(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    made = [(await api.post("/v1/achievements", json=BODY, key=unit.key)).json()["id"] for _ in range(5)]
    seen, address = [], "/v1/achievements?limit=2"
    while address:
        answer = await api.get(address, key=unit.key)
        seen += [item["id"] for item in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url")
    assert seen == made[::-1]
    assert (await api.get("/v1/achievements?cursor=WyJ4Il0", key=unit.key)).status_code == 422
    assert (await api.get("/v1/achievements")).status_code == 401


async def test_dates_warnings_versions_and_confirmations_show(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    right = {"kind": "INVENTION_PATENT", "number": "ZL202310123456.6", "filed_on": "2023-03-01"}
    said = BODY | {"rights": [right], "trl": 7, "industry": "C99", "plan_source": "PROVINCE"}
    said |= {"completers": [str(unit.actor.person)]}
    body = (await api.post("/v1/achievements", json=said, key=unit.key)).json()
    address = f"/v1/achievements/{body['id']}"
    assert (body["rights"][0]["status"], body["rights"][0]["term_ends_on"]) == ("GRANTED", "2043-02-28")
    assert [(w["code"].removeprefix("achievements."), w["pointer"]) for w in body["warnings"]] == [
        ("industry_unknown", "/industry"),
        ("maturity_standard_missing", "/trl_standard"),
    ]
    confirmed = await api.post(f"{address}/confirmation", json={"completers": body["completers"]}, key=unit.key)
    assert confirmed.json()["confirmed_by"] == body["completers"]
    wrong = {"completers": [body["id"]]}
    refused = await api.post(f"{address}/confirmation", json=wrong, key=unit.key)
    assert (refused.status_code, refused.json()["code"]) == (409, "achievements.other_completers")
    nobody = await api.post(f"{address}/consents", json={"modes": ["TRANSFER"]}, key=unit.key)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "achievements.no_co_owners")
    versions = (await api.get(f"{address}/versions", key=unit.key)).json()["items"]
    assert [(v["n"], v["act"]) for v in versions] == [(1, "DRAFTED")]
    assert (await api.get("/v1/achievements?idle=true", key=unit.key)).json()["items"] == []


async def test_burdens_open_licences_and_evaluations_over_http(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    right = BODY["rights"][0] | {"fees_paid_until": "2199-01-01"}
    body = (await api.post("/v1/achievements", json=BODY | {"rights": [right]}, key=unit.key)).json()
    address, proof = f"/v1/achievements/{body['id']}", {"evidence_sha256": "a" * 64}
    pledge = {"kind": "PLEDGE", "holder": "Sample bank", "valid_from": "2024-01-01"}
    made = await api.post(f"{address}/encumbrances", json=pledge, key=unit.key)
    assert (made.status_code, [b["kind"] for b in made.json()["encumbrances"]]) == (201, ["PLEDGE"])
    fee = {"amount": "1000.00", "currency": "CNY"}
    said = {"number": "202310123456.6", "fee": fee, "way": "a year", "valid_until": "2030-01-01"}
    drafted = await api.post(f"{address}/open-licences", json=said, key=unit.key)
    assert (drafted.status_code, drafted.json()["code"]) == (409, "achievements.not_recorded")
    await api.post(f"{address}/record", key=unit.key)
    refused = await api.post(f"{address}/open-licences", json=said, key=unit.key)
    assert (refused.status_code, refused.json()["code"]) == (409, "achievements.pledged")
    burden = f"/v1/encumbrances/{made.json()['encumbrances'][0]['id']}"
    unkept = await api.post(f"{burden}/consent", json=proof, key=unit.key)
    assert (unkept.status_code, unkept.json()["code"]) == (422, "notices.evidence_missing")
    up = await api.post("/v1/evidence", key=unit.key, content=PDF, headers={"Content-Type": "application/pdf"})
    proof = {"evidence_sha256": up.json()["sha256"]}
    agreed = await api.post(f"{burden}/consent", json=proof, key=unit.key)
    assert agreed.json()["encumbrances"][0]["awaiting"] == ["CONSENT"]
    market, stranger = await a_market(tx, keys), await an_organisation(tx, keys=keys)

    async def confirmed() -> None:
        """The operator finds it in his queue, reads the file and confirms it."""
        (waiting,) = (await api.get("/v1/attestations?state=PENDING", key=market["operator"].key)).json()["items"]
        at = f"/v1/attestations/{waiting['id']}"
        assert (await api.get(f"{at}/evidence", key=market["operator"].key)).content == PDF
        for path in (at, f"{at}/evidence"):
            assert (await api.get(path, key=stranger.key)).status_code == 404
        own = await api.post(f"{at}/confirmation", key=unit.key)
        assert (own.status_code, own.json()["code"]) == (403, "not_allowed")
        done = await api.post(f"{at}/confirmation", key=market["operator"].key)
        assert (done.status_code, done.json()["state"]) == (200, "CONFIRMED")
        late = await api.post(f"{at}/refusal", json={"reasons": "Sample"}, key=market["operator"].key)
        assert (late.status_code, late.json()["code"]) == (409, "lifecycle.not_in_this_state")

    await confirmed()
    assert (await api.get(address, key=unit.key)).json()["encumbrances"][0]["holder_consents"] is True
    declared = await api.post(f"{address}/open-licences", json=said, key=unit.key)
    assert declared.json()["encumbrances"][1]["terms"]["fee"] == fee
    released = await api.post(f"{burden}/release", json=proof | {"released_on": "2024-06-01"}, key=unit.key)
    assert [b["awaiting"] for b in released.json()["encumbrances"]] == [["RELEASE"], []]
    await confirmed()
    kinds = [b["kind"] for b in (await api.get(address, key=unit.key)).json()["encumbrances"]]
    assert kinds == ["OPEN_LICENCE"]
    finding = {"value": "ECONOMIC", "score": "7", "most": "10"}
    said = {"evaluator": "Sample", "method": "panel", "evaluated_on": "2025-01-01", "findings": [finding], **proof}
    evaluation = await api.post(f"{address}/evaluations", json=said, key=unit.key)
    assert (evaluation.status_code, evaluation.json()["findings"][0]["score"]) == (201, "7")
    await api.post(f"/v1/evaluations/{evaluation.json()['id']}/withdrawal", key=unit.key)
    listed = (await api.get(f"{address}/evaluations", key=unit.key)).json()["items"]
    assert [one["state"] for one in listed] == ["WITHDRAWN"]
