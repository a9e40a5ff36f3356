"""A sandbox beside a live market: another folder, database and keys, test keys only, and marks on all that it makes."""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from rich.console import Console

from techmarket.app import create_app
from techmarket.certification import service as certification
from techmarket.certification.verify import verify_file
from techmarket.cli import state
from techmarket.cli.sandbox import settings_of, throw_away
from techmarket.cli.verify import verify_path
from techmarket.db import clock
from techmarket.identity import errors, service
from techmarket.jobs import runner
from techmarket.settings import Settings
from techmarket.transparency import service as transparency
from techmarket.transparency.keyset import trusted_keys
from tests.certification.make import a_desk, issued
from tests.follow import served
from tests.identity.make import a_market, an_organisation

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_a_sandbox_takes_no_database_key_secret_or_provider_of_the_market_beside_it(tmp_path):
    given = {
        name: SecretStr("live") for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
    }
    live = Settings.model_construct(
        **{name: field.get_default() for name, field in Settings.model_fields.items()}
        | given
        | {
            "embedder": "http://model.test",
            "state_dir": tmp_path,
            "object_store": "s3://live",
            "witnesses": "w",
            "pkcs11_module": "m",
            "sandbox": False,
        }
    )
    ours = settings_of(live, port=8001, folder=None)
    assert (ours.state_dir, ours.port, ours.is_sandbox, ours.is_embedded) == (tmp_path / "sandbox", 8001, True, True)
    kept = {name for name in given if getattr(ours, name) is not None}
    assert kept == set()
    assert ours.embedder == "none"  # it is a model that knows the live market by a token
    assert (ours.object_store, ours.witnesses, ours.pkcs11_module) == (None, "", None)
    assert ours.public_url == "http://127.0.0.1:8001"
    with pytest.raises(SystemExit, match="the live market"):
        settings_of(live, port=8001, folder=tmp_path)


def test_only_what_is_a_sandbox_is_thrown_away(tmp_path):
    other = tmp_path / "photos"
    other.mkdir()
    (other / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(SystemExit, match="no mark of a sandbox"):
        throw_away(other)
    assert (other / "holiday.jpg").exists()
    ours = tmp_path / "sandbox"
    (ours / "keys").mkdir(parents=True)
    (ours / "SANDBOX").touch()
    throw_away(ours)
    assert not ours.exists()


async def test_the_folder_of_a_live_market_is_never_thrown_away_and_that_of_a_sandbox_is_marked(tx, means, tmp_path):
    for name, is_sandbox in (("live", False), ("sandbox", True)):
        folder = tmp_path / name
        (folder / "keys").mkdir(parents=True)
        (folder / "staff.json").write_text("{}")
        settings = Settings.model_construct(sandbox=is_sandbox, market_name="Sample market", state_dir=folder)
        await state.found(state.OpenMarket(means, "", folder, folder / "staff.json"), settings, None)
    with pytest.raises(SystemExit, match="no mark of a sandbox"):
        throw_away(tmp_path / "live")
    throw_away(tmp_path / "sandbox")
    assert not (tmp_path / "sandbox").exists()
    assert {one.name for one in (tmp_path / "live").iterdir()} == {"keys", "staff.json"}


async def test_a_test_key_is_refused_by_a_live_market_and_a_live_key_by_a_sandbox_with_the_reason(tx, keys):
    testing = replace(keys, is_sandbox=True)
    live, test = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=testing)
    assert re.fullmatch(r"tmk_[0-9a-f]{12}_[\w-]{43}", live.key)
    assert re.fullmatch(r"tmk_test_[0-9a-f]{12}_[\w-]{43}", test.key)
    assert (await service.authenticate(tx, keys, live.key)).person_id == live.actor.person_id
    assert (await service.authenticate(tx, testing, test.key)).person_id == test.actor.person_id
    with pytest.raises(errors.TestKeyOnLiveMarket):
        await service.authenticate(tx, keys, test.key)
    with pytest.raises(errors.LiveKeyInSandbox):
        await service.authenticate(tx, testing, live.key)


async def test_a_database_is_of_one_world_for_good(tx, keys):
    live, sandbox = [Settings.model_construct(sandbox=is_one, market_name="x") for is_one in (False, True)]
    for empty in (live, sandbox):
        await state.require_of_its_world(tx, empty)
    await a_market(tx, keys)
    await state.require_of_its_world(tx, live)
    with pytest.raises(state.WrongWorld, match="holds a live market"):
        await state.require_of_its_world(tx, sandbox)
    async with tx.begin() as db:
        assert not await clock.is_sandbox(db)
        await clock.open_sandbox(db, None)
    with pytest.raises(state.WrongWorld, match="holds a sandbox"):
        await state.require_of_its_world(tx, live)


async def test_what_a_sandbox_certifies_says_so_in_the_credential_the_log_and_to_whoever_verifies(
    tx, keys, means, tmp_path
):
    desk = await a_desk(tx, keys)
    view = await issued(tx, keys, desk)
    await transparency.publish_keys(tx, keys)
    while await runner.sequence_once(means):
        pass
    await transparency.make_checkpoint(tx, keys)
    async with AsyncClient(transport=ASGITransport(create_app(means)), base_url="http://market.test") as http:
        published = (await http.get("/.well-known/techmarket-keys.json")).json()
        origin = (await http.get("/v1/log")).json()["items"][0]["origin"]
    assert origin.startswith("techmarket/sandbox/log/")
    file = await certification.get_file(tx, keys, desk.first, view.number)
    verdict = verify_file(file.body, trusted_keys(published))
    assert verdict.is_valid
    assert verdict.credential["type"] == ["VerifiableCredential", "TransactionCertificate", "SandboxSample"]
    assert verdict.is_of_a_sandbox
    (tmp_path / "certificate.json").write_bytes(file.body)
    (tmp_path / "keys.json").write_text(json.dumps(published))
    console = Console(record=True, width=200)
    assert verify_path(tmp_path / "certificate.json", tmp_path / "keys.json", console) == 0
    assert "a sandbox made this: a sample, worth nothing" in console.export_text()


async def test_the_page_for_integrators_runs_as_it_stands(tx, keys, means, tmp_path):
    async with tx.begin() as db:
        await clock.open_sandbox(db, datetime(2026, 3, 2, 1, tzinfo=UTC))
    testing = replace(means, keys=replace(keys, is_sandbox=True))
    shown = await service.found_market(tx, testing.keys, name="Sample market")
    (tmp_path / "staff.json").write_text(json.dumps(shown))
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.S)
    assert len(blocks) == 3
    async with served(create_app(testing)) as (base, _):
        run = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", "\n".join(blocks)),
            env={"PATH": os.environ["PATH"], "BASE": base, "STATE": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await run.communicate()
    assert (run.returncode, wrong.decode()) == (0, "")
    assert said.decode().splitlines() == [
        "a test key",
        "True",
        "1440",
        "1",
        "nothing is due",
        "identity.live_key_in_sandbox",
    ]
    async with tx.read() as db:
        assert await clock.market_now(db) - datetime(2026, 3, 17, 1, tzinfo=UTC) >= timedelta(0)
