"""The journal in a storm: nothing lost, nothing twice, no gap, whoever is killed on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fault.journal_storm import READERS, storm

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
ENTRIES = 25_000 if IS_LONG else 4_000


@pytest.mark.slow
async def test_a_storm_of_writers_with_two_sequencers_and_killed_readers_loses_doubles_and_skips_nothing(
    database_url: str, tmp_path: Path
) -> None:
    found = await storm(database_url, tmp_path, count=ENTRIES, seed=7, limit_s=900 if IS_LONG else 300)
    print(
        f"{len(found.recorded)} entries of {found.transactions} transactions ({found.long_transactions} long,"
        f" {len(found.dropped)} entries taken back) in {found.seconds:.1f} s;"
        f" {found.readers_killed} readers and {found.sequencers_killed} sequencers killed,"
        f" followers of the feed restarted {found.restarts} times"
    )
    # The storm was one.
    assert len(found.recorded) >= ENTRIES
    assert found.readers_killed >= 3
    assert found.long_transactions >= 3
    assert len(found.dropped) > ENTRIES // 20
    # What was answered stands, what was taken back does not.
    assert sorted(found.recorded) == sorted(found.acknowledged)
    assert not set(found.dropped) & set(found.recorded)
    # Every entry has one position, and the positions have no gap.
    assert [n for n, _ in found.positioned] == list(range(len(found.recorded)))
    assert sorted(entry for _, entry in found.positioned) == sorted(found.recorded)
    assert found.waiting == 0
    # Every reader handled every entry once, by position.
    assert len(found.seen) == READERS
    for handled in found.seen.values():
        assert handled == found.positioned
    # The changes of a thing stand in the journal in the order in which they were made.
    for thing, n in found.counters.items():
        assert found.order.get(thing, []) == list(range(1, n + 1))
    # A reaction hears of every milestone; twice only where a worker was killed between the work and its cursor.
    assert set(found.noted) == set(found.milestones)
    assert found.noted.total() - found.milestones.total() <= 100 * found.sequencers_killed
    # The feed tells every follower of every entry once, in the one order, however often he was torn away.
    assert found.restarts >= 10
    order = [entry for _, entry in found.positioned]
    for seen in found.followed:
        assert seen == order
    assert found.back == order[::-1]
