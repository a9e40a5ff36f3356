"""Judging matches, profiles, saved searches, alerts and blind matching over HTTP."""

from __future__ import annotations

import pytest

from techmarket.identity import service as identity
from techmarket.identity.actor import OrgKind
from techmarket.jobs.runner import sequence_once
from techmarket.matching import jobs
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, an_offer


@pytest.fixture
async def world(tx, keys, means, api):
    market = await a_market(tx, keys)
    seller = await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)
    buyer = await an_organisation(tx, keys=keys)
    demand = await a_demand(tx, buyer.actor, market["operator"].actor, title_en="laser weld")
    return {"operator": market["operator"], "seller": seller, "buyer": buyer, "demand": demand}


async def catch_up(means):
    while await sequence_once(means):
        pass
    await jobs.index(means)
    await jobs.alert(means)


async def test_a_match_is_judged_and_its_answer_read_and_replayed(api, tx, means, world):
    offer = await an_offer(tx, world["seller"].actor, world["operator"].actor, title_en="laser weld")
    await catch_up(means)
    path, key = f"/v1/listings/{world['demand'].id}", world["buyer"].key
    page = (await api.get(f"{path}/matches", key=key)).json()
    best = page["items"][0]
    assert (best["listing"]["id"], best["constraints"]["budget"]) == (str(offer.id), "MET")
    assert best["terms"][0].keys() == {"term", "times", "gave", "fields"}
    kept = (await api.get(f"/v1/match-answers/{page['answer']}", key=key)).json()
    assert (kept["is_same"], kept["results"][0]["id"], kept["inputs"]["words"]) == (True, str(offer.id), page["model"])
    assert (await api.get(f"/v1/match-answers/{page['answer']}", key=world["seller"].key)).status_code == 404
    said = {"verdict": "NOT_RELEVANT", "reason": "TOO_DEAR", "note": "示例 / sample"}
    put = await api.call("PUT", f"{path}/matches/{offer.id}/feedback", json=said, key=key)
    assert (put.status_code, put.json()["reason"]) == (200, "TOO_DEAR")
    listed = (await api.get(f"{path}/match-feedback", key=key)).json()
    assert [one["other_id"] for one in listed["items"]] == [str(offer.id)]
    stranger = await api.call("PUT", f"{path}/matches/{offer.id}/feedback", json=said, key=world["seller"].key)
    assert stranger.status_code == 403


async def test_a_person_says_what_he_is_good_at_and_is_found(api, tx, world):
    seller = world["seller"]
    await identity.grant_qualification(
        tx,
        world["operator"].actor,
        seller.actor.person,
        kind="TECHNOLOGY_MANAGER",
        level="JUNIOR",
        valid_until=None,
    )
    assert (await api.get("/v1/me/profile", key=seller.key)).json()["is_listed"] is False
    body = {"is_listed": True, "statement_en": "laser welding", "keywords": ["weld"], "region": "330100"}
    assert (await api.call("PUT", "/v1/me/profile", json=body, key=seller.key)).status_code == 200
    path = f"/v1/listings/{world['demand'].id}/people"
    found = (await api.get(path, key=world["buyer"].key)).json()
    assert [one["profile"]["keywords"] for one in found["items"]] == [["weld"]]
    assert found["items"][0]["qualifications"] == [
        {"kind": "TECHNOLOGY_MANAGER", "level": "JUNIOR", "valid_until": None}
    ]
    assert (await api.get(path)).status_code == 401


async def test_a_search_is_saved_told_of_and_ended_without_signing_in(api, tx, means, world):
    await catch_up(means)
    key = world["buyer"].key
    body = {
        "name": "焊接",
        "query": "laser weld",
        "filters": {"kind": "OFFER", "price_max": "600000.00", "right_kind": None},
        "delivery": "IMMEDIATE",
    }
    made = await api.post("/v1/saved-searches", json=body, key=key)
    assert made.status_code == 201, made.text
    assert made.json()["filters"] == {"kind": "OFFER", "price_max": "600000.00"}
    offer = await an_offer(tx, world["seller"].actor, world["operator"].actor, title_en="laser weld")
    await catch_up(means)
    first = (await api.get("/v1/alerts", key=key)).json()
    assert [(one["search"], one["listing"]["id"]) for one in first["items"]] == [("焊接", str(offer.id))]
    assert (await api.get(f"/v1/alerts?cursor={first['next_cursor']}", key=key)).json()["items"] == []
    token = {"search_id": made.json()["id"], "token": made.json()["token"]}
    assert (await api.post("/v1/unsubscriptions", json=token | {"token": "0" * 40})).status_code == 404
    assert (await api.post("/v1/unsubscriptions", json=token)).status_code == 204
    assert (await api.get("/v1/saved-searches", key=key)).json()["items"] == []
    assert (await api.call("DELETE", f"/v1/saved-searches/{made.json()['id']}", key=key)).status_code == 204


async def test_blind_matching_is_agreed_to_and_taken_back_by_the_owner_alone(api, world):
    path, key = f"/v1/listings/{world['demand'].id}/blind-matching", world["buyer"].key
    assert (await api.call("PUT", path, json={"agrees": True}, key=key)).json() == {"agrees": True, "items": []}
    assert (await api.get(path, key=key)).json() == {"agrees": True, "items": []}
    assert (await api.get(path, key=world["seller"].key)).status_code == 403
    assert (await api.call("PUT", path, json={"agrees": False}, key=key)).json() == {"agrees": False, "items": []}


async def test_suggestions_and_filters_of_the_wrong_form_are_refused(api):
    assert (await api.get("/v1/search/suggestions?q=x")).json() == {"items": []}
    for path in ("/v1/search/suggestions", "/v1/search?industry=Z", "/v1/search?trl_min=0", "/v1/search?sort=BEST"):
        assert (await api.get(path)).status_code == 422, path
    assert (await api.get("/v1/match-answers/x")).status_code == 422
