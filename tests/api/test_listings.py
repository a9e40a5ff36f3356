"""Offers and demands over HTTP."""

from __future__ import annotations

from uuid import uuid4

from httpx import ASGITransport, AsyncClient

from techmarket.api.observe import REQUESTS
from techmarket.app import create_app
from techmarket.db.session import count_statements
from tests.client import Api
from tests.identity.make import a_market, an_organisation
from tests.listings.make import an_offer

OFFER = {
    "kind": "OFFER",
    "terms": {
        "title_zh": "示例供给",
        "summary_zh": "示例数据 / sample data",
        "mode": "LICENCE",
        "licence_kind": "ORDINARY",
        "scope": {"territory": "CN-33", "field": "C35", "term_years": 6},
        "price_form": "MIXED",
        "price": {"amount": "500000.00", "currency": "CNY"},
        "royalty_rate": "0.03",
        "royalty_base": "net_sales",
        "contact": "sample desk",
        "technical_details": "示例细节",
    },
    "tiers": {"price": "NDA"},
    "expires_on": "2100-12-31",
}
DEMAND = {
    "kind": "DEMAND",
    "terms": {
        "title_en": "Sample demand",
        "problem_en": "Trays warp. 示例数据 / sample data",
        "indicators": [{"name": "flatness", "requirement": "<= 1.0 mm"}],
        "budget": {"amount": "800000.00", "currency": "CNY"},
        "deadline": "2100-06-30",
    },
}
ACHIEVEMENT = {"title_zh": "示例成果", "abstract_zh": "示例数据 / sample data"}


async def an_achievement(api, key):
    made = (await api.post("/v1/achievements", json=ACHIEVEMENT, key=key)).json()["id"]
    assert (await api.post(f"/v1/achievements/{made}/record", key=key)).status_code == 200
    return made


async def test_an_offer_is_drafted_submitted_reviewed_and_read_by_each_at_his_tier(tx, keys, api):
    market, seller = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    buyer = await an_organisation(tx, keys=keys)
    made = await an_achievement(api, seller.key)
    answer = await api.post("/v1/listings", json=OFFER | {"achievement_ids": [made]}, key=seller.key)
    assert (answer.status_code, answer.json()["state"]) == (201, "DRAFT")
    address = f"/v1/listings/{answer.json()['id']}"
    assert (await api.get(address)).status_code == 404
    for _ in range(2):
        assert (await api.post(f"{address}/submission", key=seller.key)).json()["state"] == "SUBMITTED"
    refused = await api.post(f"{address}/acceptance", key=seller.key, json={"sha256": "0" * 64})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    accepted = await api.accept(address.removeprefix("/v1/listings/"), key=market["operator"].key)
    assert (accepted.status_code, accepted.json()["state"]) == (200, "PUBLISHED")
    public = (await api.get(address)).json()
    assert (public["reach"], public["dossier"]) == ("PUBLIC", None)
    assert not {"price", "contact", "technical_details"} & public["terms"].keys()
    assert public["terms"]["scope"] == OFFER["terms"]["scope"]
    assert (await api.get(address, key=buyer.key)).json()["terms"]["contact"] == "sample desk"
    own = (await api.get(address, key=seller.key)).json()
    assert own["terms"] == OFFER["terms"]
    assert own["dossier"]["tiers"] == {"price": "NDA"}


async def test_terms_are_replaced_with_the_etag_that_was_read_and_hidden_edits_do_not_show(tx, keys, api):
    market, seller = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    made = await an_achievement(api, seller.key)
    body = OFFER | {"achievement_ids": [made]}
    address = f"/v1/listings/{(await api.post('/v1/listings', json=body, key=seller.key)).json()['id']}"
    await api.post(f"{address}/submission", key=seller.key)
    await api.accept(address.removeprefix("/v1/listings/"), key=market["operator"].key)
    before = await api.get(address)
    own = await api.get(address, key=seller.key)
    hidden = body | {"terms": OFFER["terms"] | {"technical_details": "另一细节"}}
    assert (await api.put(f"{address}/terms", json=hidden, key=seller.key)).status_code == 428
    wrong = await api.put(f"{address}/terms", json=hidden, key=seller.key, headers={"If-Match": '"x"'})
    assert (wrong.status_code, wrong.json()["code"]) == (412, "listings.changed")
    done = await api.put(f"{address}/terms", json=hidden, key=seller.key, headers={"If-Match": own.headers["ETag"]})
    assert (done.status_code, done.json()["dossier"]["n"], done.json()["state"]) == (200, 2, "PUBLISHED")
    after = await api.get(address)
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
    stale = await api.put(f"{address}/terms", json=hidden, key=seller.key, headers={"If-Match": own.headers["ETag"]})
    assert stale.status_code == 412


async def test_a_retried_creation_makes_one_listing(tx, keys, api):
    buyer = await an_organisation(tx, keys=keys)
    first = await api.post("/v1/listings", json=DEMAND, key=buyer.key, once="once")
    second = await api.post("/v1/listings", json=DEMAND, key=buyer.key, once="once")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len((await api.get("/v1/listings?mine=true", key=buyer.key)).json()["items"]) == 1


async def test_piles_are_reviewed_and_pages_neither_skip_nor_repeat(tx, keys, api):
    market, buyer = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    ids = [(await api.post("/v1/listings", json=DEMAND, key=buyer.key)).json()["id"] for _ in range(5)]
    for one in ids:
        await api.post(f"/v1/listings/{one}/submission", key=buyer.key)
    read = await api.read(ids, key=market["operator"].key)
    pile = {"listing_ids": [*ids, str(uuid4())], "read": read}
    answer = await api.post("/v1/listing-reviews", json=pile, key=market["operator"].key)
    assert [o["outcome"] for o in answer.json()["outcomes"]] == ["accepted"] * 5 + ["refused"]
    seen, address = [], "/v1/listings?kind=DEMAND&limit=2"
    while address:
        page = await api.get(address)
        seen += [item["id"] for item in page.json()["items"]]
        address = page.links.get("next", {}).get("url")
    assert seen == ids[::-1]
    blank = {"listing_ids": ids, "decision": "RETURN", "read": read}
    refused = await api.post("/v1/listing-reviews", json=blank, key=market["operator"].key)
    assert (refused.status_code, refused.json()["code"]) == (422, "listings.reason_missing")
    taken = await api.post(
        f"/v1/listings/{ids[0]}/return", json={"reason": "x", "sha256": read[ids[0]]}, key=market["operator"].key
    )
    assert taken.json()["dossier"]["returned_because"] == "x"
    assert (await api.get(f"/v1/listings/{ids[0]}")).status_code == 404
    gone = await api.post(f"/v1/listings/{ids[1]}/withdrawal", key=buyer.key)
    assert gone.json()["state"] == "WITHDRAWN"
    renewed = await api.post(f"/v1/listings/{ids[2]}/renewal", json={"expires_on": "2100-01-01"}, key=buyer.key)
    assert renewed.json()["expires_on"] == "2100-01-01"


async def test_bad_input_is_told_its_place_and_changes_nothing(tx, keys, api):
    seller = await an_organisation(tx, keys=keys)
    terms = OFFER["terms"]
    for change in (
        {"terms": terms | {"price": {"amount": "1.5", "currency": "CNY"}}},
        {"terms": terms | {"price": {"amount": "0.00", "currency": "CNY"}}},
        {"terms": terms | {"title_zh": "a\u202eb"}},
        {"terms": terms | {"problem_zh": "x"}},
        {"terms": terms | {"scope": {"territory": "cn"}}},
        {"terms": terms | {"royalty_rate": "1.01"}},
        {"terms": terms | {"title_zh": "x" * 501}},
        {"kind": "GIFT"},
        {"tiers": {"price": "PUBLICITY"}},
        {"expires_on": "2026-02-30"},
        {"achievement_ids": ["x"]},
    ):
        answer = await api.post("/v1/listings", json=OFFER | change, key=seller.key)
        assert answer.status_code == 422, change
        assert answer.json()["errors"][0]["pointer"].startswith("/body"), answer.json()
    lowered = await api.post("/v1/listings", json=OFFER | {"tiers": {"technical_details": "PUBLIC"}}, key=seller.key)
    assert (lowered.json()["code"], lowered.json()["pointer"]) == (
        "listings.tier_lowered",
        "/body/tiers/technical_details",
    )
    assert (await api.get("/v1/listings?mine=true", key=seller.key)).json()["items"] == []


async def test_the_queue_of_the_reviewer_and_the_second_phase_of_publishing(tx, keys, api):
    market = await a_market(tx, keys)
    unit = await an_organisation(tx, keys=keys)
    body = DEMAND | {"hold": True, "publish_at": "2100-01-01T00:00:00Z"}
    made = (await api.post("/v1/listings", json=body, key=unit.key)).json()
    assert (made["dossier"]["is_held"], made["dossier"]["publish_at"]) == (True, "2100-01-01T00:00:00Z")
    await api.post(f"/v1/listings/{made['id']}/submission", key=unit.key)
    operator = market["operator"].key
    (line,) = (await api.get("/v1/listing-reviews?kind=DEMAND", key=operator)).json()["items"]
    assert (line["listing"]["id"], line["returned_times"]) == (made["id"], 0)
    assert line["changed"] == ["budget", "deadline", "indicators", "problem_en", "title_en"]
    refused = await api.get("/v1/listing-reviews", key=unit.key)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    back = {"reason": "请补充指标", "reasons": ["INCOMPLETE"]}
    back |= {"sha256": line["listing"]["dossier"]["sha256"]}
    assert (await api.post(f"/v1/listings/{made['id']}/return", json=back, key=operator)).status_code == 200
    await api.post(f"/v1/listings/{made['id']}/submission", key=unit.key)
    accepted = (await api.accept(made["id"], key=operator)).json()
    assert accepted["state"] == "ACCEPTED"
    assert (await api.get(f"/v1/listings/{made['id']}")).status_code == 404
    public = await api.post(f"/v1/listings/{made['id']}/publication", key=unit.key)
    assert (public.status_code, public.json()["state"]) == (200, "PUBLISHED")
    reviews = (await api.get(f"/v1/listings/{made['id']}/reviews", key=unit.key)).json()["items"]
    assert [(one["decision"], one["reasons"]) for one in reviews] == [("ACCEPTED", []), ("RETURNED", ["INCOMPLETE"])]
    versions = (await api.get(f"/v1/listings/{made['id']}/versions", key=unit.key)).json()["items"]
    assert [one["n"] for one in versions] == [1]
    act = {"action": "RENEW", "listing_ids": [made["id"]], "expires_on": "2100-12-31"}
    done = (await api.post("/v1/listing-actions", json=act, key=unit.key)).json()
    assert done["outcomes"] == [{"listing_id": made["id"], "outcome": "renewed", "code": None, "detail": None}]


async def test_a_scenario_list_is_made_published_changed_with_its_etag_and_closed(tx, keys, api):
    market = await a_market(tx, keys)
    unit = await an_organisation(tx, keys=keys)
    operator = market["operator"].key
    demand = (await api.post("/v1/listings", json=DEMAND, key=unit.key)).json()["id"]
    await api.post(f"/v1/listings/{demand}/submission", key=unit.key)
    await api.accept(demand, key=operator)
    body = {"title_zh": "示例场景清单", "region": "330127", "open_until": "2100-12-31", "listing_ids": [demand]}
    made = await api.post("/v1/scenario-lists", json=body, key=unit.key)
    assert made.status_code == 201, made.text
    path = f"/v1/scenario-lists/{made.json()['id']}"
    assert (await api.get(path)).status_code == 404
    unread = await api.post(f"{path}/publication", key=operator)
    assert (unread.status_code, unread.json()["code"]) == (428, "precondition.if_match_missing")
    read = {"If-Match": (await api.get(path, key=operator)).headers["ETag"]}
    assert (await api.post(f"{path}/publication", key=operator, headers=read)).json()["is_open"] is True
    shown = await api.get(path)
    assert [one["id"] for one in shown.json()["demands"]] == [demand]
    assert [one["id"] for one in (await api.get("/v1/scenario-lists")).json()["items"]] == [made.json()["id"]]
    tag = (await api.get(path, key=unit.key)).headers["ETag"]
    for matched, wanted in (('"stale"', 412), (tag, 200)):
        answer = await api.put(path, json=body | {"title_en": "Sample"}, key=unit.key, headers={"If-Match": matched})
        assert answer.status_code == wanted, answer.text
    assert (await api.post(f"{path}/closing", key=unit.key)).json()["state"] == "CLOSED"
    read = {"If-Match": (await api.get(path, key=operator)).headers["ETag"]}
    again = await api.post(f"{path}/publication", key=operator, headers=read)
    assert (again.status_code, again.json()["code"]) == (409, "lifecycle.not_in_this_state")


def told(answer):
    """What an answer says besides its id and hour; of a problem all but the request's own."""
    mine = ("x-request-id", "date", "content-length")
    headers = {name: value for name, value in answer.headers.items() if name not in mine}
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in ("request_id", "instance")}
    return answer.status_code, headers, body


async def test_a_public_read_by_the_short_way_is_answered_as_by_the_long_one(tx, keys, api):
    market, seller = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    made = await an_achievement(api, seller.key)
    listed = []
    for one in (OFFER | {"achievement_ids": [made]}, DEMAND, DEMAND):
        address = "/v1/listings/" + (await api.post("/v1/listings", json=one, key=seller.key)).json()["id"]
        assert (await api.get(address)).status_code == 404
        await api.post(f"{address}/submission", key=seller.key)
        assert (await api.accept(address.removeprefix("/v1/listings/"), key=market["operator"].key)).status_code == 200
        listed.append(address)
    draft = "/v1/listings/" + (await api.post("/v1/listings", json=DEMAND, key=seller.key)).json()["id"]
    asked = [*listed, draft, f"/v1/listings/{uuid4()}", "/v1/listings/x", "/v1/listings/" + listed[0][13:].upper()]
    for short in asked:
        assert told(await api.get(short)) == told(await api.get(f"{short}?way=long")), short
    cursor = (await api.get("/v1/listings?limit=1")).json()["next_cursor"]
    queries = ["limit=20", "limit=2", f"limit=1&cursor={cursor}", "kind=DEMAND&limit=1", "kind=OFFER", "cursor=x"]
    for query in queries:
        (status, headers, body), (long_status, long_headers, long_body) = [
            told(await api.get(f"/v1/listings?{query}{more}")) for more in ("", "&way=long")
        ]
        assert (status, body) == (long_status, long_body), query
        assert {**headers, "etag": ""} == {**long_headers, "etag": ""}, query
    assert [f"/v1/listings/{one['id']}" for one in (await api.get("/v1/listings")).json()["items"]] == listed[::-1]
    for path in (listed[0], "/v1/listings?limit=2"):
        tag = (await api.get(path)).headers["etag"]
        known = await api.get(path, headers={"If-None-Match": tag})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
        assert (await api.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
    mine = await api.get(draft, key=seller.key)
    assert (mine.status_code, mine.headers["cache-control"]) == (200, "no-store")
    assert (await api.get(listed[0], key="tmk_wrong_key")).status_code == 401


async def test_a_public_read_is_one_statement_and_counted_like_any_other(tx, keys, means, api):
    market, seller = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    offer = await an_offer(tx, seller.actor, market["operator"].actor)
    seen = REQUESTS.labels("GET", "/v1/listings/{listing_id}", "2xx")
    before, began = seen._value.get(), count_statements(tx.engine)
    assert (await api.get(f"/v1/listings/{offer.id}")).status_code == 200
    assert seen._value.get() == before + 1
    assert began == []  # not even a transaction: the driver's own statement
    limited = Api(AsyncClient(transport=ASGITransport(create_app(means, quotas={"open": 1})), base_url="http://t"))
    first, second = [await limited.get("/v1/listings?limit=1") for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 429)
    await limited.http.aclose()
