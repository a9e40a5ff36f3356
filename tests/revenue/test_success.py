"""Holds, disputes, reworks, income and what is owed back, as their people ask for them over HTTP."""

from __future__ import annotations

from techmarket.identity.actor import Role
from techmarket.revenue import service
from tests.door import yuan
from tests.identity.make import a_member
from tests.notices.make import an_evidence, move_to, shanghai
from tests.revenue.make_licence import (
    POSTED,
    a_licence,
    a_published_distribution,
    a_signed_table,
    a_table,
    enter_costs,
    sign,
)
from tests.revenue.test_reversing import paid_entry_fee
from tests.revenue.test_reworking import an_upheld_objection

SHOWN = "ab" * 32


async def test_a_share_of_one_who_died_is_held_by_two_and_let_go_to_her_heirs(tx, keys, door):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0, 1)
    unit, anna = licence.unit, licence.inventors[0]
    colleague = (await a_member(tx, unit.actor, Role.LISTING_OFFICER, keys=keys)).actor
    await an_evidence(tx, unit.actor, SHOWN)
    body = {"person_id": str(licence.inventors[2].actor.person), "reason": "DIED", "grounds": "Sample grounds"}
    path = f"/v1/share-tables/{table.id}"
    hold = await door.post(unit, f"{path}/holds", body | {"evidence_sha256": SHOWN}, status=201)
    assert (hold["state"], hold["reason"]) == ("PROPOSED", "DIED")
    at = f"/v1/share-holds/{hold['id']}"
    assert (await door.post(colleague, f"{at}/decision", {"confirmed": True}))["state"] == "HOLDING"
    heirs = [{"name": "示例继承人", "weight": "1", "evidence_sha256": SHOWN}]
    release = {"kind": "HEIRS", "evidence_sha256": SHOWN, "heirs": heirs}
    assert (await door.post(unit, f"{at}/release", release))["release"] == "HEIRS"
    released = await door.post(colleague, f"{at}/release/decision", {"confirmed": True})
    assert (released["state"], [one["name"] for one in released["heirs"]]) == ("RELEASED", ["示例继承人"])
    dispute = await door.post(anna, f"{path}/disputes", {"grounds": "My part is too small."}, status=201)
    assert (dispute["state"], dispute["reason"]) == ("HOLDING", "DISPUTES")
    back = await door.post(anna, f"/v1/share-holds/{dispute['id']}/withdrawal")
    assert (back["state"], back["release"]) == ("RELEASED", "TAKEN_BACK")


async def test_an_upheld_line_is_drawn_up_anew_signed_and_published(tx, keys, door):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await an_upheld_objection(licence, published)
    unit, carla = licence.unit, licence.inventors[2]
    line = {"group": "MAIN", "person_id": str(carla.actor.person), "amount": yuan("80000.00")}
    path = f"/v1/distributions/{published.id}/lines/3/rework"
    rework = await door.post(unit, path, {"lines": [line], "reasons": "Sample reasons"}, status=201)
    at = f"/v1/reworks/{rework['id']}"
    assert (await door.get(carla, at))["state"] == "SIGNING"
    signed = {"document_sha256": rework["document_sha256"]}
    assert (await door.post(carla, f"{at}/signatures", signed, status=201))["state"] == "SIGNED"
    assert (await door.post(unit, f"{at}/publication", {"posted_sha256": POSTED}))["state"] == "PUBLISHED"


async def test_what_was_paid_of_a_distribution_that_is_taken_back_is_repaid(tx, keys, door):
    licence = await a_licence(tx, keys)
    paid = await paid_entry_fee(licence, confirmed=1)
    unit = licence.unit
    taken = await door.post(unit, f"/v1/distributions/{paid.id}/reversal", {"claw_back": True})
    assert taken["state"] == "REVERSED"
    (claim,) = (await service.list_claims(tx, unit.actor, cursor=None, limit=5)).items
    await an_evidence(tx, unit.actor, SHOWN)
    body = {"amount": yuan("175822.50"), "evidence_sha256": SHOWN}
    repaid = await door.post(unit, f"/v1/reward-claims/{claim.id}/repayments", body, status=201)
    assert (repaid["state"], repaid["settled"]) == ("SETTLED", yuan("175822.50"))


async def test_shares_are_entered_and_registered_profit_is_entered_and_withdrawn_and_so_is_a_cost(tx, keys, door):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    unit = licence.unit
    await an_evidence(tx, unit.actor, SHOWN)
    stake = {"kind": "EQUITY", "amount": yuan("3000000.00"), "registered_capital": yuan("10000000.00")}
    facts = {"received_on": "2026-03-20", "evidence_sha256": SHOWN}
    entered = await door.post(unit, f"/v1/contracts/{licence.id}/income", stake | facts, status=201)
    assert entered["amount"] == yuan("3000000.00")
    profit = {
        "kind": "PROFIT",
        "mode": "self_implementation",
        "amount": yuan("100.00"),
        "year": 2025,
        "first_year": 2025,
    }
    path = f"/v1/achievements/{licence.achievement_id}/income"
    own = await door.post(unit, path, profit | facts, status=201)
    withdrawn = await door.post(unit, f"/v1/incomes/{own['id']}/withdrawal")
    assert (withdrawn["id"], withdrawn["withdrawn_for"]) == (own["id"], "entered_by_mistake")
    await enter_costs(licence)
    cost = next(c for c in (await service.get_books(tx, unit.actor, licence.id)).costs if c.kind == "patent_fee")
    print(await door.post(unit, f"/v1/costs/{cost.id}/withdrawal"))
    drafted = await service.draft_distribution(tx, unit.actor, licence.id, in_shares=True)
    await service.publish_distribution(tx, unit.actor, drafted.id, posted_sha256=POSTED)
    await move_to(tx, shanghai(2026, 4, 8))
    line = (await service.pay_distribution(tx, unit.actor, drafted.id)).lines[0]
    registered = await door.post(unit, f"/v1/lines/{line.id}/share-registration", {"proof_sha256": SHOWN})
    assert registered["state"] == "PAID"
