"""The pages show the same views as the API, to people, in their language."""

from __future__ import annotations

import html
import json
import re

import pytest
from sqlalchemy import text

from techmarket.certification.disclosing import PATHS
from techmarket.certification.lifecycle import CertificateState, Why
from techmarket.certification.verify import Answer
from techmarket.jobs import runner
from techmarket.trading import service as trading
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import LotState, PauseCause
from techmarket.web.pages import POLICY
from techmarket.web.words import certificate_words_of, words_of
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, an_offer
from tests.trading.make import a_market_at_work, an_announced_trade, an_open_lot


async def published_demand(api, tx, keys, title: str) -> str:
    market, seller = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    body = {
        "kind": "DEMAND",
        "terms": {
            "title_en": title,
            "title_zh": "陶瓷膜分离",
            "problem_en": "Sample data.",
            "contact": "hidden contact",
        },
    }
    made = await api.post("/v1/listings", key=seller.key, json=body)
    assert made.status_code == 201, made.text
    listing = made.json()["id"]
    await api.post(f"/v1/listings/{listing}/submission", key=seller.key)
    accepted = await api.accept(listing, key=market["operator"].key)
    assert accepted.status_code == 200, accepted.text
    return listing


@pytest.mark.parametrize("path", ["/", "/trades", "/notices", "/certificates", "/log", "/certificates/ZJ-2026-000001"])
async def test_each_page_answers_on_an_empty_market_in_both_languages(client, path):
    for language, word in (("zh-CN", "核验"), ("en", "Verify")):
        page = await client.get(path, headers={"Accept-Language": language})
        assert (page.status_code, word in page.text) == (200, True)
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_demand_is_found_by_words_and_shown_without_what_the_public_may_not_see(api, client, tx, keys, means):
    listing = await published_demand(api, tx, keys, "Ceramic <b>membrane</b>")
    await runner.settle_down(means)
    found = await client.get("/", params={"q": "陶瓷膜", "kind": "DEMAND"}, headers={"Accept-Language": "en"})
    assert f"/listings/{listing}" in found.text
    page = await client.get(f"/listings/{listing}", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "Ceramic &lt;b&gt;membrane&lt;/b&gt;" in page.text
    assert "<dt>Sought by</dt><dd>Sample organisation" in page.text
    assert "Sample organisation" in found.text
    assert ("problem_en" in page.text, "<dt>Problem to solve</dt>" in page.text) == (False, True)
    assert "hidden contact" not in page.text


async def test_the_page_of_a_listing_names_the_trade_it_stands_in_and_notices_say_what_they_are_about(client, tx, keys):
    work = await a_market_at_work(tx, keys)
    trade, other = await an_announced_trade(work), await an_offer(tx, work.seller, work.operator)
    assert trade.number not in (await client.get(f"/listings/{other.id}")).text
    page = await client.get(f"/listings/{trade.listing_id}", headers={"Accept-Language": "en"})
    assert f'<a href="/trades/{trade.id}">{trade.number}</a>' in page.text
    told = await client.get("/notices", headers={"Accept-Language": "en"})
    assert f'<a href="/trades/{trade.id}">{trade.number}</a>' in told.text
    assert "Sample organisation" in told.text


async def test_the_pages_have_an_icon_of_their_own(client):
    for path in ("/favicon.svg", "/favicon.ico"):
        icon = await client.get(path)
        assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    page = await client.get("/")
    assert '<link rel="icon" href="/favicon.svg"' in page.text
    assert "img-src 'self'" in page.headers["content-security-policy"]


async def test_what_may_not_be_known_is_not_found_on_a_page_either(api, client, tx, keys):
    seller = await an_organisation(tx, keys=keys)
    made = await api.post("/v1/listings", key=seller.key, json={"kind": "OFFER", "terms": {"title_en": "Draft"}})
    page = await client.get(f"/listings/{made.json()['id']}")
    assert (page.status_code, page.json()["code"]) == (404, "not_found")


# --- a live trade ---------------------------------------------------------------------------------------------------


async def test_a_live_trade_is_followed_by_a_script_of_our_own_and_by_no_other(client, tx, keys):
    lot = await an_open_lot(tx, [])
    page = await client.get(f"/trades/{lot.trade_id}", headers={"Accept-Language": "en"})
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe-inline'; form" in policy
    assert re.findall(r"<script[^>]*>", page.text) == ['<script src="/live.js" defer>']
    assert f'data-stream="/v1/trades/{lot.trade_id}/stream"' in page.text
    script = await client.get("/live.js")
    assert (script.status_code, script.headers["content-type"].split(";")[0]) == (200, "text/javascript")
    assert not re.search(r"innerHTML|eval\(|insertAdjacentHTML|document\.write", script.text)


async def test_every_place_the_script_writes_to_is_on_the_page_and_says_itself_when_it_changes(client, tx, keys):
    lot = await an_open_lot(tx, [])
    page = (await client.get(f"/trades/{lot.trade_id}")).text
    script = (await client.get("/live.js")).text
    written = set(re.findall(r'show\(lot, "(\w+)"', script)) | {"line"}
    assert written == set(re.findall(r'data-is="(\w+)"', page))
    for name, aloud in (("leading", 'aria-live="polite"'), ("state", 'role="status"'), ("left", 'role="timer"')):
        (tag,) = re.findall(rf'<[^>]*data-is="{name}"[^>]*>', page)
        assert aloud in tag
    told = json.loads(html.unescape(re.search(r'data-words="([^"]*)"', page)[1]))
    assert set(re.findall(r"words\.(\w+)", script)) <= set(told)


def test_every_state_of_a_lot_and_every_cause_of_a_pause_has_a_word_in_both_languages():
    codes = {one.value for one in (*LotState, *PauseCause)}
    for language in ("zh-CN", "en"):
        words = words_of(language)
        assert codes <= set(words)
        assert len({words[code] for code in codes}) == len(codes)


async def test_without_the_script_the_page_shows_how_things_stand_and_how_to_look_again(client, tx, keys, means):
    one = (await an_organisation(tx, keys=keys)).actor
    lot = await an_open_lot(tx, [one])
    async with BidBook(tx.engine, means.keys.receipts) as book:
        assert (await trading.place_bid(book, one, lot.id, minor=50_000_000, key="k")).is_accepted
    operator = (await a_market(tx, keys))["operator"].actor
    reason = "<b>sample</b>"
    await trading.pause_lot(tx, operator, lot.id, cause=PauseCause.OTHER, reason=reason)
    page = await client.get(f"/trades/{lot.trade_id}?lot=1", headers={"Accept-Language": "en"})
    assert "500,000.00 CNY" in page.text
    assert "Other reason: &lt;b&gt;sample&lt;/b&gt;" in page.text
    assert f'<a href="/trades/{lot.trade_id}?lot=1">Show how they stand now</a>' in page.text
    assert "http-equiv" not in page.text
    assert page.text.count('<tr data-seq="1">') == 1


async def test_a_trade_that_is_over_has_no_script(client, tx, keys):
    lot = await an_open_lot(tx, [])
    async with tx.begin() as db:
        await db.execute(text("UPDATE lot SET state = 'UNSOLD' WHERE id = :id"), {"id": lot.id})
    page = await client.get(f"/trades/{lot.trade_id}")
    assert "<script" not in page.text
    assert "data-stream" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]


async def test_a_person_sees_why_an_offer_fits(api, client, tx, keys, means):
    market, seller = await a_market(tx, keys), await an_organisation(tx, keys=keys)
    buyer = await an_organisation(tx, keys=keys)
    offer = await an_offer(tx, seller.actor, market["operator"].actor, title_zh="激光焊接变形补偿", trl=7)
    demand = await a_demand(tx, buyer.actor, market["operator"].actor, title_zh="焊接变形控制", trl_min=5)
    await runner.settle_down(means)
    page = await client.get(f"/listings/{demand.id}/matches", headers={"Accept-Language": "zh-CN"})
    assert page.status_code == 200
    for said in (f"/listings/{offer.id}", "焊接", "预算: 符合", "成熟度: 符合", "方式: 未说明"):
        assert said in page.text, said
    english = await client.get(f"/listings/{demand.id}/matches", headers={"Accept-Language": "en"})
    assert "budget: met" in english.text
    assert (await client.get("/listings/01a20873-a309-721b-aaec-4f319c98d3e9/matches")).status_code == 404


async def test_the_page_of_verification_takes_a_file_and_shows_the_verdict_as_plain_text(client):
    page = await client.get("/certificates", headers={"Accept-Language": "en"})
    assert '<form id="upload">' in page.text
    assert '<script src="/verify.js" defer></script>' in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy.partition("script-src")[2]
    script = await client.get("/verify.js")
    assert (script.status_code, script.headers["content-type"].partition(";")[0]) == (200, "text/javascript")
    # Every standing, reason and part that may be hidden has a word in both languages, which the script is given.
    codes = {one.value for kind in (CertificateState, Why, Answer) for one in kind} - {"PREPARED", "REJECTED"}
    codes |= {f"hidden {'.'.join(path[2:])}" for path in PATHS}
    for language in ("zh", "en"):
        assert codes <= certificate_words_of(language).keys()
        shown = (await client.get("/certificates", headers={"Accept-Language": language})).text
        held = html.unescape(re.search(r'id="verdict"[^>]* data-words="([^"]*)"', shown)[1])
        assert json.loads(held) == certificate_words_of(language)
    # What comes out of a stranger's file is text and never markup.
    assert "textContent" in script.text
    for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert door not in script.text


async def test_the_reference_of_the_api_is_our_own_page_without_a_script_and_leads_to_each_operation(client):
    page = await client.get("/docs", headers={"Accept-Language": "en"})
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"<script|https?://", page.text)
    document = (await client.get("/openapi.json")).json()
    ids = {one["operationId"] for item in document["paths"].values() for one in item.values() if "operationId" in one}
    assert set(re.findall(r'href="/docs/(\w+)"', page.text)) == ids
    one = await client.get("/docs/placeBid", headers={"Accept-Language": "en"})
    assert (one.status_code, "<script" in one.text) == (200, False)
    for said in (
        "POST /v1/lots/{lot_id}/bids",
        "A bid cannot be withdrawn.",
        "Idempotency-Key",
        "idempotency.key_missing",
    ):
        assert said in html.unescape(one.text), said
    assert (await client.get("/docs/noSuchThing")).status_code == 404


# --- addresses that lead nowhere, and the link of an invitation -----------------------------------------------------


@pytest.mark.parametrize("path", ["/no/such/page", "/trades/xyz", "/listings/01a20873-a309-721b-aaec-4f319c98d3e9"])
async def test_a_browser_gets_a_page_for_what_is_not_there_and_a_program_a_problem(client, path):
    asked = {
        "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Language": "en",
        "X-Request-Id": "sample-id-1",
    }
    page, problem = await client.get(path, headers=asked), await client.get(path)
    assert page.status_code == problem.status_code
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (page.headers["content-security-policy"], page.headers["vary"]) == (POLICY, "Accept, Accept-Language")
    assert f"<code>{problem.json()['code']}</code>" in page.text
    assert "sample-id-1" in page.text
    assert problem.headers["content-type"] == "application/problem+json"


async def test_a_browser_at_an_address_of_programs_gets_what_a_program_gets(client):
    for path in ("/v1/trades/xyz", "/v1/none", "/.well-known/none", "/refusals/no.such"):
        answer = await client.get(path, headers={"Accept": "text/html"})
        assert answer.headers["content-type"] == "application/problem+json", path


async def test_the_link_of_an_invitation_leads_to_a_page_that_says_how_to_accept_it(client, means):
    for language, word in (("zh-CN", "邀请码"), ("en", "The part of your link after #")):
        page = await client.get("/join", headers={"Accept-Language": language})
        assert (page.status_code, word in page.text) == (200, True)
        assert f"curl -X POST {means.public_url}/v1/invitations/acceptance" in page.text
        for linked in re.findall(r'href="(/docs/\w+)"', page.text):
            assert (await client.get(linked)).status_code == 200, linked
