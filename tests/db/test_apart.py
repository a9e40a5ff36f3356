"""What is read apart gets its file, no secret, and only so much memory and time."""

from __future__ import annotations

import json
import tempfile

import pytest

from techmarket.db import apart

PROBE = "tests.db.apart_probe"


def test_bytes_and_files_are_handed_over_from_their_beginning() -> None:
    assert apart.run(PROBE, b"said", arguments=["echo"], seconds=5) == b"said"
    with tempfile.TemporaryFile() as file:
        file.write(b"written and not read back")
        assert apart.run(PROBE, file, arguments=["echo"], seconds=5) == b"written and not read back"


def test_no_secret_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHMARKET_PEPPER", "a secret")
    named = json.loads(apart.run(PROBE, b"", arguments=["environment"], seconds=5))
    assert set(named) <= {"PATH", "PYTHONPATH", "LANG", "LC_CTYPE"}


@pytest.mark.parametrize("greedy", ["eat", "spin"])
def test_who_takes_more_than_the_bounds_ends_and_that_is_told(greedy: str) -> None:
    with pytest.raises(apart.TooMuch):
        apart.run(PROBE, b"", arguments=[greedy], seconds=5)
