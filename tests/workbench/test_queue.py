"""The work queue: one statement over all rooms, for one reader, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from techmarket.identity.actor import OrgKind, Role, Scope
from techmarket.listings import service as listings
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.rules import RuleUnit
from techmarket.rulebook.views import ProposalView
from techmarket.workbench import service
from techmarket.workbench.gathering import all_work
from techmarket.workbench.service.queueing import work_for
from tests.identity.make import a_market, a_member, an_organisation, vouch
from tests.listings.make import a_demand
from tests.notices.make import a_sandbox
from tests.rulebook.test_service import draft
from tests.settlement.make import a_due
from tests.stories.town import at


async def test_every_kind_of_every_room_is_asked_in_one_statement_for_every_sort_of_reader(tx, keys):
    staff = await a_market(tx, keys)
    everything = replace(staff["operator"].actor, roles=frozenset(Role))
    assert len(work_for(everything)) == len(all_work())
    waiting = [one.kind for one in (await service.list_work(tx, everything)).items]
    assert set(waiting) <= {"rulebook.enter_work_days"}  # late in a year whose successor nobody has entered
    unit = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    assert (await service.count_work(tx, unit.actor)).count == 0


async def kinds(tx, actor) -> list[str]:
    found = (await service.list_work(tx, actor, limit=100)).items
    return sorted(one.kind for one in found if one.kind != "rulebook.enter_work_days")


async def test_what_needs_a_second_person_waits_for_another_whom_the_first_did_not_vouch_for(tx, keys):
    first = (await a_market(tx, keys))["operator"].actor
    second = (await a_member(tx, first, Role.OPERATOR, keys=keys)).actor
    await vouch(tx, second, by=first)
    third = (await a_member(tx, first, Role.OPERATOR, keys=keys)).actor
    row = draft(key="tariff.exchange_fee", value="0.02", unit=RuleUnit.RATIO, effective_from=date(2100, 1, 1))
    proposed = await rulebook.add_rule(tx, first, row)
    assert isinstance(proposed, ProposalView)
    assert await kinds(tx, first) == []
    assert await kinds(tx, second) == []
    assert await kinds(tx, third) == ["rulebook.enter_proposed_rule"]
    (item,) = (await service.list_work(tx, third, kinds=["rulebook.enter_proposed_rule"])).items
    assert (item.object, item.operation, item.path) == (f"rule_proposal:{proposed.id}", "addRule", "/v1/rules")
    await rulebook.add_rule(tx, third, row)
    assert await kinds(tx, third) == []


async def test_only_those_of_the_organisation_who_may_do_it_are_told(tx, keys):
    staff = await a_market(tx, keys)
    unit = (await an_organisation(tx, keys=keys)).actor
    inventor = (await a_member(tx, unit, Role.INVENTOR, keys=keys)).actor
    stranger = (await an_organisation(tx, keys=keys)).actor
    unverified = (await an_organisation(tx, keys=keys, verified=False)).actor
    view = await a_demand(tx, unit)
    await a_demand(tx, stranger)
    assert [one.object for one in (await service.list_work(tx, unit)).items] == [f"listing:{view.id}"]
    assert await kinds(tx, inventor) == []
    assert await kinds(tx, unverified) == []
    assert await kinds(tx, staff["finance"].actor) == []
    assert await kinds(tx, staff["operator"].actor) == ["identity.verify_organisation"]
    await listings.submit(tx, unit, view.id)
    assert await kinds(tx, unit) == []
    assert await kinds(tx, staff["operator"].actor) == ["identity.verify_organisation", "listings.review"]


async def test_a_key_that_cannot_write_sees_its_persons_work_and_what_it_lacks(tx, keys):
    unit = (await an_organisation(tx, keys=keys)).actor
    await a_demand(tx, unit)
    (item,) = (await service.list_work(tx, replace(unit, scopes=frozenset({Scope.READ})))).items
    assert item.needs == ("scope:write",)
    (item,) = (await service.list_work(tx, unit)).items
    assert item.needs == ()


async def test_pages_go_from_the_most_urgent_on_and_skip_and_repeat_nothing(tx, keys, api):
    await a_sandbox(tx, at(3, 2, 9))
    unit = await an_organisation(tx, keys=keys)
    days = [date(2026, 3, day) for day in (9, 1, 2, 20, 4)]
    for day in days:
        await a_due(tx, payer=unit.actor.org, due_on=day)
    for _ in range(3):
        await a_demand(tx, unit.actor)
    found, cursor, urgencies = [], None, []
    while True:
        asked = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/work", key=unit.key, params=asked)).json()
        found += [(one["due"] or "")[:10] for one in page["items"]]
        urgencies += [one["urgency"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    # A day ends with the midnight after it.
    assert found == ["2026-03-01", "2026-03-02", "2026-03-04", "2026-03-09", "2026-03-20", "", "", ""]
    assert urgencies == ["OVERDUE", "TODAY", "SOON", "LATER", "LATER", "OPEN", "OPEN", "OPEN"]
    soon = await api.get("/v1/work", key=unit.key, params={"due_before": "2026-03-03T00:00:01+08:00"})
    assert len(soon.json()["items"]) == 2
    counts = (await api.get("/v1/work/counts", key=unit.key)).json()
    assert [(one["kind"], one["count"], one["overdue"]) for one in counts["kinds"]] == [
        ("listings.submit", 3, 0),
        ("settlement.pay_due", 5, 1),
    ]
    for wrong in ({"kind": "listings.imagined"}, {"cursor": "AAAA"}, {"due_before": "tomorrow"}, {"object_id": "x"}):
        assert (await api.get("/v1/work", key=unit.key, params=wrong)).status_code == 422
    assert (await api.get("/v1/work")).status_code == 401
