"""For every reader: text above his tier comes, changes and goes, and no byte of any answer moves."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

from httpx import ASGITransport, AsyncClient

from techmarket.app import create_app
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import OrgKind
from techmarket.jobs.runner import sequence_once
from techmarket.kernel.ids import Ref
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.matching import jobs, service
from techmarket.matching.views import Delivery
from tests.client import Api
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, an_offer
from tests.matching.test_meaning import Dictionary

WORDS = ("laser", "weld tray", "zebra yak xerus laser", "zebraa", "201810123456")
ABOVE = {
    "nda": {"technical_details": "yak laser weld weld tray zebra"},
    "deal": {"deal_terms": "xerus yak laser weld weld tray"},
}
RAISED = {"price": "DEAL", "region": "DEAL"}
HIDDEN_FACTS = ({"amount": "0.01", "currency": "CNY"}, {"amount": "9999.00", "currency": "CNY"})


async def catch_up(means, one):
    while await sequence_once(means):
        pass
    await jobs.index(means)
    while await service.embed_some(means.tx, one):
        pass
    await jobs.alert(means)
    await jobs.compare_blind(means)


async def test_text_above_a_reader_comes_changes_and_goes_and_no_byte_of_any_answer_moves(tx, keys, means, api):
    one = Dictionary()
    meant = create_app(replace(means, embedders=(one,)))
    by_meaning = Api(AsyncClient(transport=ASGITransport(meant), base_url="http://t"))
    market = await a_market(tx, keys)
    operator = market["operator"].actor
    seller = await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)
    buyer = await an_organisation(tx, keys=keys)
    readers = {
        "anonymous": None,
        "newcomer": (await an_organisation(tx, keys=keys, verified=False)).key,
        "registered": buyer.key,
        "nda": (signer := await an_organisation(tx, keys=keys)).key,
    }
    offer = await an_offer(
        tx, seller.actor, operator, title_en="Sample weld", summary_en="laser tray", raised=RAISED, region="330100"
    )
    demand = await a_demand(tx, buyer.actor, operator, title_en="laser", problem_en="weld of trays zebra yak xerus")
    await an_offer(tx, seller.actor, operator, title_en="Other weld", summary_en="laser laser")
    async with tx.begin() as db:
        await disclosure.open_tier(
            db, org=signer.actor.org, subject=Ref("listing", offer.id), tier=Tier.NDA, basis="request", actor=None
        )
    for who in (buyer, signer):
        body = {"name": "x", "query": "zebra yak xerus", "filters": {}, "delivery": Delivery.IMMEDIATE}
        assert (await api.post("/v1/saved-searches", json=body, key=who.key)).status_code == 201
    paths = [f"/v1/search?facets=true&q={quote(word)}" for word in WORDS]
    paths += ["/v1/search?q=laser&kind=OFFER&limit=1", "/v1/search?sort=PRICE_UP&price_max=100.00&region=33"]
    paths += [f"/v1/search/suggestions?q={start}" for start in ("s", "z", "y", "x")]
    paths += [f"/v1/listings/{demand.id}/matches{more}" for more in ("", "?missed=true&region=33")]
    paths += [f"/v1/listings/{offer.id}/matches", f"/listings/{demand.id}/matches"]
    paths += ["/v1/search?facets=true", "/v1/listings", f"/v1/listings/{offer.id}"]
    asks_meaning = [*paths[:5], f"/v1/listings/{demand.id}/matches", f"/v1/listings/{offer.id}/matches"]

    async def heard(reader):
        key = readers[reader]
        said = {path: (await api.get(path, key=key)).content for path in paths}
        said |= {f"by meaning {path}": (await by_meaning.get(path, key=key)).content for path in asks_meaning}
        if key is not None:
            said["alerts"] = (await api.get("/v1/alerts", key=key)).content
        if reader in ("registered", "nda"):
            said["people"] = (await api.get(f"/v1/listings/{demand.id}/people?kind=EXPERT", key=key)).content
        if reader == "registered":
            said["blind"] = (await api.get(f"/v1/listings/{demand.id}/blind-matching", key=key)).content
            answer = json.loads(said[f"/v1/listings/{demand.id}/matches"])["answer"]
            said["kept"] = (await api.get(f"/v1/match-answers/{answer}", key=key)).content
        return said

    async def change(fields):
        own = await listings.get_listing(tx, seller.actor, offer.id)
        kept = {name: value for name, value in own.terms.items() if name not in {"rights", *fields}}
        stated = {name: value for name, value in fields.items() if value is not None}
        draft = ListingDraft(kept | stated, RAISED, own.achievement_ids)
        await listings.update_draft(tx, seller.actor, offer.id, ListingKind.OFFER, draft, if_match=own.etag)
        await catch_up(means, one)

    await catch_up(means, one)
    before = {reader: await heard(reader) for reader in readers}
    blinded = {"anonymous", "newcomer", "registered"}
    for price in HIDDEN_FACTS:
        await change({"price": price, "region": "310000"})
        for reader in readers:
            assert await heard(reader) == before[reader], (reader, "price")
    for fields, unaware in ((ABOVE["nda"], blinded), (ABOVE["deal"], set(readers))):
        (name,) = fields
        nda_before = await heard("nda")
        for text in (fields[name], fields[name] + " zebra zebra", None):
            await change({name: text})
            for reader in unaware:
                assert await heard(reader) == (before[reader] if reader != "nda" else nda_before), (reader, name, text)
            if name == "technical_details" and text:
                assert await heard("nda") != nda_before  # the holder of the grant does find it
    asked = "\n".join(text for _, text in one.asked)
    assert not any(word in asked for word in ("yak laser", "xerus yak"))  # no embedder heard of it
    await by_meaning.http.aclose()
