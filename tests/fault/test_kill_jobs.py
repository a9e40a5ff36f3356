"""A worker that dies in the middle of any job does no harm: the next one begins anew, to the same cent.

The whole first story is played, and each turn of each job and each reaction in it is first broken off at a statement
drawn by lot, as a kill would: what it had committed stands, the rest is gone. Then it is run again, as by the next
worker. The story's own assertions, to the cent, are the judge. Only `TECHMARKET_LONG=1`
has this test; the short forms are the kills of single jobs beside it and in tests/hub/test_webhooks.py.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import event

from techmarket.db.means import Means
from techmarket.jobs import runner
from tests.client import Api
from tests.stories.test_story_1 import (
    test_the_winner_lapses_the_runner_up_signs_and_every_cent_reaches_whom_it_belongs_to as play,
)

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
WITHOUT_MEANS = {
    *("workbench.mail", "matching.embed", "matching.tend_vectors", "transparency.cosign"),
    *("hub.run_imports", "hub.follow_sources"),
}
"""These ask the database nothing where there is no mail server, embedder, witness or reader of rows, as in this story.
Their workers are really killed elsewhere: test_kill_telling.py, test_kill_syndicating.py, tests/hub/test_imports.py."""
LATEST = 9
"""A turn dies before its first to ninth statement; most have fewer when nothing is due, and then live."""


class Killed(BaseException):
    """The process is gone here. No `except Exception` may notice it."""


@dataclass
class Killer:
    dice: random.Random
    left: int | None = None
    killed: Counter[str] = field(default_factory=Counter)
    after_a_write: Counter[str] = field(default_factory=Counter)
    _wrote: bool = False

    def watch(self, statement: str) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Killed
        self._wrote = self._wrote or statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE")

    async def first_killed(self, name: str, work: Callable[[], Any]) -> Any:
        """The work, after a try at it that may have died on the way."""
        self.left, self._wrote = self.dice.randrange(LATEST), False
        try:
            return await work()
        except Killed:
            self.killed[name] += 1
            self.after_a_write[name] += self._wrote
        finally:
            self.left = None
        return await work()


if IS_LONG:

    async def test_every_job_may_die_at_any_statement_and_the_story_ends_to_the_same_cent(
        api: Api, means: Means, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        killer = Killer(random.Random(20261130))
        engine = means.tx.engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda _c, _cur, statement, *_: killer.watch(statement))
        runner.load_jobs()
        read_once, sequence_once = runner.read_once, runner.sequence_once

        async def reading(means: Means, reaction: Any) -> int:
            return int(await killer.first_killed(reaction.name, lambda: read_once(means, reaction)))

        async def sequencing(means: Means) -> int:
            return int(await killer.first_killed("sequencer", lambda: sequence_once(means)))

        def dying(job: Any) -> Any:
            return replace(job, run=lambda means: killer.first_killed(job.name, lambda: job.run(means)))

        monkeypatch.setattr(runner, "read_once", reading)
        monkeypatch.setattr(runner, "sequence_once", sequencing)
        for kind in ("PERIODIC", "FOLLOWERS"):
            monkeypatch.setattr(runner, kind, {name: dying(job) for name, job in getattr(runner, kind).items()})
        await play(api, means)
        said = {"kills": killer.killed.total(), "after_a_write": killer.after_a_write.total()}
        print(json.dumps({**said, "jobs": len(killer.killed), "each": killer.killed}), file=sys.stderr)
        at_work = {*runner.PERIODIC, *runner.FOLLOWERS} - WITHOUT_MEANS
        assert set(killer.killed) >= at_work, "a job was never killed"
        assert killer.killed.total() > 100
        assert killer.after_a_write.total() > 10
