"""Acts on an announced trade over HTTP: extension, suspension, termination, and their record."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from tests.api.test_trades import a_seller, yuan
from tests.client import Api
from tests.notices.make import move_to, shanghai


async def test_a_trade_is_extended_suspended_resumed_and_terminated_over_http_and_everyone_reads_the_acts(
    tx: Tx, keys: Keys, api: Api
) -> None:
    seller, staff, listing = await a_seller(tx, keys)
    operator, because = staff["operator"].key, {"reasons": "Sample reasons. 示例数据 / sample data"}
    draft = {"listing_id": listing, "deposit": yuan("0.00"), "increment": yuan("10000.00")}
    for wrong, pointer in (({"at_most": 3}, "/body/extension"), ({"n": 0}, "/body/extension/n")):
        refused = await api.post("/v1/trades", json={**draft, "extension": wrong}, key=seller.key)
        assert (refused.status_code, refused.json().get("pointer", pointer)) == (422, pointer)
    valuation = {"amount": yuan("600000.00"), "dated": "2026-01-05", "report_sha256": "ab" * 32}
    unknown = await api.post("/v1/trades", json={**draft, "valuation": valuation}, key=seller.key)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "notices.evidence_missing")
    said = {**draft, "valuation": {**valuation, "report_sha256": None}}
    low = await api.post("/v1/trades", json=said, key=seller.key)
    assert low.json()["terms"]["warnings"] == ["trading.first_floor_below_valuation"]
    assert (
        await api.post("/v1/trades", json={**draft, "previous_trade_id": listing}, key=seller.key)
    ).status_code == 404
    drafted = await api.post(
        "/v1/trades", json={**draft, "extension": {"n": 5, "automatic": True}, "participants_min": 2}, key=seller.key
    )
    trade = f"/v1/trades/{drafted.json()['id']}"
    assert drafted.json()["terms"]["extension"]["at_most"] == 2
    asked = {"json": because, "key": seller.key}
    assert (await api.get(f"{trade}/acts")).status_code == 404
    assert (await api.post(f"{trade}/termination-motion", **asked)).json()["code"] == "lifecycle.not_in_this_state"
    await api.post(f"{trade}/submission", key=seller.key)
    announced = (await api.post(f"{trade}/announcement", key=operator)).json()
    assert announced["announcement_ends_at"] == "2026-03-16T16:00:00Z"
    for path, body in (
        ("extension", because),
        ("suspension", {**because, "cause": "OTHER"}),
        ("termination", {**because, "cause": "OTHER"}),
        ("termination-motion/refusal", because),
    ):
        assert (await api.post(f"{trade}/{path}", json=body, key=seller.key)).status_code == 403
    longer = await api.post(f"{trade}/extension", json=because, key=operator)
    assert longer.json()["announcement_ends_at"] == longer.json()["bidding_opens_at"] == "2026-03-23T16:00:00Z"
    stopped = await api.post(f"{trade}/suspension", json={**because, "cause": "RIGHTS_IN_DISPUTE"}, key=operator)
    assert (stopped.json()["waits_for"], stopped.json()["announcement_ends_at"]) == ("RESUMPTION", None)
    again = await api.post(f"{trade}/suspension", json={**because, "cause": "OTHER"}, key=operator)
    assert (again.status_code, again.json()["code"]) == (409, "trading.suspended")
    assert again.json()["resume_by"] == stopped.json()["resume_by"]
    await move_to(tx, shanghai(2026, 3, 3) + timedelta(hours=9))
    resumed = await api.post(f"{trade}/resumption", json=because, key=operator)
    assert (resumed.json()["waits_for"], resumed.json()["announcement_ends_at"]) == (None, "2026-03-24T16:00:00Z")
    assert (await api.post(f"{trade}/termination-motion", **asked)).status_code == 201
    waiting = await api.post(f"{trade}/termination-motion", **asked)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "trading.motion_waits")
    ended = await api.post(f"{trade}/termination", json={**because, "cause": "SELLERS_MOTION"}, key=operator)
    assert (ended.status_code, ended.json()["state"]) == (200, "TERMINATED")
    acts = (await api.get(f"{trade}/acts")).json()["items"]
    assert [(act["n"], act["act"], act["cause"]) for act in acts] == [
        (1, "EXTENDED", None),
        (2, "SUSPENDED", "RIGHTS_IN_DISPUTE"),
        (3, "RESUMED", None),
        (4, "TERMINATION_ASKED", None),
        (5, "TERMINATED", "SELLERS_MOTION"),
    ]
    assert {act["reasons"] for act in acts} == {because["reasons"]}
