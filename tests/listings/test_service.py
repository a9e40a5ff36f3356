"""Listings: their way to the public, who sees what, and who was first."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import errors as achievement_errors
from techmarket.achievements.rights import Right, RightKind
from techmarket.db.session import count_statements
from techmarket.db.texts import TextTooLarge
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import ANONYMOUS, OrgKind, Role
from techmarket.identity.permissions import NotVerified, SignInNeeded
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors, jobs, service, steps
from techmarket.listings.lifecycle import LISTING, ListingState
from techmarket.listings.rules import ListingDraft, ListingKind
from tests.achievements.make import an_achievement
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import a_demand, an_offer, demand_terms, offer_terms

SECRET = {"contact": "sample desk", "technical_details": "power curve", "deal_terms": "floor of the price"}


@pytest.fixture
async def people(tx, keys):
    market = await a_market(tx, keys)
    return SimpleNamespace(
        operator=market["operator"].actor,
        seller=(await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor,
        buyer=(await an_organisation(tx)).actor,
        newcomer=(await an_organisation(tx, verified=False)).actor,
    )


async def journal_kinds(tx):
    async with tx.read() as db:
        query = "SELECT kind FROM journal_entry WHERE kind LIKE 'listings.%' ORDER BY seq"
        return (await db.execute(text(query))).scalars().all()


async def edit(tx, actor, view, **changes):
    fields = {name: value for name, value in view.terms.items() if name != "rights"} | changes
    draft = ListingDraft(fields, view.dossier.tiers, view.achievement_ids, view.expires_on)
    return await service.update_draft(tx, actor, view.id, view.kind, draft, if_match=view.etag)


async def test_an_offer_goes_from_draft_to_the_public_and_each_step_is_in_the_journal(tx, people):
    draft = await an_offer(tx, people.seller)
    assert (draft.state, draft.published_at) == (ListingState.DRAFT, None)
    for reader in (ANONYMOUS, people.buyer):
        with pytest.raises(NotFound):
            await service.get_listing(tx, reader, draft.id)
    submitted = await service.submit(tx, people.seller, draft.id)
    assert await service.submit(tx, people.seller, draft.id) == submitted
    accepted = await service.accept(tx, people.operator, draft.id)
    assert accepted.state is ListingState.PUBLISHED
    assert (await service.get_listing(tx, ANONYMOUS, draft.id)).terms["title_en"] == draft.terms["title_en"]
    assert await journal_kinds(tx) == ["listings.drafted", "listings.submitted", "listings.accepted"]


async def test_what_is_returned_says_why_to_its_owner_alone_and_can_be_sent_again(tx, people):
    offer = await an_offer(tx, people.seller, people.operator)
    returned = await service.return_(tx, people.operator, offer.id, reason="请补充检测报告")
    assert (returned.state, returned.dossier.returned_because) == (ListingState.RETURNED, "请补充检测报告")
    with pytest.raises(NotFound):
        await service.get_listing(tx, people.buyer, offer.id)
    again = await service.submit(tx, people.seller, offer.id)
    assert (again.state, again.dossier.returned_because) == (ListingState.SUBMITTED, None)


async def test_only_the_owner_and_the_market_act_and_strangers_hear_that_it_does_not_exist(tx, people):
    draft = await an_offer(tx, people.seller)
    inventor = (await a_member(tx, people.seller, Role.INVENTOR)).actor
    for act in (service.submit, service.withdraw):
        with pytest.raises(NotFound):
            await act(tx, people.buyer, draft.id)
        with pytest.raises(NotAllowed):
            await act(tx, inventor, draft.id)
    await service.submit(tx, people.seller, draft.id)
    with pytest.raises(NotAllowed):
        await service.accept(tx, people.seller, draft.id)
    with pytest.raises(NotVerified):
        await service.create_draft(tx, people.newcomer, ListingKind.DEMAND, ListingDraft(demand_terms()))
    with pytest.raises(SignInNeeded):
        await service.create_draft(tx, ANONYMOUS, ListingKind.DEMAND, ListingDraft(demand_terms()))
    assert (await service.get_listing(tx, people.seller, draft.id)).state is ListingState.SUBMITTED


async def test_of_two_reviewers_at_once_one_publishes_and_the_other_is_told_so(tx, people):
    draft = await an_offer(tx, people.seller)
    await service.submit(tx, people.seller, draft.id)
    outcomes = await asyncio.gather(
        *[service.accept(tx, people.operator, draft.id) for _ in range(10)], return_exceptions=True
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["ListingView"] + ["NotInThisState"] * 9
    assert (await journal_kinds(tx)).count("listings.accepted") == 1


async def test_twenty_submissions_at_once_are_one(tx, people):
    draft = await an_offer(tx, people.seller)
    outcomes = await asyncio.gather(*[service.submit(tx, people.seller, draft.id) for _ in range(20)])
    assert {view.state for view in outcomes} == {ListingState.SUBMITTED}
    assert (await journal_kinds(tx)).count("listings.submitted") == 1


async def test_an_offer_sells_recorded_achievements_of_its_own_unit_only(tx, people):
    foreign = await an_achievement(tx, people.buyer)
    with pytest.raises(errors.AchievementUnknown):
        await an_offer(tx, people.seller, achievement_ids=(foreign.id,))
    with pytest.raises(errors.AchievementUnknown):
        await an_offer(tx, people.seller, achievement_ids=(uuid4(),))
    unrecorded = await an_achievement(tx, people.seller, recorded=False)
    draft = await an_offer(tx, people.seller, achievement_ids=(unrecorded.id,))
    with pytest.raises(achievement_errors.NotRecorded):
        await service.submit(tx, people.seller, draft.id)
    assert (await service.get_listing(tx, people.seller, draft.id)).state is ListingState.DRAFT


async def test_an_offer_takes_from_its_achievement_what_it_does_not_state(tx, people):
    made = await an_achievement(tx, people.seller, keywords=("sample", "weld"), trl=6)
    view = await an_offer(tx, people.seller, achievement_ids=(made.id,), summary_en=None)
    assert (view.terms["summary_en"], view.terms["trl"], view.terms["keywords"]) == (
        made.abstract_en,
        6,
        ["sample", "weld"],
    )


@pytest.mark.parametrize(
    "who, reach, hidden",
    [
        ("nobody", Tier.PUBLIC, {"contact", "technical_details", "deal_terms"}),
        ("newcomer", Tier.PUBLIC, {"contact", "technical_details", "deal_terms"}),
        ("buyer", Tier.REGISTERED, {"technical_details", "deal_terms"}),
        ("seller", Tier.DEAL, set()),
        ("operator", Tier.DEAL, set()),
    ],
)
async def test_each_reader_sees_the_terms_of_his_tier_in_reads_and_lists_alike(tx, people, who, reach, hidden):
    offer = await an_offer(tx, people.seller, people.operator, **SECRET)
    reader = ANONYMOUS if who == "nobody" else getattr(people, who)
    view = await service.get_listing(tx, reader, offer.id)
    assert (view.reach, SECRET.keys() - view.terms.keys()) == (reach, hidden)
    assert (view.dossier is not None) is (who in ("seller", "operator"))
    listed = await service.list_listings(tx, reader, limit=10)
    assert listed.items == [view]


async def test_a_hidden_edit_changes_nothing_that_a_stranger_sees(tx, people):
    offer = await an_offer(tx, people.seller, people.operator, raised={"price": "NDA"}, **SECRET)
    before = {r: await service.get_listing(tx, r, offer.id) for r in (ANONYMOUS, people.buyer)}
    own = await service.get_listing(tx, people.seller, offer.id)
    price = {"amount": "1.00", "currency": "CNY"}
    edited = await edit(tx, people.seller, own, technical_details="another curve", price=price)
    assert (edited.state, edited.dossier.n) == (ListingState.PUBLISHED, 2)
    for reader, view in before.items():
        after = await service.get_listing(tx, reader, offer.id)
        assert (after, after.etag) == (view, view.etag)
        assert "price" not in after.terms


async def test_an_edit_that_strangers_see_goes_back_to_review(tx, people):
    offer = await an_offer(tx, people.seller, people.operator)
    edited = await edit(tx, people.seller, await service.get_listing(tx, people.seller, offer.id), title_en="Another")
    assert edited.state is ListingState.SUBMITTED
    with pytest.raises(NotFound):
        await service.get_listing(tx, ANONYMOUS, offer.id)
    assert (await journal_kinds(tx))[-2:] == ["listings.amended", "listings.submitted"]


async def test_an_edit_needs_the_etag_that_was_read_and_of_ten_at_once_one_wins(tx, people):
    draft = await an_offer(tx, people.seller)
    outcomes = await asyncio.gather(
        *[edit(tx, people.seller, draft, title_en=f"Sample {n}") for n in range(10)], return_exceptions=True
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["Changed"] * 9 + ["ListingView"]
    winner = next(o for o in outcomes if not isinstance(o, Exception))
    assert await service.get_listing(tx, people.seller, draft.id) == winner
    with pytest.raises(errors.KindFixed):
        await service.update_draft(
            tx, people.seller, draft.id, ListingKind.DEMAND, ListingDraft(demand_terms()), if_match=winner.etag
        )


async def test_versions_are_written_once(tx, people):
    draft = await an_offer(tx, people.seller)
    await edit(tx, people.seller, draft, title_en="Sample again")
    async with tx.read() as db:
        rows = (await db.execute(text("SELECT n, sha256 FROM listing_version ORDER BY n"))).all()
    assert [row.n for row in rows] == [1, 2]
    assert rows[0].sha256 == draft.dossier.sha256 != rows[1].sha256
    for statement in ("UPDATE listing_version SET n = 9", "DELETE FROM listing_item"):
        with pytest.raises(Exception, match="never changed or removed"):
            async with tx.begin() as db:
                await db.execute(text(statement))


async def a_listing_in(tx, people, state):
    view = await an_offer(tx, people.seller, is_held=state is ListingState.ACCEPTED)
    if state is ListingState.DRAFT:
        return view
    if state is ListingState.WITHDRAWN:
        return await service.withdraw(tx, people.seller, view.id)
    await service.submit(tx, people.seller, view.id)
    if state is ListingState.SUBMITTED:
        return view
    if state is ListingState.RETURNED:
        return await service.return_(tx, people.operator, view.id, reason="x")
    await service.accept(tx, people.operator, view.id)
    if state is ListingState.ACCEPTED:
        return view
    async with tx.begin() as db:
        if state in (ListingState.ENGAGED, ListingState.CLOSED):
            await steps.engage(db, view.id, by=Ref("trade", uuid4()), actor=people.operator)
        if state is ListingState.CLOSED:
            await steps.close(db, view.id, people.operator)
        if state is ListingState.EXPIRED:
            past = "UPDATE listing SET expires_on = '2020-01-01' WHERE id = :id"
            await db.execute(text(past), {"id": view.id})
    if state is ListingState.EXPIRED:
        assert await service.expire_due(tx) == 1
    return view


async def act_on(tx, people, act, view):
    later = date(2100, 1, 1)
    if act == "amend":
        return await edit(tx, people.seller, await service.get_listing(tx, people.seller, view.id), deal_terms="y")
    if act in ("engage", "disengage", "close", "reopen"):
        async with tx.begin() as db:
            if act == "engage":
                return await steps.engage(db, view.id, by=Ref("trade", uuid4()), actor=people.operator)
            return await getattr(steps, act)(db, view.id, people.operator)
    return await {
        "submit": lambda: service.submit(tx, people.seller, view.id),
        "withdraw": lambda: service.withdraw(tx, people.seller, view.id),
        "accept": lambda: service.accept(tx, people.operator, view.id),
        "publish": lambda: service.publish(tx, people.seller, view.id),
        "return": lambda: service.return_(tx, people.operator, view.id, reason="x"),
        "renew": lambda: service.renew(tx, people.seller, view.id, expires_on=later),
    }[act]()


@pytest.mark.parametrize("state", list(ListingState))
async def test_in_every_state_the_acts_of_the_table_work_and_no_others(tx, people, state):
    for act in sorted(set(LISTING.acts) - {"expire", "review again", "accept and hold"}):
        view = await a_listing_in(tx, people, state)
        if LISTING.can(state, act):
            await act_on(tx, people, act, view)
            wanted = LISTING.move(state, act)
        else:
            with pytest.raises(NotInThisState):
                await act_on(tx, people, act, view)
            wanted = state
        assert (await service.get_listing(tx, people.operator, view.id)).state is wanted, act


async def test_a_trade_claims_a_listing_once_and_its_terms_then_stand_still(tx, people):
    offer = await an_offer(tx, people.seller, people.operator)
    trades = [Ref("trade", uuid4()) for _ in range(10)]

    async def claim(trade):
        async with tx.begin() as db:
            return await steps.engage(db, offer.id, by=trade, actor=people.operator)

    outcomes = await asyncio.gather(*[claim(trade) for trade in trades], return_exceptions=True)
    assert sorted(type(o).__name__ for o in outcomes) == ["NotInThisState"] * 9 + ["OfferFacts"]
    facts = next(o for o in outcomes if not isinstance(o, Exception))
    assert (facts.price_minor, facts.mode, facts.state, facts.n) == (50_000_000, "LICENCE", ListingState.ENGAGED, 1)
    winner = trades[outcomes.index(facts)]
    assert await claim(winner) == facts
    assert (await service.get_listing(tx, ANONYMOUS, offer.id)).state is ListingState.ENGAGED


async def test_an_offer_whose_mode_is_not_stated_is_found_but_not_traded(tx, people):
    offer = await an_offer(
        tx, people.seller, people.operator, mode=None, licence_kind=None, price_form=None, price=None
    )
    with pytest.raises(errors.ModeNotStated):
        async with tx.begin() as db:
            await steps.engage(db, offer.id, by=Ref("trade", uuid4()), actor=people.operator)


async def test_what_is_past_its_last_day_leaves_the_public_once_and_comes_back_when_renewed(tx, means, people):
    async with tx.read() as db:
        today = await steps.today(db)
    last = await an_offer(tx, people.seller, people.operator, expires_on=today)
    await jobs.expire(means)
    assert (await service.get_listing(tx, ANONYMOUS, last.id)).state is ListingState.PUBLISHED
    async with tx.begin() as db:
        await db.execute(text("UPDATE listing SET expires_on = :d"), {"d": today - timedelta(days=1)})
    with pytest.raises(errors.ExpiryPassed):
        async with tx.begin() as db:
            await steps.engage(db, last.id, by=Ref("trade", uuid4()), actor=people.operator)
    assert sum(await asyncio.gather(*[service.expire_due(tx) for _ in range(5)])) == 1
    with pytest.raises(NotFound):
        await service.get_listing(tx, ANONYMOUS, last.id)
    with pytest.raises(errors.ExpiryPassed):
        await service.renew(tx, people.seller, last.id, expires_on=today - timedelta(days=1))
    renewed = await service.renew(tx, people.seller, last.id, expires_on=today)
    assert (renewed.state, renewed.expires_on) == (ListingState.PUBLISHED, today)


async def test_a_pile_is_reviewed_in_one_go_and_each_listing_is_decided_by_itself(tx, people):
    good = [await an_offer(tx, people.seller) for _ in range(3)]
    for view in good:
        await service.submit(tx, people.seller, view.id)
    draft, unknown = await an_offer(tx, people.seller), uuid4()
    retired = await an_offer(tx, people.seller)
    await service.submit(tx, people.seller, retired.id)
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE achievement SET state = 'RETIRED' WHERE id = :id"), {"id": retired.achievement_ids[0]}
        )
    seen = count_statements(tx.engine)
    ids = [view.id for view in good] + [draft.id, unknown, retired.id]
    read = {one.id: one.dossier.sha256 for one in [*good, draft, retired]}
    outcomes = await service.review_many(tx, people.operator, ids, read=read)
    assert len(seen) < 30
    assert [(o.outcome, o.code) for o in outcomes] == [("accepted", None)] * 3 + [
        ("refused", "lifecycle.not_in_this_state"),
        ("refused", "not_found"),
        ("refused", "achievements.not_recorded"),
    ]
    assert (await service.get_listing(tx, ANONYMOUS, good[0].id)).state is ListingState.PUBLISHED
    again = await service.review_many(tx, people.operator, ids[:3], returns=True, reason="x", read=read)
    assert [o.outcome for o in again] == ["returned"] * 3
    with pytest.raises(errors.ReviewsTooMany):
        await service.review_many(tx, people.operator, [uuid4() for _ in range(501)], read={})
    with pytest.raises(NotAllowed):
        await service.review_many(tx, people.seller, ids, read=read)


async def test_two_reviewers_of_the_same_pile_publish_each_listing_once(tx, people):
    pile = [await a_demand(tx, people.buyer) for _ in range(20)]
    for view in pile:
        await service.submit(tx, people.buyer, view.id)
    ids = [view.id for view in pile]
    read = {view.id: view.dossier.sha256 for view in pile}
    first, second = await asyncio.gather(
        service.review_many(tx, people.operator, ids, read=read),
        service.review_many(tx, people.operator, ids[::-1], read=read),
    )
    assert sorted(o.outcome for o in [*first, *second]) == ["accepted"] * 20 + ["refused"] * 20
    assert (await journal_kinds(tx)).count("listings.accepted") == 20


async def test_lists_show_each_reader_what_he_may_know_of(tx, people):
    public = await an_offer(tx, people.seller, people.operator)
    demand = await a_demand(tx, people.buyer, people.operator)
    draft = await an_offer(tx, people.seller)
    gone = await a_listing_in(tx, people, ListingState.CLOSED)

    async def ids(actor, **query):
        return [v.id for v in (await service.list_listings(tx, actor, limit=10, **query)).items]

    assert await ids(ANONYMOUS) == [demand.id, public.id]
    assert await ids(ANONYMOUS, kind=ListingKind.DEMAND) == [demand.id]
    assert await ids(ANONYMOUS, state=ListingState.DRAFT) == []
    assert await ids(people.buyer, state=ListingState.DRAFT) == []
    assert await ids(ANONYMOUS, state=ListingState.CLOSED) == [gone.id]
    assert await ids(people.seller, state=ListingState.DRAFT) == [draft.id]
    assert await ids(people.seller, mine=True) == [gone.id, draft.id, public.id]
    assert await ids(people.operator) == [gone.id, draft.id, demand.id, public.id]
    with pytest.raises(SignInNeeded):
        await ids(ANONYMOUS, mine=True)


async def test_two_hundred_listings_are_created_in_a_bounded_number_of_statements(tx, people):
    seen = count_statements(tx.engine)
    async with tx.begin() as db:
        drafts = [ListingDraft(demand_terms()) for _ in range(200)]
        ids = await steps.create_many(db, people.buyer.org, ListingKind.DEMAND, drafts, submit=True, actor=people.buyer)
    assert len(ids) == 200
    assert len([s for s in seen if "data_room" not in s]) <= 12


async def test_search_is_told_the_text_of_findable_listings_only_and_for_each_tier_its_own(tx, people):
    offer = await an_offer(tx, people.seller, people.operator, raised={"price": "NDA"}, **SECRET)
    draft = await an_offer(tx, people.seller)
    async with tx.read() as db:
        found = await steps.texts_for_index(db, [offer.id, draft.id])
    assert list(found) == [offer.id]
    told = {tier: SECRET.keys() & cut.keys() for tier, cut in found[offer.id].cuts.items()}
    assert told == {
        Tier.PUBLIC: set(),
        Tier.REGISTERED: {"contact"},
        Tier.NDA: {"contact", "technical_details"},
        Tier.DEAL: {"contact", "technical_details", "deal_terms"},
    }
    assert [tier for tier, cut in found[offer.id].cuts.items() if "price" in cut] == [Tier.NDA, Tier.DEAL]


async def test_what_a_published_offer_sells_is_not_exchanged_without_a_review(tx, people):
    view = await an_offer(tx, people.seller, people.operator)
    other = await an_achievement(tx, people.seller)
    fields = {name: value for name, value in view.terms.items() if name != "rights"}
    async with tx.begin() as db:
        draft = ListingDraft(fields, {}, (other.id,), view.expires_on)
        await steps.revise(db, view.id, draft, people.seller)
    assert (await service.get_listing(tx, people.seller, view.id)).state is ListingState.SUBMITTED
    with pytest.raises(NotFound):
        await service.get_listing(tx, people.buyer, view.id)


async def test_terms_that_grow_too_large_by_what_they_sell_are_refused_by_name(tx, people):
    rights = tuple(Right(RightKind.BIOMEDICAL_VARIETY, f"{n:03d}" + "𠀀" * 61) for n in range(100))
    items = tuple([(await an_achievement(tx, people.seller, rights=rights)).id for _ in range(20)])
    long = dict.fromkeys(("summary_zh", "summary_en", "description_zh", "description_en"), "𠀀" * 20000)
    long |= dict.fromkeys(("technical_details", "deal_terms"), "𠀀" * 20000)
    with pytest.raises(TextTooLarge):
        await an_offer(tx, people.seller, achievement_ids=items, **long)
    assert await journal_kinds(tx) == []


async def test_a_reviewer_decides_on_the_version_he_has_read(tx, people):
    draft = await an_offer(tx, people.seller)
    await service.submit(tx, people.seller, draft.id)
    read = (await service.get_listing(tx, people.operator, draft.id)).dossier.sha256
    await service.return_(tx, people.operator, draft.id, reason="Sample reason", read=read)
    back = await service.get_listing(tx, people.seller, draft.id)
    other = ListingDraft(offer_terms(title_en="Another text altogether"), {}, back.achievement_ids)
    await service.update_draft(tx, people.seller, draft.id, ListingKind.OFFER, other, if_match=back.etag)
    await service.submit(tx, people.seller, draft.id)
    for decide in (
        service.accept(tx, people.operator, draft.id, read=read),
        service.return_(tx, people.operator, draft.id, reason="Sample reason", read=read),
    ):
        with pytest.raises(errors.Changed):
            await decide
    (pile,) = await service.review_many(tx, people.operator, [draft.id], read={draft.id: read})
    assert (pile.outcome, pile.code) == ("refused", "listings.changed")
    assert (await service.get_listing(tx, people.seller, draft.id)).state is ListingState.SUBMITTED
    now = (await service.get_listing(tx, people.operator, draft.id)).dossier.sha256
    async with tx.begin() as db:  # who belongs to the seller, too, does not let the public see what it offers
        db.add(Membership(person_id=people.operator.person, org_id=people.seller.org, roles=[], ended_at=None))
    with pytest.raises(NotAllowed):
        await service.accept(tx, people.operator, draft.id, read=now)
    (pile,) = await service.review_many(tx, people.operator, [draft.id], read={draft.id: now})
    assert (pile.outcome, pile.code) == ("refused", "not_allowed")
    async with tx.begin() as db:
        await db.execute(text("UPDATE membership SET ended_at = market_now() WHERE roles = '{}'"))
    (unread,) = await service.review_many(tx, people.operator, [draft.id], read={})
    assert (unread.outcome, unread.code) == ("refused", "listings.changed")
    (pile,) = await service.review_many(tx, people.operator, [draft.id], read={draft.id: now})
    assert pile.outcome == "accepted"
