"""Failover (主备切换): a watcher promotes the standby when the primary is gone, and shuts out a primary that returns.

Nothing acknowledged is lost by it, because the primary acknowledges no commit that the standby does not have
(`synchronous_standby_names`): the watcher promotes only the standby that it has itself seen waited for, by its name.
For the same reason a primary that is merely cut off acknowledges nothing while the standby is gone from it.

Two nodes have no majority. So the watcher stands on a third machine and asks three things before it promotes: the
primary has not answered for a while, the standby hears nothing from it either, and the standby was waited for when the
primary was last heard. Where one of them fails it says so and leaves the decision to a person (`force`).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
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

_ROLE = "SELECT pg_is_in_recovery()"
_WAITED_FOR = (
    "SELECT application_name, sync_state = 'sync' AND state = 'streaming' AS waited FROM pg_stat_replication"
    " WHERE sync_state IS NOT NULL"
)
_HEARS = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
_CALLED = (
    "SELECT coalesce((SELECT conninfo FROM pg_stat_wal_receiver), current_setting('primary_conninfo')),"
    " current_setting('cluster_name'), current_setting('synchronous_standby_names')"
)
_LINE = (
    "SELECT s.system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS timeline"
    " FROM pg_control_system() s"
)
_HAS_STANDBY = "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))"
_DISMISS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_NAMED = re.compile(r"""(?:^|[\s?&])application_name\s*=\s*(?:([^'\s&][^&]*?)(?=&|$|\s+\w+=)|'((?:[^'\\]|\\.)*)')""")
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
    """Looks again and again, promotes once, and from then on keeps the former primary from being written to.

    Whether the standby was promoted already is asked of the standby: a watcher that was started anew, or that broke
    off behind the promotion, goes on where the last one stood.
    """

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
        self._force = force
        self._say = say
        self._said = ""
        self._name: str | None = None
        self._has_promoted = False
        self._line: tuple[int, int] | None = None
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
        primary, standby, hears = await self._look()
        if standby is not None and not standby.recovers:
            await self._go_on(primary)
            return
        seen = Seen(
            primary_lives=primary is not None and not primary.recovers,
            is_waited_for=primary is not None
            and self._name is not None
            and is_waited_for(self._name, primary.followers),
            standby_lives=standby is not None,
            standby_hears=hears,
        )
        ready, why = self._judge.look(seen, now)
        self._tell(why)
        if ready and await self._promote():
            self._stands("the standby is the primary now; it waits for nobody: give it a standby of its own")

    async def _look(self) -> tuple[_Server | None, _Server | None, bool]:
        """(the primary, the standby, whether the standby hears a primary), None for a server that does not answer."""
        primary, standby = await asyncio.gather(
            _ask(self._primary, _ROLE, _WAITED_FOR), _ask(self._standby, _ROLE, _HEARS, _CALLED)
        )
        if standby is not None and standby[0][0][0]:
            self._name = name_of(*standby[2][0][:2])
        return (
            None if primary is None else _Server(primary[0][0][0], tuple((row[0], row[1]) for row in primary[1])),
            None if standby is None else _Server(standby[0][0][0], ()),
            standby is not None and bool(standby[1][0][0]),
        )

    async def _go_on(self, primary: _Server | None) -> None:
        """The standby was promoted before: by this watcher, by one before it, or by a person."""
        if primary is not None and primary.recovers:
            self._tell("the server named as standby is the primary, and the other its standby: exchange the addresses")
            return
        if await self._settle():
            self._stands(
                "the standby was promoted before; from here on the former primary is kept from being written to"
            )

    def _tell(self, what: str) -> None:
        if what != self._said:
            self._said = what
            self._say(what)

    def _stands(self, what: str) -> None:
        self.promoted_at = time.monotonic()
        self._tell(what)

    async def _promote(self) -> bool:
        try:
            connection = await asyncpg.connect(self._standby, timeout=ANSWER_SECONDS)
            try:
                self._has_promoted = True
                done = await connection.fetchval("SELECT pg_promote(true, $1)", PROMOTE_SECONDS)
            finally:
                await connection.close(timeout=ANSWER_SECONDS)
        except _LOST as error:
            self._tell(f"the standby could not be promoted: {type(error).__name__}: {error}")
            return False
        return bool(done) and await self._settle(is_fresh=True)

    async def _settle(self, *, is_fresh: bool = False) -> bool:
        """The new primary must not wait for itself: a base of the old one brings the old one's setting along. One that
        was promoted a while ago may have been given a standby of its own meanwhile."""
        try:
            connection = await asyncpg.connect(self._standby, timeout=ANSWER_SECONDS)
            try:
                conninfo, cluster, names = await connection.fetchrow(_CALLED)
                own = name_of(conninfo, cluster)
                has_standby = await connection.fetchval(_HAS_STANDBY)
                known = self._has_promoted or self._force or names_alone(names, own)
                if not known and not has_standby and names_one(names, own):
                    # Where the addresses were exchanged this is the primary, and its standby is only away: to let it
                    # wait for nobody would give up what is promised of each commit.
                    self._tell(
                        f"the server named as standby is a primary that waits for {names}, and nobody is there: if it"
                        " was promoted, say so (--force); if the addresses are exchanged, exchange them"
                    )
                    return False
                is_old = self._has_promoted or names_one(names, own)
                if is_fresh or (is_old and not has_standby):
                    await connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
                    await connection.execute("SELECT pg_reload_conf()")
                line = await connection.fetchrow(_LINE)
                self._line = (line["system_identifier"], line["timeline"])
                return True
            finally:
                await connection.close(timeout=ANSWER_SECONDS)
        except _LOST as error:
            self._tell(f"the standby was promoted, and could not be set right yet: {type(error).__name__}: {error}")
            return False

    async def _fence(self) -> None:
        """A former primary that comes back is nobody's any more: it takes no writes, and callers find the new one."""
        try:
            connection = await asyncpg.connect(self._primary, timeout=ANSWER_SECONDS)
        except _LOST:
            return
        try:
            if await connection.fetchval(_ROLE):
                return
            line = await connection.fetchrow(_LINE)
            if self._line is None or line["system_identifier"] != self._line[0] or line["timeline"] >= self._line[1]:
                self._tell("the server that was the primary is another one now, and is left alone")
                return
            await connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            await connection.execute("SELECT pg_reload_conf()")
            await connection.fetchval(_DISMISS)
            self.is_fenced = True
            self._tell("the former primary has come back and was shut out; build it anew as a standby of the new one")
        except _LOST as error:
            self._tell(f"the former primary answers and could not be shut out: {type(error).__name__}")
        finally:
            await connection.close(timeout=ANSWER_SECONDS)


@dataclass(frozen=True)
class _Server:
    """Whether it follows another, and who follows it: (name, whether each commit waits for it alone)."""

    recovers: bool
    followers: tuple[tuple[str, bool], ...]


def is_waited_for(name: str, followers: Sequence[tuple[str, bool]]) -> bool:
    """Whether the standby of this name has all that was acknowledged; two of one name cannot be told apart."""
    return [waited for called, waited in followers if called == name] == [True]


def name_of(conninfo: str, cluster: str) -> str:
    """The name under which a standby shows itself to its primary."""
    found = _NAMED.search(conninfo)
    if found is None:
        return cluster or "walreceiver"
    return found[1].strip() if found[1] is not None else re.sub(r"\\(.)", r"\1", found[2])


def names_one(names: str, name: str) -> bool:
    """Whether a setting of `synchronous_standby_names` names this server."""
    return bool(_listed(names) & {"*", name.casefold()})


def names_alone(names: str, name: str) -> bool:
    """Whether it names this server and no other: a base of its former primary brought that along."""
    return _listed(names) == {name.casefold()}


def _listed(names: str) -> set[str]:
    listed = names[names.index("(") + 1 :].rstrip(") ") if "(" in names else names
    return {one.strip().strip('"').replace('""', '"').casefold() for one in listed.split(",")}


async def _ask(url: str, *questions: str) -> list[list[Any]] | None:
    """The rows of each answer, or None where there is no answer."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            connection = await asyncpg.connect(url, timeout=ANSWER_SECONDS)
            try:
                return [await connection.fetch(question) for question in questions]
            finally:
                connection.terminate()
    except _LOST:
        return None


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
