"""What an operator can mend is told in one line before anything is started, never as a stack trace."""

from __future__ import annotations

import io
import os
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from rich.console import Console

from techmarket.cli import backing
from techmarket.cli.demo import play
from techmarket.cli.doctor import NotAWitness, witnessed
from techmarket.cli.openapi import NotADocument, check_against
from techmarket.cli.serve import files_to_open
from techmarket.cli.verify import verify_path
from techmarket.db.backups.tools import BackupFailed
from techmarket.db.keys import generated
from techmarket.settings import Settings

ROOT = Path(__file__).parents[2]


def said(*arguments: str, **settings: str) -> tuple[int, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("TECHMARKET_")}
    environment = (
        given | {"PYTHONPATH": str(ROOT / "src")} | {f"TECHMARKET_{n.upper()}": v for n, v in settings.items()}
    )
    program = "from techmarket.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_taken_port_is_told_before_the_market_is_opened(tmp_path: Path, command: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        code, line = said(command, port=str(port), state_dir=str(tmp_path / "state"))
    assert (code, len(line.splitlines())) == (1, 1)
    assert line.startswith(f"techmarket: port {port} on 127.0.0.1 cannot be opened")
    assert not (tmp_path / "state").exists()


def test_a_setting_that_is_none_is_named_without_its_value(tmp_path: Path) -> None:
    assert said("migrate", port="a-value", state_dir=str(tmp_path)) == (
        1,
        "techmarket: TECHMARKET_PORT: Input should be a valid integer, unable to parse string as an integer",
    )


def test_a_pool_of_no_places_and_a_file_that_is_none_of_its_kind_are_named(tmp_path: Path) -> None:
    assert said("migrate", pool_size="-5", state_dir=str(tmp_path)) == (
        1,
        "techmarket: TECHMARKET_POOL_SIZE: Input should be greater than or equal to 2",
    )
    file, none = tmp_path / "file", tmp_path / "none"
    file.write_text("root:x:0:0:root:/root:/bin/bash")
    state = str(tmp_path / "state")
    assert said("doctor", "--witness", str(file), state_dir=state) == (
        1,
        f"techmarket: {file} is not what a witness remembers: seen.json in his folder",
    )
    assert not (tmp_path / "state").exists()
    with pytest.raises(NotAWitness, match="cannot be read: No such file"):
        witnessed(none)
    for broken in ("[]", '{"a": {"size": 1}}', '{"a": 3}'):
        file.write_text(broken)
        with pytest.raises(NotAWitness, match="what a witness remembers"):
            witnessed(file)
        with pytest.raises(NotADocument, match="is not an OpenAPI document"):
            check_against(file)
    with pytest.raises(NotADocument, match="cannot be read: No such file"):
        check_against(none)


async def test_keys_of_another_market_are_refused_before_any_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = SimpleNamespace(log_kid="ed25519-sample")
    monkeypatch.setattr(backing.bases, "listed", lambda _: [base])
    monkeypatch.setattr(backing.bases, "chosen", lambda *_, **__: base)
    monkeypatch.setattr(backing, "_needed", lambda *_: [])
    generated(tmp_path / "theirs")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "log.pem").write_text("no key")
    for folder, why in (("theirs", "not this market's keys"), ("broken", "not a key of a log"), ("none", "by --keys")):
        with pytest.raises(BackupFailed, match=why):
            await backing.restore(
                Settings(state_dir=tmp_path / "to"), tmp_path / "backups", Console(), keys=tmp_path / folder
            )
    assert not (tmp_path / "to").exists()
    assert not (tmp_path / "none").exists()


def test_a_state_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a file")
    assert said("migrate", state_dir=str(file)) == (1, f"techmarket: {file}: File exists")


def test_a_story_that_was_broken_off_is_not_begun_again(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "keys-of-people.json").write_text("{}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code, line = said("run", port=str(port), state_dir=str(tmp_path))
    assert (code, len(line.splitlines())) == (1, 1)
    assert line.startswith("techmarket: the story was broken off here before.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo"]


def test_keys_from_beside_a_certificate_are_said_to_be_no_better_than_their_sender(tmp_path: Path) -> None:
    certificate, keys = tmp_path / "certificate.json", tmp_path / "keys.json"
    certificate.write_text("{}")
    keys.write_text('{"keys":[]}')
    beside, named = Console(record=True, file=io.StringIO()), Console(record=True, file=io.StringIO())
    assert verify_path(certificate, None, beside) == verify_path(certificate, keys, named) == 2
    assert "whoever sent you both" in " ".join(beside.export_text().split())
    assert "whoever sent you both" not in " ".join(named.export_text().split())


@pytest.mark.parametrize(("is_asked_to_stop", "ends_with"), [(True, SystemExit), (False, httpx.ConnectError)])
async def test_a_story_ends_in_one_line_when_its_server_was_asked_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_asked_to_stop: bool, ends_with: type[BaseException]
) -> None:
    @asynccontextmanager
    async def opened(*_: object, **__: object) -> AsyncIterator[object]:
        yield SimpleNamespace(staff=lambda: {"operator": "sample"}, state_dir=tmp_path)

    @asynccontextmanager
    async def served(*_: object) -> AsyncIterator[object]:
        yield SimpleNamespace(should_exit=is_asked_to_stop)

    async def broken(*_: object, **__: object) -> None:
        raise httpx.ConnectError("sample")

    monkeypatch.setattr(play.state, "open_market", opened)
    monkeypatch.setattr(play.serving, "serving", served)
    monkeypatch.setattr(play, "require_free_port", lambda _: None)
    monkeypatch.setattr(play, "play", broken)
    with pytest.raises(ends_with):
        await play.run_demo(Settings(state_dir=tmp_path), Console(), data=None, report=None, stay=True)


def test_a_server_may_open_as_many_files_as_the_system_allows_and_takes_no_more_watchers_than_fit() -> None:
    kept = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, kept[1]), kept[1]))
        assert files_to_open() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, kept)
