"""Real processes are really killed in the middle of bidding: what was acknowledged is there, once, and somebody wins.

Robots bid at once over HTTP, retry with the same key until they get a decision, and write each acknowledgement into a
history file before they go on, as a careful client would. `TECHMARKET_LONG=1` kills more often.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from sqlalchemy import text

from techmarket.cli import state as market_state
from techmarket.db import embedded
from techmarket.db import keys as market_keys
from techmarket.db.embedded import RunningServer
from techmarket.db.keys import Keys
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import OrgKind
from techmarket.rulebook import service as rulebook
from techmarket.trading import rules
from techmarket.trading.receipts import verify_receipt
from tests.identity.make import Keyed, a_market, an_organisation
from tests.notices.make import a_sandbox
from tests.trading.make import OPENS, Market, an_open_trade

SOURCE = Path(embedded.__file__).parents[2]
IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
KILLS_OF_EACH = 6 if IS_LONG else 1
ROBOTS = 8 if IS_LONG else 5
BIDS_BETWEEN_KILLS = 60 if IS_LONG else 25
PATIENCE_SECONDS = 300.0 if IS_LONG else 60.0
"""The long form is run beside other work, at the lowest priority: a process may take minutes to come back."""
ALLOWED = {409, 429, 503}


# --- the market under test ------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port that nobody is given for a connection of his own: while a process is down, the crowd that calls it would
    sooner or later be given its very port, and it could not come back."""
    for _ in range(100):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@dataclass
class Served:
    """`techmarket serve` as a process of its own, with its jobs, on a durable server of its own."""

    folder: Path
    database: RunningServer
    port: int
    process: subprocess.Popen[bytes] | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = {
            "TECHMARKET_STATE_DIR": str(self.folder),
            "TECHMARKET_PORT": str(self.port),
            "PYTHONPATH": str(SOURCE),
            **self.more,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TECHMARKET_")}
        with (self.folder / "serve.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from techmarket.cli.entry import main; main()", "serve"],
                env={**kept, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    async def ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        async with httpx.AsyncClient(base_url=self.base, timeout=5, trust_env=False) as http:
            while time.monotonic() < deadline:
                assert self.process is not None
                assert self.process.poll() is None, self.said()
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError("the market was not ready in time: " + self.said())

    def said(self) -> str:
        """The end of the log without the lines of requests."""
        lines = (self.folder / "serve.log").read_text().splitlines()
        return "\n".join(line for line in lines if '"event":"request"' not in line)[-3000:]

    def end(self, how: signal.Signals) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(how)
            self.process.wait(timeout=30)
            self.process = None

    async def kill_api(self) -> None:
        self.end(signal.SIGKILL)
        await asyncio.sleep(0.3)
        self.start()
        await self.ready()

    async def kill_database(self) -> None:
        """The postmaster and all its backends at once, as by a power cut; then the server is started again."""
        postmaster = psutil.Process(self.database.postmaster_pid())
        for process in (postmaster, *postmaster.children(recursive=True)):
            process.kill()
        await asyncio.sleep(0.3)
        again = await asyncio.to_thread(embedded.start, self.folder)
        assert again.port == self.database.port
        self.database.stop()
        self.database = again
        await self.ready()


@pytest.fixture
def served() -> Iterator[Served]:
    # Not tmp_path: its parents are closed to the user who runs the server for root.
    folder = Path(tempfile.mkdtemp(prefix="techmarket-fault-"))
    folder.chmod(0o755)
    market = Served(folder, embedded.start(folder), free_port())
    try:
        yield market
    finally:
        market.end(signal.SIGKILL)
        market.database.stop()
        embedded.remove(folder)
        shutil.rmtree(folder)


@dataclass
class Trade:
    """An open trade on that market, with the keys of those who bid."""

    keys: Keys
    operator: Keyed
    bidders: dict[int, Keyed]
    id: UUID
    lot_id: UUID


@pytest.fixture
async def trade(served: Served) -> Trade:
    keys = replace(market_keys.generated(served.folder / "keys"), is_sandbox=True)
    await asyncio.to_thread(market_state.migrate, served.database.url())
    tx = Tx(make_engine(served.database.url(), pool_size=5, application="test"))
    try:
        await rulebook.load_rules(tx)
        await a_sandbox(tx, OPENS)
        staff = await a_market(tx, keys)
        seller = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
        bidders = [await an_organisation(tx, keys=keys) for _ in range(ROBOTS)]
        buyers = tuple(one.actor for one in bidders)
        market = Market(tx, keys, staff["operator"].actor, seller.actor, buyers)
        view = await an_open_trade(market)
        async with tx.read() as db:
            query = text("SELECT org_id, number FROM participant WHERE trade_id = :id")
            numbers = {row.org_id: row.number for row in await db.execute(query, {"id": view.id})}
    finally:
        await tx.dispose()
    by_number = {numbers[one.actor.org]: one for one in bidders}
    return Trade(keys, staff["operator"], by_number, view.id, view.lot.id)


# --- the robots -----------------------------------------------------------------------------------------------------


@dataclass
class History:
    """What the robots were told, in a file that is written before a robot goes on."""

    path: Path
    acknowledged: int = 0
    replayed: int = 0
    broken: int = 0
    odd: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def write(self, bidder: int, key: str, answer: httpx.Response) -> None:
        body = answer.json()
        line = {"bidder": bidder, "key": key, "status": answer.status_code, "receipt": body["receipt"]}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.acknowledged += 1
        self.replayed += answer.headers.get("Idempotency-Replayed") == "true"

    def judge(self, answer: httpx.Response) -> None:
        """Whatever is no success is a named refusal of an expected kind, and a busy one says when to come again."""
        self.statuses[answer.status_code] += 1
        if answer.status_code < 300:
            return
        said = f"{answer.request.method} {answer.request.url.path} {answer.status_code} {answer.text[:200]}"
        if answer.status_code not in ALLOWED or not answer.json().get("code"):
            self.odd.append(said)
        if answer.status_code == 503 and not answer.headers.get("Retry-After", "").isdigit():
            self.odd.append(f"without Retry-After: {said}")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]


@dataclass
class Robot:
    """Raises by the least step that works, now and then by too little; asks again with the same key until answered."""

    number: int
    key: str
    lot_id: UUID
    history: History
    dice: random.Random
    keys: set[str] = field(default_factory=set)

    async def bid(self, http: httpx.AsyncClient, stop: asyncio.Event) -> None:
        n = 0
        while not stop.is_set():
            lot = await self._send(http, "GET", f"/v1/lots/{self.lot_id}")
            assert lot is not None
            least = int(lot.json()["least_next_bid"]["amount"].replace(".", ""))
            wanted = least + self.dice.choice((0, 0, 0, 1_000_000, -1_000_000, 1))
            n += 1
            once = f"{self.number}-{n}"
            self.keys.add(once)
            body = {"amount": {"amount": f"{wanted // 100}.{wanted % 100:02d}", "currency": "CNY"}}
            answer = await self._send(http, "POST", f"/v1/lots/{self.lot_id}/bids", json=body, once=once)
            self.history.write(self.number, once, answer)
            await asyncio.sleep(self.dice.uniform(0.005, 0.03))

    async def _send(self, http: httpx.AsyncClient, method: str, path: str, *, once: str = "", **more: Any) -> Any:
        """The first answer that is a decision; a broken line or a busy market is asked again, within bounds."""
        headers = {"Authorization": f"Bearer {self.key}", **({"Idempotency-Key": once} if once else {})}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = await http.request(method, path, headers=headers, **more)
            except httpx.TransportError:
                self.history.broken += 1
                await asyncio.sleep(0.05)
                continue
            self.history.judge(answer)
            if answer.status_code < 300 or (answer.status_code == 409 and "receipt" in answer.json()):
                return answer
            await asyncio.sleep(min(float(answer.headers.get("Retry-After", "0.05")), 0.2))
        raise AssertionError(f"no decision within {PATIENCE_SECONDS} seconds: {method} {path}")


# --- the test -------------------------------------------------------------------------------------------------------


async def grow(history: History, by: int) -> None:
    """Wait until so many more bids were acknowledged."""
    wanted = history.acknowledged + by
    deadline = time.monotonic() + PATIENCE_SECONDS
    while history.acknowledged < wanted:
        assert time.monotonic() < deadline, f"the bidding has stopped at {history.acknowledged}: {history.statuses}"
        await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_no_acknowledged_bid_is_lost_and_one_wins_when_api_and_database_are_killed_amid_the_bidding(
    served: Served, trade: Trade
) -> None:
    served.start()
    await served.ready()
    history = History(served.folder / "history.jsonl")
    dice = random.Random(20260302)
    robots = [Robot(n, one.key, trade.lot_id, history, dice) for n, one in trade.bidders.items()]
    stop = asyncio.Event()
    limits = httpx.Limits(max_connections=2 * ROBOTS)
    async with httpx.AsyncClient(base_url=served.base, timeout=15, limits=limits, trust_env=False) as http:
        bidding = [asyncio.create_task(robot.bid(http, stop)) for robot in robots]
        try:
            for _ in range(KILLS_OF_EACH):
                await grow(history, BIDS_BETWEEN_KILLS)
                await served.kill_api()
                await grow(history, BIDS_BETWEEN_KILLS)
                await served.kill_database()
            await grow(history, BIDS_BETWEEN_KILLS)
        finally:
            stop.set()
            done = await asyncio.gather(*bidding, return_exceptions=True)
        assert done == [None] * ROBOTS
        assert history.odd == []
        assert history.broken > 0, "nothing was ever cut off: the kills did not hit the bidding"
        book = await the_book(http, trade)
        check_book(book, history, trade, {key for robot in robots for key in robot.keys})
        await check_keys(served, trade, len(book))
        await check_winner(http, trade, book)


async def the_book(http: httpx.AsyncClient, trade: Trade) -> list[dict[str, Any]]:
    """The whole public record, page by page."""
    lines: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    for _ in range(1_000):
        page = (await http.get(f"/v1/lots/{trade.lot_id}/bids", params={"limit": 100, **cursor})).json()
        lines += page["items"]
        if page["next_cursor"] is None:
            return lines
        cursor = {"cursor": page["next_cursor"]}
    raise AssertionError("the record has no end")


def check_book(book: list[dict[str, Any]], history: History, trade: Trade, keys: set[str]) -> None:
    """Gapless, chained, and every acknowledgement is in it word for word."""
    assert [line["seq"] for line in book] == list(range(1, len(book) + 1))
    told = history.lines()
    assert len(told) == history.acknowledged >= (2 * KILLS_OF_EACH + 1) * BIDS_BETWEEN_KILLS
    assert len({line["key"] for line in told}) == len(told) == len(keys)
    for line in told:
        receipt = line["receipt"]
        entry = book[receipt["seq"] - 1]
        named = ("seq", "bidder", "amount", "verdict", "chain")
        assert {name: entry[name] for name in named} == {name: receipt[name] for name in named}
        assert entry["bidder"] == line["bidder"]
        assert (line["status"] == 201) == (entry["verdict"] == rules.LEADING)
        assert verify_receipt(receipt, trade.keys.receipts.public)
    # Each robot asked until it was told, so nothing may stand in the book that nobody was told of.
    assert len(book) == len(told)


async def check_keys(served: Served, trade: Trade, entries: int) -> None:
    # A connection of after the kills: those of before are dead, as everybody's are.
    tx = Tx(make_engine(served.database.url(), pool_size=1, application="test"))
    try:
        async with tx.read() as db:
            query = text("SELECT count(*), count(DISTINCT (participant_id, key)) FROM bid WHERE lot_id = :lot")
            assert tuple((await db.execute(query, {"lot": trade.lot_id})).one()) == (entries, entries)
    finally:
        await tx.dispose()


async def check_winner(http: httpx.AsyncClient, trade: Trade, book: list[dict[str, Any]]) -> None:
    """The lot closes by the clock, once; the best bid of the record wins, the next best bidder waits."""
    leading = [line for line in book if line["verdict"] == rules.LEADING]
    best = leading[-1]
    amounts = [int(line["amount"]["amount"].replace(".", "")) for line in leading]
    assert amounts == sorted(set(amounts))
    operator = {"Authorization": f"Bearer {trade.operator.key}"}
    lot = (await http.get(f"/v1/lots/{trade.lot_id}")).json()
    assert (lot["state"], lot["seq"], lot["chain"]) == ("OPEN", len(book), book[-1]["chain"])
    moved = await http.post(
        "/v1/clock", json={"now": lot["effective_end"]}, headers={**operator, "Idempotency-Key": "the-end"}
    )
    assert moved.status_code == 200, moved.text
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (lot := (await http.get(f"/v1/lots/{trade.lot_id}")).json())["state"] != "AWARDED":
        assert time.monotonic() < deadline, "the lot did not close"
        await asyncio.sleep(0.1)
    assert (lot["leading"], lot["leading_bidder"], lot["seq"]) == (best["amount"], best["bidder"], len(book))
    awards = (await http.get(f"/v1/trades/{trade.id}/awards", headers=operator)).json()["items"]
    runner_up = next((line for line in reversed(leading) if line["bidder"] != best["bidder"]), None)
    expected = [(1, "OFFERED", best), *([(2, "WAITING", runner_up)] if runner_up else [])]
    assert [(a["rank"], a["state"], a["price"], a["buyer_organisation_id"]) for a in awards] == [
        (rank, state, line["amount"], str(trade.bidders[line["bidder"]].actor.org)) for rank, state, line in expected
    ]
