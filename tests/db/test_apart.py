"""What is read apart gets its file, no secret, and only so much memory and time."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor

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


def test_each_file_gets_a_process_of_its_own_that_knows_nothing_of_the_one_before() -> None:
    said = [json.loads(apart.run(PROBE, b"", arguments=["count"], seconds=5)) for _ in range(2)]
    assert [one["counted"] for one in said] == [1, 1]
    assert said[0]["pid"] != said[1]["pid"]


def test_when_the_process_they_are_forked_from_was_killed_the_next_file_is_read_all_the_same() -> None:
    parent = json.loads(apart.run(PROBE, b"", arguments=["count"], seconds=5))["parent"]
    os.kill(parent, signal.SIGKILL)
    again = json.loads(apart.run(PROBE, b"", arguments=["count"], seconds=5))
    assert (again["counted"], again["parent"] != parent) == (1, True)


def test_files_are_read_side_by_side() -> None:
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: apart.run(PROBE, b"%d" % n, arguments=["echo"], seconds=5), range(40)))
    assert said == [b"%d" % n for n in range(40)]


@pytest.mark.parametrize("end", ["raise", "exit", "die"])
def test_who_ends_otherwise_than_well_has_said_nothing(end: str) -> None:
    with pytest.raises(apart.TooMuch):
        apart.run(PROBE, b"", arguments=[end], seconds=5)


def test_a_module_that_is_not_there_is_refused_and_the_next_file_is_read() -> None:
    with pytest.raises(apart.TooMuch):
        apart.run("tests.db.no_such_probe", b"", seconds=5)
    assert apart.run(PROBE, b"said", arguments=["echo"], seconds=5) == b"said"


def test_who_says_more_than_he_may_has_said_nothing_and_fills_no_disk() -> None:
    assert len(apart.run(PROBE, b"", arguments=["talk", "4096"], seconds=5, said_max=4096)) == 4096
    with tempfile.TemporaryFile() as said:
        with pytest.raises(apart.TooMuch):
            apart.run_into(said, PROBE, b"", arguments=["talk", "9000000"], seconds=5, said_max=4096)
        assert os.fstat(said.fileno()).st_size <= 4096


@pytest.mark.parametrize("greedy", ["eat", "spin"])
def test_who_takes_more_than_the_bounds_ends_and_that_is_told(greedy: str) -> None:
    with pytest.raises(apart.TooMuch):
        apart.run(PROBE, b"", arguments=[greedy], seconds=5)
