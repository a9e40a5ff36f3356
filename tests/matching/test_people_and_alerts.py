"""Judging matches, being found, searches that go on, and blind matching."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text

from techmarket.achievements.rights import Right, RightKind
from techmarket.api.searches import KeptSearches
from techmarket.db import journal
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.hub import telling
from techmarket.identity import service as identity
from techmarket.identity.actor import ANONYMOUS, OrgKind
from techmarket.identity.permissions import NotVerified
from techmarket.jobs.runner import sequence_once
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import encode_cursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from techmarket.matching import errors, jobs, profiles, replaying, service, tokens
from techmarket.matching.events import AlertsTold, BlindMatchFound
from techmarket.matching.profiles import Profile
from techmarket.matching.reranking import FEATURES
from techmarket.matching.service import alerting, answering, blind
from techmarket.matching.service import people as finding
from techmarket.matching.views import Delivery, Filters, Reason, Sort, Verdict
from tests.achievements.make import an_achievement
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import a_demand, an_offer


@pytest.fixture
async def people(tx, keys):
    market = await a_market(tx, keys)
    return SimpleNamespace(
        operator=market["operator"].actor,
        seller=(await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor,
        buyer=(await an_organisation(tx)).actor,
        other=(await an_organisation(tx)).actor,
        newcomer=(await an_organisation(tx, verified=False)).actor,
    )


async def catch_up(means):
    async with means.tx.begin() as db:
        while await journal.sequence(db):
            pass
    await jobs.index(means)
    await jobs.alert(means)


async def matches(tx, actor, listing, **more):
    return await service.list_matches(tx, actor, listing.id, cursor=None, limit=9, **more)


async def count(tx, table):
    async with tx.read() as db:
        return (await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


# --- answers and feedback -------------------------------------------------------------------------------------------


async def test_a_kept_answer_is_there_for_who_heard_it_and_comes_out_the_same(tx, means, people):
    await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld")
    await catch_up(means)
    page = await matches(tx, people.buyer, demand)
    assert (await matches(tx, people.buyer, demand)).answer == page.answer
    assert await count(tx, "match_answer") == 1
    for reader in (people.buyer, people.operator):
        kept = await service.get_answer(tx, reader, page.answer)
        assert (kept.is_same, kept.differs, kept.listing_id) == (True, (), demand.id)
        assert [one["id"] for one in kept.document["results"]] == [str(page.items[0].listing.id)]
    for stranger in (people.other, ANONYMOUS):
        with pytest.raises(NotFound):
            await service.get_answer(tx, stranger, page.answer)
    assert (await matches(tx, ANONYMOUS, demand)).answer is None  # a stranger's reading writes nothing
    assert await count(tx, "match_answer") == 1
    with pytest.raises(NotFound):
        await service.get_answer(tx, people.operator, "0" * 32)


async def test_an_organisation_s_answers_of_a_day_are_bounded_and_what_is_known_keeps_its_name(
    tx, means, people, monkeypatch
):
    monkeypatch.setattr(answering, "KEPT_A_DAY", 2)
    for _ in range(3):
        await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld")
    await catch_up(means)
    first = await matches(tx, people.buyer, demand)
    wishes = [Filters(kind=ListingKind.OFFER), Filters(region="33")]
    names = [(await matches(tx, people.buyer, demand, filters=one)).answer for one in wishes]
    assert [name is not None for name in names] == [True, False]
    assert (await matches(tx, people.buyer, demand)).answer == first.answer
    assert (await matches(tx, people.other, demand)).answer is not None
    async with tx.begin() as db:
        await db.execute(text("UPDATE match_answer SET at = at - interval '25 hours'"))
    assert (await matches(tx, people.buyer, demand, filters=wishes[1])).answer is not None


def test_searches_of_a_day_are_kept_up_to_a_bound_for_each_organisation():
    now, org, other = 0.0, new_id(), new_id()
    searches = KeptSearches(None, kept_a_day=2, clock=lambda: now)

    def kept(name, of=org):
        return searches.keep(replaying.Keepable(name, "search", None, of, {"results": []}))

    assert [kept(name) for name in ("a", "b", "a", "c")] == ["a", "b", "a", None]
    assert kept("d", other) == "d"
    now = 86_400.0
    assert kept("c") == "c"


async def test_an_answer_goes_with_the_standing_under_which_it_was_given(tx, means, people):
    await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    await catch_up(means)
    names = {}
    for actor in (people.buyer, people.newcomer):
        kept = (await searched(tx, actor, "laser")).kept
        await service.keep_searches(tx, [kept])
        names[actor.org] = kept.id
        assert (await service.get_answer(tx, actor, kept.id)).is_same
    no_more = replace(people.buyer, org_verified=False)
    with pytest.raises(NotFound):
        await service.get_answer(tx, no_more, names[people.buyer.org])


async def searched(tx, actor, query, **more):
    filters, limit = more.pop("filters", Filters()), more.pop("limit", 9)
    return await service.search(tx, actor, query=query, filters=filters, cursor=None, limit=limit, **more)


async def test_an_answer_to_a_search_is_kept_for_who_heard_it_and_comes_out_the_same(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, title_en="laser weld", summary_en="ZL201810123456.7")
    await an_offer(tx, people.seller, people.operator, title_en="laser laser")
    await catch_up(means)
    asked = [
        ("laser weld", {}),
        ("lasre weld", {"filters": Filters(kind=ListingKind.OFFER)}),
        (None, {"filters": Filters(kind=ListingKind.OFFER)}),
        ("laser", {"sort": Sort.NEWEST, "limit": 1}),
    ]
    searches = KeptSearches(tx, waiting_max=len(asked))
    names = [searches.keep((await searched(tx, people.buyer, query, **more)).kept) for query, more in asked]
    assert searches.keep((await searched(tx, people.buyer, "weld")).kept) is None  # more than can wait
    assert (await searched(tx, ANONYMOUS, "laser")).kept is None
    assert await count(tx, "match_answer") == 0
    await searches.flush()
    await searches.flush()
    assert await count(tx, "match_answer") == len(set(names)) == 4
    for name, (query, _) in zip(names, asked, strict=True):
        kept = await service.get_answer(tx, people.buyer, name)
        assert (kept.kind, kept.listing_id, kept.is_same, kept.differs) == ("search", None, True, ())
        assert kept.document["inputs"]["wishes"]["query"] == query
        assert kept.document["inputs"]["words"] == tokens.MODEL
        with pytest.raises(NotFound):
            await service.get_answer(tx, people.other, name)
    first = (await service.get_answer(tx, people.buyer, names[0])).document
    assert first["results"][0]["id"] == str(offer.id)
    first["results"][0]["score"] += 1
    assert not replaying.replay(first).is_same


async def test_searches_that_cannot_be_written_wait_and_those_of_a_process_that_leaves_are_written(tx, means, people):
    await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    await catch_up(means)
    kept = (await searched(tx, people.buyer, "laser")).kept
    async with KeptSearches(tx) as searches:
        name = searches.keep(kept)
        assert await count(tx, "match_answer") == 0
    assert (await service.get_answer(tx, people.buyer, name)).is_same
    broken = KeptSearches(None)
    broken.keep(kept)
    with structlog.testing.capture_logs() as said:
        await broken.flush()
    assert [(one["event"], one["waiting"]) for one in said] == [("searches_not_kept", 1)]
    async with tx.begin() as db:
        await db.execute(text("UPDATE match_answer SET at = market_now() - interval '31 days'"))
    assert await service.forget_answers(tx) == 1


async def test_feedback_is_the_owner_s_about_what_he_was_shown_with_the_features_it_had(tx, means, people):
    offer = await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld")
    await catch_up(means)

    def say(actor, verdict=Verdict.INTERESTED, reason=None, of=demand, other=offer.id):
        return service.give_feedback(tx, actor, of.id, other, verdict=verdict, reason=reason, note=None)

    with pytest.raises(errors.MatchNotShown):
        await say(people.buyer)
    page = await matches(tx, people.buyer, demand)
    with pytest.raises(NotAllowed):
        await say(people.other)
    with pytest.raises(errors.ReasonUnfit):
        await say(people.buyer, Verdict.NOT_RELEVANT)
    with pytest.raises(errors.ReasonUnfit):
        await say(people.buyer, reason=Reason.TOO_DEAR)
    with pytest.raises(errors.MatchNotShown):
        await say(people.buyer, other=new_id())
    draft = await a_demand(tx, people.buyer)
    with pytest.raises(NotFound):
        await say(people.other, of=draft)
    assert await count(tx, "match_feedback") == 0
    await say(people.buyer)
    await say(people.buyer, Verdict.NOT_RELEVANT, Reason.OTHER_FIELD)
    (said,) = await service.list_feedback(tx, people.buyer, demand.id)
    assert (said.other_id, said.verdict, said.reason) == (offer.id, Verdict.NOT_RELEVANT, Reason.OTHER_FIELD)
    assert said.answer_id == page.answer
    with pytest.raises(NotAllowed):
        await service.list_feedback(tx, people.other, demand.id)
    async with tx.read() as db:
        row = (await db.execute(text("SELECT features, blend FROM match_feedback"))).one()
    kept = await service.get_answer(tx, people.buyer, page.answer)
    assert row.features == kept.document["results"][0]["features"]


async def test_feedback_on_what_stands_far_behind_or_was_opened_by_a_grant_is_kept_and_teaches_nothing(
    tx, means, people, monkeypatch
):
    monkeypatch.setattr("techmarket.matching.candidates.CANDIDATES", 1)
    made = [
        await an_offer(tx, people.seller, people.operator, title_en="laser weld", technical_details="laser yak")
        for _ in range(3)
    ]
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld yak")
    async with tx.begin() as db:
        ref = Ref("listing", made[0].id)
        await disclosure.open_tier(
            db, org=people.buyer.org, subject=ref, tier=Tier.NDA, basis="request", actor=people.seller
        )
    await catch_up(means)
    page = await matches(tx, people.buyer, demand)
    assert len(page.items) == 3
    for one in made:
        await service.give_feedback(
            tx, people.buyer, demand.id, one.id, verdict=Verdict.INTERESTED, reason=None, note=None
        )
    async with tx.read() as db:
        rows = await db.execute(text("SELECT other_id, jsonb_array_length(features) FROM match_feedback"))
        taught = {row[0]: row[1] for row in rows}
    assert sorted(taught.values()) == [0, 0, 9]
    monkeypatch.setattr("techmarket.matching.candidates.CANDIDATES", 9)
    hiding = await a_demand(tx, people.buyer, people.operator, title_en="laser weld", technical_details="yak")
    await catch_up(means)
    shown = [item.listing.id for item in (await matches(tx, people.buyer, hiding)).items]
    assert made[1].id in shown
    await service.give_feedback(
        tx, people.buyer, hiding.id, made[1].id, verdict=Verdict.INTERESTED, reason=None, note=None
    )
    async with tx.read() as db:  # its own hidden words were part of how the match looked
        query = text("SELECT features FROM match_feedback WHERE listing_id = :id")
        assert (await db.execute(query, {"id": hiding.id})).scalar_one() == []
    assert taught[made[0].id] == 0
    assert (await service.train_reranker(tx)).feedback_count == 4
    kept = await service.get_answer(tx, people.buyer, page.answer)
    assert str(made[0].id) in [one["id"] for one in kept.document["results"]]
    async with tx.begin() as db:
        await disclosure.close_tier(db, org=people.buyer.org, subject=ref, actor=people.seller)
    kept = await service.get_answer(tx, people.buyer, page.answer)  # what the grant opened went with it
    assert str(made[0].id) not in [one["id"] for one in kept.document["results"]]
    assert (kept.is_same, len(kept.document["results"])) == (True, 2)


async def test_a_learnt_ranking_is_used_only_while_it_is_better_and_answers_by_it_replay(tx, means, people):
    made = [
        await an_offer(tx, people.seller, people.operator, title_en="laser weld", region=region)
        for region in ("310100", "330100", "310100")
    ]
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld", region="330100")
    await catch_up(means)
    before = await matches(tx, people.buyer, demand)
    assert before.reranker is None
    assert await service.train_reranker(tx) is None
    await service.give_feedback(
        tx, people.buyer, demand.id, made[0].id, verdict=Verdict.INTERESTED, reason=None, note=None
    )
    trained = await service.train_reranker(tx)
    assert (trained.is_active, trained.feedback_count) == (False, 1)
    assert await service.train_reranker(tx) is None  # nothing new was said
    weights = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    model = {
        "name": "m",
        "features": list(FEATURES),
        "weights": weights,
        "bias": 0.0,
        "means": [0.0] * 9,
        "deviations": [1.0] * 9,
    }
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE match_model SET is_active = true, model = cast(:model as jsonb)"),
            {"model": json.dumps(model)},
        )
    after = await matches(tx, people.buyer, demand)
    assert (after.reranker, after.items[0].listing.id, after.items[0].score) == ("m", made[1].id, "1.000000")
    assert (await service.get_answer(tx, people.buyer, after.answer)).is_same
    for stranger in (ANONYMOUS, people.newcomer):  # it was learnt from what they may not see
        assert (await matches(tx, stranger, demand)).reranker is None
    async with tx.begin() as db:
        await db.execute(text("""UPDATE match_model SET model = jsonb_set(model, '{features}', '["words"]')"""))
    assert (await matches(tx, people.buyer, demand)).reranker is None  # learnt over other features
    assert {item.listing.id for item in after.items} == {item.listing.id for item in before.items}


# --- people ---------------------------------------------------------------------------------------------------------


async def test_people_are_found_when_they_agreed_and_are_qualified_today_by_verified_organisations(tx, means, people):
    demand = await a_demand(tx, people.buyer, people.operator, title_zh="激光焊接变形控制")
    said = Profile(True, statement_zh="十年激光焊接成果转化经验", keywords=("焊接", "变形"), region="330100")
    made = {}
    for name, kind, until, profile in (
        ("good", "TECHNOLOGY_MANAGER", date(2099, 1, 1), said),
        ("lapsed", "TECHNOLOGY_MANAGER", date(2020, 1, 1), said),
        ("hidden", "TECHNOLOGY_MANAGER", None, Profile(False, statement_zh="激光焊接")),
        ("expert", "EXPERT", None, said),
        ("other", "TECHNOLOGY_MANAGER", None, Profile(True, statement_en="pumps")),
    ):
        member = (await a_member(tx, people.other)).actor
        await identity.grant_qualification(
            tx, people.operator, member.person, kind=kind, level="SENIOR", valid_until=until
        )
        await service.put_profile(tx, member, profile)
        made[name] = member
    unqualified = (await a_member(tx, people.other)).actor
    await service.put_profile(tx, unqualified, said)

    async def found(reader=people.buyer, kind="TECHNOLOGY_MANAGER", region=None):
        return await service.list_people(tx, reader, demand.id, kind=kind, region=region, cursor=None, limit=9)

    page = await found()
    assert [item.profile.person_id for item in page.items] == [made["good"].person]
    assert page.total == 1
    best = page.items[0]
    assert {"激光", "焊接", "变形"} <= {part.term for part in best.terms}
    assert [(q.kind, q.level) for q in best.qualifications] == [("TECHNOLOGY_MANAGER", "SENIOR")]
    assert (await service.get_answer(tx, people.buyer, page.answer)).is_same
    with pytest.raises(errors.MatchNotShown):  # a person is no match of the listing
        await service.give_feedback(
            tx, people.buyer, demand.id, best.profile.person_id, verdict=Verdict.INTERESTED, reason=None, note=None
        )
    assert [item.profile.person_id for item in (await found(kind="EXPERT")).items] == [made["expert"].person]
    assert (await found(region="31")).items == []
    assert len((await found(region="33")).items) == 1
    with pytest.raises(NotVerified):
        await found(people.newcomer)
    with pytest.raises(errors.StatementMissing):
        await service.put_profile(tx, made["good"], Profile(True))
    await service.put_profile(tx, made["good"], Profile(False, statement_zh="激光焊接"))
    assert (await found()).items == []
    assert (await service.get_profile(tx, made["good"])).is_listed is False
    assert await service.reindex_people(tx) == 0


async def test_a_consent_that_is_taken_back_while_profiles_are_indexed_anew_is_gone(tx, means, people):
    demand = await a_demand(tx, people.buyer, people.operator, title_en="laser weld")
    member = (await a_member(tx, people.other)).actor
    await identity.grant_qualification(
        tx, people.operator, member.person, kind="EXPERT", level="SENIOR", valid_until=None
    )
    await service.put_profile(tx, member, Profile(True, statement_en="laser weld"))
    async with tx.begin() as db:
        rows = await profiles.list_listed(db, after=None, limit=9)
        taken_back = asyncio.create_task(service.put_profile(tx, member, Profile(False)))
        await asyncio.wait([taken_back], timeout=0.3)
        await finding._index(db, rows)
    await taken_back
    page = await service.list_people(tx, people.buyer, demand.id, kind="EXPERT", region=None, cursor=None, limit=9)
    assert (page.items, page.total) == ([], 0)


# --- searches that go on --------------------------------------------------------------------------------------------


async def save(tx, keys, actor, query="laser weld", filters=Filters(), delivery=Delivery.IMMEDIATE):
    return await service.save_search(tx, keys, actor, name="mine", query=query, filters=filters, delivery=delivery)


async def told(tx, actor, cursor=None, limit=2):
    seen = []
    while True:
        page = await service.list_alerts(tx, actor, cursor=cursor, limit=limit)
        if not page.items:
            return seen, cursor
        seen += [(item.search_id, item.listing.id) for item in page.items]
        cursor = page.next_cursor


async def test_what_is_published_and_fits_is_told_once_and_nothing_is_lost(tx, keys, means, people):
    before = await an_offer(tx, people.seller, people.operator, title_en="laser weld before")
    await catch_up(means)
    wide = await save(tx, keys, people.buyer)
    narrow = await save(tx, keys, people.buyer, query=None, filters=Filters(kind=ListingKind.DEMAND, region="33"))
    registered = {"description_en": "laser"}
    made = [await an_offer(tx, people.seller, people.operator, title_en=f"laser weld {n}") for n in range(3)]
    await an_offer(tx, people.seller, people.operator, title_en="laser only", summary_en="x")
    demand = await a_demand(tx, people.other, people.operator, title_en="x", region="330100")
    own = await an_offer(tx, people.buyer, people.operator, title_en="laser weld")
    seen = await an_offer(tx, people.seller, people.operator, title_en="welding", **registered)
    await catch_up(means)
    await asyncio.gather(*[jobs.alert(means) for _ in range(4)])
    got, cursor = await told(tx, people.buyer)
    wanted = [(wide.id, one.id) for one in [*made, seen]] + [(narrow.id, demand.id)]
    assert sorted(got) == sorted(wanted)
    assert before.id not in [listing for _, listing in got]
    assert own.id not in [listing for _, listing in got]
    # Again by another way, and changed by its owner: it is not told again.
    await listings.withdraw(tx, people.other, demand.id)
    async with tx.begin() as db:
        await db.execute(text("UPDATE journal_reader SET position = 0 WHERE name = 'matching.alerts'"))
    await catch_up(means)
    late = await an_offer(tx, people.seller, people.operator, title_en="Laser WELD late")
    await catch_up(means)
    assert (await told(tx, people.buyer, cursor))[0] == [(wide.id, late.id)]
    assert (await told(tx, people.other))[0] == []
    # At a number that was given to nobody one would wait for what is told under it a second time.
    for number in (7, 2**62):
        with pytest.raises(errors.AlertsLost):
            await told(tx, people.buyer, encode_cursor(number))


@pytest.mark.parametrize("dies_at", ["after the alerts", "after they are told"])
async def test_a_worker_that_dies_in_the_middle_tells_nothing_twice_and_loses_nothing(
    tx, keys, means, people, monkeypatch, dies_at
):
    search = await save(tx, keys, people.buyer)
    made = [await an_offer(tx, people.seller, people.operator, title_en=f"laser weld {n}") for n in range(3)]
    while await sequence_once(means):
        pass
    await jobs.index(means)
    owner, name = (alerting.repository, "move_cursor") if dies_at == "after the alerts" else (alerting, "AlertsTold")

    def dies(*_args, **_more):
        raise RuntimeError(dies_at)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dies)
        with pytest.raises(RuntimeError, match=dies_at):
            await jobs.alert(means)
    assert (await told(tx, people.buyer))[0] == []
    for _ in range(2):  # and a second worker that starts once more finds nothing left to tell
        await jobs.alert(means)
    assert sorted((await told(tx, people.buyer))[0]) == sorted((search.id, one.id) for one in made)


async def test_a_newcomer_is_told_by_public_text_alone_and_nobody_of_a_hidden_change(tx, keys, means, people):
    await save(tx, keys, people.newcomer)
    shown = await an_offer(tx, people.seller, people.operator, title_en="welding", description_en="laser")
    await catch_up(means)
    assert await told(tx, people.newcomer) == ([], None)
    offer = await an_offer(tx, people.seller, people.operator, title_en="laser weld", technical_details="x")
    await catch_up(means)
    assert [listing for _, listing in (await told(tx, people.newcomer))[0]] == [offer.id]
    late = await save(tx, keys, people.buyer)
    own = await listings.get_listing(tx, people.seller, shown.id)
    fields = {name: value for name, value in own.terms.items() if name != "rights"} | {"technical_details": "y"}
    draft = ListingDraft(fields, own.dossier.tiers, own.achievement_ids)
    await listings.update_draft(tx, people.seller, shown.id, ListingKind.OFFER, draft, if_match=own.etag)
    await catch_up(means)
    assert (await told(tx, people.buyer))[0] == []
    assert late.name == "mine"


async def test_nobody_reads_off_the_number_of_an_alert_what_others_were_told(tx, keys, means, people):
    await save(tx, keys, people.newcomer, query="laser")
    await save(tx, keys, people.buyer, query="zebra")
    numbers = []
    for hidden in (None, "zebra"):
        for _ in range(2):
            await an_offer(tx, people.seller, people.operator, title_en="pump", description_en=hidden)
        await an_offer(tx, people.seller, people.operator, title_en="laser")
        await catch_up(means)
        page = await service.list_alerts(tx, people.newcomer, cursor=None, limit=9)
        numbers.append(page.items[-1].told)
    assert numbers == [1, 2]
    assert len((await told(tx, people.buyer))[0]) == 2


async def test_a_number_of_a_right_that_is_searched_for_alerts_like_any_word(tx, keys, means, people):
    search = await save(tx, keys, people.buyer, query="ZL 2018 1 0123456.5")
    rights = (Right(RightKind.INVENTION_PATENT, "ZL201810123456.5"),)
    made = await an_achievement(tx, people.seller, rights=rights)
    offer = await an_offer(tx, people.seller, people.operator, achievement_ids=(made.id,))
    await an_offer(tx, people.seller, people.operator, title_en="ZL 2018 1 0123456.5")
    await catch_up(means)
    assert (await told(tx, people.buyer))[0] == [(search.id, offer.id)]


async def test_owners_are_told_of_alerts_and_of_blind_matches_in_their_own_feed_and_nobody_else():
    org, other = new_id(), new_id()
    for event, audiences in (
        (AlertsTold(new_id(), org, 3), [org]),
        (BlindMatchFound(new_id(), new_id(), other), [other]),
    ):
        entry = telling.Fact(1, None, event.kind, tuple(event.refs()), event.facts())
        assert [one.audience for one in telling.tell(entry, telling.Known(), {})] == audiences


async def test_a_digest_is_told_at_its_hour_and_an_ended_search_never_again(tx, keys, means, people):
    digest = await save(tx, keys, people.buyer, delivery=Delivery.DIGEST)
    await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    await catch_up(means)
    assert await told(tx, people.buyer) == ([], None)
    async with tx.begin() as db:
        await db.execute(text("UPDATE search_alert SET due_at = market_now()"))
    await catch_up(means)
    assert len((await told(tx, people.buyer))[0]) == 1
    await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    await catch_up(means)
    with pytest.raises(NotFound):
        await service.unsubscribe(tx, keys, ANONYMOUS, digest.id, "0" * 40)
    with pytest.raises(NotFound):
        await service.end_search(tx, people.other, digest.id)
    await service.unsubscribe(tx, keys, ANONYMOUS, digest.id, digest.token)
    await service.end_search(tx, people.buyer, digest.id)
    await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    await catch_up(means)
    async with tx.read() as db:
        waiting = await db.execute(text("SELECT count(*) FROM search_alert WHERE told IS NULL AND due_at < 'infinity'"))
        assert waiting.scalar_one() == 0
    assert (await service.list_searches(tx, keys, people.buyer, cursor=None, limit=9)).items == []


async def test_what_registered_text_found_is_told_to_those_alone_who_may_still_read_it(tx, keys, means, people):
    await save(tx, keys, people.buyer, delivery=Delivery.DIGEST)
    hidden = await an_offer(tx, people.seller, people.operator, title_en="welding", description_en="laser")
    shown = await an_offer(tx, people.seller, people.operator, title_en="laser weld")
    await catch_up(means)

    async def told_when(state):
        async with tx.begin() as db:
            await db.execute(text("UPDATE organisation SET state = :state WHERE id = :id"), state)
            await db.execute(text("UPDATE search_alert SET due_at = market_now() WHERE told IS NULL"))
        await catch_up(means)
        return [listing for _, listing in (await told(tx, people.buyer))[0]]

    org = {"id": people.buyer.org}
    assert await told_when({"state": "SUSPENDED", **org}) == [shown.id]
    assert await told_when({"state": "VERIFIED", **org}) == [shown.id, hidden.id]


async def test_a_search_says_something_and_a_person_has_so_many(tx, keys, people, monkeypatch):
    monkeypatch.setattr(alerting, "RUNNING_MAX", 2)
    for query in (None, "", "the of"):
        with pytest.raises(errors.SearchEmpty):
            await save(tx, keys, people.buyer, query=query)
    answers = await asyncio.gather(*[save(tx, keys, people.buyer) for _ in range(5)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in answers) == ["SavedSearchView"] * 2 + ["SearchesTooMany"] * 3


def test_three_quarters_of_a_saved_query_are_enough_and_of_three_terms_all():
    assert alerting.holds_enough({"a": 1, "b": 1, "c": 1}, ["a", "b", "c", "d"])
    assert not alerting.holds_enough({"a": 1, "b": 1}, ["a", "b", "c", "d"])
    assert not alerting.holds_enough({"a": 1, "b": 1}, ["a", "b", "c"])
    assert alerting.holds_enough({"a": 1, "b": 1, "c": 1, "d": 1}, ["a", "b", "c", "d", "e"])
    assert not alerting.holds_enough({"a": 1, "b": 1, "c": 1}, ["a", "b", "c", "d", "e"])


# --- blind matching -------------------------------------------------------------------------------------------------


async def test_two_who_agree_are_told_that_they_meet_in_hidden_text_and_nobody_else_of_anything(
    tx, means, people, monkeypatch
):
    secret = "vanadium electrolyte membrane swelling pulsed load redox stack cell carbon felt porosity crossover"
    offer = await an_offer(tx, people.seller, people.operator, title_en="Stack", technical_details=secret)
    demand = await a_demand(tx, people.buyer, people.operator, title_en="Storage", technical_details=secret)
    bystander = await a_demand(tx, people.other, people.operator, title_en="Pump", technical_details=secret)
    own = await a_demand(tx, people.seller, people.operator, title_en="Own", technical_details=secret)
    await catch_up(means)

    async def seen(actor, listing):
        agreed, views = await service.list_blind_matches(tx, actor, listing.id)
        return agreed, [view.id for view in views]

    for listing in (offer, own):  # of one organisation: it need not be told
        await service.set_consent(tx, people.seller, listing.id, agrees=True)
    assert await service.compare_blind(tx) == 0
    assert await seen(people.seller, offer) == (True, [])
    await service.set_consent(tx, people.seller, own.id, agrees=False)
    await service.set_consent(tx, people.buyer, demand.id, agrees=True)
    assert await service.compare_blind(tx) == 1
    assert await service.compare_blind(tx) == 0
    assert await seen(people.seller, offer) == (True, [demand.id])
    assert await seen(people.buyer, demand) == (True, [offer.id])
    _, (view,) = await service.list_blind_matches(tx, people.buyer, demand.id)
    assert "technical_details" not in view.terms
    assert await seen(people.other, bystander) == (False, [])
    for stranger in (people.other, people.operator):
        with pytest.raises(NotAllowed):
            await service.list_blind_matches(tx, stranger, offer.id)
    async with tx.begin() as db:
        await disclosure.open_tier(
            db, org=people.other.org, subject=Ref("listing", offer.id), tier=Tier.NDA, basis="request", actor=None
        )
    assert await seen(people.other, bystander) == (False, [])
    await service.set_consent(tx, people.buyer, demand.id, agrees=False)
    assert await seen(people.seller, offer) == (True, [])
    assert await service.compare_blind(tx) == 0
    monkeypatch.setattr(blind, "AGREED_MAX", 2)  # who agrees no longer takes nobody's place
    await service.set_consent(tx, people.other, bystander.id, agrees=True)
    assert await service.compare_blind(tx) == 1


def a_hidden(terms, n, kind=ListingKind.OFFER):
    whole = SimpleNamespace(listing_id=UUID(int=n), kind=kind, org_id=UUID(int=90 + n), cuts={Tier.REGISTERED: {}})
    return blind.Hidden(whole, frozenset(terms))


def test_single_words_cannot_be_tried_against_a_hidden_text():
    secret = [f"s{n}" for n in range(40)]
    victim = a_hidden(secret, 1)
    assert not blind.meet(victim, a_hidden([*secret[:1], "a", "b", "c"], 2))  # a probe of four words
    for known in range(6):  # five words of the text and any number of guesses are not enough
        for guesses in (0, 7, 30, 400):
            assert not blind.meet(victim, a_hidden([*secret[:known], *(f"g{n}" for n in range(guesses))], 2))
    assert blind.meet(victim, a_hidden([*secret[:6], *(f"g{n}" for n in range(10))], 2))
    assert not blind.meet(victim, a_hidden(secret[:11], 2))  # too little is hidden to be compared
    assert not blind.meet(victim, a_hidden([*secret[:12], *(f"g{n}" for n in range(200))], 2))


async def test_a_consent_is_taken_back_while_texts_are_compared_and_nothing_is_found_of_it(
    tx, means, people, monkeypatch
):
    words = "vanadium electrolyte membrane swelling pulsed load redox stack cell carbon felt porosity crossover"
    offer = await an_offer(tx, people.seller, people.operator, title_en="Stack", technical_details=words)
    demand = await a_demand(tx, people.buyer, people.operator, title_en="Storage", technical_details=words)
    for actor, listing in ((people.seller, offer), (people.buyer, demand)):
        await service.set_consent(tx, actor, listing.id, agrees=True)
    await catch_up(means)
    compare = blind._pairs_of

    async def compares(*given):
        await asyncio.wait_for(service.set_consent(tx, people.seller, offer.id, agrees=False), 3)
        return await compare(*given)

    monkeypatch.setattr(blind, "_pairs_of", compares)
    monkeypatch.setattr(blind, "AGREED_MAX", 2)
    with structlog.testing.capture_logs() as said:
        assert await service.compare_blind(tx) == 0
    assert await count(tx, "blind_match") == 0
    assert [one["event"] for one in said] == ["blind_matching_is_full"]


def test_a_change_of_what_is_asked_for_openly_is_a_change_of_what_is_compared():
    money = {"amount": "1.00", "currency": "CNY"}
    for name, value in (("mode", "LICENSE"), ("modes", ["SALE"]), ("price", money), ("budget", money), ("trl", 4)):
        one, other = a_hidden(["a"], 1), a_hidden(["a"], 1)
        assert one.digest == other.digest
        other.whole.cuts[Tier.REGISTERED][name] = value
        assert one.digest != other.digest


async def test_a_match_in_hidden_text_goes_when_a_constraint_is_missed_and_comes_back_with_it(tx, means, people):
    words = "vanadium electrolyte membrane swelling pulsed load redox stack cell carbon felt porosity crossover"
    offer = await an_offer(tx, people.seller, people.operator, title_en="Stack", technical_details=words, trl=3)
    demand = await a_demand(tx, people.buyer, people.operator, title_en="Storage", technical_details=words, trl_min=3)
    for actor, listing in ((people.seller, offer), (people.buyer, demand)):
        await service.set_consent(tx, actor, listing.id, agrees=True)
    await catch_up(means)
    assert await service.compare_blind(tx) == 1
    for least, there, found in ((8, 0, 0), (2, 1, 1)):
        async with tx.begin() as db:
            await db.execute(text("UPDATE blind_consent SET compared_at = compared_at - interval '25 hours'"))
        own = await listings.get_listing(tx, people.buyer, demand.id)
        draft = ListingDraft({**own.terms, "trl_min": least}, {}, ())
        await listings.update_draft(tx, people.buyer, demand.id, ListingKind.DEMAND, draft, if_match=own.etag)
        await listings.accept(tx, people.operator, demand.id)
        await catch_up(means)
        assert (await service.compare_blind(tx), await count(tx, "blind_match")) == (found, there)
    # It leaves the market for a while, and comes back as it was.
    await listings.return_(tx, people.operator, demand.id, reason="x")
    await catch_up(means)
    assert (await service.compare_blind(tx), await count(tx, "blind_match")) == (0, 0)
    await listings.submit(tx, people.buyer, demand.id)
    await listings.accept(tx, people.operator, demand.id)
    async with tx.begin() as db:
        await db.execute(text("UPDATE blind_consent SET compared_at = compared_at - interval '25 hours'"))
    await catch_up(means)
    assert await service.compare_blind(tx) == 1


async def test_a_hidden_text_that_changes_is_compared_again_once_a_day(tx, means, people):
    words = "vanadium electrolyte membrane swelling pulsed load redox stack cell carbon felt porosity crossover"
    offer = await an_offer(tx, people.seller, people.operator, title_en="Stack", technical_details=words)
    demand = await a_demand(tx, people.buyer, people.operator, title_en="Storage", technical_details="other")
    for actor, listing in ((people.seller, offer), (people.buyer, demand)):
        await service.set_consent(tx, actor, listing.id, agrees=True)
    await catch_up(means)
    assert await service.compare_blind(tx) == 0

    async def a_day_passes():
        async with tx.begin() as db:
            await db.execute(text("UPDATE blind_consent SET compared_at = compared_at - interval '25 hours'"))

    own = await listings.get_listing(tx, people.buyer, demand.id)
    draft = ListingDraft({**own.terms, "technical_details": words}, {}, ())
    await listings.update_draft(tx, people.buyer, demand.id, ListingKind.DEMAND, draft, if_match=own.etag)
    await catch_up(means)
    assert await service.compare_blind(tx) == 0
    for agrees in (False, True):  # to take the consent back and give it again opens no other try
        await service.set_consent(tx, people.buyer, demand.id, agrees=agrees)
        assert await service.compare_blind(tx) == 0
    await a_day_passes()
    assert await service.compare_blind(tx) == 1
    for agrees in (False, True):
        await service.set_consent(tx, people.buyer, demand.id, agrees=agrees)
    assert (await service.compare_blind(tx), await count(tx, "blind_match")) == (0, 0)
    await a_day_passes()
    assert await service.compare_blind(tx) == 1
    await listings.withdraw(tx, people.seller, offer.id)
    await catch_up(means)
    await service.compare_blind(tx)
    assert await count(tx, "blind_match") == 0
