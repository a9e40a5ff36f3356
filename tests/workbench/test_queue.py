"""The work queue: one statement over all rooms, for one reader, page by page."""

from __future__ import annotations

from dataclasses import replace

from techmarket.identity.actor import OrgKind, Role
from techmarket.workbench import service
from techmarket.workbench.gathering import all_work
from techmarket.workbench.service.queueing import work_for
from tests.identity.make import a_market, an_organisation


async def test_every_kind_of_every_room_is_asked_in_one_statement_for_every_sort_of_reader(tx, keys):
    staff = await a_market(tx, keys)
    everything = replace(staff["operator"].actor, roles=frozenset(Role))
    assert len(work_for(everything)) == len(all_work())
    waiting = [one.kind for one in (await service.list_work(tx, everything)).items]
    assert set(waiting) <= {"rulebook.enter_work_days"}  # late in a year whose successor nobody has entered
    unit = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    assert (await service.count_work(tx, unit.actor)).count == 0
