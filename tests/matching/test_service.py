"""What readers find, what they must not notice, and how the index keeps up."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import structlog
from sqlalchemy import text

from techmarket.achievements.rights import Right, RightKind
from techmarket.cli import doctor
from techmarket.db import journal
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import ANONYMOUS, OrgKind
from techmarket.jobs import runner
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotFound
from techmarket.listings import service as listings
from techmarket.listings.events import ListingPublished
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.matching import grants, jobs, replaying, service, texts, tokens
from techmarket.matching.fitting import Fit
from techmarket.matching.index import beside, reading, repository, writing
from techmarket.matching.index.columns import ROW
from techmarket.matching.index.repository import after_all_from
from techmarket.matching.service import following, rebuilding, searching, turns
from techmarket.matching.views import Filters, Sort
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


async def again(tx, listing_id):
    """The same listing is told of once more."""
    async with tx.begin() as db:
        journal.record(db, ListingPublished(listing_id, 1), actor=None)


async def index_of(tx):
    """What the index holds, without the numbers that only say how often it was written."""
    async with tx.read() as db:
        states = await db.execute(text("SELECT space, documents, length_sum FROM search_state ORDER BY space"))
        terms = await db.execute(text("SELECT space, term, df FROM search_term WHERE df > 0 ORDER BY space, term"))
        documents = await db.execute(text("SELECT space, id, length, digest FROM search_document ORDER BY space, id"))
        return states.all(), terms.all(), documents.all()


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
    assert await index_of(tx) == ([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [], [])


async def test_what_is_published_enters_the_index_without_waiting_for_any_clock(tx, means, people, monkeypatch):
    monkeypatch.setattr(runner, "FOLLOWER_SECONDS", 3_600.0)  # it is told, or it never looks
    monkeypatch.setattr(runner, "PERIODIC", {})
    async with runner.running(means):
        for word in ("laser", "pump"):
            offer = await an_offer(tx, people.seller, people.operator, title_en=word)
            found_now: list = []
            for _ in range(500):
                found_now = await ids(tx, ANONYMOUS, word)
                if found_now:
                    break
                await asyncio.sleep(0.02)
            assert found_now == [offer.id]


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
        tx,
        people.seller,
        people.operator,
        title_zh="薄壁铝合金激光焊接变形补偿",
        keywords=["激光焊接"],
        industry="C35",
        region="330100",
    )
    await an_offer(tx, people.seller, people.operator, title_en="Pump")
    demand = await a_demand(
        tx, people.buyer, people.operator, title_zh="电池托盘焊接变形控制", keywords=["激光焊接"], industry="C35"
    )
    await a_demand(tx, people.buyer, people.operator, title_zh="激光焊接")
    await catch_up(means)
    page = await service.list_matches(tx, people.seller, demand.id, cursor=None, limit=10)
    best = page.items[0]
    assert (best.listing.id, best.shared) == (fits.id, ("industry", "keywords"))
    open_ = {"tier": Fit.MET, "status": Fit.MET}
    assert best.constraints == {"mode": Fit.UNKNOWN, "budget": Fit.MET, "maturity": Fit.UNKNOWN, **open_}
    said = {part.term: part for part in best.terms}
    assert {"焊接", "变形"} <= said.keys()
    assert said["焊接"].fields == ("title_zh", "keywords")
    assert (best.score, best.meaning) == (best.words, None)
    assert {item.listing.kind for item in page.items} == {ListingKind.OFFER}
    wishes = Filters(region="33")
    asked = await service.list_matches(tx, people.seller, demand.id, cursor=None, limit=10, filters=wishes)
    assert asked.items[0].constraints == best.constraints | {"region": Fit.MET}
    async with tx.begin() as db:
        await db.execute(text("UPDATE listing SET state = 'ENGAGED' WHERE id = :id"), {"id": fits.id})
    traded = await service.list_matches(tx, people.seller, demand.id, cursor=None, limit=10)
    assert traded.items[0].constraints == best.constraints | {"status": Fit.MISSED}
    back = await service.list_matches(tx, ANONYMOUS, fits.id, cursor=None, limit=10)
    assert demand.id in [item.listing.id for item in back.items]
    draft = await a_demand(tx, people.buyer)
    with pytest.raises(NotFound):
        await service.list_matches(tx, people.seller, draft.id, cursor=None, limit=10)


async def test_a_match_misses_no_constraint_that_both_sides_state_unless_it_is_asked_for(tx, means, people):
    def offer(**terms):
        return an_offer(tx, people.seller, people.operator, title_en="laser", summary_en="laser weld", **terms)

    fits = await offer(mode="LICENCE", trl=6)
    unmeasured = await an_achievement(tx, people.seller, trl=None)
    silent = await offer(mode=None, licence_kind=None, price_form=None, price=None, achievement_ids=(unmeasured.id,))
    dear = await offer(price={"amount": "500000.01", "currency": "CNY"}, trl=7)
    raw = await offer(trl=4)
    other_mode = await offer(mode="TRANSFER", licence_kind=None)
    own = await an_offer(tx, people.buyer, people.operator, title_en="laser weld")
    demand = await a_demand(
        tx,
        people.buyer,
        people.operator,
        title_en="laser weld",
        budget={"amount": "500000.00", "currency": "CNY"},
        modes=["LICENCE", "EQUITY"],
        trl_min=5,
    )
    vague = await a_demand(tx, people.buyer, people.operator, title_en="laser weld", problem_en="laser", budget=None)
    assert "budget" not in vague.terms
    await catch_up(means)
    strict = await service.list_matches(tx, people.seller, demand.id, cursor=None, limit=9)
    assert {item.listing.id for item in strict.items} == {fits.id, silent.id}
    assert strict.total == 2
    every = await service.list_matches(tx, people.seller, demand.id, cursor=None, limit=9, is_strict=False)
    missed = {
        item.listing.id: [name for name, verdict in item.constraints.items() if verdict is Fit.MISSED]
        for item in every.items
    }
    assert missed == {fits.id: [], silent.id: [], dear.id: ["budget"], raw.id: ["maturity"], other_mode.id: ["mode"]}
    assert own.id not in missed
    for offer_id, meets in ((fits.id, {demand.id}), (dear.id, set()), (raw.id, set()), (other_mode.id, set())):
        back = await service.list_matches(tx, people.buyer, offer_id, cursor=None, limit=9)
        assert {item.listing.id for item in back.items} == meets | {vague.id}


async def test_how_rare_a_word_is_among_offers_does_not_depend_on_what_demands_say(tx, means, people):
    await an_offer(tx, people.seller, people.operator, title_en="laser", summary_en="x")
    await an_offer(tx, people.seller, people.operator, title_en="laser weld", summary_en="x")
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld", problem_en="x")
    await catch_up(means)
    before = await service.list_matches(tx, people.buyer, demand.id, cursor=None, limit=9)
    for _ in range(3):
        await a_demand(tx, people.buyer, people.operator, title_en="laser laser laser", problem_en="weld " * 30)
    await catch_up(means)
    assert await service.list_matches(tx, people.buyer, demand.id, cursor=None, limit=9) == before


async def test_a_number_of_a_patent_is_found_exactly_and_one_digit_off_nearly(tx, means, people):
    rights = (Right(RightKind.INVENTION_PATENT, "ZL201810123456.5"),)
    made = await an_achievement(tx, people.seller, rights=rights)
    offer = await an_offer(tx, people.seller, people.operator, achievement_ids=(made.id,))
    await an_offer(tx, people.seller, people.operator, title_en="201810123456")
    await catch_up(means)
    for query in ("ZL 2018 1 0123456.5", "cn2018101234565"):
        page = await found(tx, ANONYMOUS, query)
        assert ([item.listing.id for item in page.items], page.number, page.total) == ([offer.id], "2018101234565", 1)
        assert page.corrected == {}
    near = await found(tx, ANONYMOUS, "ZL201810123466.5")
    assert ([item.listing.id for item in near.items], near.number) == ([offer.id], "2018101234565")
    assert near.corrected == {"2018101234665": "2018101234565"}
    assert (await found(tx, ANONYMOUS, "ZL201810123456.5", Filters(kind=ListingKind.DEMAND))).items == []


async def test_a_number_that_only_granted_text_names_is_found_by_whoever_holds_the_grant(tx, means, people):
    made = {}
    for number, raised in (("ZL201810123456.5", {"rights": "NDA"}), ("ZL201810123459.9", {})):
        one = await an_achievement(tx, people.seller, rights=(Right(RightKind.INVENTION_PATENT, number),))
        made[number] = await an_offer(tx, people.seller, people.operator, achievement_ids=(one.id,), raised=raised)
    await catch_up(means)
    hidden, shown = (one.id for one in made.values())
    nearly = await found(tx, people.buyer, "ZL201810123456.5")
    assert ([item.listing.id for item in nearly.items], nearly.number) == ([shown], "2018101234599")
    async with tx.begin() as db:
        await disclosure.open_tier(
            db,
            org=people.buyer.org,
            subject=Ref("listing", hidden),
            tier=Tier.NDA,
            basis="request",
            actor=people.seller,
        )
    page = await found(tx, people.buyer, "ZL201810123456.5")
    assert ([item.listing.id for item in page.items], page.number, page.total) == ([hidden], "2018101234565", 1)
    assert page.corrected == {}
    assert await ids(tx, people.buyer, "ZL201810123459.9") == [shown]
    assert replaying.replay(page.kept.document).is_same
    for stranger in (people.newcomer, ANONYMOUS):
        said = await found(tx, stranger, "ZL201810123456.5")
        assert ([item.listing.id for item in said.items], said.corrected) == ([shown], nearly.corrected)


async def test_a_mistyped_word_finds_what_was_meant_and_says_so(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, title_en="Laser welding of Zhejiang Huayou cobalt")
    await catch_up(means)
    page = await found(tx, ANONYMOUS, "zhejang cobolt")
    assert [item.listing.id for item in page.items] == [offer.id]
    assert page.corrected == {"zhejang": "zhejiang", "cobolt": "cobalt"}
    assert (await found(tx, ANONYMOUS, "zhejiang cobalt")).corrected == {}
    assert (await found(tx, ANONYMOUS, "qqqqqq")).items == []


async def test_suggestions_go_on_from_what_was_typed_the_most_frequent_first(tx, means, people):
    made = [
        await an_offer(tx, people.seller, people.operator, title_zh=title, keywords=["激光焊接", "Laser 100%"])
        for title in ("激光焊接头", "激光切割机")
    ]
    await catch_up(means)
    assert await service.suggest(tx, ANONYMOUS, start="激") == ["激光焊接", "激光切割机", "激光焊接头"]
    assert await service.suggest(tx, ANONYMOUS, start="雷射銲") == []
    assert await service.suggest(tx, ANONYMOUS, start="ＬＡＳＥＲ ") == ["laser 100%"]
    assert await service.suggest(tx, ANONYMOUS, start="%") == []
    await listings.withdraw(tx, people.seller, made[1].id)
    await catch_up(means)
    assert await service.suggest(tx, ANONYMOUS, start="激") == ["激光焊接", "激光焊接头"]


def test_the_end_of_all_that_begins_so_lies_behind_the_last_of_them():
    assert after_all_from("ab") == "ac"
    assert after_all_from("\ud7ff") == "\ue000"
    assert after_all_from("a\U0010ffff") == "b"
    assert after_all_from("\U0010ffff") is None


async def test_counts_and_sorting_are_over_all_that_was_found(tx, means, people):
    prices = ["3.00", "1.00", "2.00"]
    made = [
        await an_offer(tx, people.seller, people.operator, title_en="laser", price={"amount": price, "currency": "CNY"})
        for price in prices
    ]
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser", region="330100", budget=None)
    await catch_up(means)
    page = await service.search(
        tx, ANONYMOUS, query="laser", filters=NOTHING, cursor=None, limit=2, sort=Sort.PRICE_UP, with_facets=True
    )
    assert ([item.listing.id for item in page.items], page.total) == ([made[1].id, made[2].id], 4)
    assert page.facets["kind"] == {"OFFER": 3, "DEMAND": 1}
    assert page.facets["region"] == {"33": 1}
    rest = await service.search(
        tx, ANONYMOUS, query="laser", filters=NOTHING, cursor=page.next_cursor, limit=9, sort=Sort.PRICE_UP
    )
    assert [item.listing.id for item in rest.items] == [made[0].id, demand.id]
    assert rest.facets == {}


async def test_a_grant_opens_a_listing_to_its_holder_alone_by_all_of_its_text(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, title_en="Weld", **SECRET)
    await an_offer(tx, people.seller, people.operator, title_en="Weld of trays")
    await catch_up(means)
    others = {who: await found(tx, who, "yak weld") for who in (people.newcomer, people.seller, ANONYMOUS)}
    before = await found(tx, people.buyer, "weld")
    async with tx.begin() as db:
        ref = Ref("listing", offer.id)
        await disclosure.open_tier(
            db, org=people.buyer.org, subject=ref, tier=Tier.NDA, basis="request", actor=people.seller
        )
    page = await found(tx, people.buyer, "yak weld")
    assert page.items[0].listing.id == offer.id
    assert page.items[0].terms == ("yak", "weld")
    assert [h.field for h in page.items[0].highlights] == ["title_en", "summary_en", "technical_details"]
    assert (await found(tx, people.buyer, "xerus")).items == []  # the tier above stays closed
    assert (await found(tx, people.buyer, "weld")).total == before.total
    for who, said in others.items():
        assert await found(tx, who, "yak weld") == said
    async with tx.begin() as db:
        await disclosure.close_tier(db, org=people.buyer.org, subject=ref, actor=people.seller)
    assert await found(tx, people.buyer, "yak") == await found(tx, people.seller, "yak")


async def test_whoever_is_not_verified_finds_nothing_by_what_a_grant_would_open(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, title_en="Weld", **SECRET)
    await catch_up(means)

    async def told():
        pages = [await found(tx, who, "yak weld") for who in (people.newcomer, people.operator)]
        return [[(one.listing.id, one.score, one.terms) for one in page.items] for page in pages]

    before = await told()
    async with tx.begin() as db:
        for who in (people.newcomer, people.operator):
            ref = Ref("listing", offer.id)
            await disclosure.open_tier(
                db, org=who.org, subject=ref, tier=Tier.NDA, basis="request", actor=people.seller
            )
    assert await told() == before


async def test_who_holds_more_grants_than_take_part_is_told(tx, means, people, monkeypatch):
    made = [await an_offer(tx, people.seller, people.operator, title_en="Weld", **SECRET) for _ in range(2)]
    await catch_up(means)
    async with tx.begin() as db:
        for offer in made:
            await disclosure.open_tier(
                db,
                org=people.buyer.org,
                subject=Ref("listing", offer.id),
                tier=Tier.NDA,
                basis="request",
                actor=people.seller,
            )
    for most, cut in ((1, True), (2, False)):
        monkeypatch.setattr(grants, "GRANTS_MAX", most)
        page = await found(tx, people.buyer, "yak")
        matches = await service.list_matches(tx, people.buyer, made[0].id, cursor=None, limit=9)
        assert (len(page.items), page.grants_left_out, matches.grants_left_out) == (most, cut, cut)
        assert (await found(tx, people.newcomer, "weld")).grants_left_out is False


async def test_a_stranger_s_short_way_gives_the_answer_of_the_long_one_with_its_signs(tx, means, people):
    titles = ["laser weld", "laser laser tray", "激光焊接", "铝合金激光", "pump 2000 W", "zhejiang cobalt"]
    made = [await an_offer(tx, people.seller, people.operator, title_en=one) for one in titles]
    rights = (Right(RightKind.INVENTION_PATENT, "ZL201810123456.5"),)
    patent = await an_achievement(tx, people.seller, rights=rights)
    await an_offer(tx, people.seller, people.operator, achievement_ids=(patent.id,), title_zh="激光")
    await a_demand(tx, people.buyer, people.operator, title_en="laser weld")
    await catch_up(means)
    queries = ("laser weld", "激光焊接", "铝", "the of", "zhejang cobolt", "ZL201810123456.5", "2000 W", "qqqq laser")

    async def both_ways(query, **more):
        told = {"query": query, "filters": NOTHING, "cursor": None, "limit": 9, **more}
        short = await service.search_in_public(tx, **told)  # first: it finds out by itself what changed
        long = await service.search(tx, ANONYMOUS, with_signs=True, **told)
        assert (short, short.ids, short.signs) == (long, long.ids, long.signs), query
        assert short.signs == await service.public_signs(tx, short.ids)
        return short

    pages = [await both_ways(query) for query in queries]
    assert [len(page.items) for page in pages] == [8, 3, 1, 0, 1, 1, 1, 3]
    first = await both_ways("laser", limit=2, with_facets=True)
    assert first.facets["kind"] == {"OFFER": 2, "DEMAND": 1}
    assert len((await both_ways("laser", limit=2, cursor=first.next_cursor)).items) == 1
    assert len((await both_ways("laser", filters=Filters(kind=ListingKind.DEMAND), sort=Sort.NEWEST)).items) == 1
    await listings.withdraw(tx, people.seller, made[0].id)
    assert len((await both_ways("laser weld")).items) == 7  # the door keeps it in, even before the index knows
    await an_offer(tx, people.seller, people.operator, title_en="laser lathe")
    await catch_up(means)
    assert len((await both_ways("laser weld")).items) == 8


async def test_what_left_the_market_is_swept_out_of_the_postings_and_answers_stay(tx, means, people, monkeypatch):
    monkeypatch.setattr(writing, "DEAD_MIN", 3)
    made = [await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en=f"x{n}") for n in range(6)]
    await catch_up(means)
    for one in made[:4]:
        await listings.withdraw(tx, people.buyer, one.id)
    await catch_up(means)
    before = await found(tx, ANONYMOUS, "laser")
    read, plain = [], repository.changed_chunks

    async def counted(*given):
        read.append(given[1])
        return await plain(*given)

    with monkeypatch.context() as reads:
        reads.setattr(repository, "changed_chunks", counted)
        reads.setattr(repository, "DEAD_TERMS_TURN", 2)
        while await service.sweep(tx):
            pass
    assert sorted(read) == [0, 1]  # once for all turns of a sweep
    assert await found(tx, ANONYMOUS, "laser") == before
    assert await ids(tx, ANONYMOUS, "x0") == []
    async with tx.read() as db:
        held = await db.execute(
            text(
                "SELECT sum(length(documents)) / 4 FROM search_block JOIN search_term ON id ="
                " term_id WHERE term = 'laser' AND space = 0"
            )
        )
        dead = await db.execute(text("SELECT dead, sweep_below FROM search_state WHERE space = 0"))
        assert (held.scalar_one(), tuple(dead.one())) == (2, (0, None))
        unused = await db.execute(text("SELECT count(*) FROM search_term WHERE space = 0 AND df = 0"))
        assert unused.scalar_one() == 0  # words that nobody says any more are given back
    again = await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en="x9")
    await catch_up(means)
    assert await ids(tx, ANONYMOUS, "laser") == [again.id, made[5].id, made[4].id]


async def search_tables(tx):
    """What the tables of the index are made of: columns in any order, indexes, constraints."""
    query = (
        "SELECT 'column', table_name, column_name, concat(data_type,"
        " regexp_replace(column_default, '''|::[a-z]+', '', 'g'), is_nullable, is_identity)"
        " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(:names)"
        " UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = 'public' AND tablename = ANY(:names) AND indexname NOT LIKE 'ix_vector%'"
        " UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE conrelid::regclass::text = ANY(:names) ORDER BY 1, 2, 3"
    )
    async with tx.read() as db:
        rows = await db.execute(text(query), {"names": [table.name for table in beside.MOVED]})
        return [tuple(row) for row in rows]


async def test_the_index_is_built_anew_beside_the_one_in_use_and_is_as_small_as_what_it_holds(
    tx, means, people, monkeypatch
):
    made = [await an_offer(tx, people.seller, people.operator, title_en=f"laser {w}") for w in ("aa", "bb", "cc")]
    await listings.withdraw(tx, people.seller, made[0].id)
    own = await listings.get_listing(tx, people.seller, made[1].id)
    fields = {name: value for name, value in own.terms.items() if name != "rights"}
    for title in ("laser dd", "laser ee"):
        await catch_up(means)
        own = await listings.get_listing(tx, people.seller, made[1].id)
        draft = ListingDraft({**fields, "title_en": title}, own.dossier.tiers, own.achievement_ids)
        await listings.update_draft(tx, people.seller, made[1].id, ListingKind.OFFER, draft, if_match=own.etag)
        await listings.accept(tx, people.operator, made[1].id)
    await catch_up(means)
    tables, before = await search_tables(tx), await found(tx, ANONYMOUS, "laser")
    answers = []
    fill = rebuilding._fill

    async def fills(other):
        answers.append(await found(tx, ANONYMOUS, "laser"))  # it answers while another is filled
        if len(answers) == 1:
            late.append(await an_offer(tx, people.seller, people.operator, title_en="laser late"))
            await catch_up(means)
        await fill(other)

    late = []
    monkeypatch.setattr(rebuilding, "_fill", fills)
    async with tx.read() as held:  # whoever still reads the old one is waited for
        await held.execute(text("SELECT 1 FROM search_state"))
        work = asyncio.create_task(service.rebuild(tx))
        await asyncio.wait([work], timeout=1.5)
        assert not work.done()
    assert await asyncio.wait_for(work, 20)
    assert answers[0] == before
    assert all(len(page.items) == 3 for page in answers[1:])
    after = await ids(tx, ANONYMOUS, "laser")
    assert sorted(after) == sorted([made[1].id, made[2].id, late[0].id])
    assert await ids(tx, ANONYMOUS, "dd") == await ids(tx, ANONYMOUS, "aa") == []
    async with tx.read() as db:
        numbers = (
            await db.execute(text("SELECT next_document, documents, dead, model FROM search_state ORDER BY space"))
        ).all()
        unused = (await db.execute(text("SELECT count(*) FROM search_term WHERE df = 0"))).scalar_one()
        schemas = text("SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'search_next'")
        left = (await db.execute(schemas)).scalar_one()
    assert [tuple(row) for row in numbers[:2]] == [(3, 3, 0, tokens.MODEL)] * 2
    assert (unused, left) == (0, 0)
    assert await search_tables(tx) == tables
    again = await an_offer(tx, people.seller, people.operator, title_en="laser again")
    await catch_up(means)
    assert again.id in await ids(tx, ANONYMOUS, "laser")


async def test_what_the_old_index_alone_had_read_when_they_changed_places_is_read_again(tx, means, people, monkeypatch):
    first = await an_offer(tx, people.seller, people.operator, title_en="laser")
    await catch_up(means)
    fill, made = rebuilding._fill, [first]

    async def fills(other):
        await fill(other)
        made.append(await an_offer(tx, people.seller, people.operator, title_en="laser"))
        await catch_up(means)

    monkeypatch.setattr(rebuilding, "_fill", fills)
    assert await service.rebuild(tx)
    await catch_up(means)
    assert sorted(await ids(tx, ANONYMOUS, "laser")) == sorted(one.id for one in made)


async def test_another_version_of_the_terms_builds_the_index_anew_once_and_two_do_not_do_it_together(
    tx, means, people, monkeypatch
):
    await jobs.rebuild(means)  # an empty market has nothing to build
    made = await an_offer(tx, people.seller, people.operator, title_en="laser")
    await catch_up(means)
    for version in (tokens.MODEL, "bm25-other"):
        monkeypatch.setattr(tokens, "MODEL", version)
        before = await generation(tx)
        assert await service.is_outdated(tx) == (version == "bm25-other")
        await jobs.rebuild(means)
        assert (await generation(tx) != before) == (version == "bm25-other")
    assert not await service.is_outdated(tx)
    assert await ids(tx, ANONYMOUS, "laser") == [made.id]
    assert sorted(await asyncio.gather(service.rebuild(tx), service.rebuild(tx))) == [False, True]
    before = await generation(tx)

    async def fails(_):
        raise RuntimeError("stopped")

    monkeypatch.setattr(rebuilding, "_change_places", fails)
    with pytest.raises(RuntimeError):
        await service.rebuild(tx)
    assert (await generation(tx), await ids(tx, ANONYMOUS, "laser")) == (before, [made.id])
    async with tx.read() as db:
        left = await db.execute(
            text(
                "SELECT (SELECT count(*) FROM journal_reader WHERE name LIKE '%.next'), to_regnamespace('search_next')"
            )
        )
        assert tuple(left.one()) == (0, None)


async def generation(tx):
    async with tx.read() as db:
        return (await db.execute(text("SELECT generation FROM search_state WHERE space = 0"))).scalar_one()


async def test_a_database_that_went_back_is_read_anew_by_word_or_after_a_while(tx, means, people, monkeypatch):
    made = await an_offer(tx, people.seller, people.operator, title_en="laser")
    await catch_up(means)
    assert await ids(tx, ANONYMOUS, "laser") == [made.id]
    async with tx.begin() as db:  # as it stood before the listing was known to be alive, at an earlier epoch
        (content,) = (await db.execute(text("SELECT content FROM search_column WHERE space = 0"))).scalars()
        dead = np.frombuffer(content, ROW).copy()
        dead["alive"] = 0
        back = "UPDATE {} SET epoch = epoch - 1 {} WHERE space = 0"
        await db.execute(text(back.format("search_column", ", content = :dead")), {"dead": dead.tobytes()})
        await db.execute(text(back.format("search_state", "")))

    async def everything():
        return (await found(tx, ANONYMOUS, None)).total

    assert await everything() == 1
    with monkeypatch.context() as later:
        later.setattr(reading, "BACK_SECONDS", -1.0)
        assert await everything() == 0
    async with tx.begin() as db:
        await db.execute(text("UPDATE search_column SET content = :alive WHERE space = 0"), {"alive": content})
    assert await everything() == 0
    await service.reread(tx)
    assert await everything() == 1


async def test_many_who_ask_first_read_the_columns_once(tx, means, people, monkeypatch):
    await an_offer(tx, people.seller, people.operator, title_en="laser")
    await catch_up(means)
    await service.reread(tx)
    read, plain = [], repository.changed_chunks

    async def counted(*given):
        read.append(given[1:])
        return await plain(*given)

    monkeypatch.setattr(repository, "changed_chunks", counted)
    answers = await asyncio.gather(*[ids(tx, ANONYMOUS, "laser") for _ in range(8)])
    assert len({tuple(one) for one in answers}) == len(read) == 1


async def test_a_turn_that_is_too_short_leaves_the_rest_to_the_next_and_loses_nothing(tx, means, people, monkeypatch):
    made = [await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en="x") for _ in range(4)]
    await listings.withdraw(tx, people.buyer, made[0].id)
    async with tx.begin() as db:
        await journal.sequence(db)
    monkeypatch.setattr("techmarket.matching.service.following.TURN_SECONDS", 0.0)
    turns = 0
    while await service.follow(tx):
        turns += 1
    assert turns >= 4
    assert await ids(tx, ANONYMOUS, "laser") == [one.id for one in made[:0:-1]]


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


@pytest.mark.parametrize("fails", ["when it is counted", "when it is refused", "when it is sent"])
async def test_a_listing_that_cannot_be_indexed_is_left_out_and_the_others_are_found(
    tx, means, people, monkeypatch, fails
):
    titles = [f"laser {n}" for n in range(4)]
    made = [await a_demand(tx, people.buyer, people.operator, title_en=t, problem_en="x") for t in titles]
    poison = made[1].id
    entry = following._entry

    def counts(one, fields):
        made = entry(one, fields)
        if one.listing_id != poison:
            return made
        if fails == "when it is counted":
            raise ValueError("poison")
        more = {"when it is refused": {"x" * 65: 1}, "when it is sent": {"\ud800": 1}}
        return replace(made, terms={**made.terms, **more[fails]})

    monkeypatch.setattr(following, "_entry", counts)
    with structlog.testing.capture_logs() as said:
        await catch_up(means)
    assert sorted(await ids(tx, ANONYMOUS, "laser")) == sorted(one.id for one in made if one.id != poison)
    assert {one["listing"] for one in said if one["event"] == "listing_not_indexed"} == {str(poison)}
    count, (aside,) = await service.list_set_aside(tx, 9)
    # What is written together is tried again in smaller pieces, in the end each entry of the journal by itself.
    assert (count, aside.listing_id, aside.tries) == (1, poison, 1 if fails == "when it is counted" else aside.tries)
    assert aside.trouble == ("DBAPIError 22001" if fails == "when it is refused" else aside.trouble)
    told, *helps = await doctor.not_indexed(means)
    assert f"listing {poison} is not in the search index since {aside.since:%Y-%m-%d}" in told
    assert "techmarket index" in helps[0]
    if fails == "when it is counted":
        await listings.withdraw(tx, people.buyer, poison)
    else:
        monkeypatch.setattr(following, "_entry", entry)
        assert await service.rebuild(tx)
        assert len(await ids(tx, ANONYMOUS, "laser")) == len(made)
    await catch_up(means)
    assert (await service.list_set_aside(tx, 9), await doctor.not_indexed(means)) == ((0, []), [])


async def test_what_was_indexed_once_and_cannot_be_any_more_is_not_found_by_its_former_text(
    tx, means, people, monkeypatch
):
    made = await a_demand(tx, people.buyer, people.operator, title_en="laser", problem_en="x")
    await catch_up(means)
    assert await ids(tx, ANONYMOUS, "laser") == [made.id]

    def fails(_one, _fields):
        raise ValueError("poison")

    monkeypatch.setattr(following, "_entry", fails)
    await again(tx, made.id)
    await catch_up(means)
    assert await ids(tx, ANONYMOUS, "laser") == []


async def test_others_are_answered_between_the_texts_of_a_page_and_the_fields_of_a_listing(
    tx, means, people, monkeypatch
):
    for _ in range(3):
        await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld")
    await catch_up(means)
    turn, seen = 0, {}
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)

    async def goes_on():
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def noted(name, plain):
        def note(*given, **more):
            seen.setdefault(name, []).append(turn)
            return plain(*given, **more)

        return note

    for room, name in ((searching, "highlights"), (texts, "fields_of"), (texts, "terms_of")):
        monkeypatch.setattr(room, name, noted(name, getattr(room, name)))
    other = asyncio.create_task(goes_on())
    await found(tx, people.buyer, "laser")
    await service.list_matches(tx, people.buyer, demand.id, cursor=None, limit=9)
    other.cancel()
    assert (len(seen["highlights"]), len(seen["fields_of"])) == (4, 3)
    assert all(len(set(at)) == len(at) for at in seen.values())


async def test_of_a_long_chinese_demand_the_rarest_words_are_looked_for(tx, means, people):
    rng = random.Random(7)
    filling = "".join(chr(rng.randrange(0x4E00, 0x8000)) for _ in range(1_500))
    offer = await an_offer(tx, people.seller, people.operator, title_zh="镍基高温合金", title_en=None)
    await an_offer(tx, people.seller, people.operator, title_zh="水泵", title_en=None)
    demand = await a_demand(tx, people.buyer, people.operator, title_zh="求", problem_zh=filling + "镍基")
    await catch_up(means)
    page = await service.list_matches(tx, people.buyer, demand.id, cursor=None, limit=9)
    assert page.items[0].listing.id == offer.id
    assert "镍基" in [part.term for part in page.items[0].terms]


async def test_one_chinese_character_finds_what_begins_with_it(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, title_zh="高强铝合金", title_en=None)
    await an_offer(tx, people.seller, people.operator, title_zh="水泵", title_en=None)
    await catch_up(means)
    page = await found(tx, ANONYMOUS, "铝")
    assert ([item.listing.id for item in page.items], page.items[0].terms) == ([offer.id], ("铝合",))
    assert await ids(tx, ANONYMOUS, "钛") == []


async def test_indexing_twice_or_by_five_at_once_ends_the_same(tx, means, people):
    for _ in range(5):
        await an_offer(tx, people.seller, people.operator, **SECRET)
    await catch_up(means)
    once = await index_of(tx)
    async with tx.begin() as db:
        await db.execute(text("UPDATE journal_reader SET position = 0 WHERE name LIKE 'matching%'"))
    handled = await asyncio.gather(*[service.follow(tx, limit=3) for _ in range(5)])
    assert 3 <= sum(handled) <= 15
    await jobs.index(means)
    assert await index_of(tx) == once
    public, registered, _ = once[0]
    assert (public.documents, registered.documents) == (5, 5)
    assert registered.length_sum > public.length_sum
