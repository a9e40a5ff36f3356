"""Scenario lists: demands published together."""

from __future__ import annotations

import asyncio
from datetime import date
from types import SimpleNamespace

import pytest

from techmarket.identity.actor import ANONYMOUS, OrgKind
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings import errors, service
from techmarket.listings.lifecycle import ScenarioListState
from techmarket.listings.rules import ScenarioDraft
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, an_offer
from tests.notices.make import a_sandbox, move_to, shanghai


@pytest.fixture
async def people(tx, keys):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    market = await a_market(tx, keys)
    return SimpleNamespace(
        operator=market["operator"].actor,
        county=(await an_organisation(tx, kind=OrgKind.AUTHORITY)).actor,
        buyer=(await an_organisation(tx)).actor,
    )


def a_draft(*demands, **changes):
    said = {"title_zh": "示例场景清单", "title_en": "Sample scenario list", "open_until": date(2026, 3, 31)} | changes
    return ScenarioDraft(**said, listing_ids=tuple(one.id for one in demands))


async def publish(tx, operator, made):
    """As an operator who has just read it."""
    read = (await service.get_list(tx, operator, made.id)).etag
    return await service.publish_list(tx, operator, made.id, if_match=read)


async def test_a_list_is_seen_when_the_operator_has_published_it_and_ends_with_its_last_day(tx, people):
    demands = [await a_demand(tx, people.buyer, people.operator) for _ in range(3)]
    made = await service.create_list(tx, people.county, a_draft(*reversed(demands)))
    with pytest.raises(NotFound):
        await service.get_list(tx, ANONYMOUS, made.id)
    with pytest.raises(NotAllowed):
        await service.publish_list(tx, people.county, made.id, if_match=made.etag)
    await publish(tx, people.operator, made)
    shown = await service.get_list(tx, ANONYMOUS, made.id)
    assert (shown.state, shown.is_open) == (ScenarioListState.PUBLISHED, True)
    assert [one.id for one in shown.demands] == [one.id for one in reversed(demands)]
    assert [one.id for one in (await service.list_lists(tx, ANONYMOUS, limit=5)).items] == [made.id]
    await move_to(tx, shanghai(2026, 4, 1, 0, 1))
    assert (await service.get_list(tx, ANONYMOUS, made.id)).is_open is False


async def test_a_demand_that_left_the_public_is_named_to_nobody_who_may_not_know_of_it(tx, people):
    stays, goes = [await a_demand(tx, people.buyer, people.operator) for _ in range(2)]
    made = await service.create_list(tx, people.county, a_draft(stays, goes))
    await publish(tx, people.operator, made)
    before = (await service.get_list(tx, ANONYMOUS, made.id)).etag
    await service.withdraw(tx, people.buyer, goes.id)
    after = await service.get_list(tx, ANONYMOUS, made.id)
    assert [one.id for one in after.demands] == [stays.id]
    assert after.etag != before
    assert [one.id for one in (await service.get_list(tx, people.buyer, made.id)).demands] == [stays.id, goes.id]


async def test_only_published_demands_come_in_and_each_once(tx, people):
    draft, offer = await a_demand(tx, people.buyer), await an_offer(tx, people.buyer, people.operator)
    for wrong in (draft, offer):
        with pytest.raises(errors.NotAPublishedDemand):
            await service.create_list(tx, people.county, a_draft(wrong))
    with pytest.raises(errors.DemandTwice):
        await service.create_list(tx, people.county, a_draft(draft, draft))
    with pytest.raises(errors.TitleMissing):
        await service.create_list(tx, people.county, a_draft(title_zh=None, title_en=None))
    assert (await service.list_lists(tx, people.county, mine=True, limit=5)).items == []
    empty = await service.create_list(tx, people.county, a_draft())
    with pytest.raises(errors.ScenarioListEmpty):
        await publish(tx, people.operator, empty)
    assert (await service.get_list(tx, people.county, empty.id)).state is ScenarioListState.DRAFT


async def test_of_ten_changes_at_once_one_stands_and_a_closed_list_takes_none(tx, people):
    demand = await a_demand(tx, people.buyer, people.operator)
    made = await service.create_list(tx, people.county, a_draft(demand))

    async def change(n):
        draft = a_draft(demand, title_en=f"Sample {n}")
        return await service.update_list(tx, people.county, made.id, draft, if_match=made.etag)

    done = await asyncio.gather(*[change(n) for n in range(10)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["ScenarioListChanged"] * 9 + ["ScenarioListView"]
    closed = await service.close_list(tx, people.county, made.id)
    with pytest.raises(NotInThisState):
        await service.update_list(tx, people.county, made.id, a_draft(demand), if_match=closed.etag)
    stranger = people.buyer
    with pytest.raises(NotFound):
        await service.update_list(
            tx, stranger, (await service.create_list(tx, people.county, a_draft(demand))).id, a_draft(), if_match="x"
        )


async def test_other_words_of_a_published_list_wait_for_the_operator_and_he_publishes_what_he_has_read(tx, people):
    demands = [await a_demand(tx, people.buyer, people.operator) for _ in range(2)]
    made = await service.create_list(tx, people.county, a_draft(demands[0]))
    await publish(tx, people.operator, made)
    own = await service.get_list(tx, people.county, made.id)
    own = await service.update_list(tx, people.county, made.id, a_draft(*demands), if_match=own.etag)
    assert len((await service.get_list(tx, ANONYMOUS, made.id)).demands) == 2
    read = (await service.get_list(tx, people.operator, made.id)).etag
    reworded = a_draft(*demands, title_en="Another list altogether")
    await service.update_list(tx, people.county, made.id, reworded, if_match=own.etag)
    with pytest.raises(NotFound):
        await service.get_list(tx, ANONYMOUS, made.id)
    assert (await service.list_lists(tx, ANONYMOUS, limit=5)).items == []
    with pytest.raises(errors.ScenarioListChanged):
        await service.publish_list(tx, people.operator, made.id, if_match=read)
    await publish(tx, people.operator, made)
    assert (await service.get_list(tx, ANONYMOUS, made.id)).title_en == "Another list altogether"
