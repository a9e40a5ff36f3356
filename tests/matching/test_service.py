"""What readers find, what they must not notice, and how the index keeps up."""

from __future__ import annotations

import asyncio
import math
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from techmarket.db import journal
from techmarket.identity.actor import ANONYMOUS, OrgKind
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotFound
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.matching import jobs, service
from techmarket.matching.repository import Filters
from tests.achievements.make import an_achievement
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, an_offer

NOTHING = Filters()


@pytest.fixture
async def people(tx, keys):
    market = await a_market(tx, keys)
    return SimpleNamespace(
        operator=market["operator"].actor,
        seller=(await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor,
        buyer=(await an_organisation(tx)).actor,
        newcomer=(await an_organisation(tx, verified=False)).actor,
    )


async def catch_up(means):
    async with means.tx.begin() as db:
        while await journal.sequence(db):
            pass
    await jobs.index(means)


async def found(tx, actor, query, filters=NOTHING, limit=20, cursor=None):
    return await service.search(tx, actor, query=query, filters=filters, cursor=cursor, limit=limit)


async def ids(tx, actor, query, filters=NOTHING):
    return [item.listing.id for item in (await found(tx, actor, query, filters)).items]


async def postings(tx):
    async with tx.read() as db:
        rows = await db.execute(text("SELECT * FROM search_posting ORDER BY term, listing_id"))
        totals = await db.execute(text("SELECT * FROM search_total ORDER BY tier"))
        return rows.all(), totals.all()


async def test_a_listing_is_found_once_it_is_published_and_no_longer_once_it_is_gone(tx, means, people):
    offer = await an_offer(tx, people.seller, title_zh="薄壁铝合金激光焊接")
    await catch_up(means)
    assert await ids(tx, people.operator, "激光焊接") == []
    await listings.submit(tx, people.seller, offer.id)
    await listings.accept(tx, people.operator, offer.id)
    await catch_up(means)
    for query in ("激光焊接", "激光銲接 鋁合金", "铝合金"):
        assert await ids(tx, ANONYMOUS, query) == [offer.id]
    assert await ids(tx, ANONYMOUS, "量子") == []
    await listings.withdraw(tx, people.seller, offer.id)
    assert await ids(tx, ANONYMOUS, "激光焊接") == []  # the door keeps it in, even before the index knows
    await catch_up(means)
    assert await postings(tx) == ([], [(0, 0, 0), (1, 0, 0)])


async def test_the_score_is_bm25_and_each_result_names_the_terms_that_hit(tx, means, people):
    texts = ["laser weld", "laser laser tray", "tray", "pump"]
    made = [await a_demand(tx, people.buyer, people.operator, title_en=one, problem_en="x") for one in texts]
    await catch_up(means)
    page = await found(tx, ANONYMOUS, "laser weld")
    lengths = [5, 7, 3, 3]  # a title counts twice, the problem once
    average, n = sum(lengths) / 4, 4

    def part(tf, df, length):
        idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
        return idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / average))

    wanted = [part(2, 2, 5) + part(2, 1, 5), part(4, 2, 7)]
    assert [item.listing.id for item in page.items] == [made[0].id, made[1].id]
    assert [float(item.score) for item in page.items] == pytest.approx(wanted, abs=1e-6)
    assert [item.terms for item in page.items] == [("weld", "laser"), ("laser",)]


SECRET = {"description_en": "zebra desk", "technical_details": "yak curve", "deal_terms": "xerus floor"}


async def test_text_is_found_only_by_those_who_may_read_it(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, **SECRET)
    await catch_up(means)
    for query, finders in (("zebra", {"buyer", "seller", "operator"}), ("yak", set()), ("xerus", set())):
        for who in ("nobody", "newcomer", "buyer", "seller", "operator"):
            reader = ANONYMOUS if who == "nobody" else getattr(people, who)
            assert await ids(tx, reader, query) == ([offer.id] if who in finders else []), (query, who)


async def test_text_above_the_tier_changes_no_byte_of_the_answer(tx, means, people):
    made = await an_achievement(tx, people.seller)
    terms = {"title_en": "Sample weld", "summary_en": "laser tray", "achievement_ids": (made.id,)}
    plain = await an_offer(tx, people.seller, people.operator, raised={"price": "NDA"}, **terms)
    other = await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en="weld of trays")
    queries = ["laser", "weld tray", "zebra", "yak", "xerus", None]
    filters = [NOTHING, Filters(price_minor_max=100), Filters(price_minor_max=10**12), Filters(mode="LICENCE")]

    async def answers(reader):
        pages = [await found(tx, reader, q, f) for q in queries for f in filters]
        return [*pages, await service.list_matches(tx, reader, other.id, cursor=None, limit=9)]

    await catch_up(means)
    before = {reader: await answers(reader) for reader in (ANONYMOUS, people.newcomer)}
    registered = await answers(people.buyer)
    own = await listings.get_listing(tx, people.seller, plain.id)
    fields = {name: value for name, value in own.terms.items() if name != "rights"}
    hidden = {"technical_details": "yak laser laser laser tray", "deal_terms": "xerus weld"}
    hidden["price"] = {"amount": "0.01", "currency": "CNY"}
    draft = ListingDraft(fields | hidden, own.dossier.tiers, own.achievement_ids)
    await listings.update_draft(tx, people.seller, plain.id, ListingKind.OFFER, draft, if_match=own.etag)
    await catch_up(means)
    for reader, said in before.items():
        assert await answers(reader) == said
    assert await answers(people.buyer) == registered
    assert registered[1].items == []  # a raised price fits no limit of price, whatever it is


async def test_registered_text_does_not_move_the_public_ranking(tx, means, people):
    first = await a_demand(tx, people.buyer, people.operator, title_en="laser one", problem_en="x")
    await a_demand(tx, people.buyer, people.operator, title_en="laser two", problem_en="x y")
    await catch_up(means)
    public = await found(tx, ANONYMOUS, "laser one")
    own = await listings.get_listing(tx, people.buyer, first.id)
    draft = ListingDraft({**own.terms, "description_en": "laser " * 50}, {}, ())
    await listings.update_draft(tx, people.buyer, first.id, ListingKind.DEMAND, draft, if_match=own.etag)
    await listings.accept(tx, people.operator, first.id)
    await catch_up(means)
    again = await found(tx, ANONYMOUS, "laser one")
    assert [(i.listing.id, i.score, i.terms) for i in again.items] == [
        (i.listing.id, i.score, i.terms) for i in public.items
    ]
    registered = await found(tx, people.seller, "laser one")
    assert registered.items[0].score != public.items[0].score


async def test_filters_hold_in_the_same_statement(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, region="330108", title_en="laser")
    demand = await a_demand(tx, people.buyer, people.operator, region="310100", title_en="laser")
    await catch_up(means)
    for filters, wanted in (
        (NOTHING, {offer.id, demand.id}),
        (Filters(kind=ListingKind.OFFER), {offer.id}),
        (Filters(region="33"), {offer.id}),
        (Filters(region="3301"), {offer.id}),
        (Filters(region="31"), {demand.id}),
        (Filters(technology_field="03"), {offer.id}),
        (Filters(technology_field="04"), set()),
        (Filters(mode="LICENCE"), {offer.id}),
        (Filters(price_minor_max=50_000_000), {offer.id}),
        (Filters(price_minor_max=49_999_999), set()),
    ):
        for query in ("laser", None):
            assert set(await ids(tx, ANONYMOUS, query, filters)) == wanted, (filters, query)


async def test_a_demand_meets_its_offers_and_back_with_an_explanation(tx, means, people):
    fits = await an_offer(
        tx, people.seller, people.operator, title_zh="薄壁铝合金激光焊接变形补偿", keywords=["激光焊接"], industry="C35"
    )
    await an_offer(tx, people.seller, people.operator, title_en="Pump")
    demand = await a_demand(
        tx, people.buyer, people.operator, title_zh="电池托盘焊接变形控制", keywords=["激光焊接"], industry="C35"
    )
    await a_demand(tx, people.buyer, people.operator, title_zh="激光焊接")
    await catch_up(means)
    page = await service.list_matches(tx, people.seller, demand.id, cursor=None, limit=10)
    best = page.items[0]
    assert (best.listing.id, best.shared, best.within_budget) == (fits.id, ("industry", "keywords"), True)
    assert {"焊接", "变形"} <= set(best.terms)
    assert {item.listing.kind for item in page.items} == {ListingKind.OFFER}
    back = await service.list_matches(tx, ANONYMOUS, fits.id, cursor=None, limit=10)
    assert demand.id in [item.listing.id for item in back.items]
    draft = await a_demand(tx, people.buyer)
    with pytest.raises(NotFound):
        await service.list_matches(tx, people.seller, draft.id, cursor=None, limit=10)


async def test_pages_neither_skip_nor_repeat_among_equal_scores(tx, means, people):
    made = [(await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en="x")).id for _ in range(7)]
    await catch_up(means)
    for query in ("laser", None):
        seen, cursor = [], None
        while True:
            page = await found(tx, ANONYMOUS, query, limit=3, cursor=cursor)
            seen += [item.listing.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == made[::-1]
    with pytest.raises(BadCursor):
        await found(tx, ANONYMOUS, "laser", cursor="WzEsIngiXQ")


async def test_indexing_twice_or_by_five_at_once_ends_the_same(tx, means, people):
    for _ in range(5):
        await an_offer(tx, people.seller, people.operator, **SECRET)
    await catch_up(means)
    once = await postings(tx)
    async with tx.begin() as db:
        await db.execute(text("UPDATE journal_reader SET position = 0 WHERE name LIKE 'matching%'"))
    handled = await asyncio.gather(*[service.follow(tx, limit=3) for _ in range(5)])
    assert 3 <= sum(handled) <= 15
    await jobs.index(means)
    assert await postings(tx) == once
    assert once[1] == [(0, 5, once[1][0][2]), (1, 5, once[1][1][2])]
    assert once[1][1][2] > once[1][0][2]
