"""Sealed lots over HTTP: from the draft to the award and its result notice, and what each reader may do and see."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import OrgKind
from techmarket.trading import service
from techmarket.trading.sealed.envelopes import Binding, seal, write
from techmarket.trading.sealed.receipts import verify_receipt
from tests.client import Api
from tests.identity.make import Keyed, a_market, an_organisation
from tests.listings.make import an_offer
from tests.notices.make import a_sandbox, move_to
from tests.trading.make import OPENS
from tests.trading.sealed_make import Dealt, dealt

Json = dict[str, Any]
START = {"amount": "500000.00", "currency": "CNY"}


class Town:
    """A market with a seller and three enterprises, all of whom speak HTTP."""

    def __init__(self, tx: Tx, keys: Keys, api: Api, operator: Keyed, seller: Keyed, buyers: Sequence[Keyed]) -> None:
        self.tx, self.keys, self.api = tx, keys, api
        self.operator, self.seller, self.buyers = operator, seller, buyers
        self.trade: Json = {}
        self.dealt: Dealt | None = None

    @property
    def lot(self) -> str:
        return str(self.trade["lot"]["id"])

    async def said(self, method: str, path: str, by: Keyed, body: Json | None = None, *, status: int = 200) -> Json:
        answer = await self.api.call(method, path, key=by.key, json=body)
        assert answer.status_code == status, answer.text
        shown: Json = answer.json()
        return shown

    async def announce(self) -> None:
        listing = await an_offer(self.tx, self.seller.actor, self.operator.actor)
        body = {
            "listing_id": str(listing.id),
            "method": "SEALED",
            "rules": {"charge": "SECOND_PRICE", "quoting_seconds": 3600},
            "lots": [{"start_price": START}],
            "deposit": {"amount": "0.00", "currency": "CNY"},
        }
        drafted = await self.said("POST", "/v1/trades", self.seller, body, status=201)
        assert drafted["rules"]["charge"] == "SECOND_PRICE"
        assert drafted["rules"]["equal_quotes_under_second_price"] == "own_quote"
        await self.said("POST", f"/v1/trades/{drafted['id']}/submission", self.seller)
        self.trade = await self.said("POST", f"/v1/trades/{drafted['id']}/announcement", self.operator)

    async def seal(self) -> None:
        self.dealt = await dealt(self.tx, self.operator.actor, self.keys)
        await self.said("POST", f"/v1/lots/{self.lot}/sealing", self.operator, self.sealing(), status=201)

    def sealing(self) -> Json:
        assert self.dealt is not None
        return {
            "public_key": self.dealt.public_key.hex(),
            "needed": 3,
            "officers": [
                {
                    "person_id": str(one.person_id),
                    "organisation_id": str(one.organisation_id),
                    "share_sha256": one.share_sha256,
                }
                for one in self.dealt.named(_uuid(self.lot))
            ],
        }

    async def open(self) -> None:
        for buyer in self.buyers:
            joined = await self.said("POST", f"/v1/trades/{self.trade['id']}/participants", buyer, {}, status=201)
            await self.said("POST", f"/v1/participants/{joined['id']}/admission", self.operator, {})
            await self.said("POST", f"/v1/participants/{joined['id']}/confirmation", self.seller, {})
        await move_to(self.tx, _instant(self.trade["bidding_opens_at"]))
        assert await service.open_due(self.tx) == 1

    async def envelope(self, buyer: Keyed, yuan: str) -> str:
        """What a client does: read the lot's key and one's own number, write, seal."""
        told = await self.said("GET", f"/v1/lots/{self.lot}/sealing", buyer)
        binding = Binding(_uuid(self.lot), told["bidder"], told["terms_sha256"])
        letter = write({"amount": {"amount": yuan, "currency": "CNY"}}, binding)
        return base64.b64encode(seal(letter, binding, bytes.fromhex(told["public_key"]))).decode()

    async def put(self, buyer: Keyed, yuan: str) -> Json:
        body = {"envelope": await self.envelope(buyer, yuan)}
        return await self.said("PUT", f"/v1/lots/{self.lot}/envelope", buyer, body)

    async def close(self) -> None:
        shown = await self.said("GET", f"/v1/lots/{self.lot}", self.operator)
        await move_to(self.tx, _instant(shown["effective_end"]))
        assert await service.close_due(self.tx) == 1
        assert await service.close_slots_due(self.tx, self.keys) == 1

    def share(self, n: int) -> Json:
        assert self.dealt is not None
        return {"n": n, "share": self.dealt.shares[n - 1].body.hex()}

    def officer(self, n: int) -> Keyed:
        assert self.dealt is not None
        return self.dealt.officers[n - 1]


def _uuid(text: str) -> UUID:
    return UUID(text)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
async def town(tx: Tx, keys: Keys, api: Api) -> Town:
    await a_sandbox(tx, OPENS)
    operator = (await a_market(tx, keys))["operator"]
    seller = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    made = Town(tx, keys, api, operator, seller, [await an_organisation(tx, keys=keys) for _ in range(3)])
    await made.announce()
    return made


async def test_a_sealed_trade_goes_over_http_from_its_draft_to_the_award_and_the_result_notice(town: Town) -> None:
    await town.seal()
    await town.open()
    receipt = await town.put(town.buyers[0], "640000.00")
    assert verify_receipt(receipt, town.keys.receipts.public)
    assert set(receipt) == {"lot_id", "bidder", "envelope_sha256", "at", "kid", "signature"}
    await town.put(town.buyers[1], "600000.00")
    mine = await town.said("GET", f"/v1/lots/{town.lot}/envelope", town.buyers[0])
    assert mine["envelope_sha256"] == receipt["envelope_sha256"]
    await town.close()
    for n in (1, 3, 4):
        told = await town.said("POST", f"/v1/lots/{town.lot}/opening/shares", town.officer(n), town.share(n))
    assert told["opened_at"] is not None
    assert [one["n"] for one in told["officers"] if one["given_at"]] == [1, 3, 4]

    record = (await town.api.get(f"/v1/lots/{town.lot}/opening")).json()
    amounts = {one["bidder"]: one["amount"] and one["amount"]["amount"] for one in record["envelopes"]}
    assert sorted(amounts.values(), key=str) == ["600000.00", "640000.00", None]
    assert amounts[receipt["bidder"]] == "640000.00"
    shown = await town.said("GET", f"/v1/lots/{town.lot}", town.operator)
    assert shown["state"] == "AWARDED"
    won, waits = sorted(
        (await town.said("GET", f"/v1/trades/{town.trade['id']}/awards", town.operator))["items"],
        key=lambda award: award["rank"],
    )
    assert (won["buyer_organisation_id"], won["price"]["amount"]) == (str(town.buyers[0].actor.org), "600000.00")
    assert (waits["buyer_organisation_id"], waits["price"]["amount"]) == (str(town.buyers[1].actor.org), "500000.00")
    notice = (await town.api.get(f"/v1/notices/{won['notice_id']}")).json()
    assert (notice["kind"], notice["document"]["deal_price"]["amount"]) == ("RESULT", "600000.00")
    assert notice["document"]["method"] == "SEALED"


async def refused(town: Town, method: str, path: str, by: Keyed | None, body: Json | None = None) -> tuple[int, str]:
    answer = await town.api.call(method, path, key=None if by is None else by.key, json=body)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def test_who_may_not_and_what_cannot_be_is_refused_by_name(town: Town) -> None:
    lot, buyer = f"/v1/lots/{town.lot}", town.buyers[0]
    assert await refused(town, "GET", f"{lot}/sealing", None) == (404, "not_found")
    assert await refused(town, "GET", f"{lot}/opening", None) == (404, "not_found")
    await town.seal()
    assert await refused(town, "POST", f"{lot}/sealing", town.seller, town.sealing()) == (403, "not_allowed")
    assert await refused(
        town, "PUT", f"{lot}/envelope", buyer, {"envelope": base64.b64encode(bytes(4144)).decode()}
    ) == (
        403,
        "trading.not_a_participant",
    )
    await town.open()
    good = {"envelope": await town.envelope(buyer, "640000.00")}
    assert await refused(town, "PUT", f"{lot}/envelope", None, good) == (401, "identity.sign_in_needed")
    for wrong in ("", "not base64!", "eA==", good["envelope"][:-4], good["envelope"].replace("=", "") + "键"):
        status, code = await refused(town, "PUT", f"{lot}/envelope", buyer, {"envelope": wrong})
        assert (status, code) in ((422, "trading.envelope_malformed"), (422, "request.invalid")), wrong
    assert await refused(town, "POST", f"{lot}/opening/shares", town.officer(1), town.share(1)) == (
        409,
        "trading.shares_too_early",
    )
    assert await refused(town, "GET", f"{lot}/opening", None) == (409, "trading.not_opened_yet")
    assert await refused(town, "GET", f"{lot}/envelope", town.seller) == (404, "not_found")
    await town.said("PUT", f"{lot}/envelope", buyer, good)
    await town.close()
    assert await refused(town, "PUT", f"{lot}/envelope", buyer, good) == (409, "trading.bidding_over")
    wrong_share = {"n": 1, "share": "0" * 64}
    assert await refused(town, "POST", f"{lot}/opening/shares", town.officer(1), wrong_share) == (
        422,
        "trading.wrong_share",
    )
    assert await refused(town, "POST", f"{lot}/opening/shares", buyer, town.share(1)) == (403, "not_allowed")
    assert await refused(town, "POST", f"{lot}/sealing", town.operator, town.sealing()) == (
        409,
        "trading.sealing_fixed",
    )


async def test_a_bidder_sees_his_own_number_and_nobody_elses_and_no_officer_by_name(town: Town) -> None:
    await town.seal()
    await town.open()
    shown = [await town.said("GET", f"/v1/lots/{town.lot}/sealing", buyer) for buyer in town.buyers]
    assert len({one["bidder"] for one in shown}) == 3
    anonymous = (await town.api.get(f"/v1/lots/{town.lot}/sealing")).json()
    assert anonymous["bidder"] is None
    assert all(set(one) == {"n", "organisation_id", "share_sha256", "given_at"} for one in anonymous["officers"])
