"""People are told of what concerns them, once each, in the way they want; and nothing of it can be read by others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from techmarket.db.means import Kept
from techmarket.identity.actor import Role
from techmarket.kernel.ids import new_id
from techmarket.matching import service as matching
from techmarket.matching.index.scoring import Filters
from techmarket.matching.views import Delivery as When
from techmarket.settlement import steps as settlement
from techmarket.signing.steps import Signatory
from techmarket.workbench import errors, service
from techmarket.workbench.service import Mark, reminding
from techmarket.workbench.service.keeping import prune
from techmarket.workbench.service.reminding import remind
from techmarket.workbench.telling import NOT_TO_ORGANISATIONS, STAFF, WORDS, Delivery, wanted
from tests.hub.make import types
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import a_demand
from tests.notices.make import a_sandbox, market_now, move_to
from tests.settlement.make import a_due
from tests.signing.make import a_signing, sign
from tests.stories.town import at
from tests.workbench.make import inbox, kinds, tell


async def test_those_whose_roles_read_it_are_told_once_and_not_whoever_did_it(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    unit = (await an_organisation(tx, keys=keys)).actor
    colleague = (await a_member(tx, unit, Role.LISTING_OFFICER, keys=keys)).actor
    inventor = (await a_member(tx, unit, Role.INVENTOR, keys=keys)).actor
    stranger = (await an_organisation(tx, keys=keys)).actor
    view = await a_demand(tx, unit, operator)
    await tell(tx)
    assert await kinds(tx, operator) == ["identity.organisation_registered"] * 2 + ["listings.submitted"]
    assert await kinds(tx, unit) == ["listings.accepted"]
    assert await kinds(tx, colleague) == ["listings.accepted"]
    assert await kinds(tx, inventor) == []
    assert await kinds(tx, stranger) == []
    (told,) = await inbox(tx, colleague)
    assert (told.object, told.title_en, told.read_at) == (f"listing:{view.id}", "A listing was accepted", None)
    # A cursor that was set back tells nobody again: what was told is known by its name.
    async with tx.begin() as db:
        await db.execute(text("UPDATE journal_reader SET position = 0 WHERE name = 'workbench.tell'"))
    await tell(tx)
    assert len(await inbox(tx, colleague)) == 1


async def test_the_narrowest_word_of_a_person_counts_and_off_is_off(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    unit = (await an_organisation(tx, keys=keys)).actor
    await service.put_preferences(tx, operator, {"listings": Delivery.OFF, "listings.submitted": Delivery.INBOX})
    await service.put_preferences(tx, unit, {"*": Delivery.OFF})
    await a_demand(tx, unit, operator)
    await tell(tx)
    assert "listings.submitted" in await kinds(tx, operator)
    assert await kinds(tx, unit) == []
    with pytest.raises(errors.UnknownNotificationKind):
        await service.put_preferences(tx, unit, {"listings.imagined": Delivery.OFF})
    assert (await service.get_preferences(tx, unit)).said == {"*": Delivery.OFF}


def test_a_kind_goes_before_its_group_and_a_group_before_everything():
    said = {"*": Delivery.OFF, "trading": Delivery.INBOX, "trading.award_offered": Delivery.MAIL}
    assert wanted("trading.award_offered", said) is Delivery.MAIL
    assert wanted("trading.lot_closed", said) is Delivery.INBOX
    assert wanted("listings.accepted", said) is Delivery.OFF
    assert wanted("deadline.near", {}) is Delivery.MAIL
    assert wanted("listings.accepted", {}) is Delivery.DIGEST


def test_every_kind_of_a_list_is_one_that_has_words():
    assert (set(STAFF) | NOT_TO_ORGANISATIONS) - set(WORDS) == set()


async def test_marks_change_ones_own_alone_and_again_changes_nothing(tx, keys, api):
    staff = await a_market(tx, keys)
    unit = await an_organisation(tx, keys=keys)
    for _ in range(3):
        await a_demand(tx, unit.actor, staff["operator"].actor)
    await tell(tx)
    mine = (await api.get("/v1/notifications", key=unit.key, params={"limit": 2})).json()
    assert (len(mine["items"]), mine["unread"]) == (2, 3)
    rest = (await api.get("/v1/notifications", key=unit.key, params={"cursor": mine["next_cursor"]})).json()
    assert len({one["id"] for one in [*mine["items"], *rest["items"]]}) == 3
    first = mine["items"][0]["id"]
    stranger = {"mark": "READ", "ids": [first, str(new_id())]}
    told = await api.post("/v1/notification-marks", key=staff["finance"].key, json=stranger)
    assert told.json() == {"changed": 0}
    read = {"mark": "READ", "ids": [first]}
    assert (await api.post("/v1/notification-marks", key=unit.key, json=read)).json() == {"changed": 1}
    assert (await api.post("/v1/notification-marks", key=unit.key, json=read)).json() == {"changed": 0}
    assert (await api.get("/v1/notifications", key=unit.key, params={"state": "unread"})).json()["unread"] == 2
    away = {"mark": "ARCHIVED", "until": first}
    assert (await api.post("/v1/notification-marks", key=unit.key, json=away)).json() == {"changed": 3}
    assert (await api.get("/v1/notifications", key=unit.key)).json()["items"] == []
    shown = (await api.get("/v1/notifications", key=unit.key, params={"state": "archived"})).json()
    assert len(shown["items"]) == 3
    unclear = await api.post("/v1/notification-marks", key=unit.key, json={"mark": "READ"})
    assert (unclear.status_code, unclear.json()["code"]) == (422, "workbench.mark_unclear")


async def test_whose_turn_it_is_to_sign_is_told_once_for_each_place(tx, keys):
    first = (await an_organisation(tx, keys=keys)).actor
    second = (await an_organisation(tx, keys=keys)).actor
    signing = await a_signing(tx, Signatory(first.org), Signatory(second.org), in_order=True)
    await tell(tx)
    assert (await kinds(tx, first), await kinds(tx, second)) == (["signing.your_turn"], [])
    await sign(tx, signing, first)
    await tell(tx)
    assert (await kinds(tx, first), await kinds(tx, second)) == (["signing.your_turn"], ["signing.your_turn"])
    await tell(tx)
    assert len(await inbox(tx, second)) == 1


async def test_an_alert_of_a_saved_search_lies_in_the_inbox_of_who_saved_it(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    buyer, seller = (await an_organisation(tx, keys=keys)).actor, (await an_organisation(tx, keys=keys)).actor
    await matching.save_search(
        tx, keys, buyer, name="Sample search", query="warp", filters=Filters(), delivery=When.IMMEDIATE
    )
    view = await a_demand(tx, seller, operator)
    await tell(tx)
    while await matching.follow(tx):
        pass
    while await matching.look_for_alerts(tx):
        pass
    while await matching.tell(tx):
        pass
    await tell(tx)
    await tell(tx)
    alerts = [one.object for one in await inbox(tx, buyer) if one.kind == "matching.alert"]
    assert alerts == [f"listing:{view.id}"]


async def test_whoever_has_to_pay_by_tomorrow_is_reminded_once_and_again_when_the_day_moves(tx, keys):
    await a_sandbox(tx, at(3, 2, 9))
    payer = (await an_organisation(tx, keys=keys)).actor
    trader = (await a_member(tx, payer, Role.TRADER, keys=keys)).actor
    due = await a_due(tx, payer=payer.org, payee=None, due_on=date(2026, 3, 4))
    assert await remind(tx) == 0  # the day after tomorrow
    await move_to(tx, at(3, 3, 0))
    assert await remind(tx) == 1
    assert await remind(tx) == 0
    (told,) = [one for one in await inbox(tx, payer) if one.kind == "deadline.near"]
    assert (told.object, told.work, told.due) == (f"due:{due.id}", "settlement.pay_due", at(3, 5))
    assert await kinds(tx, trader) == []
    assert (await types(tx, payer, due.id))[-1] == "workbench.deadline_near"  # for the organisation's webhooks, too
    async with tx.begin() as db:
        await settlement.put_off(db, due.id, date(2026, 3, 5))
    assert await remind(tx) == 0
    await move_to(tx, at(3, 4, 0))
    assert await remind(tx) == 1
    assert [one.due for one in await inbox(tx, payer) if one.kind == "deadline.near"] == [at(3, 6), at(3, 5)]
    assert await market_now(tx) < at(3, 5)


async def test_a_deadline_is_not_lost_behind_all_that_is_overdue(tx, keys, monkeypatch):
    monkeypatch.setattr(reminding, "BATCH", 2)
    await a_sandbox(tx, at(3, 3, 9))
    payer = (await an_organisation(tx, keys=keys)).actor
    for _ in range(3):
        await a_due(tx, payer=payer.org, payee=None, due_on=date(2026, 3, 1))
    near = [await a_due(tx, payer=payer.org, payee=None, due_on=date(2026, 3, 4)) for _ in range(5)]
    while await remind(tx):
        pass
    told = [one.object for one in await inbox(tx, payer) if one.kind == "deadline.near"]
    assert sorted(told) == sorted(f"due:{one.id}" for one in near)


async def test_a_deadline_of_one_persons_own_is_not_told_to_his_organisation(tx, keys):
    unit = (await an_organisation(tx, keys=keys)).actor
    member = (await a_member(tx, unit, Role.INVENTOR, keys=keys)).actor
    async with tx.begin() as db:
        soon = "UPDATE api_key SET expires_at = clock_timestamp() + interval '20 hours' WHERE person_id = :person"
        await db.execute(text(soon), {"person": member.person})
    assert await remind(tx) == 1
    assert [one.work for one in await inbox(tx, member)] == ["identity.rotate_key"]
    assert await inbox(tx, unit) == []
    assert "workbench.deadline_near" not in await types(tx, unit)


async def test_what_was_read_long_ago_is_forgotten_and_what_was_not_is_kept_longer(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    unit = (await an_organisation(tx, keys=keys)).actor
    for _ in range(2):
        await a_demand(tx, unit, operator)
    await tell(tx)
    newest, oldest = await inbox(tx, unit)
    assert await service.mark_notifications(tx, unit, mark=Mark.READ, ids=[oldest.id]) == 1
    async with tx.begin() as db:
        old = "told_at = told_at - interval '200 days', read_at = read_at - interval '199 days'"
        await db.execute(text(f"UPDATE notification SET {old} WHERE person_id = :person"), {"person": unit.person})
    assert await prune(tx, Kept(notifications=timedelta(days=201))) == 0
    assert await prune(tx, Kept()) == 1
    assert [one.id for one in await inbox(tx, unit)] == [newest.id]
    assert await prune(tx, Kept(unread_notifications=timedelta(days=199))) == 1
    assert await inbox(tx, unit) == []
