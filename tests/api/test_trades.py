"""Trades over HTTP: drafting in both forms, deposits lost and left, and what each reader sees."""

from __future__ import annotations

from typing import Any

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import OrgKind, Role
from tests.client import Api
from tests.identity.make import Keyed, a_market, a_member, an_organisation
from tests.listings.make import an_offer
from tests.notices.make import a_sandbox
from tests.trading.make import OPENS, Market, a_qualified, an_announced_trade, pay_deposit


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def a_seller(tx: Tx, keys: Keys) -> tuple[Keyed, dict[str, Keyed], str]:
    """A university with a published offer at 500,000.00, and the market's staff."""
    await a_sandbox(tx, OPENS)
    staff = await a_market(tx, keys)
    seller = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    offer = await an_offer(tx, seller.actor, staff["operator"].actor)
    return seller, staff, str(offer.id)


async def test_a_trade_is_drafted_in_the_short_form_or_with_lots_and_rules_but_not_in_both(
    tx: Tx, keys: Keys, api: Api
) -> None:
    seller, _, listing = await a_seller(tx, keys)
    base: dict[str, Any] = {"listing_id": listing, "deposit": yuan("0.00")}
    short = await api.post("/v1/trades", json={**base, "increment": yuan("10000.00")}, key=seller.key)
    assert short.status_code == 201
    body = short.json()
    assert (body["lot"], len(body["lots"])) == (body["lots"][0], 1)
    assert (body["rules"]["free_seconds"], body["lot"]["start_price"]) == (3600, yuan("500000.00"))
    lots = [{"increment": yuan("10000.00"), "title_en": "Sample lot"}]
    long = await api.post("/v1/trades", json={**base, "lots": lots, "rules": {"free_seconds": 60}}, key=seller.key)
    assert (long.json()["lot"]["title_en"], long.json()["rules"]["free_seconds"]) == ("Sample lot", 60)
    for more, pointer in (
        ({"lots": lots, "increment": yuan("10000.00")}, "/body/lots"),
        ({"lots": lots, "rules": {}, "free_seconds": 60}, "/body/rules"),
    ):
        both = await api.post("/v1/trades", json={**base, **more}, key=seller.key)
        assert (both.status_code, both.json()["code"]) == (422, "trading.terms_said_twice")
        assert both.json()["pointer"] == pointer
    wrong = {**base, "increment": yuan("10000.00")}
    for more, code in (
        ({"method": "LOTTERY"}, "request.invalid"),
        ({"rules": {"free_seconds": {"deep": [1]}}}, "trading.term_malformed"),
        ({"rules": {"fee": 1}}, "trading.term_unknown"),
    ):
        refused = await api.post("/v1/trades", json={**wrong, **more}, key=seller.key)
        assert refused.json()["code"] == code


async def test_a_participant_withdraws_and_the_operator_shuts_one_out_over_http(tx: Tx, keys: Keys, api: Api) -> None:
    seller, staff, _ = await a_seller(tx, keys)
    buyers = [await an_organisation(tx, keys=keys) for _ in range(2)]
    operator = staff["operator"]
    market = Market(tx, keys, operator.actor, seller.actor, tuple(one.actor for one in buyers))
    trade = await an_announced_trade(market)
    first, second = [await a_qualified(market, trade, one.actor) for one in buyers]
    await pay_deposit(market, second)
    stranger = await api.post(f"/v1/participants/{first.id}/withdrawal", key=buyers[1].key)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    left = await api.post(f"/v1/participants/{first.id}/withdrawal", key=buyers[0].key)
    assert (left.status_code, left.json()["state"]) == (200, "WITHDRAWN")
    assert left.json()["deposits"][0]["state"] == "RELEASED"
    path = f"/v1/deposits/{second.deposits[0].id}/forfeiture"
    silence = await api.post(path, json={"cause": "nobody_bids", "reasons": "Sample."}, key=operator.key)
    assert (silence.status_code, silence.json()["pointer"]) == (422, "/body/cause")
    reasons = {"cause": "false_papers", "reasons": "Sample reasons."}
    assert (await api.post(path, json=reasons, key=seller.key)).json()["code"] == "not_allowed"
    lost = await api.post(path, json=reasons, key=operator.key)
    assert lost.json()["deposits"][0]["cause"] == "false_papers"
    mine = (await api.get(f"/v1/trades/{trade.id}/participants", key=buyers[1].key)).json()["items"]
    assert [(one["deposits"][0]["state"], one["deposits"][0]["reasons"]) for one in mine] == [
        ("FORFEITED", "Sample reasons.")
    ]


async def test_a_member_without_the_traders_role_does_not_withdraw(tx: Tx, keys: Keys, api: Api) -> None:
    seller, staff, _ = await a_seller(tx, keys)
    buyer = await an_organisation(tx, keys=keys)
    officer = await a_member(tx, buyer.actor, Role.LISTING_OFFICER, keys=keys)
    market = Market(tx, keys, staff["operator"].actor, seller.actor, (buyer.actor,))
    trade = await an_announced_trade(market)
    mine = await a_qualified(market, trade, buyer.actor)
    refused = await api.post(f"/v1/participants/{mine.id}/withdrawal", key=officer.key)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
