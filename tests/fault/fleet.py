"""Several API processes over one database, a crowd that bids through all of them, and the kills amid that.

Each bidder asks a process at random, retries elsewhere with the same key when a line breaks, and now and then asks two
processes at once. Whatever was acknowledged goes into a history, which is compared with the public record at the end.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from techmarket.cli import state as market_state
from techmarket.db import embedded
from techmarket.db import keys as market_keys
from techmarket.db.embedded import RunningServer
from techmarket.db.keys import Keys
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import OrgKind
from techmarket.rulebook import service as rulebook
from tests.fault.test_kill_bidding import ALLOWED, PATIENCE_SECONDS, Served, free_port
from tests.identity.make import Keyed, a_market, an_organisation
from tests.notices.make import a_sandbox
from tests.trading.make import OPENS, Market, an_open_trade
from tests.trading.test_lots import a_pair, two_lots

TWICE = 0.1
"""Share of the bids that are sent to two processes at once, under one key."""


@dataclass
class Fleet:
    """The processes and their database. Only what was started here is ever ended."""

    folder: Path
    apis: list[Served]
    dice: random.Random

    @property
    def database(self) -> RunningServer:
        return self.apis[0].database

    async def start(self) -> None:
        for api in self.apis:
            api.start()
        await asyncio.gather(*[api.ready() for api in self.apis])

    async def kill_one(self) -> None:
        """One API process at a random moment; the others go on, and it is started again."""
        await self.dice.choice(self.apis).kill_api()

    async def kill_database(self) -> None:
        first, *others = self.apis
        await first.kill_database()
        for api in others:
            api.database = first.database
        await asyncio.gather(*[api.ready() for api in others])


@contextmanager
def fleet_of(processes: int, dice: random.Random) -> Iterator[Fleet]:
    # Not tmp_path: its parents are closed to the user who runs the server for root.
    folder = Path(tempfile.mkdtemp(prefix="techmarket-fault-"))
    folder.chmod(0o755)
    database = embedded.start(folder)
    fleet = Fleet(folder, [Served(folder, database, free_port()) for _ in range(processes)], dice)
    try:
        yield fleet
    finally:
        for api in fleet.apis:
            try:
                api.end(signal.SIGKILL)
            except subprocess.TimeoutExpired:
                continue
        fleet.database.stop()
        embedded.remove(folder)
        shutil.rmtree(folder)


@dataclass
class Crowd:
    """A trade of two lots, open, with the keys of those who bid."""

    keys: Keys
    operator: Keyed
    bidders: dict[int, Keyed]
    trade_id: UUID
    lots: tuple[UUID, ...]


async def a_crowd(fleet: Fleet, bidders: int) -> Crowd:
    keys = replace(market_keys.generated(fleet.folder / "keys"), is_sandbox=True)
    await asyncio.to_thread(market_state.migrate, fleet.database.url())
    tx = Tx(make_engine(fleet.database.url(), pool_size=5, application="test"))
    try:
        await rulebook.load_rules(tx)
        await a_sandbox(tx, OPENS)
        staff = await a_market(tx, keys)
        seller = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
        who = [await an_organisation(tx, keys=keys) for _ in range(bidders)]
        market = Market(tx, keys, staff["operator"].actor, seller.actor, tuple(one.actor for one in who))
        listing, ids = await a_pair(market)
        view = await an_open_trade(market, listing_id=listing, lots=two_lots(ids), deposit_minor=0)
        return Crowd(keys, staff["operator"], dict(enumerate(who)), view.id, tuple(lot.id for lot in view.lots))
    finally:
        await tx.dispose()


@dataclass
class Heard:
    """What the crowd was told, written down before a bidder goes on."""

    path: Path
    acknowledged: int = 0
    twice: int = 0
    retried: int = 0
    broken: int = 0
    odd: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    worst_s: float = 0.0

    def write(self, key: str, receipt: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"key": key, "receipt": receipt}) + "\n")
        self.acknowledged += 1

    def judge(self, answer: httpx.Response) -> None:
        """Whatever is no decision is a named refusal of an expected kind."""
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 300 and (answer.status_code not in ALLOWED or not answer.json().get("code")):
            self.odd.append(f"{answer.request.url.path} {answer.status_code} {answer.text[:200]}")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]


@dataclass
class Bidder:
    """Raises one of the lots by the least step that works, now and then by too little."""

    n: int
    key: str
    fleet: Fleet
    crowd: Crowd
    heard: Heard
    enough: dict[UUID, int] = field(default_factory=dict)

    async def bid(self, http: httpx.AsyncClient, stop: asyncio.Event) -> None:
        turn, dice = 0, self.fleet.dice
        while not stop.is_set():
            turn += 1
            lot = dice.choice(self.crowd.lots)
            wanted = self.enough.get(lot, 20_000_000) + dice.choice((0, 0, 0, 1_000_000, 1))
            once = f"{self.n}-{turn}"
            began = time.monotonic()
            if dice.random() < TWICE:
                two = await asyncio.gather(*[self._ask(http, lot, wanted, once) for _ in range(2)])
                self.heard.twice += 1
                if two[0]["receipt"]["seq"] != two[1]["receipt"]["seq"]:
                    self.heard.odd.append(f"one key, two entries: {once}")
                said = two[0]
            else:
                said = await self._ask(http, lot, wanted, once)
            self.heard.worst_s = max(self.heard.worst_s, time.monotonic() - began)
            self.heard.write(once, said["receipt"])
            self.enough[lot] = wanted + 1_000_000 if "least" not in said else _minor(said["least"])
            await asyncio.sleep(dice.uniform(0, 0.02))

    async def _ask(self, http: httpx.AsyncClient, lot: UUID, wanted: int, once: str) -> dict[str, Any]:
        """The first decision that any process gives; a broken line or a busy market is asked again, within bounds."""
        body = {"amount": {"amount": f"{wanted // 100}.{wanted % 100:02d}", "currency": "CNY"}}
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": once}
        deadline, tries = time.monotonic() + PATIENCE_SECONDS, 0
        while time.monotonic() < deadline:
            api = self.fleet.dice.choice(self.fleet.apis)
            tries += 1
            try:
                answer = await http.post(f"{api.base}/v1/lots/{lot}/bids", json=body, headers=headers)
            except httpx.TransportError:
                self.heard.broken += 1
                await asyncio.sleep(0.05)
                continue
            self.heard.judge(answer)
            said: dict[str, Any] = answer.json()
            if "receipt" in said:
                self.heard.retried += tries > 1
                return said
            await asyncio.sleep(min(float(answer.headers.get("Retry-After", "0.05")), 0.3))
        raise AssertionError(f"no decision within {PATIENCE_SECONDS} seconds: {once}")


def _minor(said: dict[str, str]) -> int:
    return int(said["amount"].replace(".", ""))


async def grow(heard: Heard, by: int) -> None:
    """Wait until so many more bids were acknowledged."""
    wanted = heard.acknowledged + by
    deadline = time.monotonic() + 2 * PATIENCE_SECONDS
    while heard.acknowledged < wanted:
        assert time.monotonic() < deadline, f"the bidding has stopped at {heard.acknowledged}: {heard.statuses}"
        await asyncio.sleep(0.02)
