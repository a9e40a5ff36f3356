"""Story 2 from the first word: signed offers with a related buyer, the price published, objected to on day 14."""

from __future__ import annotations

from techmarket.db.means import Means
from tests.client import Api
from tests.stories.town import Json, a_town, at, moment, yuan
from tests.stories.way import Sale, a_contract, sign

START = at(1, 26, 9)


async def test_an_acceptance_makes_award_and_price_notice_and_nobody_signs_before_it_has_ended(
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
    listing = await town.an_offer(university, achievement)
    sale = Sale(town, university, {"P": buyer}, achievement, listing)

    # Monday 26 January: announced for ten working days; the talks open with Tuesday 10 February.
    body: Json = {
        "listing_id": listing,
        "method": "NEGOTIATION",
        "deposit": yuan("0.00"),
        "lots": [{"start_price": yuan("500000.00")}],
        "rules": {"talk_days": 30},
    }
    drafted = await town.post("/v1/trades", body, by=university)
    await town.post(f"/v1/trades/{drafted['id']}/submission", by=university)
    sale.trade = await town.post(f"/v1/trades/{drafted['id']}/announcement", by="operator")
    assert sale.trade["rules"]["price_notice"] == ["MARKET", "UNIT"]
    joined = await town.post(f"/v1/trades/{sale.trade['id']}/participants", {}, by=buyer)
    assert joined["related"] is True
    await town.post(f"/v1/participants/{joined['id']}/admission", {}, by="operator")
    await town.post(f"/v1/participants/{joined['id']}/confirmation", {}, by=university)
    offers = f"/v1/lots/{sale.lot}/offers"
    first: Json = {"price": yuan("550000.00"), "valid_until": at(2, 20).isoformat()}
    assert await town.refused(offers, first, by=buyer) == (409, "trading.talks_not_open")
    await town.move_to(at(2, 10, 0, 1))
    await town.settle()

    # Three words: 550,000, 650,000, 600,000; a fourth below the floor is none.
    assert await town.refused(offers, first | {"price": yuan("499999.99")}, by=buyer) == (
        422,
        "trading.offer_below_floor",
    )
    await town.post(offers, first, by=buyer)
    counter: Json = {"price": yuan("650000.00"), "valid_until": at(2, 20).isoformat()}
    await town.post(offers, counter | {"participant_id": joined["id"]}, by=university)
    await town.move_to(at(2, 27, 9))
    last = await town.post(offers, {"price": yuan("600000.00"), "valid_until": at(3, 6).isoformat()}, by=buyer)
    signed: Json = {"document_sha256": last["document_sha256"]}
    assert await town.refused(f"/v1/offers/{last['id']}/acceptance", signed, by=buyer) == (
        409,
        "trading.offer_not_yours",
    )
    assert (await town.try_post(f"/v1/offers/{last['id']}/acceptance", signed, by=rival)).status_code == 404
    await town.post(f"/v1/offers/{last['id']}/acceptance", signed, by=university)
    award = (await sale.awards())["P"]
    assert (award["state"], award["price"]) == ("OFFERED", yuan("600000.00"))
    notice = await town.get(f"/v1/notices/{award['notice_id']}")
    assert (notice["kind"], notice["state"], notice["length_n"], notice["length_unit"]) == (
        "PRICE",
        "PREPARED",
        15,
        "days",
    )
    assert (notice["document"]["intended_price"], notice["document"]["related_party"]) == (yuan("600000.00"), True)

    # Monday 2 March: in both places. The contract is drafted, and neither side may sign it.
    contract = await a_contract(sale, "P")

    async def refused_to_both(code: str) -> None:
        document: Json = {"document_sha256": contract["document_sha256"]}
        for party in (university, buyer):
            assert await town.refused(f"/v1/contracts/{contract['id']}/signatures", document, by=party) == (409, code)

    await refused_to_both("notices.not_started")
    await town.move_to(at(3, 2, 10))
    await town.hang(notice["id"], university)
    await refused_to_both("notices.still_running")

    # Monday 16 March is day 14; the objection stops the clock until Friday 20 March, and two days remain.
    await town.move_to(at(3, 16, 15))
    objection: Json = {"grounds": "The buyer belongs to a completer's family. Sample data."}
    filed = await town.post(f"/v1/notices/{notice['id']}/objections", objection, by=rival)
    await refused_to_both("notices.paused")
    await town.move_to(at(3, 20, 11))
    decision: Json = {"upheld": False, "reasons": "The relation was published with the price. Sample data."}
    await town.post(f"/v1/objections/{filed['id']}/decision", decision, by="operator")
    shown = await town.get(f"/v1/notices/{notice['id']}")
    assert (shown["state"], moment(shown["ends_at"])) == ("RUNNING", at(3, 24))
    await town.move_to(at(3, 23, 23, 59))
    await refused_to_both("notices.still_running")

    # Tuesday 24 March: both sign, and the award is concluded with the last signature.
    await town.move_to(at(3, 24))
    await sign(sale, contract, university)
    assert (await sale.award_states())["P"] == "OFFERED"
    done = await sign(sale, contract, buyer)
    assert (done["state"], (await sale.award_states())["P"]) == ("IN_FORCE", "CONCLUDED")
    assert (await town.get(f"/v1/trades/{sale.trade['id']}"))["state"] == "CONCLUDED"
    await town.settle()
    await town.prove("trading.offer_accepted", f"offer:{last['id']}")
    await town.prove("notices.cleared", f"notice:{notice['id']}")


async def test_an_upheld_objection_to_the_price_annuls_the_award_and_frees_the_listing(api: Api, means: Means) -> None:
    town = await a_town(api, means, START)
    university = await town.a_university()
    buyer = await town.a_party("ENTERPRISE", "Sample enterprise P")
    rival = await town.a_party("ENTERPRISE", "Sample enterprise Q")
    achievement = await town.an_achievement(university)
    sale = Sale(town, university, {"P": buyer}, achievement, await town.an_offer(university, achievement))
    body: Json = {"listing_id": sale.listing, "method": "NEGOTIATION", "deposit": yuan("0.00"), "lots": [{}]}
    drafted = await town.post("/v1/trades", body, by=university)
    await town.post(f"/v1/trades/{drafted['id']}/submission", by=university)
    sale.trade = await town.post(f"/v1/trades/{drafted['id']}/announcement", by="operator")
    joined = await town.post(f"/v1/trades/{sale.trade['id']}/participants", {}, by=buyer)
    await town.post(f"/v1/participants/{joined['id']}/admission", {}, by="operator")
    await town.post(f"/v1/participants/{joined['id']}/confirmation", {}, by=university)
    await town.move_to(at(2, 10, 0, 1))
    await town.settle()
    word: Json = {"price": yuan("600000.00"), "valid_until": at(3, 1).isoformat(), "participant_id": joined["id"]}
    made = await town.post(f"/v1/lots/{sale.lot}/offers", word, by=university)
    agreed: Json = {"document_sha256": made["document_sha256"]}
    await town.post(f"/v1/offers/{made['id']}/acceptance", agreed, by=buyer)
    notice = (await sale.awards())["P"]["notice_id"]
    await town.hang(notice, university)
    # Its abstract is put in better words: another notice in its place, and the award waits for that one.
    shown = await town.get(f"/v1/notices/{notice}")
    words = {"abstract": shown["document"]["abstract"] | {"zh": "更准确的摘要。示例数据。"}}
    better: Json = {"document_sha256": shown["document_sha256"], "changes": words, "because": "Sample."}
    price: Json = better | {"changes": {"intended_price": "1.00"}}
    assert (await town.try_post(f"/v1/notices/{notice}/replacement", price, by=university)).status_code == 422
    fresh = await town.post(f"/v1/notices/{notice}/replacement", better, by=university)
    assert (fresh["replaces_id"], fresh["document"]["intended_price"]) == (notice, yuan("600000.00"))
    await town.settle()
    notice = (await sale.awards())["P"]["notice_id"]
    assert notice == fresh["id"]
    await town.hang(notice, university)
    filed = await town.post(f"/v1/notices/{notice}/objections", {"grounds": "Too cheap. Sample."}, by=rival)
    await town.post(f"/v1/objections/{filed['id']}/decision", {"upheld": True, "reasons": "Sample."}, by="operator")
    await town.settle()
    assert (await sale.award_states())["P"] == "ANNULLED"
    assert (await town.get(f"/v1/listings/{sale.listing}"))["state"] == "PUBLISHED"
    assert await town.money() == {}
