"""What a folder of backups holds, which base answers a wish, and where its archive has a hole."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from techmarket.db.backups import archive, bases
from techmarket.db.backups.archive import Segment
from techmarket.db.backups.bases import Base
from techmarket.db.backups.tools import BackupFailed, libpq_env, run

BASE = Base(
    label="one",
    began_at="2026-03-02T09:00:00+00:00",
    ended_at="2026-03-02T09:01:00+00:00",
    database="techmarket",
    role="techmarket",
    system_id="7",
    server_version=180006,
    timeline=1,
    first_lsn="0/FE000028",
    last_lsn="1/120",
    checkpoint=(3, "ab"),
    log_kid="kid",
)


def test_libpq_hears_the_same_hosts_and_its_password_from_the_environment_alone() -> None:
    assert libpq_env("postgresql+asyncpg://me:geheim%40@db.test:5433/market") == {
        "PGHOST": "db.test",
        "PGPORT": "5433",
        "PGUSER": "me",
        "PGPASSWORD": "geheim@",
        "PGDATABASE": "market",
    }
    two = "postgresql+asyncpg://me:x@/market?host=a:5001&host=b:5002&target_session_attrs=read-write"
    assert libpq_env(two) == {
        "PGHOST": "a,b",
        "PGPORT": "5001,5002",
        "PGUSER": "me",
        "PGPASSWORD": "x",
        "PGDATABASE": "market",
        "PGTARGETSESSIONATTRS": "read-write",
    }


def test_segments_count_on_across_the_end_of_their_number() -> None:
    last = Segment.of("0000000100000000000000FF")
    assert Segment(1, last.number + 1).name == "000000010000000100000000"
    assert Segment.at(1, "1/120").name == "000000010000000100000000"
    assert Segment.at(1, "0/FE000028").name == "0000000100000000000000FE"
    assert Segment.of("000000020000000000000003.partial") == Segment(2, 3)
    with pytest.raises(ValueError):
        Segment.of("00000002.history")


def test_the_archive_names_the_first_hole_behind_a_base_and_none_where_it_goes_on(tmp_path: Path) -> None:
    for name in ("0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000001.partial"):
        (tmp_path / name).touch()
    (tmp_path / "00000002.history").touch()
    held = archive.segments_in(tmp_path)
    assert [one.name for one in archive.gaps(held, BASE.first_segment)] == ["000000010000000100000000"]
    (tmp_path / "000000010000000100000000").touch()
    assert list(archive.gaps(archive.segments_in(tmp_path), BASE.first_segment)) == []
    assert list(archive.gaps({}, BASE.last_segment)) == []
    # Begun after the base's own log had ended: what lies between is nowhere.
    late = {Segment(1, BASE.last_segment.number + 2): tmp_path}
    assert len(list(archive.gaps(late, BASE.last_segment))) == 2


def missing(tmp_path: Path, held: str, *, first: int, histories: dict[int, str]) -> str:
    """The names in short: timeline/number."""
    for timeline, body in histories.items():
        (tmp_path / f"{timeline:08X}.history").write_text(body)
    names = [Segment(*map(int, one.split("/"))) for one in held.split()]
    found = archive.gaps(dict.fromkeys(names, tmp_path), Segment(1, first), archive.branches_in(tmp_path))
    return " ".join(f"{one.timeline}/{one.number}" for one in found)


@pytest.mark.parametrize(
    "held, histories, lacks",
    [
        # The standby was promoted in segment 17; the slot does not exist there, and the archive began again at 18.
        ("1/10 1/11 1/12 1/13 1/14 2/18 2/19 2/21", {2: "1\t0/11000000\tno recovery target"}, "1/15 1/16 2/17 2/20"),
        ("1/10 1/11 1/12 1/13 1/14 2/18 2/19 2/21", {}, "1/15 1/16 1/17 2/20"),
        ("1/10 1/11 2/11 2/12", {2: "1\t0/B000028\tno recovery target"}, ""),
        # What the former primary went on to write stands in for nothing of the line that counts.
        ("1/10 1/11 1/12 1/13 2/11 2/13", {2: "1\t0/B000028\tno recovery target"}, "2/12"),
        ("1/10 1/11", {2: "1\t0/D000000\tno recovery target"}, "1/12"),
        # Twice: the second standby was promoted from the first.
        ("1/10 2/11 3/13", {3: "1\t0/B000028\tx\n\n2\t0/D000000\tx\n", 2: "1\t0/B000028\tx\n"}, "2/12"),
        # A line that was left before this base began is another one.
        ("1/10 1/12 2/5", {2: "1\t0/5000000\tno recovery target"}, "1/11"),
    ],
)
def test_a_hole_in_the_archive_is_seen_over_every_failover(
    tmp_path: Path, held: str, histories: dict[int, str], lacks: str
) -> None:
    assert missing(tmp_path, held, first=10, histories=histories) == lacks


def test_a_whole_segment_counts_before_its_part(tmp_path: Path) -> None:
    for name in ("000000010000000000000003.partial", "000000010000000000000003"):
        (tmp_path / name).touch()
    assert archive.segments_in(tmp_path) == {Segment(1, 3): tmp_path / "000000010000000000000003"}


def test_pruning_takes_away_what_no_kept_base_needs(tmp_path: Path) -> None:
    for number in range(1, 5):
        (tmp_path / Segment(1, number).name).touch()
    (tmp_path / f"{Segment(2, 1).name}.partial").touch()  # somebody may be writing it
    assert archive.prune(tmp_path, Segment(1, 3)) == 2
    assert [(one.timeline, one.number) for one in archive.segments_in(tmp_path)] == [(1, 3), (1, 4), (2, 1)]


def put(folder: Path, base: Base) -> None:
    place = folder / "bases" / base.label
    place.mkdir(parents=True)
    (place / bases.MARK).write_text(json.dumps(asdict(base)))


def test_a_base_that_was_never_finished_is_none_and_goes_at_the_next_pruning(tmp_path: Path) -> None:
    put(tmp_path, BASE)
    put(tmp_path, replace(BASE, label="two", ended_at="2026-03-03T09:01:00+00:00"))
    (tmp_path / "bases" / "2026-03-04T09-01-00-000000Z").mkdir()
    (tmp_path / "bases" / "lost+found").mkdir()  # what is no base is somebody else's
    (tmp_path / "bases" / "README").touch()
    assert bases.listed(tmp_path) == [BASE, replace(BASE, label="two", ended_at="2026-03-03T09:01:00+00:00")]
    assert [base.label for base in bases.prune(tmp_path, 1)] == ["two"]
    assert sorted(path.name for path in (tmp_path / "bases").iterdir()) == ["README", "lost+found", "two"]


def test_a_folder_is_one_servers_and_no_other_makes_its_bases_go(tmp_path: Path) -> None:
    bases.require_same_server(tmp_path, "7")
    put(tmp_path, BASE)
    bases.require_same_server(tmp_path, "7")
    with pytest.raises(BackupFailed, match="bases of another server"):
        bases.require_same_server(tmp_path, "8")


def test_the_base_for_a_moment_is_the_newest_that_was_whole_before_it(tmp_path: Path) -> None:
    later = replace(BASE, label="two", ended_at="2026-03-03T09:01:00+00:00")
    both = [BASE, later]
    assert bases.chosen(both) == later
    assert bases.chosen(both, until=datetime(2026, 3, 3, 9, 0, tzinfo=UTC)) == BASE
    assert bases.chosen(both, label="one") == BASE
    with pytest.raises(BackupFailed, match="there is no base before 2026-03-02"):
        bases.chosen(both, until=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


async def test_a_program_that_fails_is_told_in_a_line_without_the_password() -> None:
    env = libpq_env("postgresql://me:geheim@127.0.0.1:1/market")
    with pytest.raises(BackupFailed, match="pg_receivewal failed") as refusal:
        await run("pg_receivewal", "--no-password", "--slot", "x", "--create-slot", env=env)
    assert "geheim" not in str(refusal.value)
