"""Participants over HTTP: grounds of the two views, their queue, and who may not judge."""

from __future__ import annotations

from typing import Any

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.trading import service
from techmarket.trading.service import Afterwards, ConsortiumTerms
from tests.client import Api
from tests.identity.make import an_organisation
from tests.notices.make import an_evidence, move_to
from tests.trading.make import Market, a_qualified, an_announced_trade

from .test_trades import a_seller, yuan


async def test_a_participant_is_refused_with_grounds_and_reads_them_over_http(tx: Tx, keys: Keys, api: Api) -> None:
    seller, staff, _ = await a_seller(tx, keys)
    buyer, other = [await an_organisation(tx, keys=keys) for _ in range(2)]
    operator = staff["operator"]
    trade = await an_announced_trade(Market(tx, keys, operator.actor, seller.actor, ()))
    joined = (await api.post(f"/v1/trades/{trade.id}/participants", json={"related": True}, key=buyer.key)).json()
    assert (joined["waits_for"], joined["related_because"]) == ("OPERATOR", ["DECLARED"])
    (line,) = (await api.get("/v1/qualifications", key=operator.key)).json()["items"]
    assert (line["trade_number"], line["participant"]["id"]) == (trade.number, joined["id"])
    path = f"/v1/participants/{joined['id']}/admission"
    no = await api.post(path, json={"accepted": False}, key=operator.key)
    assert (no.status_code, no.json()["code"], no.json()["pointer"]) == (
        422,
        "trading.grounds_needed",
        "/body/grounds",
    )
    stranger = await api.post(path, json={}, key=other.key)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    said = {"accepted": False, "grounds": ["PAPERS_INCOMPLETE"], "words": "Sample words."}
    assert (await api.post(path, json=said, key=operator.key)).json()["state"] == "REJECTED"
    mine = (await api.get(f"/v1/trades/{trade.id}/participants", key=buyer.key)).json()["items"]
    assert [(one["by"], one["grounds"], one["words"]) for one in mine[0]["opinions"]] == [
        ("OPERATOR", ["PAPERS_INCOMPLETE"], "Sample words.")
    ]
    assert (await api.get("/v1/qualifications", key=operator.key)).json()["items"] == []


async def test_a_final_bid_and_a_first_refusal_decide_a_lot_over_http(tx: Tx, keys: Keys, api: Api) -> None:
    seller, staff, listing = await a_seller(tx, keys)
    buyers = [await an_organisation(tx, keys=keys) for _ in range(3)]
    draft: dict[str, Any] = {"listing_id": listing, "deposit": yuan("0.00"), "increment": yuan("10000.00")}
    wanted = {**draft, "final_bid": {"hours": 1}, "first_refusal_hours": 24}
    drafted = (await api.post("/v1/trades", json=wanted, key=seller.key)).json()
    assert (drafted["terms"]["final_bid"]["leaders"], drafted["terms"]["first_refusal"]["hours"]) == (2, 24)
    market = Market(tx, keys, staff["operator"].actor, seller.actor, tuple(one.actor for one in buyers))
    after = Afterwards(final_bid_hours=1, first_refusal_hours=24)
    trade = await an_announced_trade(market, listing_id=None, deposit_minor=0, afterwards=after)
    joined = [await a_qualified(market, trade, one.actor) for one in buyers]
    holder = f"/v1/participants/{joined[0].id}/first-refusal"
    shown = await an_evidence(tx, buyers[0].actor)
    unfounded = await api.post(holder, json={"basis": "CO_OWNER"}, key=buyers[0].key)
    assert (unfounded.status_code, unfounded.json()["code"]) == (409, "trading.first_refusal_unfounded")
    claimed = await api.post(holder, json={"basis": "CONTRACT", "evidence_sha256": shown}, key=buyers[0].key)
    assert (claimed.status_code, claimed.json()["first_refusals"][0]["state"]) == (201, "CLAIMED")
    stranger = await api.post(f"{holder}/answer", json={"accepted": True}, key=buyers[1].key)
    assert stranger.status_code == 404
    answered = await api.post(f"{holder}/answer", json={"accepted": True}, key=seller.key)
    assert answered.json()["first_refusals"][0]["state"] == "HELD"
    assert trade.bidding_opens_at is not None
    await move_to(tx, trade.bidding_opens_at)
    await service.open_due(tx)
    for one, amount in ((buyers[1], "500000.00"), (buyers[2], "510000.00")):
        path = f"/v1/lots/{trade.lot.id}/bids"
        assert (await api.post(path, json={"amount": yuan(amount)}, key=one.key)).status_code == 201
    lot = await service.get_lot(tx, staff["operator"].actor, trade.lot.id)
    assert lot.effective_end is not None
    await move_to(tx, lot.effective_end)
    await service.close_due(tx)
    finals = f"/v1/lots/{trade.lot.id}/final-bids"
    low = await api.post(finals, json={"amount": yuan("500000.00")}, key=buyers[1].key)
    assert (low.status_code, low.json()["code"], low.json()["pointer"]) == (
        422,
        "trading.final_bid_too_low",
        "/body/amount",
    )
    assert (await api.post(finals, json={"amount": yuan("530000.00")}, key=buyers[1].key)).status_code == 201
    assert (await api.get(finals)).json()["items"] == []
    assert (await api.post(finals, json={"amount": yuan("520000.00")}, key=buyers[2].key)).status_code == 201
    assert [one["amount"] for one in (await api.get(finals)).json()["items"]] != []
    exercise = f"/v1/lots/{trade.lot.id}/first-refusal"
    nobody = await api.post(exercise, json={"exercise": True}, key=buyers[2].key)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "trading.no_first_refusal_awaited")
    taken = await api.post(exercise, json={"exercise": True}, key=buyers[0].key)
    assert (taken.status_code, taken.json()["state"]) == (200, "AWARDED")
    first, second = (await api.get(f"/v1/trades/{trade.id}/awards", key=seller.key)).json()["items"]
    assert (first["buyer_organisation_id"], first["price"]) == (str(buyers[0].actor.org), yuan("530000.00"))
    assert second["buyer_organisation_id"] == str(buyers[1].actor.org)


async def test_a_consortium_registers_and_signs_over_http_and_every_no_says_what_would_work(
    tx: Tx, keys: Keys, api: Api
) -> None:
    seller, staff, listing = await a_seller(tx, keys)
    buyers = [await an_organisation(tx, keys=keys) for _ in range(3)]
    draft: dict[str, Any] = {"listing_id": listing, "deposit": yuan("0.00"), "increment": yuan("10000.00")}
    wide = await api.post("/v1/trades", json={**draft, "consortium": {"members_max": 11}}, key=seller.key)
    assert (wide.status_code, wide.json()["pointer"]) == (422, "/body/consortium/members_max")
    drafted = (await api.post("/v1/trades", json={**draft, "consortium": {"members_max": 2}}, key=seller.key)).json()
    said = {"members_max": 2, "deposit_from": "REPRESENTATIVE", "liability": "joint_and_several"}
    assert drafted["terms"]["consortium"] == said
    market = Market(tx, keys, staff["operator"].actor, seller.actor, tuple(one.actor for one in buyers))
    trade = await an_announced_trade(market, deposit_minor=0, consortium=ConsortiumTerms(2))
    path = f"/v1/trades/{trade.id}/participants"
    member = {"organisation_id": str(buyers[1].actor.org), "part": "Sample: production"}
    third = {**member, "organisation_id": str(buyers[2].actor.org)}
    wanted = {"consortium": {"part": "Sample: development", "members": [member]}}
    many = await api.post(path, json={"consortium": {"part": "Sample", "members": [member, third]}}, key=buyers[0].key)
    assert (many.status_code, many.json()["code"], many.json()["members_max"], many.json()["pointer"]) == (
        422,
        "trading.consortium_unfit",
        2,
        "/body/consortium/members",
    )
    payer = {"consortium": {**wanted["consortium"], "deposit_organisation_id": member["organisation_id"]}}
    other = await api.post(path, json=payer, key=buyers[0].key)
    assert (other.json()["code"], other.json()["deposit_from"]) == ("trading.deposit_payer_unfit", "REPRESENTATIVE")
    joined = (await api.post(path, json=wanted, key=buyers[0].key)).json()
    assert [one["organisation_id"] for one in joined["consortium"]["members"]] == [
        str(one.actor.org) for one in buyers[:2]
    ]
    signature = f"/v1/participants/{joined['id']}/consortium/signature"
    text = {"document_sha256": joined["consortium"]["document_sha256"]}
    assert (await api.post(signature, json=text, key=buyers[2].key)).status_code == 404
    assert (await api.post(signature, json=text, key=buyers[0].key)).status_code == 200
    early = await api.post(f"/v1/participants/{joined['id']}/admission", json={}, key=staff["operator"].key)
    assert (early.status_code, early.json()["code"], early.json()["missing"]) == (
        409,
        "trading.consortium_not_signed",
        [str(buyers[1].actor.org)],
    )
    twice = await api.post(signature, json=text, key=buyers[0].key)
    assert (twice.status_code, twice.json()["code"]) == (409, "signing.signed_already")
    assert (await api.post(signature, json=text, key=buyers[1].key)).json()["consortium"]["agreed_at"] is not None
    alone = await api.post(path, json={}, key=buyers[1].key)
    assert (alone.status_code, alone.json()["code"]) == (409, "trading.stands_already")
    mine = (await api.get("/v1/trades?mine=true", key=buyers[1].key)).json()["items"]
    assert [one["id"] for one in mine] == [str(trade.id)]
