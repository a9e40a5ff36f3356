"""A sealed lot by its commands: dealt, quoted, opened and checked again by anyone, over a real connection."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import httpx
from click.testing import Result
from typer.testing import CliRunner

from techmarket.app import create_app
from techmarket.cli.main import cli
from techmarket.db.means import Means
from techmarket.trading import service
from tests.follow import served
from tests.identity.make import Keyed, a_market, an_organisation
from tests.notices.make import a_sandbox, move_to
from tests.trading.make import OPENS, Market, a_qualified
from tests.trading.sealed_make import an_announced_sealed_trade, officers


class Desk:
    """Everybody's command line, each with his own key file."""

    def __init__(self, base: str, folder: Path) -> None:
        self.base, self.folder = base, folder

    def key_of(self, one: Keyed) -> str:
        file = self.folder / f"{one.actor.person}.key"
        file.write_text(one.key + "\n")
        return str(file)

    async def run(self, command: str, *words: Any, by: Keyed | None = None) -> Result:
        said = ["sealed", command, *(str(word) for word in words), "--base", self.base]
        if by is not None:
            said += ["--key-file", self.key_of(by)]
        return await asyncio.to_thread(CliRunner().invoke, cli, said)

    async def done(self, command: str, *words: Any, by: Keyed | None = None) -> str:
        result = await self.run(command, *words, by=by)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    async def refused(self, command: str, *words: Any, by: Keyed | None = None) -> str:
        result = await self.run(command, *words, by=by)
        assert result.exit_code != 0, result.output
        return str(result.exception)


async def test_the_commands_deal_quote_open_and_check_a_lot_and_leave_no_key_behind(
    means: Means, tmp_path: Path
) -> None:
    tx, keys = means.tx, means.keys
    await a_sandbox(tx, OPENS)
    staff = await a_market(tx, keys)
    operator, seller = staff["operator"], await an_organisation(tx, keys=keys)
    buyers = [await an_organisation(tx, keys=keys) for _ in range(2)]
    market = Market(tx, keys, operator.actor, seller.actor, tuple(one.actor for one in buyers))
    trade = await an_announced_sealed_trade(market)
    held = await officers(tx, operator.actor, keys)
    lot, shares = trade.lot.id, tmp_path / "shares"
    named = [word for one in held for word in ("--officer", f"{one.actor.person}:{one.actor.org}")]
    async with served(create_app(means)) as (base, _):
        desk = Desk(base, tmp_path)
        refused = await desk.refused("keys", "--lot", lot, "--out", shares, *named[:-2], *named[:2], by=operator)
        assert "trading.officers_unfit" in refused
        assert not shares.exists()
        await desk.done("keys", "--lot", lot, "--out", shares, *named, by=operator)
        files = sorted(shares.iterdir())
        assert [file.name for file in files] == [f"officer-{n}.json" for n in range(1, 6)]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(shares.stat().st_mode) == 0o700
        assert set(json.loads(files[0].read_text())) == {"form", "lot", "n", "public_key", "share"}

        for buyer in buyers:
            await a_qualified(market, trade, buyer.actor)
        assert trade.bidding_opens_at is not None
        await move_to(tx, trade.bidding_opens_at)
        assert await service.open_due(tx) == 1
        early = await desk.refused("open-share", files[0], by=held[0])
        assert "keep your share until then" in early
        trust = tmp_path / "keys.json"
        async with httpx.AsyncClient(base_url=base) as http:
            trust.write_text((await http.get("/.well-known/techmarket-keys.json")).text)
        first = tmp_path / "first.json"
        await desk.done("bid", "--lot", lot, "--amount", "640000.00", "--out", first, "--trust", trust, by=buyers[0])
        kept = json.loads(first.read_text())
        assert kept["content"] == {"amount": {"amount": "640000.00", "currency": "CNY"}}
        assert kept["receipt"]["envelope_sha256"] == kept["envelope_sha256"]
        assert stat.S_IMODE(first.stat().st_mode) == 0o600
        assert "is there already" in await desk.refused(
            "bid", "--lot", lot, "--amount", "650000.00", "--out", first, by=buyers[0]
        )
        assert "money.malformed" not in await desk.refused(
            "bid", "--lot", lot, "--amount", "650000", "--out", tmp_path / "x.json", by=buyers[0]
        )
        second = tmp_path / "second.json"
        await desk.done("bid", "--lot", lot, "--amount", "700000.00", "--out", second, by=buyers[1])
        await desk.done("bid", "--lot", lot, "--withdraw", "--out", tmp_path / "third.json", by=buyers[1])
        assert "trading.not_opened_yet" in await desk.refused("check", "--lot", lot)

        ends = (await service.get_lot(tx, operator.actor, lot)).effective_end
        assert ends is not None
        await move_to(tx, ends)
        assert await service.close_due(tx) == 1
        await service.close_slots_due(tx, keys)
        for n in (5, 2):
            assert "shares needed are given" in await desk.done("open-share", files[n - 1], by=held[n - 1])
        assert "The lot was opened" in await desk.done("open-share", files[3], by=held[3])
        assert "2 envelopes open to what the market says" in " ".join((await desk.done("check", "--lot", lot)).split())
    (award,) = await service.list_awards(tx, operator.actor, trade.id)
    assert (award.buyer_organisation_id, award.price.amount) == (buyers[0].actor.org, "640000.00")
