"""Search and matches over HTTP."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from techmarket.identity.actor import OrgKind
from techmarket.jobs.runner import sequence_once
from techmarket.matching import jobs
from tests.identity.make import a_market, an_organisation

SAMPLES = Path(__file__).parents[2] / "src" / "techmarket" / "samples"


@pytest.fixture
async def market_with_samples(tx, keys, means, api):
    market, unit = await a_market(tx, keys), await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)
    firm = await an_organisation(tx, keys=keys)
    ours = {}
    for kind, owner in (("offers", unit), ("demands", firm)):
        answer = await api.post(
            f"/v1/imports?kind={kind}&source=sample&submit=true",
            content=(SAMPLES / f"{kind}.jsonl").read_bytes(),
            headers={"Content-Type": "application/x-ndjson"},
            key=owner.key,
        )
        ours |= {row["external_id"]: row["listing_id"] for row in answer.json()["rows"]}
    pile = {"listing_ids": list(ours.values())}
    assert (await api.post("/v1/listing-reviews", json=pile, key=market["operator"].key)).status_code == 200
    while await sequence_once(means):
        pass
    await jobs.index(means)
    return ours


async def test_samples_are_found_in_both_languages_with_filters_and_an_explanation(api, market_with_samples):
    ours = market_with_samples
    for query in ("激光焊接 变形补偿", "weld distortion of thin-walled aluminium"):
        answer = await api.get(f"/v1/search?q={quote(query)}&kind=OFFER")
        assert answer.status_code == 200
        best = answer.json()["items"][0]
        assert best["listing"]["id"] == ours["S-O-001"]
        assert best["terms"]
        assert float(best["score"]) > 0
    nowhere = await api.get(f"/v1/search?q={quote('激光焊接')}&kind=OFFER&region=31")
    assert nowhere.json()["items"] == []
    pages, address = [], "/v1/search?kind=DEMAND&limit=7"
    while address:
        answer = await api.get(address)
        pages += [item["listing"]["id"] for item in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url")
    assert sorted(pages) == sorted(listing for name, listing in ours.items() if name.startswith("S-D"))


async def test_a_demand_of_the_samples_meets_the_offer_that_was_written_for_it(api, market_with_samples):
    ours = market_with_samples
    answer = await api.get(f"/v1/listings/{ours['S-D-001']}/matches")
    best = answer.json()["items"][0]
    assert (best["listing"]["id"], best["constraints"]["budget"]) == (ours["S-O-001"], "MET")
    assert "keywords" in best["shared"]
    assert answer.json()["model"] == "bm25-bigrams-2"


HOSTILE = [
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%FF",
    "%E2%80%AE",
    "%EF%BF%BF",
    "%F0%9F%87%A8%F0%9F%87%B3",
    quote("ﷺ" * 50),
    quote("a\u0301" * 500),
    quote("'; DROP TABLE listing; --"),
    quote("\\ % _ * ( ) | & ! :*"),
    quote("好" * 700),
    quote("x" * 2000),
    quote("x" * 2001),
    "+",
    "",
]


@pytest.mark.parametrize("query", HOSTILE)
async def test_no_query_breaks_search(api, query):
    answer = await api.get(f"/v1/search?q={query}")
    assert answer.status_code in (200, 400, 422), answer.text


async def test_filters_of_the_wrong_form_are_refused(api):
    for query in ("field=12", "region=x", "mode=GIFT", "price_max=1", "kind=ALL", "cursor=x", "limit=0", "limit=101"):
        assert (await api.get(f"/v1/search?{query}")).status_code == 422, query
    assert (await api.get("/v1/listings/01a20873-a309-721b-aaec-4f319c98d3e9/matches")).status_code == 404
