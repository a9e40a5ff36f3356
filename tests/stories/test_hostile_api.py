"""Strangers, mistakes and malice against money and trading, amid a living market: named refusals, and nothing changes.

Here every address and every key is real, and the request without its flaw would be obeyed: each test shows that first
or last. What no route may let through, wherever it is, stands in `tests/api/test_every_route.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import text

from techmarket.db.means import Means
from techmarket.identity import service as identity
from techmarket.settlement.rules import sign_message
from tests.client import Api
from tests.stories import way
from tests.stories.town import Json, Party, Town, a_town, at, yuan
from tests.stories.way import Sale
from tests.trading.make import an_open_lot

OWN_BOOKKEEPING = {"idempotency_key", "alembic_version"}


@dataclass(frozen=True)
class Order:
    """A request that the market would obey; `money` names the fields that hold money."""

    name: str
    path: str
    by: str
    body: Json
    money: tuple[str, ...] = ()


@dataclass
class Scene:
    """A contract in force between university and X with its fee due, payouts under way, and a lot amid bidding."""

    town: Town
    sale: Sale
    contract: Json
    due: Json
    payout: Json
    lot: UUID
    second_listing: str

    def orders(self) -> list[Order]:
        u, x = self.sale.university.key, self.sale.buyers["X"].key
        contract = f"/v1/contracts/{self.contract['id']}"
        period = {"period_from": "2026-03-18", "period_to": "2026-06-30", "base": yuan("1000000.00")}
        amounts = {"whole_amount": yuan("640000.00"), "technology_amount": yuan("640000.00")}
        cost = {"kind": "patent_fee", "amount": yuan("2000.00"), "evidence": "SAMPLE-1", "incurred_on": "2026-04-01"}
        trade = {"start_price": yuan("500000.00"), "increment": yuan("10000.00"), "deposit": yuan("150000.00")}
        licence = {"licence_kind": "ORDINARY", "scope": {"term_years": 6}, "entry_fee": yuan("600000.00")}
        direct = {"buyer_id": self.sale.buyers["Z"].id, "achievement_ids": [self.sale.achievement], **licence}
        confirmed = {"outcome": "CONFIRMED", "bank_reference": "SAMPLE-2"}
        return [
            Order("bid", f"/v1/lots/{self.lot}/bids", x, {"amount": yuan("500000.00")}, ("amount",)),
            Order("trade", "/v1/trades", u, {"listing_id": self.second_listing, **trade}, tuple(trade)),
            Order("royalty", f"{contract}/royalty-reports", x, period, ("base",)),
            Order(
                "registration", f"{contract}/registrations", u, {"contract_class": "LICENCE", **amounts}, tuple(amounts)
            ),
            Order("cost", f"{contract}/costs", u, cost, ("amount",)),
            Order("direct contract", "/v1/direct-contracts", u, direct, ("entry_fee",)),
            Order("payout", f"/v1/payouts/{self.payout['id']}/confirmation", self.town.staff["finance"], confirmed),
        ]

    async def send(self, order: Order, content: bytes, *, key: str | None = None, once: str | None = None) -> Response:
        return await self.town.api.post(
            order.path, content=content, headers={"Content-Type": "application/json"}, key=key or order.by, once=once
        )


@pytest.fixture
async def scene(api: Api, means: Means) -> Scene:
    town = await a_town(api, means, way.START)
    sale = await way.to_the_award(town)
    second = await town.an_offer(sale.university, sale.achievement)
    contract = await way.a_contract(sale, "X")
    await town.move_to(at(3, 18, 9))
    await way.sign(sale, contract, sale.university)
    contract = await way.sign(sale, contract, sale.buyers["X"])
    await town.move_to(at(7, 10, 9))
    bidders = [await identity.authenticate(means.tx, means.keys, sale.buyers[n].key) for n in "XY"]
    seller = await identity.authenticate(means.tx, means.keys, sale.university.key)
    lot = await an_open_lot(means.tx, bidders, seller=seller)
    async with means.tx.begin() as db:  # the maker counts for itself; the market's own next number must stay free
        await db.execute(text("UPDATE trade SET number = 'JY-2026-900000' WHERE id = :id"), {"id": lot.trade_id})
    await town.settle()
    due = await town.the_open_due(sale.buyers["X"])
    payouts = await town.get("/v1/payouts", by=sale.buyers["Z"])
    return Scene(town, sale, contract, due, payouts["items"][0], lot.id, second)


async def everything(means: Means) -> dict[str, tuple[int, str]]:
    """Every table with the number and the hash of its rows: what this shows equal has not changed at all."""
    tables = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    found = {}
    async with means.tx.read() as db:
        for name in (await db.execute(tables)).scalars().all():
            if name not in OWN_BOOKKEEPING and not name.startswith("pgqueuer"):
                row = text(
                    f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
                )
                found[name] = tuple((await db.execute(row)).one())
    assert found["transfer"][0] > 0
    return found


def problem_of(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


# --- hostile bodies -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flaw:
    why: str
    content: bytes
    status: int
    code: str
    field: str | None = None
    pointer: str | None = None


def flaws(order: Order) -> Iterator[Flaw]:
    """The good body with one thing wrong."""

    def raw(why: str, value: str, code: str) -> Flaw:
        good = json.dumps(order.body)
        return Flaw(why, f'{good[:-1]},"zz":{value}}}'.encode(), 400, code)

    yield raw("NUL", r'"a\u0000b"', "request.bad_text")
    yield raw("lone surrogate", r'"a\ud800b"', "request.bad_text")
    yield raw("NaN", "NaN", "request.not_a_number")
    yield raw("Infinity", "-Infinity", "request.not_a_number")
    unknown = json.dumps({**order.body, "zz": "x"}).encode()
    yield Flaw("unknown field", unknown, 422, "request.invalid", "unknown_field", "/body/zz")
    for name in order.money:
        for why, value, field in BAD_MONEY:
            content = json.dumps({**order.body, name: value}).encode()
            yield Flaw(f"{name}: {why}", content, 422, "request.invalid", field)
    for name, value in order.body.items():
        if isinstance(value, str):
            content = json.dumps({**order.body, name: 7}).encode()
            yield Flaw(f"{name}: a number", content, 422, "request.invalid")
            content = json.dumps({**order.body, name: "x" * 1_000_000}).encode()
            yield Flaw(f"{name}: a megabyte", content, 422, "request.invalid")


BAD_MONEY: tuple[tuple[str, Any, str | None], ...] = (
    ("a number", 600000, None),
    ("a float inside", {"amount": 1.0, "currency": "CNY"}, None),
    ("three decimals", yuan("1.005"), "money.wrong_form"),
    ("negative", yuan("-1.00"), None),
    ("beyond what an account holds", yuan("92233720368547758.08"), "money.wrong_form"),
    ("a megabyte of digits", yuan("9" * 1_000_000 + ".00"), "money.wrong_form"),
    ("NaN as text", yuan("NaN"), "money.wrong_form"),
    ("another currency", {"amount": "1.00", "currency": "USD"}, "money.wrong_currency"),
    ("another field inside", {**yuan("1.00"), "zz": 1}, "unknown_field"),
)


@pytest.mark.slow
async def test_a_flawed_order_is_refused_by_name_and_changes_nothing_and_without_its_flaw_it_is_obeyed(
    scene: Scene,
) -> None:
    before = await everything(scene.town.means)
    wrong = []
    for order in scene.orders():
        for flaw in flaws(order):
            answer = await scene.send(order, flaw.content)
            told = problem_of(answer)
            fields = [(one["code"], one["pointer"]) for one in answer.json().get("errors", [])]
            fits = flaw.field is None or flaw.field in [code for code, _ in fields]
            there = flaw.pointer is None or flaw.pointer in [pointer for _, pointer in fields]
            if told != (flaw.status, flaw.code) or not fits or not there:
                wrong.append((order.name, flaw.why, told, fields, answer.text[:200]))
    assert wrong == []
    assert await everything(scene.town.means) == before
    for order in scene.orders():
        answer = await scene.send(order, json.dumps(order.body).encode())
        assert answer.status_code < 300, (order.name, answer.text)


async def test_amounts_in_good_form_that_make_no_sense_are_refused_too(scene: Scene) -> None:
    orders = {order.name: order for order in scene.orders()}
    before = await everything(scene.town.means)

    async def told(name: str, **changes: Any) -> tuple[int, str]:
        order = orders[name]
        return problem_of(await scene.send(order, json.dumps({**order.body, **changes}).encode()))

    assert await told("bid", amount=yuan("0.00")) == (422, "request.invalid")
    assert await told("trade", increment=yuan("0.00")) == (422, "request.invalid")
    assert await told("trade", start_price=yuan("499999.99")) == (422, "trading.start_below_floor")
    assert await told("registration", technology_amount=yuan("640000.01")) == (422, "contracts.technology_above_whole")
    assert await told("cost", kind="exchange_fee") == (422, "revenue.cost_kind_unknown")
    assert await told("royalty", period_to="2026-07-10") == (409, "contracts.period_not_over")
    assert await told("royalty", period_to="2026-03-01") == (422, "contracts.period_backwards")
    assert await told("direct contract", buyer_id=scene.sale.university.id) == (422, "contracts.same_party")
    assert await everything(scene.town.means) == before


# --- the bank's door ------------------------------------------------------------------------------------------------


async def from_the_bank(scene: Scene, content: bytes, *, secret: bytes | None = None, late: int = 0) -> Response:
    stamp = str(int(time.time()) - late)
    signature = sign_message(secret or scene.town.means.keys.bank_secret, stamp, content)
    headers = {"Content-Type": "application/json", "X-Bank-Timestamp": stamp, "X-Bank-Signature": signature}
    return await scene.town.api.http.post("/v1/bank/messages", content=content, headers=headers)


async def test_no_forged_stale_malformed_or_altered_message_of_the_bank_moves_money(scene: Scene) -> None:
    good: Json = {
        "message_id": "SAMPLE-bank-1",
        "payer_account": "SAMPLE",
        "payer_name": scene.sale.buyers["X"].name,
        "amount": scene.due["outstanding"],
        "reference": scene.due["reference"],
        "booked_at": at(7, 10).isoformat(),
    }
    body = json.dumps(good).encode()
    before = await everything(scene.town.means)
    forged = await from_the_bank(scene, body, secret=b"x" * 32)
    assert problem_of(forged) == (401, "settlement.bad_signature")
    assert forged.headers["WWW-Authenticate"] == 'X-Bank-Signature realm="techmarket"'
    assert problem_of(await from_the_bank(scene, body, late=600)) == (401, "settlement.message_stale")
    signed_for_another = sign_message(scene.town.means.keys.bank_secret, str(int(time.time())), body)
    headers = {"X-Bank-Timestamp": str(int(time.time())), "X-Bank-Signature": signed_for_another}
    other = await scene.town.api.http.post("/v1/bank/messages", json={**good, "amount": yuan("1.00")}, headers=headers)
    assert problem_of(other) == (401, "settlement.bad_signature")
    malformed: list[Json] = [
        {**good, "zz": 1},
        {**good, "message_id": "a\u0000b"},
        {**good, "payer_name": "a\ud800b"},
        {**good, "payer_name": "x" * 1_000_000},
        {**good, "amount": yuan("-1.00")},
        {**good, "amount": yuan("0.00")},
        {**good, "amount": yuan("1.005")},
        {**good, "amount": yuan("92233720368547758.08")},
        {**good, "amount": 600000},
        {**good, "booked_at": "yesterday"},
        {name: value for name, value in good.items() if name != "reference"},
    ]
    for message in malformed:
        told = problem_of(await from_the_bank(scene, json.dumps(message).encode()))
        assert told in ((422, "settlement.message_malformed"), (400, "request.bad_text")), message
    nan = json.dumps({**good, "amount": "?"}).replace('"?"', "NaN").encode()
    assert problem_of(await from_the_bank(scene, nan))[0] in (400, 422)
    assert await everything(scene.town.means) == before

    first = await from_the_bank(scene, body)
    assert (first.status_code, first.json()["outcome"]) == (200, "MATCHED")
    after = await everything(scene.town.means)
    again = await from_the_bank(scene, body)
    assert (again.status_code, again.json()) == (200, first.json())
    altered = json.dumps({**good, "amount": yuan("1.00")}).encode()
    assert problem_of(await from_the_bank(scene, altered)) == (409, "settlement.message_differs")
    assert await everything(scene.town.means) == after


# --- other people's things ------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_what_is_somebody_elses_is_not_found_or_not_allowed_and_stays_as_it_is(scene: Scene) -> None:
    town, sale = scene.town, scene.sale
    stranger = await town.a_party("ENTERPRISE", "Sample enterprise W")
    rival = await town.a_university("Sample University 2 / 示例大学二")
    x, y = sale.buyers["X"], sale.buyers["Y"]
    contract, due = f"/v1/contracts/{scene.contract['id']}", f"/v1/dues/{scene.due['id']}"
    awards = await sale.awards()
    account = (await town.get("/v1/ledger/accounts", by=x, purpose="ESCROW"))["items"][0]["id"]
    document: Json = {"document_sha256": scene.contract["document_sha256"]}
    orders = {order.name: order for order in scene.orders()}
    before = await everything(town.means)

    for reader in (stranger, rival):
        for path in (contract, f"{contract}/document", f"{contract}/income", due):
            await not_found(town, "GET", path, reader)
        await not_found(town, "GET", f"/v1/awards/{awards['X']['id']}", reader)
        await not_found(town, "GET", f"/v1/signings/{scene.contract['signing_id']}", reader)
        await not_found(town, "GET", f"/v1/ledger/accounts/{account}/transfers", reader)
        assert (await town.get("/v1/dues", by=reader))["items"] == []
        assert (await town.get("/v1/payouts", by=reader))["items"] == []
        assert (await town.get("/v1/contracts", by=reader))["items"] == []
        await not_found(town, "POST", f"{contract}/signatures", reader, document)
        await not_found(town, "POST", f"/v1/awards/{awards['Y']['id']}/release", reader)
        for name in ("royalty", "registration", "cost"):
            await not_found(town, "POST", orders[name].path, reader, orders[name].body)
    await not_found(town, "POST", f"/v1/awards/{awards['Y']['id']}/release", x)
    await not_found(town, "POST", orders["cost"].path, x, orders["cost"].body)
    await not_found(town, "POST", "/v1/trades", rival, orders["trade"].body)
    # One lot's id is no other thing's id.
    for path in ("/v1/trades/{}", "/v1/contracts/{}", "/v1/dues/{}", "/v1/awards/{}", "/v1/notices/{}"):
        await not_found(town, "GET", path.format(scene.lot), x)
    await not_found(town, "GET", f"/v1/lots/{sale.trade['id']}", x)
    await not_found(town, "POST", f"/v1/lots/{sale.trade['id']}/bids", x, orders["bid"].body)

    refused = [
        (f"{due}/release", None, x, (403, "not_allowed")),
        (f"{due}/release", None, sale.university, (403, "not_allowed")),
        (f"{due}/release", None, "operator", (403, "not_allowed")),
        (orders["payout"].path, orders["payout"].body, sale.buyers["Z"], (403, "not_allowed")),
        (orders["royalty"].path, orders["royalty"].body, sale.university, (403, "not_allowed")),
        (orders["registration"].path, orders["registration"].body, x, (403, "not_allowed")),
        (orders["bid"].path, orders["bid"].body, stranger, (403, "trading.not_a_participant")),
        (orders["bid"].path, orders["bid"].body, sale.university, (403, "trading.not_a_participant")),
        (f"/v1/trades/{sale.trade['id']}/announcement", None, sale.university, (403, "not_allowed")),
        ("/v1/clock", {"now": at(12, 1).isoformat()}, y, (403, "not_allowed")),
    ]
    wrong = []
    for path, body, by, expected in refused:
        told = problem_of(await town.try_post(path, body, by=by))
        if told != expected:
            wrong.append((path, by, told, expected))
    assert wrong == []
    assert await everything(town.means) == before


async def not_found(town: Town, method: str, path: str, by: Party, body: Json | None = None) -> None:
    more = {"json": body} if body is not None else {}
    told = problem_of(await town.api.call(method, path, key=by.key, **more))
    assert told == (404, "not_found"), (method, path, by.name)


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_without_a_good_key_no_order_is_obeyed(scene: Scene) -> None:
    town, sale = scene.town, scene.sale
    x = sale.buyers["X"]
    keys = {"nobody's": "tmk_000000000000_" + "A" * 43, "not a key": "hello", "cut short": x.key[:-1]}
    issued: dict[str, Json] = {}
    for name, scopes in (("revoked", ["read", "write", "bid"]), ("reads only", ["read"])):
        body = {"person_id": x.people["officer"].id, "scopes": scopes}
        made = await town.api.post(f"/v1/organisations/{x.id}/keys", json=body, key=x.people["officer"].key)
        assert made.status_code == 201, made.text
        issued[name] = made.json()
    gone = await town.api.post(f"/v1/keys/{issued['revoked']['id']}/revocation", key=x.people["administrator"].key)
    assert gone.status_code == 204
    unverified = await town.post(
        "/v1/organisations", {"kind": "ENTERPRISE", "name": "Sample V", "administrator": "Sample"}, by=None
    )
    suspended = await town.a_party("ENTERPRISE", "Sample enterprise S")
    await town.post(f"/v1/organisations/{suspended.id}/suspension", by="operator")
    before = await everything(town.means)
    for order in scene.orders():
        content = json.dumps(order.body).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        nobody = await town.api.http.post(order.path, content=content, headers=headers)
        assert problem_of(nobody) == (401, "identity.sign_in_needed"), order.name
        assert nobody.headers["WWW-Authenticate"] == 'Bearer realm="techmarket"'
        for why, key in (*keys.items(), ("revoked", issued["revoked"]["key"])):
            told = problem_of(await scene.send(order, content, key=key))
            assert told == (401, "identity.bad_key"), (order.name, why)
        for key, codes in (
            (issued["reads only"]["key"], {"identity.scope_missing", "not_found", "not_allowed"}),
            (unverified["key"]["key"], {"identity.organisation_not_verified", "not_found", "not_allowed"}),
            (suspended.key, {"identity.organisation_suspended"}),
        ):
            status, code = problem_of(await scene.send(order, content, key=key))
            assert (status, code) in {(404 if one == "not_found" else 403, one) for one in codes}, order.name
    assert await everything(town.means) == before


# --- retries --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_same_key_with_another_body_is_refused_and_the_first_effect_stands_alone(scene: Scene) -> None:
    for order in scene.orders():
        good = json.dumps(order.body).encode()
        first = await scene.send(order, good, once=f"once-{order.name.replace(' ', '-')}")
        assert first.status_code < 300, (order.name, first.text)
        after = await everything(scene.town.means)
        other = json.dumps({**order.body, **_another(order)}).encode()
        told = problem_of(await scene.send(order, other, once=f"once-{order.name.replace(' ', '-')}"))
        expected = (409, "trading.bid_key_reused") if order.name == "bid" else (422, "idempotency.key_reused")
        assert told == expected, order.name
        again = await scene.send(order, good, once=f"once-{order.name.replace(' ', '-')}")
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (first.status_code, "true")
        if order.name != "bid":  # a bid's receipt is sealed anew; its content is compared in tests/api/test_trading.py
            assert again.content == first.content
        assert await everything(scene.town.means) == after


def _another(order: Order) -> Json:
    return {order.money[0]: yuan("777777.00")} if order.money else {"outcome": "FAILED"}
