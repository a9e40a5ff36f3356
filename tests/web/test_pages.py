"""The pages show the same views as the API, to people, in their language."""

from __future__ import annotations

import pytest

from techmarket.jobs import runner
from tests.identity.make import a_market, an_organisation


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
    accepted = await api.post(f"/v1/listings/{listing}/acceptance", key=market["operator"].key)
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
    assert "hidden contact" not in page.text


async def test_what_may_not_be_known_is_not_found_on_a_page_either(api, client, tx, keys):
    seller = await an_organisation(tx, keys=keys)
    made = await api.post("/v1/listings", key=seller.key, json={"kind": "OFFER", "terms": {"title_en": "Draft"}})
    page = await client.get(f"/listings/{made.json()['id']}")
    assert (page.status_code, page.json()["code"]) == (404, "not_found")
