"""Participants over HTTP: grounds of the two views, their queue, and who may not judge."""

from __future__ import annotations

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from tests.client import Api
from tests.identity.make import an_organisation
from tests.trading.make import Market, an_announced_trade

from .test_trades import a_seller


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
