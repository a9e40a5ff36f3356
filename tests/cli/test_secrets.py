"""A market without good secrets does not start, and says which is missing; none is shown, whoever looks."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from techmarket.cli import main as commands
from techmarket.cli import state
from techmarket.cli.running import read_settings
from techmarket.db import keys as market_keys
from techmarket.db.keys import Keys, MissingSecret
from techmarket.kernel.seals import PaperSeal, Seal
from techmarket.settings import Settings, get_settings

ROOT = Path(__file__).parents[2]
PAPER = PaperSeal.generate("Sample market")
GOOD = {
    "log_key": Seal.generate().to_pem().decode(),
    "issuer_key": Seal.generate().to_pem().decode(),
    "receipts_key": Seal.generate().to_pem().decode(),
    "pepper": "7f3c1e9a5b8d2460c9e1f7a3b5d80246",
    "bank_secret": "Vq9zRt2LxK8mWc4NpB7dHs1YfGj5uEa0",
    "paper_key": PAPER.key_pem.decode(),
    "paper_certificate": PAPER.certificate_pem.decode(),
}
BAD = {
    "short": "7f3c1e9a5b8d2460c9e1f7a3b5d8024",
    "empty": "",
    "one sign": "a" * 40,
    "few signs": "abcabcab" * 5,
    "a placeholder": "change-me-change-me-change-me-0123456789",
    "a default": "DefaultSecret0123456789abcdefXYZ",
}


def settings(**changes: Any) -> Settings:
    given = {name: field.get_default() for name, field in Settings.model_fields.items()}
    given |= {"database_url": SecretStr("postgresql://market:hush@db/market")}
    given |= {name: SecretStr(value) for name, value in GOOD.items()} | changes
    return Settings.model_construct(**given)


def test_a_given_server_with_all_its_secrets_starts():
    assert isinstance(state.load_keys(settings()), Keys)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_given_server_without_one_of_its_secrets_does_not_start_and_says_which(name: str):
    with pytest.raises(MissingSecret, match=f"TECHMARKET_{name.upper()}$"):
        state.load_keys(settings(**{name: None}))


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("name", ["pepper", "bank_secret"])
def test_a_short_repeated_or_placeholder_secret_is_refused_without_being_shown(name: str, bad: str):
    with pytest.raises(MissingSecret) as refused:
        state.load_keys(settings(**{name: SecretStr(bad)}))
    assert name.replace("_", " ") in str(refused.value)
    assert not bad or bad not in str(refused.value)


def test_secrets_show_in_no_repr_and_no_error():
    held = settings()
    shown = [repr(held), str(held), repr(state.load_keys(held)), repr(held.model_dump())]
    for text in shown:
        assert not [name for name, value in GOOD.items() if value in text]
        assert "hush" not in text


def test_no_command_takes_a_secret_on_its_line_where_every_process_could_read_it():
    taken = {
        name
        for command in (*commands.cli.registered_commands,)
        if command.callback is not None
        for name in inspect.signature(command.callback).parameters
    }
    assert not {name for name in taken if re.search("secret|pepper|password|pin|token", name)}
    assert {name for name in taken if "key" in name} <= {"keys"}  # a file of published keys


def test_the_process_ends_at_once_with_one_line_that_names_what_is_missing_and_shows_nothing(tmp_path):
    env = {"PATH": os.environ["PATH"], "TECHMARKET_DATABASE_URL": "postgresql://x:hush@127.0.0.1:1/x"}
    env |= {"TECHMARKET_STATE_DIR": str(tmp_path), "TECHMARKET_PEPPER": "hush"}
    done = subprocess.run(
        [sys.executable, "-c", "from techmarket.cli.entry import main; main()", "worker"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("techmarket: these settings are missing: TECHMARKET_LOG_KEY")
    assert len(done.stderr.splitlines()) == 1
    assert "hush" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"TECHMARKET_PEPPER": "hush", "TECHMARKET_PEPPER_FILE": "/nowhere"}, "are both given"),
        ({"TECHMARKET_PEPPER_FILE": "/nowhere"}, "TECHMARKET_PEPPER_FILE cannot be read"),
        ({"TECHMARKET_PORT": "hush"}, "TECHMARKET_PORT"),
    ],
)
def test_a_setting_that_cannot_be_read_ends_the_command_with_its_name_alone(monkeypatch, change, says):
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(SystemExit) as ended:
        read_settings(quiet=True)
    get_settings.cache_clear()
    assert says in str(ended.value)
    assert "hush" not in str(ended.value)


def test_a_setting_is_read_from_the_file_that_names_it(monkeypatch, tmp_path):
    (tmp_path / "pepper").write_text(GOOD["pepper"] + "\n")
    monkeypatch.setenv("TECHMARKET_PEPPER_FILE", str(tmp_path / "pepper"))
    read = Settings()
    assert read.pepper is not None
    assert read.pepper.get_secret_value() == GOOD["pepper"]


def test_generated_secrets_are_good_ones_and_their_owners_alone(tmp_path):
    made = market_keys.generated(tmp_path / "keys")
    market_keys.require_good("pepper", made.pepper.decode())
    assert {oct(file.stat().st_mode & 0o777) for file in (tmp_path / "keys").iterdir()} == {"0o600"}
    assert made.pepper.decode() not in repr(made)


SECRETS_IN_TEXT = re.compile(
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40,}"
    r"|\btm(?:k_(?:test_)?[0-9a-f]{12}|s|i|c)_[A-Za-z0-9_-]{43}\b"
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[baprs]-[A-Za-z0-9-]{20,}"
)


HEARD = {"src/techmarket/api/examples.json"}
"""What tests said and heard, for the document: invitations to databases that are gone."""


def test_the_repository_holds_no_key_and_no_token():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() or [str(one.relative_to(ROOT)) for one in (ROOT / "src").rglob("*.py")]
    found = []
    for name in set(names) - HEARD:
        file = ROOT / name
        if file.is_file() and file.stat().st_size < 2_000_000:
            found += [name for _ in SECRETS_IN_TEXT.finditer(file.read_text(encoding="utf-8", errors="ignore"))]
    assert found == []
    assert SECRETS_IN_TEXT.search(f"tmk_{'0' * 12}_{'x' * 43}")
