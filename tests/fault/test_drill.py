"""The drill of an operator, whole: a market is restored beside itself, ruined, and brought back twice."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from techmarket.cli import backing, drill, erasures
from techmarket.cli.state import OpenMarket, open_market
from techmarket.db import clock, files
from techmarket.db import keys as market_keys
from techmarket.db.backups.tools import BackupFailed
from techmarket.db.embedded import EmbeddedServerError
from techmarket.identity import service as identity
from techmarket.identity.service.personal import ERASED
from techmarket.identity.tables import Person
from techmarket.jobs import runner
from techmarket.settings import Settings
from techmarket.trading.bidbook import BidBook
from tests.db.test_backups import BASE, put
from tests.identity.make import an_organisation
from tests.trading.make import OPENS, an_open_lot, bidders

BIDS, AT_ONCE = 100_000, 500
IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"


@pytest.fixture
def place() -> Iterator[Path]:
    # Not tmp_path: its parents are closed to the user who runs the server for root.
    folder = Path(tempfile.mkdtemp(prefix="techmarket-fault-"))
    folder.chmod(0o755)
    yield folder
    for state in (folder / "market", folder / "back"):
        if state.exists():
            backing.remove_state(state)
    shutil.rmtree(folder)


@pytest.mark.slow
async def test_every_row_is_back_as_before_a_bad_delete_and_a_kill_loses_nothing_that_was_archived(place: Path) -> None:
    settings = Settings(state_dir=place / "market", log_json=False)
    console = Console(file=StringIO(), width=200)
    async with open_market(settings, application="test") as market:
        await a_file(market)
        human = (await an_organisation(market.means.tx, keys=market.means.keys)).actor.person
        if IS_LONG:
            await many_bids(market, BIDS)
        await runner.sequence_once(market.means)
        runner.load_jobs()
        await runner.run_due(market.means, "transparency.checkpoint")
        figures = await drill.drill(settings, console, scratch=place)
        if IS_LONG:
            print(json.dumps(asdict(figures)), file=sys.stderr)
        assert figures.findings == []
        assert figures.is_equal
        assert figures.acknowledged == drill.BEATS_BEFORE + drill.BEATS_AFTER
        # The archive is written as the log is: none lacks on a quiet machine, on a busy one some of the last second's.
        assert figures.lost < drill.BEATS_AFTER
        await check_refusals(market, place, settings, console)
        await check_erasure(market, place, settings, human)
    assert [name for name in os.listdir(place) if name.startswith("techmarket-drill-")] == []


async def many_bids(market: OpenMarket, count: int) -> None:
    """A lot with so many decided bids, through the book itself."""
    tx = market.means.tx
    async with tx.begin() as db:
        await clock.open_sandbox(db, OPENS)
    who = await bidders(tx, 20)
    lot = await an_open_lot(tx, who)
    async with BidBook(tx.engine, market.means.keys.receipts) as book:
        for start in range(0, count, AT_ONCE):
            bids = [
                book.place(lot.id, org_id=who[n % 20].org, minor=50_000_000 + n * 1_000_000, key=str(n))
                for n in range(start, start + AT_ONCE)
            ]
            await asyncio.gather(*bids)


async def a_file(market: OpenMarket) -> None:
    """One kept file, so that the restored market must have its bytes."""

    async def said() -> AsyncIterator[bytes]:
        yield "公告全文".encode()

    sha, size = await market.means.files.receive(said(), media_type="text/plain")
    async with market.means.tx.begin() as db:
        await files.keep(db, sha256=sha, size=size, media_type="text/plain")


async def check_refusals(market: OpenMarket, place: Path, settings: Settings, console: Console) -> None:
    """Nothing is restored over a market, without its keys, with another's, or from a base that is not there."""
    elsewhere, backups = settings.model_copy(update={"state_dir": place / "back"}), place / "backups"
    with pytest.raises(BackupFailed, match="there is no base at all"):
        await backing.restore(elsewhere, backups, console)
    of_another = place / "another"
    put(of_another, BASE)
    for keeping in (
        backing.take(market, of_another, console),
        backing.keep_archive(market, of_another, console, asyncio.Event()),
    ):
        with pytest.raises(BackupFailed, match="bases of another server"):
            await keeping
    await backing.take(market, backups, console)
    assert backing.show(backups, console) == 0
    with pytest.raises(BackupFailed, match="name the folder with the market's keys"):
        await backing.restore(elsewhere, backups, console)
    market_keys.generated(place / "other")
    with pytest.raises(BackupFailed, match="these are not this market's keys"):
        await backing.restore(elsewhere, backups, console, keys=place / "other")
    with pytest.raises(EmbeddedServerError, match="holds a database already"):
        await backing.restore(settings, backups, console, keys=settings.state_dir / "keys")
    assert market_keys.generated(settings.state_dir / "keys").log.kid == market.means.keys.log.kid


async def check_erasure(market: OpenMarket, place: Path, settings: Settings, human: UUID) -> None:
    """Of who was erased after a base no name comes back with it, as the archive has kept beside it that he was."""
    tx, folder, console = market.means.tx, place / "backups", Console(file=StringIO(), width=200)
    assert erasures.kept(folder) == set()
    assert await identity.erase_again(tx, [human]) == 1
    stop, register = asyncio.Event(), folder / erasures.FILE
    archiving = asyncio.create_task(backing.keep_archive(market, folder, console, stop))
    async with asyncio.timeout(30):
        while not register.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    stop.set()
    await archiving
    assert erasures.kept(folder) == {human}
    back = settings.model_copy(update={"state_dir": place / "back"})
    shutil.rmtree(folder / backing.WAL)  # only the base is left, as to a moment before he was erased
    restored = await backing.restore(back, folder, console, keys=settings.state_dir / "keys")
    assert restored.findings == []
    async with open_market(back, application="test", prepare=False) as again, again.means.tx.read() as db:
        name = (await db.get_one(Person, human)).name
    assert name.startswith(ERASED)
