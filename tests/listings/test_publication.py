"""The queue of the reviewer, the second phase of publishing, and acts on many listings at once."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.disclosure import service as rooms
from techmarket.identity.actor import ANONYMOUS, OrgKind
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors, jobs, service, steps
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.rules import Action, Decision, ListingDraft, ListingKind, ReturnReason
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, an_offer, demand_terms
from tests.notices.make import a_sandbox, move_to, shanghai


@pytest.fixture
async def people(tx, keys):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    market = await a_market(tx, keys)
    return SimpleNamespace(
        operator=market["operator"].actor,
        certifier=market["certifier_1"].actor,
        seller=(await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor,
        buyer=(await an_organisation(tx)).actor,
    )


async def accepted(tx, people, **changes):
    offer = await an_offer(tx, people.seller, is_held=True, **changes)
    await service.submit(tx, people.seller, offer.id)
    return await service.accept(tx, people.operator, offer.id)


async def state_of(tx, people, listing_id):
    return (await service.get_listing(tx, people.operator, listing_id)).state


async def test_what_its_owner_holds_back_is_accepted_unseen_and_public_when_he_says_so(tx, people):
    held = await accepted(tx, people)
    assert (held.state, held.published_at) == (ListingState.ACCEPTED, None)
    for reader in (ANONYMOUS, people.buyer):
        with pytest.raises(NotFound):
            await service.get_listing(tx, reader, held.id)
        with pytest.raises(NotFound):
            await service.publish(tx, people.buyer, held.id)
    with pytest.raises(NotAllowed):
        await service.publish(tx, people.operator, held.id)
    public = await service.publish(tx, people.seller, held.id)
    assert (public.state, public.published_at) == (
        ListingState.PUBLISHED,
        shanghai(2026, 3, 2, 9).replace(microsecond=public.published_at.microsecond, second=public.published_at.second),
    )
    assert (await service.get_listing(tx, ANONYMOUS, held.id)).state is ListingState.PUBLISHED


async def test_the_clock_publishes_at_the_hour_and_neither_before_nor_twice(tx, means, people):
    at = shanghai(2026, 3, 10, 12)
    held = await accepted(tx, people, publish_at=at)
    await move_to(tx, at - timedelta(seconds=60))
    await jobs.publish(means)
    assert await state_of(tx, people, held.id) is ListingState.ACCEPTED
    await move_to(tx, at)
    assert await service.publish_due(tx) == 1
    assert await service.publish_due(tx) == 0
    view = await service.get_listing(tx, people.seller, held.id)
    assert (view.state, view.dossier.publish_at, view.dossier.is_held) == (ListingState.PUBLISHED, None, False)


async def test_what_may_not_be_sold_any_more_is_not_published_by_the_clock_and_the_journal_says_why(tx, people):
    at = shanghai(2026, 3, 10, 12)
    held = await accepted(tx, people, publish_at=at, expires_on=date(2026, 3, 9))
    await move_to(tx, at)
    assert await service.publish_due(tx) == 0
    view = await service.get_listing(tx, people.seller, held.id)
    assert (view.state, view.dossier.publish_at) == (ListingState.ACCEPTED, None)
    with pytest.raises(errors.ExpiryPassed):
        await service.publish(tx, people.seller, held.id)
    async with tx.read() as db:
        facts = await db.execute(text("SELECT facts FROM journal_entry WHERE kind = 'listings.held_back'"))
        assert [row["cause"] for row in facts.scalars()] == ["listings.expiry_passed"]


async def test_past_its_last_day_a_listing_and_its_room_are_public_no_more_whether_a_job_has_run_or_not(tx, people):
    last = date(2026, 3, 5)
    ending = await an_offer(tx, people.seller, people.operator, expires_on=last)
    traded = await an_offer(tx, people.seller, people.operator, expires_on=last)
    async with tx.begin() as db:
        await steps.engage(db, traded.id, by=Ref("trade", uuid4()), actor=people.operator)

    async def found_by(reader, **which):
        return {one.id for one in (await service.list_listings(tx, reader, limit=10, **which)).items}

    async def room_of(listing):
        return await rooms.list_documents(tx, people.buyer, Ref("listing", listing.id))

    await move_to(tx, shanghai(2026, 3, 5, 23, 59, 30))
    assert (await service.get_listing(tx, ANONYMOUS, ending.id)).state is ListingState.PUBLISHED
    assert (await found_by(people.buyer), (await room_of(ending)).items) == ({ending.id, traded.id}, [])
    await move_to(tx, shanghai(2026, 3, 6))
    for reader in (ANONYMOUS, people.buyer):
        with pytest.raises(NotFound):
            await service.get_listing(tx, reader, ending.id)
        assert await found_by(reader) == {traded.id}
    assert {one.id for one in (await steps.public_page(tx, kind=None, before=None, limit=10))[0]} == {traded.id}
    with pytest.raises(NotFound):
        await room_of(ending)
    assert (await room_of(traded)).items == []
    async with tx.read() as db:
        assert set(await steps.texts_for_index(db, [ending.id, traded.id])) == {traded.id}
        with pytest.raises(NotFound):
            await steps.known_owner_of(db, people.buyer, ending.id)
    assert await state_of(tx, people, ending.id) is ListingState.EXPIRED
    for state, ids in ((ListingState.EXPIRED, {ending.id}), (ListingState.PUBLISHED, set())):
        assert await found_by(people.operator, state=state) == ids
    async with tx.begin() as db:
        await steps.disengage(db, traded.id, people.operator)
    with pytest.raises(NotFound):
        await room_of(traded)
    await service.renew(tx, people.seller, ending.id, expires_on=date(2026, 3, 6))
    assert (await found_by(people.buyer), (await room_of(ending)).items) == ({ending.id}, [])


async def test_what_was_accepted_and_then_changed_is_reviewed_again(tx, people):
    held = await accepted(tx, people)
    fields = {name: value for name, value in held.terms.items() if name != "rights"} | {"title_en": "Another"}
    draft = ListingDraft(fields, {}, held.achievement_ids, is_held=True)
    changed = await service.update_draft(tx, people.seller, held.id, held.kind, draft, if_match=held.etag)
    assert changed.state is ListingState.SUBMITTED
    with pytest.raises(NotInThisState):
        await service.publish(tx, people.seller, held.id)
    (line,) = (await service.list_queue(tx, people.operator, limit=10)).items
    assert (line.listing.id, line.changed, line.returned_times) == (held.id, ("title_en",), 0)


async def test_owner_and_clock_that_publish_at_once_publish_once(tx, people):
    at = shanghai(2026, 3, 10, 12)
    held = await accepted(tx, people, publish_at=at)
    await move_to(tx, at)
    await asyncio.gather(
        *[service.publish_due(tx) for _ in range(5)],
        *[service.publish(tx, people.seller, held.id) for _ in range(5)],
        return_exceptions=True,
    )
    async with tx.read() as db:
        count = "SELECT count(*) FROM journal_entry WHERE kind = 'listings.published'"
        assert (await db.execute(text(count))).scalar_one() == 1


async def test_the_queue_shows_the_operator_who_has_waited_longest_first_page_by_page(tx, people):
    first, second, third = [await an_offer(tx, people.seller) for _ in range(3)]
    for hour, view in ((10, second), (11, third), (12, first)):
        await move_to(tx, shanghai(2026, 3, 2, hour))
        await service.submit(tx, people.seller, view.id)
    demand = await a_demand(tx, people.buyer)
    await service.submit(tx, people.buyer, demand.id)
    page = await service.list_queue(tx, people.operator, kind=ListingKind.OFFER, limit=2)
    rest = await service.list_queue(tx, people.operator, kind=ListingKind.OFFER, cursor=page.next_cursor, limit=2)
    assert [line.listing.id for line in (*page.items, *rest.items)] == [second.id, third.id, first.id]
    assert rest.next_cursor is None
    for stranger in (people.seller, people.certifier):
        with pytest.raises(NotAllowed):
            await service.list_queue(tx, stranger, limit=2)


async def test_every_decision_stays_with_its_reasons_for_owner_and_market_alone(tx, people):
    offer = await an_offer(tx, people.seller)
    await service.submit(tx, people.seller, offer.id)
    reasons = [ReturnReason.RIGHTS_UNPROVEN, ReturnReason.UNCLEAR, ReturnReason.UNCLEAR]
    await service.return_(tx, people.operator, offer.id, reason="请补充专利证书", reasons=reasons)
    await service.submit(tx, people.seller, offer.id)
    await service.accept(tx, people.operator, offer.id)
    found = await service.list_reviews(tx, people.seller, offer.id)
    assert [(one.decision, one.reasons, one.reason) for one in found] == [
        (Decision.ACCEPTED, (), None),
        (Decision.RETURNED, (ReturnReason.RIGHTS_UNPROVEN, ReturnReason.UNCLEAR), "请补充专利证书"),
    ]
    assert await service.list_reviews(tx, people.operator, offer.id) == found
    for read in (service.list_reviews, service.list_versions):
        for stranger in (people.buyer, ANONYMOUS):
            with pytest.raises(NotFound):
                await read(tx, stranger, offer.id)
    (version,) = await service.list_versions(tx, people.seller, offer.id)
    view = await service.get_listing(tx, people.seller, offer.id)
    assert (version.n, version.sha256) == (1, view.dossier.sha256)
    with pytest.raises(DBAPIError, match="never changed or removed"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE listing_review SET reason = 'x'"))


async def test_many_are_submitted_renewed_and_withdrawn_at_once_and_each_is_decided_by_itself(tx, people):
    good, bare = await an_offer(tx, people.seller), await an_offer(tx, people.seller)
    await service.withdraw(tx, people.seller, bare.id)
    others = await a_demand(tx, people.buyer, people.operator)
    unknown = uuid4()
    ids = [good.id, bare.id, others.id, unknown, good.id]
    done = await service.act_on_many(tx, people.seller, Action.SUBMIT, ids)
    assert [(one.listing_id, one.outcome, one.code) for one in done] == [
        (good.id, "submitted", None),
        (bare.id, "refused", "lifecycle.not_in_this_state"),
        (others.id, "refused", "not_allowed"),
        (unknown, "refused", "not_found"),
    ]
    await service.accept(tx, people.operator, good.id)
    later = date(2026, 12, 31)
    (renewed,) = await service.act_on_many(tx, people.seller, Action.RENEW, [good.id], expires_on=later)
    assert renewed.outcome == "renewed"
    assert (await service.get_listing(tx, people.seller, good.id)).expires_on == later
    (past,) = await service.act_on_many(tx, people.seller, Action.RENEW, [good.id], expires_on=date(2026, 1, 1))
    assert (past.outcome, past.code) == ("refused", "listings.expiry_passed")
    (earlier,) = await service.act_on_many(tx, people.seller, Action.RENEW, [good.id], expires_on=date(2026, 12, 30))
    assert (earlier.outcome, earlier.code) == ("refused", "listings.not_later")
    assert (await service.get_listing(tx, people.seller, good.id)).expires_on == later
    (gone,) = await service.act_on_many(tx, people.seller, Action.WITHDRAW, [good.id])
    assert gone.outcome == "withdrawn"
    assert await state_of(tx, people, others.id) is ListingState.PUBLISHED
    for action, day in ((Action.RENEW, None), (Action.SUBMIT, later)):
        with pytest.raises(errors.LastDayNeeded):
            await service.act_on_many(tx, people.seller, action, [good.id], expires_on=day)


async def test_a_demand_that_is_held_is_published_by_the_hour_it_names_and_an_hour_that_is_past_is_refused(tx, people):
    past = shanghai(2026, 3, 1)
    with pytest.raises(errors.PublicationPast):
        await service.create_draft(
            tx,
            people.buyer,
            ListingKind.DEMAND,
            ListingDraft(demand_terms(), is_held=True, publish_at=past),
        )
    assert (await service.list_listings(tx, people.buyer, mine=True, limit=5)).items == []
