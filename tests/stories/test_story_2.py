"""Story 2: a licence negotiated with a related buyer, published in both places, objected to on day 14."""

from __future__ import annotations

from typing import Any

from techmarket.db.means import Means
from tests.client import Api
from tests.stories.town import Json, Party, Town, a_town, at, moment, yuan

START = at(2, 27, 9)


async def a_negotiated_licence(town: Town, university: Party, buyer: Party, achievement: str) -> Json:
    body: Json = {
        "buyer_id": buyer.id,
        "achievement_ids": [achievement],
        "licence_kind": "ORDINARY",
        "scope": {"territory": "CN", "term_years": 6},
        "entry_fee": yuan("600000.00"),
    }
    return await town.post("/v1/direct-contracts", body, by=university)


async def run_until(town: Town, notice: str) -> tuple[str, Any]:
    shown = await town.get(f"/v1/notices/{notice}")
    return shown["state"], shown["ends_at"] and moment(shown["ends_at"])


async def test_thirteen_days_run_the_objection_stops_the_clock_and_signing_opens_on_24_march(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, START)
    town.looks_at_queues = True
    university = await town.a_university()
    buyer = await town.a_party("ENTERPRISE", "Sample enterprise P")
    rival = await town.a_party("ENTERPRISE", "Sample enterprise Q")
    # The third inventor has gone over to the buyer; the university does not say so, and the market sees it.
    university.people["C"] = buyer.people["officer"]
    achievement = await town.an_achievement(university)
    contract = await a_negotiated_licence(town, university, buyer, achievement)
    path = f"/v1/contracts/{contract['id']}"
    document: Json = {"document_sha256": contract["document_sha256"]}

    async def refused_to_both(code: str) -> None:
        for party in (university, buyer):
            assert await town.refused(f"{path}/signatures", document, by=party) == (409, code)

    # Friday 27 February: on the market at once; the period waits for the unit's own board.
    opened = await town.post(f"{path}/signing", {**document, "related_party": False}, by=university)
    notice = opened["notice_id"]
    shown = await town.get(f"/v1/notices/{notice}")
    assert (shown["kind"], shown["effect"], shown["places"], shown["length_n"], shown["length_unit"]) == (
        "PRICE",
        "PAUSES",
        ["MARKET", "UNIT"],
        15,
        "days",
    )
    assert shown["document"] == {
        "name": ["薄壁铝合金件激光焊接变形在线补偿方法"],
        "abstract": ["示例数据：实时测量焊缝附近的变形并修正激光头路径。"],
        "mode": {"mode": "LICENCE", "licence_kind": "ORDINARY", "term_years": 6},
        "intended_price": [{"kind": "ENTRY_FEE", "amount": "600000.00", "currency": "CNY"}],
        "related_party": True,
        "contract_number": contract["number"],
    }
    assert (await run_until(town, notice)) == ("PREPARED", None)
    await refused_to_both("notices.not_started")

    # Monday 2 March: in both places. Day 1 is 3 March, day 15 is 17 March.
    await town.move_to(at(3, 2, 10))
    await town.hang(notice, university)
    assert (await run_until(town, notice)) == ("RUNNING", at(3, 18))
    for day in range(3, 16):
        await town.move_to(at(3, day, 12))
        await refused_to_both("notices.still_running")

    # Monday 16 March is day 14: the objection stops the clock with 13 days run.
    await town.move_to(at(3, 16, 15))
    objection: Json = {"grounds": "The buyer belongs to a completer's family. Sample data."}
    filed = await town.post(f"/v1/notices/{notice}/objections", objection, by=rival)
    assert (await run_until(town, notice)) == ("PAUSED", None)
    await refused_to_both("notices.paused")
    for day in (17, 18, 19):
        await town.move_to(at(3, day, 12))
        assert (await run_until(town, notice)) == ("PAUSED", None)
        await refused_to_both("notices.paused")

    # Friday 20 March: dismissed. Two days remain, 21 and 22 March; the 22nd is a Sunday, so it ends with the 23rd.
    await town.move_to(at(3, 20, 11))
    decision: Json = {"upheld": False, "reasons": "The relation was published with the price. Sample data."}
    decided = await town.post(f"/v1/objections/{filed['id']}/decision", decision, by="operator")
    assert (decided["state"], decided["reasons"]) == ("DISMISSED", decision["reasons"])
    assert (await run_until(town, notice)) == ("RUNNING", at(3, 24))
    for day in (20, 21, 22, 23):
        await town.move_to(at(3, day, 12))
        await refused_to_both("notices.still_running")
    await town.move_to(at(3, 23, 23, 59))
    await refused_to_both("notices.still_running")
    assert (await town.get(path, by=university))["state"] == "SIGNING"

    # Tuesday 24 March: no objection comes in any more, and both may sign, the seller first.
    await town.move_to(at(3, 24))
    assert (await run_until(town, notice)) == ("CLEARED", at(3, 24))
    assert await town.refused(f"/v1/notices/{notice}/objections", objection, by=rival) == (409, "notices.ended")
    assert await town.refused(f"{path}/signatures", document, by=buyer) == (409, "signing.not_your_turn")
    await town.post(f"{path}/signatures", document, by=university)
    signed = await town.post(f"{path}/signatures", document, by=buyer)
    assert (signed["state"], signed["term_from"]) == ("IN_FORCE", "2026-03-24")
    await town.settle()
    for kind in ("notices.opened", "notices.started", "notices.cleared"):
        await town.prove(kind, f"notice:{notice}")
    await town.prove("notices.objection_decided", f"objection:{filed['id']}")
    await town.prove("contracts.contract_in_force", f"contract:{contract['id']}")


async def test_an_upheld_objection_keeps_the_contract_from_being_signed_for_good(api: Api, means: Means) -> None:
    town = await a_town(api, means, START)
    university = await town.a_university()
    buyer = await town.a_party("ENTERPRISE", "Sample enterprise P")
    rival = await town.a_party("ENTERPRISE", "Sample enterprise Q")
    contract = await a_negotiated_licence(town, university, buyer, await town.an_achievement(university))
    path = f"/v1/contracts/{contract['id']}"
    document: Json = {"document_sha256": contract["document_sha256"]}
    notice = (await town.post(f"{path}/signing", document, by=university))["notice_id"]
    await town.move_to(at(3, 2, 10))
    await town.hang(notice, university)
    await town.move_to(at(3, 16, 15))
    filed = await town.post(f"/v1/notices/{notice}/objections", {"grounds": "Too cheap. Sample."}, by=rival)
    await town.post(f"/v1/objections/{filed['id']}/decision", {"upheld": True, "reasons": "Sample."}, by="operator")
    for when in (at(3, 16, 16), at(3, 24), at(6, 1)):
        await town.move_to(when)
        for party in (university, buyer):
            assert await town.refused(f"{path}/signatures", document, by=party) == (409, "notices.upheld")
    assert (await town.get(path, by=university))["in_force_at"] is None
    assert await town.money() == {}
