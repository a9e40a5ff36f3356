"""Search and matches over HTTP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from techmarket.api import public_reads
from techmarket.api.kept import OVERHEAD, Kept, KeptReplies
from techmarket.api.matching import FoundPage, MatchPage
from techmarket.identity.actor import OrgKind
from techmarket.jobs.runner import sequence_once
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.matching import jobs
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, an_offer

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "src" / "techmarket" / "samples"


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
    read = await api.read(list(ours.values()), key=market["operator"].key)
    pile = {"listing_ids": list(ours.values()), "read": read}
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
    assert answer.json()["model"] == "bm25-bigrams-4"


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


async def test_no_query_breaks_search_and_the_same_twice_gives_the_same_bytes(api, market_with_samples):
    for query in HOSTILE:
        answer = await api.get(f"/v1/search?q={query}&facets=true")
        assert answer.status_code in (200, 400, 422), (query, answer.text)
        if answer.status_code == 200:
            assert (await api.get(f"/v1/search?q={query}&facets=true")).content == answer.content, query
    nothing = await api.get(f"/v1/search?q={quote('the of and 🙂 ！？')}")
    assert (nothing.json()["items"], nothing.json()["total"]) == ([], 0)


async def test_demands_of_a_hundred_thousand_characters_of_any_script_are_matched(tx, keys, means, api):
    market = (await a_market(tx, keys))["operator"].actor
    seller, buyer = [(await an_organisation(tx, keys=keys)).actor for _ in range(2)]
    offer = await an_offer(tx, seller, market, title_en="laser weld", title_zh="激光焊接")
    texts = ("激光焊接" * 5_000, "🙂 ﷺ 軟體 ｌａｓｅｒ weld " * 900, "a\u0301" * 9_000, "的" * 20_000, "laser " * 3_300)
    said = dict(zip(("problem_zh", "problem_en", "scenario_zh", "scenario_en", "description_en"), texts, strict=True))
    demand = await a_demand(tx, buyer, market, title_en="x", **{name: text[:20_000] for name, text in said.items()})
    empty = await a_demand(tx, buyer, market, title_en="the", problem_en="of the and 🙂")
    while await sequence_once(means):
        pass
    await jobs.index(means)
    first = await api.get(f"/v1/listings/{demand.id}/matches")
    assert [item["listing"]["id"] for item in first.json()["items"]] == [str(offer.id)]
    assert (await api.get(f"/v1/listings/{demand.id}/matches")).content == first.content
    assert (await api.get(f"/v1/listings/{empty.id}/matches")).json()["items"] == []


async def test_answers_that_are_written_out_have_the_shape_that_is_documented(api, market_with_samples):
    found = await api.get(f"/v1/search?q={quote('激光 weld 2018')}&facets=true")
    FoundPage.model_validate_json(found.content)
    assert found.json()["items"]
    matches = await api.get(f"/v1/listings/{market_with_samples['S-D-001']}/matches?missed=true&region=33")
    MatchPage.model_validate_json(matches.content)
    assert {item["constraints"]["region"] for item in matches.json()["items"]} == {"MET"}


def told(answer):
    mine = ("x-request-id", "date")
    return answer.status_code, {n: v for n, v in answer.headers.items() if n not in mine}, answer.content


async def test_a_stranger_s_search_is_answered_by_the_short_way_as_by_the_long_one(api, market_with_samples):
    cursor = (await api.get(f"/v1/search?q={quote('激光')}&limit=1")).json()["next_cursor"]
    queries = [
        f"q={quote('激光焊接 变形补偿')}",
        "q=weld+distortion&kind=OFFER&limit=2&facets=true",
        "q=laser&q=weld&sort=NEWEST",
        f"q={quote('激光')}&limit=1&cursor={cursor}",
        f"limit=1&q={quote('lasre')}",
        f"q={quote('ZL 2018 1 0123456.5')}",
        "q=laser&cursor=x",
    ]
    for query in queries:
        (status, headers, body), long = [told(await api.get(f"/v1/search?{query}{more}")) for more in ("", "&way=long")]
        if status == 200:
            assert (status, headers, body) == long, query
            assert told(await api.get(f"/v1/search?{query}")) == long, query
        else:
            assert (status, json.loads(body)["code"]) == (long[0], json.loads(long[2])["code"]), query
    for query in ("", "q=", "q=%00", "q=+", "q=%FF", "q=%E2%80%AE", f"q={quote('好' * 700)}"):
        short, long = [await api.get(f"/v1/search?{query}{more}") for more in ("", "&way=long")]
        assert short.status_code == long.status_code, query
    tag = (await api.get("/v1/search?q=laser")).headers["etag"]
    known = await api.get("/v1/search?q=laser", headers={"If-None-Match": tag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)


async def test_an_answer_is_given_to_strangers_again_only_while_it_would_be_made_the_same(
    tx, keys, means, api, monkeypatch
):
    operator = (await a_market(tx, keys))["operator"].actor
    seller = (await an_organisation(tx, keys=keys)).actor
    first = await a_demand(tx, seller, operator, title_en="laser one", problem_en="x")
    asked = ("/v1/search?q=laser", "/v1/listings", f"/v1/listings/{first.id}")

    async def catch_up():
        while await sequence_once(means):
            pass
        await jobs.index(means)

    def plain(body):
        return {name: value for name, value in json.loads(body).items() if name != "request_id"}

    async def same_as_made():
        said = [(await api.get(path)).content for path in asked]
        made = [(await api.get(f"{path}{'&' if '?' in path else '?'}way=long")).content for path in asked]
        assert [plain(one) for one in said] == [plain(one) for one in made]
        return said

    assert (await api.get("/v1/listings?limit=2")).status_code == 200
    assert (await api.get(f"/v1/listings/{UUID(bytes=b'listings?limit=2')}")).status_code == 404
    await catch_up()
    before = await same_as_made()
    with monkeypatch.context() as kept:
        for room, name in (
            (public_reads.matching_service, "search"),
            (public_reads.service, "get_public_listing"),
            (public_reads.service, "list_public_listings"),
        ):
            kept.setattr(room, name, None)  # it could not be made again
        assert [(await api.get(path)).content for path in asked] == before
        own = await listings.get_listing(tx, seller, first.id)
        hidden = ListingDraft({**own.terms, "technical_details": "yak"}, {}, ())
        await listings.update_draft(tx, seller, first.id, ListingKind.DEMAND, hidden, if_match=own.etag)
        await catch_up()  # whoever may not see it notices nothing, not even by how long it takes
        assert [(await api.get(path)).content for path in asked] == before
    second = await a_demand(tx, seller, operator, title_en="laser two", problem_en="x y")
    assert len((await same_as_made())[1]) > len(before[1])
    await catch_up()
    assert str(second.id).encode() in (await same_as_made())[0]
    own = await listings.get_listing(tx, seller, first.id)
    draft = ListingDraft({**own.terms, "description_en": "laser " * 5}, {}, ())
    await listings.update_draft(tx, seller, first.id, ListingKind.DEMAND, draft, if_match=own.etag)
    await same_as_made()
    await listings.withdraw(tx, seller, second.id)
    for said in (await same_as_made())[:2]:
        assert str(second.id).encode() not in said  # at once, also before the index knows
    await catch_up()
    await same_as_made()


def test_kept_answers_take_so_much_room_and_the_least_used_go_first():
    replies = KeptReplies(bytes_max=3 * (OVERHEAD + 11))
    for name in (b"1", b"2", b"3"):
        replies.keep(name, Kept((), b"0123456789", "t"))
    assert replies.find(b"1")
    replies.keep(b"4", Kept((), b"0123456789", "t"))
    assert [bool(replies.find(name)) for name in (b"1", b"2", b"3", b"4")] == [True, False, True, True]
    replies.keep(b"5", Kept((), b"x" * 10_000, "t"))
    assert not any(replies.find(name) for name in (b"1", b"3", b"4", b"5"))
    replies.keep(b"6", Kept((1,) * 99, b"", "t"))  # what it was made of takes room, too
    assert not replies.find(b"6")


def explained(page: str) -> dict[str, Any]:
    """The match that the docs show, without the dots that stand for what is left out."""
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    return json.loads(re.sub(r",\s*…", "", block))


async def test_the_docs_show_a_match_of_the_samples_as_it_is_answered_and_as_people_see_it(api, market_with_samples):
    shown = explained((ROOT / "docs" / "matching.md").read_text())
    demand = market_with_samples["S-D-001"]
    best = (await api.get(f"/v1/listings/{demand}/matches")).json()["items"][0]
    for name in ("words", "meaning", "score", "constraints", "shared"):
        assert best[name] == shown[name], name
    assert best["terms"][: len(shown["terms"])] == shown["terms"]
    assert shown["listing"]["terms"].items() <= best["listing"]["terms"].items()
    page = (await api.get(f"/listings/{demand}/matches", headers={"Accept-Language": "en"})).text
    for said in (*(part["term"] for part in shown["terms"]), best["listing"]["terms"]["title_en"]):
        assert said in page


async def test_filters_of_the_wrong_form_are_refused(api):
    for query in ("field=12", "region=x", "mode=GIFT", "price_max=1", "kind=ALL", "cursor=x", "limit=0", "limit=101"):
        assert (await api.get(f"/v1/search?{query}")).status_code == 422, query
    assert (await api.get("/v1/listings/01a20873-a309-721b-aaec-4f319c98d3e9/matches")).status_code == 404
