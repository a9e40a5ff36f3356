"""Failover (主备切换): a watcher promotes the standby when the primary is gone, and shuts out a primary that returns.

Nothing acknowledged is lost by it, because the primary acknowledges no commit that the standby does not have
(`synchronous_standby_names`): the watcher promotes only a standby that it has seen waited for. For the same reason a
primary that is merely cut off acknowledges nothing while the standby is gone from it.

Two nodes have no majority. So the watcher stands on a third machine and asks three things before it promotes: the
primary has not answered for a while, the standby hears nothing from it either, and the standby was waited for when the
primary was last heard. Where one of them fails it says so and leaves the decision to a person (`force`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from sqlalchemy.engine import make_url

log = structlog.get_logger("techmarket.failover")

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 2.0
PROMOTE_SECONDS = 60
PATIENCE_SECONDS = 5.0

_LIVES = "SELECT pg_is_in_recovery()"
_WAITED_FOR = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming'"
_HEARS = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
_DISMISS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True)
class Seen:
    """One look: does the primary answer, is its standby waited for, does the standby answer and hear its primary?"""

    primary_lives: bool
    is_waited_for: bool
    standby_lives: bool
    standby_hears: bool


class Judge:
    """When to promote, from one look after another. Pure: the time comes in."""

    def __init__(self, patience: float = PATIENCE_SECONDS, *, force: bool = False) -> None:
        self._patience = patience
        self._force = force
        self._gone_since: float | None = None
        self._was_waited_for = False

    def look(self, seen: Seen, now: float) -> tuple[bool, str]:
        """(whether to promote now, why or why not)."""
        if seen.primary_lives:
            self._gone_since = None
            self._was_waited_for = seen.is_waited_for
            return False, "the primary lives" if seen.is_waited_for else "the primary lives, and waits for no standby"
        self._gone_since = now if self._gone_since is None else self._gone_since
        if now - self._gone_since < self._patience:
            return False, "the primary does not answer; it is given time"
        if not seen.standby_lives:
            return False, "neither the primary nor the standby answers"
        if seen.standby_hears:
            return False, "the standby still hears the primary: it is this watcher that is cut off"
        if not self._was_waited_for and not self._force:
            return False, "the standby was not waited for when the primary was last heard: it may lack commits"
        return True, "the primary is gone and the standby has all that was acknowledged"


class Watcher:
    """Looks again and again, promotes once, and from then on keeps the former primary from being written to."""

    def __init__(
        self,
        primary: str,
        standby: str,
        *,
        patience: float = PATIENCE_SECONDS,
        force: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._primary, self._standby = _plain(primary), _plain(standby)
        self._judge = Judge(patience, force=force)
        self._say = say
        self._said = ""
        self.promoted_at: float | None = None
        self.is_fenced = False

    async def run(self, stop: asyncio.Event, *, every: float = LOOK_SECONDS) -> None:
        while not stop.is_set():
            await self.turn()
            try:
                await asyncio.wait_for(stop.wait(), every)
            except TimeoutError:
                continue

    async def turn(self) -> None:
        """One look, and what follows from it."""
        if self.promoted_at is not None:
            if not self.is_fenced:
                await self._fence()
            return
        now = time.monotonic()
        ready, why = self._judge.look(await self._look(), now)
        if why != self._said:
            self._said = why
            self._say(why)
        if ready and await self._promote():
            self.promoted_at = time.monotonic()
            self._say("the standby is the primary now; it waits for nobody: give it a standby of its own")

    async def _look(self) -> Seen:
        (recovering, waited), (standby, hears) = await asyncio.gather(
            _ask(self._primary, _LIVES, _WAITED_FOR), _ask(self._standby, _LIVES, _HEARS)
        )
        return Seen(recovering is False, bool(waited), standby is True, bool(hears))

    async def _promote(self) -> bool:
        try:
            connection = await asyncpg.connect(self._standby, timeout=ANSWER_SECONDS)
            try:
                done = bool(await connection.fetchval("SELECT pg_promote(true, $1)", PROMOTE_SECONDS))
                # A base of the primary brings the primary's setting along; the new one must not wait for itself.
                await connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
                await connection.execute("SELECT pg_reload_conf()")
                return done
            finally:
                await connection.close(timeout=ANSWER_SECONDS)
        except _LOST as error:
            self._say(f"the standby could not be promoted: {type(error).__name__}: {error}")
            return False

    async def _fence(self) -> None:
        """A former primary that comes back is nobody's any more: it takes no writes, and callers find the new one."""
        try:
            connection = await asyncpg.connect(self._primary, timeout=ANSWER_SECONDS)
        except _LOST:
            return
        try:
            if await connection.fetchval(_LIVES):
                return
            await connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            await connection.execute("SELECT pg_reload_conf()")
            await connection.fetchval(_DISMISS)
            self.is_fenced = True
            self._say("the former primary has come back and was shut out; build it anew as a standby of the new one")
        except _LOST as error:
            self._say(f"the former primary answers and could not be shut out: {type(error).__name__}")
        finally:
            await connection.close(timeout=ANSWER_SECONDS)


async def _ask(url: str, *questions: str) -> tuple[Any, ...]:
    """The answers, or None for each where there is no answer."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            connection = await asyncpg.connect(url, timeout=ANSWER_SECONDS)
            try:
                return tuple([await connection.fetchval(question) for question in questions])
            finally:
                connection.terminate()
    except _LOST:
        return tuple(None for _ in questions)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
