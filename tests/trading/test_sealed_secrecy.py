"""An attacker who holds the whole database as its superuser, the market's secrets, its logs and all but one of the
needed shares: he reads no amount and counts no bids. He may not have the memory of a running process."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import AsyncIterator
from itertools import combinations
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy import text
from structlog.testing import capture_logs

from techmarket.api import rates
from techmarket.app import create_app
from techmarket.db.keys import Keys, for_tests
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.trading import service
from techmarket.trading.sealed.envelopes import Binding, WillNotOpen, commitment_of, open_envelope, seal, write
from techmarket.trading.sealed.shares import combine
from techmarket.trading.sealed.wrapping import WRAPPED_BYTES, SlotWrapping
from tests.identity.make import Keyed, an_organisation
from tests.trading.make import DEPOSIT, Market, a_market_at_work
from tests.trading.sealed_make import SealedLot, a_sealed_lot

AMOUNTS = ("712345.67", "698765.43")
Dump = dict[str, list[dict[str, Any]]]


class World:
    """A sealed lot whose four bidders have keys: the first has quoted twice, the second once, two not at all."""

    def __init__(self, lot: SealedLot, bidders: list[Keyed], client: AsyncClient) -> None:
        self.lot, self.bidders, self.client = lot, bidders, client
        self.letters: list[Any] = []

    async def put(self, n: int, yuan: str) -> None:
        binding = Binding(self.lot.id, await self.lot.number_of(self.bidders[n].actor), self.lot.trade.terms_sha256)
        letter = write({"amount": {"amount": yuan, "currency": "CNY"}}, binding)
        self.letters.append(letter)
        envelope = seal(letter, binding, self.lot.dealt.public_key)
        answer = await self.client.put(
            f"/v1/lots/{self.lot.id}/envelope",
            json={"envelope": base64.b64encode(envelope).decode()},
            headers={"Authorization": f"Bearer {self.bidders[n].key}"},
        )
        assert answer.status_code == 200, answer.text

    async def all_puts(self) -> None:
        await self.put(0, "600000.00")
        await self.put(0, AMOUNTS[0])
        await self.put(1, AMOUNTS[1])


@pytest.fixture
async def world(means: Means) -> AsyncIterator[World]:
    """Over the edge as it is served, with its limits on: what they count is in the database, too."""
    app = create_app(means, quotas={rates.READ: 6000, rates.WRITE: 1200, rates.BID: 30_000, rates.OPEN: 3000})
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as client,
    ):
        yield await a_world(means, client)
        await app.state.last_uses.flush()


async def a_world(means: Means, client: AsyncClient) -> World:
    market = await a_market_at_work(means.tx, means.keys, buyers=0)
    bidders = [await an_organisation(means.tx, keys=means.keys) for _ in range(4)]
    market = Market(market.tx, market.keys, market.operator, market.seller, tuple(one.actor for one in bidders))
    lot = await a_sealed_lot(means.tx, means.keys, market=market, deposit_minor=DEPOSIT)
    await service.renew_covers(means.tx, means.keys, one_in=1)
    return World(lot, bidders, client)


async def dump(tx: Tx) -> Dump:
    """Every row of every table with its system columns, and every counter, as a superuser reads them."""
    async with tx.read() as db:
        assert (await db.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))).scalar_one()
        names = (
            await db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"))
        ).scalars()
        found: Dump = {}
        for name in names.all():
            rows = await db.execute(
                text(
                    f'SELECT t.xmin::text AS xmin, t.xmax::text AS xmax, t.ctid::text AS ctid, to_jsonb(t) AS "row"'
                    f' FROM "{name}" t ORDER BY t.ctid'
                )
            )
            found[name] = [dict(row._mapping) for row in rows]
        counters = await db.execute(text("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"))
        found["pg_sequences"] = [dict(row._mapping) for row in counters]
        large = await db.execute(text("SELECT count(*) AS n FROM pg_largeobject"))
        found["pg_largeobject"] = [dict(row._mapping) for row in large]
        return found


def contents(found: Dump) -> dict[str, list[Any]]:
    return {name: [row.get("row", row) for row in rows] for name, rows in found.items()}


async def test_a_whole_dump_holds_no_amount_in_any_spelling(world: World, tx: Tx) -> None:
    await world.all_puts()
    everything = json.dumps(await dump(tx), default=str)
    for yuan in ("600000.00", *AMOUNTS):
        minor = yuan.replace(".", "")
        assert yuan not in everything
        if yuan in AMOUNTS:  # the third is a round number that an offer may name as well
            assert minor not in everything
            assert int(minor).to_bytes(8, "big").hex() not in everything
    for letter in world.letters:
        assert letter.nonce.hex() not in everything
        assert letter.commitment.hex() not in everything


async def test_every_slot_has_one_length_and_one_transaction_and_tells_nothing_by_its_place(
    world: World, tx: Tx
) -> None:
    await world.all_puts()
    async with tx.read() as db:
        slots = (
            await db.execute(
                text(
                    "SELECT e.xmin::text, e.xmax::text, e.ctid::text, octet_length(e.wrapped) AS length,"
                    " pg_column_size(e.wrapped) AS stored, s.number FROM envelope e JOIN seat s USING (lot_id, org_id)"
                    " ORDER BY e.ctid"
                )
            )
        ).all()
        columns = (
            await db.execute(text("SELECT column_name FROM information_schema.columns WHERE table_name = 'envelope'"))
        ).scalars()
        assert set(columns) == {"lot_id", "org_id", "wrapped"}
    assert len(slots) == 4
    assert {slot.length for slot in slots} == {WRAPPED_BYTES}
    for told in ("xmin", "xmax", "stored"):
        assert len({getattr(slot, told) for slot in slots}) == 1, told
    assert [slot.number for slot in slots] == sorted(slot.number for slot in slots)


async def test_nothing_but_the_slots_changes_with_a_quote_and_all_of_them_change(world: World, tx: Tx) -> None:
    before = await dump(tx)
    await world.all_puts()
    after = await dump(tx)
    # Key checks lock the seats, all of them alike; a lot's lock is the clock's mark too. No row but the slots is new.
    unlocked = {name: [{k: v for k, v in row.items() if k != "xmax"} for row in rows] for name, rows in before.items()}
    for name, rows in after.items():
        if name != "envelope":
            assert [{k: v for k, v in row.items() if k != "xmax"} for row in rows] == unlocked[name], name
    assert {len({row["xmax"] for row in found["seat"]}) for found in (before, after)} == {1}
    old = {row["row"]["org_id"]: row["row"]["wrapped"] for row in before["envelope"]}
    new = {row["row"]["org_id"]: row["row"]["wrapped"] for row in after["envelope"]}
    assert set(old) == set(new)
    assert all(old[org] != new[org] for org in old)


async def test_the_clock_writes_the_slots_just_as_a_quote_does(world: World, tx: Tx, keys: Keys) -> None:
    await world.all_puts()
    before = await dump(tx)
    assert await service.renew_covers(tx, keys, one_in=1) == 1
    after = await dump(tx)
    assert {name for name in after if contents(after)[name] != contents(before)[name]} == {"envelope"}
    old = {row["row"]["org_id"]: row["row"]["wrapped"] for row in before["envelope"]}
    assert all(old[row["row"]["org_id"]] != row["row"]["wrapped"] for row in after["envelope"])
    assert len({row["xmin"] for row in after["envelope"]}) == 1
    assert len({row["xmax"] for row in after["seat"]}) == 1


async def test_who_quoted_leaves_the_same_footprints_as_who_did_not(world: World, tx: Tx) -> None:
    await world.all_puts()
    found = contents(await dump(tx))
    async with tx.read() as db:
        parties = {
            row.org_id: {str(row.id), str(row.org_id), str(row.person_id)}
            for row in (await db.execute(text("SELECT id, org_id, person_id FROM participant"))).all()
        }
    told = [(name, json.dumps(row, default=str)) for name, rows in found.items() for row in rows]
    footprints = [
        Counter(name for name, row in told if any(mine in row for mine in parties[one.actor.org]))
        for one in world.bidders
    ]
    assert footprints[0] == footprints[1] == footprints[2] == footprints[3]
    assert footprints[0]["envelope"] == 1


async def test_the_markets_secrets_and_all_but_one_needed_share_open_nothing(world: World, tx: Tx, keys: Keys) -> None:
    await world.all_puts()
    found = await dump(tx)
    lot, dealt = world.lot, world.lot.dealt
    wrapping = SlotWrapping(keys.pepper, lot.id)
    numbers = {row["row"]["org_id"]: row["row"]["number"] for row in found["seat"]}
    envelopes = {
        numbers[row["row"]["org_id"]]: wrapping.unwrap(
            bytes.fromhex(row["row"]["wrapped"].removeprefix("\\x")), numbers[row["row"]["org_id"]]
        )
        for row in found["envelope"]
    }
    assert len(envelopes) == 4
    assert {len(envelope or b"") for envelope in envelopes.values()} == {4144}
    for stolen in combinations(dealt.shares, 2):
        assert combine(stolen, needed=3, public_key=dealt.public_key) is None
        guesses = [share.body for share in stolen]
        guesses.append(bytes(a ^ b for a, b in zip(*guesses, strict=True)))
        for number, envelope in envelopes.items():
            for guess in guesses:
                with pytest.raises(WillNotOpen):
                    open_envelope(envelope or b"", Binding(lot.id, number, lot.trade.terms_sha256), guess)


async def test_a_commitment_cannot_be_guessed_back_without_its_nonce(world: World) -> None:
    await world.put(0, AMOUNTS[0])
    letter = world.letters[-1]
    binding = Binding(world.lot.id, await world.lot.number_of(world.bidders[0].actor), world.lot.trade.terms_sha256)
    assert commitment_of(letter.content, bytes(32), binding) != letter.commitment


async def test_no_log_line_and_no_metric_tells_of_an_envelope(world: World) -> None:
    def counted() -> list[str]:
        lines = generate_latest(REGISTRY).decode().splitlines()
        return [line for line in lines if line.startswith("techmarket_")]

    with capture_logs() as lines:
        await world.client.get(f"/v1/lots/{world.lot.id}")
        assert [line["route"] for line in lines if line["event"] == "request"] == ["/v1/lots/{lot_id}"]
        before = counted()
        await world.all_puts()
        slot = await world.client.get(
            f"/v1/lots/{world.lot.id}/envelope", headers={"Authorization": f"Bearer {world.bidders[0].key}"}
        )
        assert slot.status_code == 200
        refused = await world.client.put(f"/v1/lots/{world.lot.id}/envelope", json={"envelope": "x"})
        assert refused.status_code == 401
    assert len([line for line in lines if line["event"] == "request"]) == 1
    # Other tests of this process may have counted other readings; these were not.
    assert counted() == before


async def test_a_process_with_another_secret_wipes_out_no_envelope(world: World, tx: Tx, keys: Keys) -> None:
    await world.all_puts()
    kept = (await service.get_slot(tx, world.bidders[0].actor, keys, world.lot.id)).envelope_sha256
    assert await service.renew_covers(tx, for_tests(), one_in=1) == 1
    assert (await service.get_slot(tx, world.bidders[0].actor, keys, world.lot.id)).envelope_sha256 == kept
