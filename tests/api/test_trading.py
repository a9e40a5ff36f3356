"""Trading over HTTP: the hot route with hostile input, retries and receipts, and what the public sees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from techmarket.api.remembered import RememberedKeys
from techmarket.app import create_app
from techmarket.cli.openapi import document
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.identity import service as identity
from techmarket.identity.actor import Role
from techmarket.trading.receipts import verify_receipt
from tests.client import Api
from tests.identity.make import Keyed, a_market, a_member, an_organisation
from tests.trading.make import OpenLot, an_open_lot, end_now


def money(yuan: str) -> dict[str, Any]:
    return {"amount": {"amount": yuan, "currency": "CNY"}}


async def bidders(tx: Tx, keys: Keys, count: int) -> list[Keyed]:
    return [await an_organisation(tx, keys=keys) for _ in range(count)]


async def entries(tx: Tx, lot: OpenLot) -> Sequence[Any]:
    async with tx.read() as db:
        return (await db.execute(text("SELECT * FROM bid WHERE lot_id = :l ORDER BY seq"), {"l": lot.id})).all()


async def test_a_bid_leads_with_a_receipt_and_the_lot_says_so(tx: Tx, keys: Keys, api: Api) -> None:
    one, two = await bidders(tx, keys, 2)
    lot = await an_open_lot(tx, [one.actor, two.actor])
    answer = await api.post(f"/v1/lots/{lot.id}/bids", json=money("500000.00"), key=one.key)
    body = answer.json()
    assert (answer.status_code, body["verdict"], body["seq"]) == (201, "leading", 1)
    assert body["amount"] == {"amount": "500000.00", "currency": "CNY"}
    assert verify_receipt(body["receipt"], keys.receipts.public)
    shown = (await api.get(f"/v1/lots/{lot.id}")).json()
    assert (shown["leading"]["amount"], shown["least_next_bid"]["amount"], shown["seq"]) == (
        "500000.00",
        "510000.00",
        1,
    )
    assert shown["leading_bidder"] == 1001
    assert shown["chain"] == body["receipt"]["chain"]
    assert "organisation" not in (await api.get(f"/v1/lots/{lot.id}")).text


async def test_a_low_bid_is_409_with_the_least_amount_and_its_receipt(tx: Tx, keys: Keys, api: Api) -> None:
    one, two = await bidders(tx, keys, 2)
    lot = await an_open_lot(tx, [one.actor, two.actor])
    await api.post(f"/v1/lots/{lot.id}/bids", json=money("600000.00"), key=one.key)
    low = await api.post(f"/v1/lots/{lot.id}/bids", json=money("600000.00"), key=two.key)
    body = low.json()
    assert (low.status_code, body["code"], body["pointer"]) == (409, "trading.bid_too_low", "/body/amount")
    assert low.headers["content-type"] == "application/problem+json"
    assert body["least"] == {"amount": "610000.00", "currency": "CNY"}
    assert verify_receipt(body["receipt"], keys.receipts.public)
    assert body["receipt"]["seq"] == body["seq"] == 2
    again = await api.post(f"/v1/lots/{lot.id}/bids", json=money(body["least"]["amount"]), key=two.key)
    assert again.status_code == 201
    odd = await api.post(f"/v1/lots/{lot.id}/bids", json=money("625000.00"), key=one.key)
    assert (odd.status_code, odd.json()["code"], odd.json()["least"]["amount"]) == (
        409,
        "trading.bid_off_step",
        "620000.00",
    )
    english = await api.post(
        f"/v1/lots/{lot.id}/bids", json=money("1.00"), key=one.key, headers={"Accept-Language": "en"}
    )
    assert english.json()["title"] == "The bid is too low; at least 620000.00 CNY would be enough now."


async def test_a_retry_gets_the_first_decision_and_another_amount_under_the_same_key_is_refused(
    tx: Tx, keys: Keys, api: Api
) -> None:
    one, two = await bidders(tx, keys, 2)
    lot = await an_open_lot(tx, [one.actor, two.actor])
    path = f"/v1/lots/{lot.id}/bids"
    first = await api.post(path, json=money("500000.00"), key=one.key, once="k")
    await api.post(path, json=money("700000.00"), key=two.key, once="k")
    again = await api.post(path, json=money("500000.00"), key=one.key, once="k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    for name in ("seq", "at", "amount", "verdict"):
        assert again.json()[name] == first.json()[name]
    assert verify_receipt(again.json()["receipt"], keys.receipts.public)
    other = await api.post(path, json=money("710000.00"), key=one.key, once="k")
    assert (other.status_code, other.json()["code"]) == (409, "trading.bid_key_reused")
    assert len(await entries(tx, lot)) == 2


async def test_fifty_retries_at_once_are_one_entry(tx: Tx, keys: Keys, api: Api) -> None:
    (one,) = await bidders(tx, keys, 1)
    lot = await an_open_lot(tx, [one.actor])
    answers = await asyncio.gather(
        *[api.post(f"/v1/lots/{lot.id}/bids", json=money("500000.00"), key=one.key, once="k") for _ in range(50)]
    )
    assert {(a.status_code, a.json()["seq"]) for a in answers} == {(201, 1)}
    assert len(await entries(tx, lot)) == 1


BAD_BODIES: dict[str, tuple[bytes | None, int, str]] = {
    "no body": (None, 422, "request.invalid"),
    "null": (b"null", 422, "request.invalid"),
    "array": (b"[]", 422, "request.invalid"),
    "text": (b'"500000.00"', 422, "request.invalid"),
    "cut off": (b'{"amount": {"amount": "500', 400, "request.malformed_json"),
    "not utf-8": (b'{"amount": "\xff"}', 400, "request.malformed_json"),
    "NaN": (b'{"amount": NaN}', 400, "request.not_a_number"),
    "infinite": (b'{"amount": {"amount": 1e999, "currency": "CNY"}}', 400, "request.not_a_number"),
    "same key twice": (
        b'{"amount": {"amount": "500000.00", "amount": "1.00", "currency": "CNY"}}',
        400,
        "request.duplicate_key",
    ),
    "a NUL": (b'{"amount": {"amount": "500000.00\\u0000", "currency": "CNY"}}', 400, "request.bad_text"),
    "number": (b'{"amount": 500000}', 422, "request.invalid"),
    "amount a number": (b'{"amount": {"amount": 500000.00, "currency": "CNY"}}', 422, "request.invalid"),
    "three decimals": (b'{"amount": {"amount": "500000.000", "currency": "CNY"}}', 422, "request.invalid"),
    "no decimals": (b'{"amount": {"amount": "500000", "currency": "CNY"}}', 422, "request.invalid"),
    "exponent": (b'{"amount": {"amount": "5e5", "currency": "CNY"}}', 422, "request.invalid"),
    "newline": (b'{"amount": {"amount": "500000.00\\n", "currency": "CNY"}}', 422, "request.invalid"),
    "full width": ('{"amount": {"amount": "５00000.00", "currency": "CNY"}}'.encode(), 422, "request.invalid"),
    "huge": (b'{"amount": {"amount": "1000000000000.00", "currency": "CNY"}}', 422, "request.invalid"),
    "endless": (b'{"amount": {"amount": "' + b"9" * 5000 + b'.00", "currency": "CNY"}}', 422, "request.invalid"),
    "negative": (b'{"amount": {"amount": "-500000.00", "currency": "CNY"}}', 422, "request.invalid"),
    "zero": (b'{"amount": {"amount": "0.00", "currency": "CNY"}}', 422, "request.invalid"),
    "minus zero": (b'{"amount": {"amount": "-0.00", "currency": "CNY"}}', 422, "request.invalid"),
    "other currency": (b'{"amount": {"amount": "500000.00", "currency": "USD"}}', 422, "request.invalid"),
    "no currency": (b'{"amount": {"amount": "500000.00"}}', 422, "request.invalid"),
    "unknown field": (b'{"amount": {"amount": "500000.00", "currency": "CNY"}, "hide": true}', 422, "request.invalid"),
    "unknown inside": (b'{"amount": {"amount": "500000.00", "currency": "CNY", "x": 1}}', 422, "request.invalid"),
    "empty object": (b"{}", 422, "request.invalid"),
    "deep": (b"[" * 100 + b"]" * 100, 400, "request.too_deep"),
}


async def test_malformed_bids_get_the_problems_of_every_route_and_enter_nothing(
    tx: Tx, keys: Keys, client: AsyncClient
) -> None:
    (one,) = await bidders(tx, keys, 1)
    lot = await an_open_lot(tx, [one.actor])
    headers = {"Authorization": f"Bearer {one.key}", "Content-Type": "application/json"}
    wrong = {}
    for why, (body, status, code) in BAD_BODIES.items():
        answer = await client.post(
            f"/v1/lots/{lot.id}/bids", content=body, headers={**headers, "Idempotency-Key": str(uuid4())}
        )
        if (answer.status_code, answer.json()["code"]) != (status, code):
            wrong[why] = (answer.status_code, answer.text[:200])
        assert answer.headers["content-type"] == "application/problem+json"
    assert wrong == {}
    assert await entries(tx, lot) == []


async def test_a_malformed_bid_names_the_field_as_every_other_route_does(tx: Tx, keys: Keys, api: Api) -> None:
    (one,) = await bidders(tx, keys, 1)
    lot = await an_open_lot(tx, [one.actor])
    three = await api.post(f"/v1/lots/{lot.id}/bids", json=money("1.005"), key=one.key)
    assert three.json()["pointer"] == "/body/amount/amount"
    assert three.json()["errors"][0]["code"] == "money.wrong_form"
    # The same mistake where the framework reads the body itself.
    draft = {"listing_id": str(uuid4()), "increment": money("1.005")["amount"], "deposit": money("1.00")["amount"]}
    elsewhere = await api.post("/v1/trades", json=draft, key=one.key)
    assert elsewhere.json()["errors"][0]["code"] == "money.wrong_form"
    assert elsewhere.json()["pointer"] == "/body/increment/amount"


async def test_keys_addresses_and_media_are_checked_like_everywhere(tx: Tx, keys: Keys, client: AsyncClient) -> None:
    (one,) = await bidders(tx, keys, 1)
    lot = await an_open_lot(tx, [one.actor])
    path = f"/v1/lots/{lot.id}/bids"
    auth = {"Authorization": f"Bearer {one.key}"}

    async def refused(at: str, status: int, code: str, **headers: str) -> None:
        answer = await client.post(at, json=money("500000.00"), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    await refused(path, 400, "idempotency.key_missing", **auth)
    await refused(path, 400, "idempotency.key_malformed", **auth, **{"Idempotency-Key": "x" * 256})
    await refused(path, 400, "idempotency.key_malformed", **auth, **{"Idempotency-Key": "a b"})
    once = {"Idempotency-Key": "k"}
    await refused(path, 401, "identity.sign_in_needed", **once)
    await refused(path, 401, "identity.sign_in_needed", **once, Authorization="Basic abc")
    await refused(path, 401, "identity.bad_key", **once, Authorization="Bearer tmk_nope")
    await refused("/v1/lots/not-a-uuid/bids", 422, "request.invalid", **once, **auth)
    await refused(f"/v1/lots/{uuid4()}/bids", 404, "not_found", **once, **auth)
    plain = await client.post(path, content=b"x", headers={**auth, **once, "Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()["code"]) == (415, "request.wrong_media_type")
    assert (await client.delete(path)).status_code == 405
    assert await entries(tx, lot) == []


async def test_only_a_trader_of_a_verified_participant_bids(tx: Tx, keys: Keys, api: Api) -> None:
    one, stranger = await bidders(tx, keys, 2)
    unverified = await an_organisation(tx, keys=keys, verified=False)
    officer = await a_member(tx, one.actor, Role.LISTING_OFFICER, keys=keys)
    lot = await an_open_lot(tx, [one.actor])
    for who, status, code in (
        (stranger, 403, "trading.not_a_participant"),
        (unverified, 403, "identity.organisation_not_verified"),
        (officer, 403, "not_allowed"),
    ):
        answer = await api.post(f"/v1/lots/{lot.id}/bids", json=money("500000.00"), key=who.key)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await entries(tx, lot) == []


@pytest.mark.parametrize(
    "change, code",
    [
        ("UPDATE api_key SET revoked_at = clock_timestamp()", "identity.bad_key"),
        ("UPDATE membership SET ended_at = clock_timestamp()", "identity.bad_key"),
        ("UPDATE organisation SET state = 'SUSPENDED'", "identity.organisation_suspended"),
    ],
)
async def test_who_may_no_longer_act_is_forgotten_as_soon_as_it_is_so(
    tx: Tx, keys: Keys, means: Means, change: str, code: str
) -> None:
    (one,) = await bidders(tx, keys, 1)
    lot = await an_open_lot(tx, [one.actor])
    app = create_app(means)

    async def bid(http: AsyncClient, yuan: str) -> Any:
        headers = {"Authorization": f"Bearer {one.key}", "Idempotency-Key": str(uuid4())}
        return await http.post(f"/v1/lots/{lot.id}/bids", json=money(yuan), headers=headers)

    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http,
    ):
        assert [(await bid(http, yuan)).status_code for yuan in ("500000.00", "510000.00", "520000.00")] == [201] * 3
        remembered = app.state.remembered_keys
        assert len(remembered._known) == 1
        async with tx.begin() as db:
            await db.execute(text(change))
        async with asyncio.timeout(2):
            while remembered._known:  # the word is on its way  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        refused = await bid(http, "530000.00")
        assert (refused.json()["code"], len(await entries(tx, lot))) == (code, 3)


async def test_nobody_is_remembered_beyond_his_keys_end_nor_for_long_while_nobody_listens(
    tx: Tx, keys: Keys, means: Means
) -> None:
    soon, later = await bidders(tx, keys, 2)
    async with tx.begin() as db:
        query = text("UPDATE api_key SET expires_at = clock_timestamp() + interval '30 s' WHERE id = :id")
        await db.execute(query, {"id": soon.actor.key_id})
    remembered = RememberedKeys(listening_seconds=1000, alone_seconds=2)

    async def seconds(one: Keyed) -> float:
        before = set(remembered._known)
        await remembered.actor_of(means, f"Bearer {one.key}")
        (new,) = set(remembered._known) - before
        return remembered._known[new][0] - time.monotonic()

    assert 1 < await seconds(later) <= 2
    remembered.begin()
    assert remembered._known == {}
    assert 20 < await seconds(soon) <= 30
    assert 900 < await seconds(later) <= 1000
    remembered.end()
    assert remembered._known == {}
    assert 1 < await seconds(later) <= 2


async def test_what_was_read_before_a_change_was_told_of_is_not_remembered(
    tx: Tx, keys: Keys, means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = await bidders(tx, keys, 1)
    remembered = RememberedKeys()
    read = identity.authenticate_for

    async def told_meanwhile(*given: Any, **more: Any) -> Any:
        found = await read(*given, **more)
        remembered.hear()
        return found

    monkeypatch.setattr(identity, "authenticate_for", told_meanwhile)
    assert (await remembered.actor_of(means, f"Bearer {one.key}")).org == one.actor.org
    assert remembered._known == {}


async def test_a_late_bid_is_409_with_the_end_and_its_receipt(tx: Tx, keys: Keys, api: Api) -> None:
    (one,) = await bidders(tx, keys, 1)
    lot = await an_open_lot(tx, [one.actor])
    await end_now(tx, lot.id)
    late = await api.post(f"/v1/lots/{lot.id}/bids", json=money("500000.00"), key=one.key)
    assert (late.status_code, late.json()["code"], late.json()["seq"]) == (409, "trading.bidding_over", 1)
    assert verify_receipt(late.json()["receipt"], keys.receipts.public)


async def test_the_public_record_pages_through_the_whole_book_without_names(tx: Tx, keys: Keys, api: Api) -> None:
    who = await bidders(tx, keys, 3)
    lot = await an_open_lot(tx, [w.actor for w in who])
    for n in range(7):
        await api.post(f"/v1/lots/{lot.id}/bids", json=money(f"{500000 + 10000 * n}.00"), key=who[n % 3].key)
    seen, address = [], f"/v1/lots/{lot.id}/bids?limit=3"
    while address:
        page = await api.get(address)
        seen += page.json()["items"]
        address = page.links.get("next", {}).get("url")
    assert [line["seq"] for line in seen] == list(range(1, 8))
    assert {line["bidder"] for line in seen} == {1001, 1002, 1003}
    assert set(seen[0]) == {"seq", "bidder", "amount", "verdict", "at", "chain", "is_void"}


def test_the_hot_route_is_in_the_openapi_document_with_its_refusals() -> None:
    described = document()
    operation = described["paths"]["/v1/lots/{lot_id}/bids"]["post"]
    assert operation["operationId"] == "placeBid"
    assert "trading.bid_too_low" in operation["responses"]["409"]["x-codes"]
    assert "request.malformed_json" in operation["responses"]["400"]["x-codes"]
    assert operation["security"] == [{"apiKey": []}, {"oauth2": []}]
    schemas = described["components"]["schemas"]
    assert set(schemas["PlaceBid"]["properties"]) == {"amount"}
    assert {"BidOut", "ReceiptOut", "BatchOut"} <= set(schemas)


@pytest.mark.parametrize("path", ["/v1/trades/{}", "/v1/lots/{}", "/v1/lots/{}/bids"])
async def test_what_does_not_exist_is_not_found(api: Api, path: str) -> None:
    assert (await api.get(path.format(uuid4()))).json()["code"] == "not_found"


async def test_a_lot_that_is_bid_for_has_no_panel_and_says_so(tx: Tx, keys: Keys, api: Api) -> None:
    who = await bidders(tx, keys, 1)
    lot = await an_open_lot(tx, [w.actor for w in who])
    operator = (await a_market(tx, keys))["operator"]
    answer = await api.get(f"/v1/lots/{lot.id}/panel", key=operator.key)
    assert (answer.status_code, answer.json()["code"]) == (409, "trading.no_panel_here")
