"""Somebody stands beside every request of a test and tries what he must not: the same request in other hands.

While `watching` lasts, each request that a test sends with a key into an application in process is first tried

- by nobody, who must hear 401 where the operation is not open;
- by a stranger, an organisation verified and with every role it can give its people: with the ids of the request, and
  with ids of nothing. He must hear the same bytes both times, and nothing may have changed, unless
  `tests/api/foreign_ids.json` says why the thing is no secret;
- by a person of the acting organisation who has every role but those the policy names, who must be refused by it;
- by a key of the acting person that may only read, who must be refused what is not reading.

So each operation is tried with a body that fits and with things that exist, in the state in which the act is possible.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Set
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from httpx import ASGITransport
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.cli.openapi import document
from techmarket.db.base import Base
from techmarket.db.means import Means
from techmarket.db.metadata import load_all_tables
from techmarket.identity import service as identity
from techmarket.identity.actor import AUTHORITY_ROLES, MARKET_ROLES, Actor, OrgKind, Role, Scope
from techmarket.identity.permissions import PERMISSIONS
from tests.identity.make import a_member, an_organisation

ROWS = Path(__file__).parent / "api" / "foreign_ids.json"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ORDINARY = frozenset(Role) - MARKET_ROLES - AUTHORITY_ROLES
ABSENT, SHOWN, ALLOWED = "as absent", "shown", "allowed"
"""What a stranger hears of a thing of others: nothing; that it exists; or he may do it, and is not tried."""
Said = tuple[int, str, str]
_busy: ContextVar[bool] = ContextVar("busy", default=False)


def rows() -> dict[str, dict[str, str]]:
    """By operation: what a stranger hears (`heard`), the permission it asks for (`needs`), and why it is no secret."""
    found: dict[str, dict[str, str]] = json.loads(ROWS.read_text())
    return found


@dataclass
class Watch:
    """What was tried, and what was wrong."""

    rows: Mapping[str, Mapping[str, str]]
    tried: dict[str, set[str]] = field(default_factory=dict)
    heard: dict[str, set[str]] = field(default_factory=dict)
    needs: dict[str, set[str]] = field(default_factory=dict)
    states: dict[str, set[str]] = field(default_factory=dict)
    """Of each kind of thing the states in which a stranger, nobody or a colleague tried something with one."""
    wrong: list[str] = field(default_factory=list)
    count: int = 0
    kept_in: Path | None = None
    """Written anew every now and then, so that a run that is broken off has told what it found."""

    def note(self, operation: str, probe: str) -> None:
        self.tried.setdefault(probe, set()).add(operation)
        self.count += 1
        if self.kept_in is not None and self.count % 25 == 0:
            self.kept_in.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1))

    def complain(self, operation: str, probe: str, what: object) -> None:
        line = f"{operation} by {probe}: {what}"
        if line not in self.wrong:
            self.wrong.append(line)

    def as_json(self) -> dict[str, Any]:
        sets = {
            name: {key: sorted(one) for key, one in getattr(self, name).items()}
            for name in ("tried", "heard", "needs", "states")
        }
        return {**sets, "wrong": self.wrong, "count": self.count}


@contextlib.contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Every request into an application in process is shadowed while this lasts."""
    inner, world = ASGITransport.handle_async_request, _Worlds()

    async def shadowed(self: ASGITransport, request: httpx.Request) -> httpx.Response:
        if not _busy.get() and isinstance(self.app, FastAPI) and "authorization" in request.headers:
            token = _busy.set(True)
            try:
                await _Shadow(watch, self, inner, await world.of(self.app), request).try_all()
            finally:
                _busy.reset(token)
        return await inner(self, request)

    ASGITransport.handle_async_request = shadowed  # type: ignore[method-assign]
    try:
        yield watch
    finally:
        ASGITransport.handle_async_request = inner  # type: ignore[method-assign]


@dataclass
class _World:
    """The people who stand beside, in one market."""

    means: Means
    stranger: str
    members: dict[tuple[UUID, frozenset[Role]], str] = field(default_factory=dict)
    reading: dict[UUID, str] = field(default_factory=dict)
    states: str = ""
    """SQL that finds the states of things by their ids, made when it is first needed."""


class _Worlds:
    def __init__(self) -> None:
        self._known: dict[int, _World] = {}

    async def of(self, app: FastAPI) -> _World:
        means: Means = app.state.means
        if id(means) not in self._known:
            stranger = await an_organisation(means.tx, keys=means.keys, roles=tuple(ORDINARY))
            self._known[id(means)] = _World(means, stranger.key)
        return self._known[id(means)]


_templates: list[tuple[re.Pattern[str], Mapping[str, Any]]] = []


def operation_of(method: str, path: str) -> Mapping[str, Any] | None:
    if not _templates:
        for template, item in sorted(document()["paths"].items(), key=lambda one: one[0].count("{")):
            _templates.append((re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))), item))
    for pattern, item in _templates:
        if method.lower() in item and pattern.fullmatch(path):
            found: Mapping[str, Any] = item[method.lower()]
            return found
    return None


def is_for_everybody(operation: Mapping[str, Any]) -> bool:
    return not operation.get("security") or {} in operation["security"]


class _Shadow:
    def __init__(
        self, watch: Watch, transport: ASGITransport, inner: Any, world: _World, request: httpx.Request
    ) -> None:
        self.watch, self.transport, self.inner, self.world, self.request = watch, transport, inner, world, request

    async def try_all(self) -> None:
        operation = operation_of(self.request.method, self.request.url.path)
        if operation is None:
            return
        name = operation["operationId"]
        key = self.request.headers["authorization"].removeprefix("Bearer ")
        try:
            actor = await identity.authenticate(self.world.means.tx, self.world.means.keys, key)
            body = self.request.content
        except Exception:
            return  # a key or a body that the test itself made wrong
        if self.watch.kept_in is not None:
            await self._note_states()
        row = self.watch.rows.get(name, {})
        is_open = is_for_everybody(operation)
        changes = self.request.method != "GET" and not operation.get("x-changes-nothing")
        if not is_open and "cookie" not in self.request.headers:
            await self._by(name, "nobody", None, body, {401})
        # What is open to everybody and changes nothing has no row: it shows what is public, to strangers as well.
        if (row.get("heard") != ALLOWED or not changes) and (changes or not is_open):
            await self._stranger(name, row, body)
        needed = PERMISSIONS.get(row.get("needs", ""))
        if needed is not None and needed.roles and actor.person_id is not None:
            member = await self._member(actor, needed.roles)
            said = await self._by(name, "a colleague without the role", member, body, {403, 404, 409, 422})
            if said[0] == 403 and needed.operation not in said[1]:
                self.watch.complain(name, "a colleague without the role", said)
        if changes and actor.person_id is not None:
            await self._by(name, "a key that only reads", await self._reading(actor), body, {403, 404, 409, 422})

    async def _note_states(self) -> None:
        """In which states the things of the address are, as the others find them."""
        ids = [UUID(one) for one in set(ID.findall(self.request.url.path))]
        if not ids:
            return
        async with self.world.means.tx.read() as db:
            if not self.world.states:
                self.world.states = await _sql_of_states(db)
            for kind, state in await db.execute(text(self.world.states), {"ids": ids}):
                self.watch.states.setdefault(kind, set()).add(state)

    async def _stranger(self, name: str, row: Mapping[str, str], body: bytes) -> None:
        url = str(self.request.url.raw_path, "ascii")
        spelled = body.decode("utf-8", "replace") if len(body) < 200_000 else ""
        given = set(ID.findall(url)) or set(ID.findall(spelled))
        if not given:
            return
        real = await self._send(self.world.stranger, url, body)
        other = {one: str(uuid4()) for one in given}
        nothing = await self._send(
            self.world.stranger, _swapped(url, other), _swapped(spelled, other).encode() if spelled else body
        )
        self.watch.note(name, "a stranger")
        if real[0] == 403 and (met := re.search(r'"operation":"([a-z_.]+)"', real[1])):
            self.watch.needs.setdefault(name, set()).add(met[1])
        same = _plain(real, {}) == _plain(nothing, {new: old for old, new in other.items()})
        heard = _heard(real[0], same=same, reads=self.request.method == "GET")
        self.watch.heard.setdefault(name, set()).add(f"{heard} {real[0]}/{nothing[0]}")
        if heard != ABSENT and row.get("heard") not in (SHOWN, ALLOWED):
            self.watch.complain(name, "a stranger", (real[0], nothing[0], real[1][:200], nothing[1][:200]))

    async def _by(self, name: str, probe: str, key: str | None, body: bytes, wanted: set[int]) -> Said:
        before = await self._changes()
        said = await self._send(key, str(self.request.url.raw_path, "ascii"), body)
        if said[0] in (400, 413, 415, 422, 428) and (
            '"code":"request.' in said[1] or '"code":"precondition.' in said[1]
        ):
            return said  # the test sent what fits nobody's request
        self.watch.note(name, probe)
        if said[0] not in wanted and not (said[0] == 200 and _all_refused(said[1])):
            self.watch.complain(name, probe, said)
        if name not in BUSY and await self._changes() != before:
            self.watch.complain(name, probe, "something has changed")
        return said

    async def _send(self, key: str | None, target: str, body: bytes) -> Said:
        headers = {name: value for name, value in self.request.headers.items() if name not in _OWN}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if self.request.method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        headers["Content-Length"] = str(len(body))
        url = self.request.url.copy_with(raw_path=target.encode())
        request = httpx.Request(self.request.method, url, headers=headers, content=body)
        response = await self.inner(self.transport, request)
        said = await response.aread()
        return response.status_code, said.decode("utf-8", "replace"), response.headers.get("etag", "")

    async def _changes(self) -> int:
        async with self.world.means.tx.read() as db:
            return int((await db.execute(text("SELECT coalesce(max(seq), 0) FROM journal_entry"))).scalar_one())

    async def _member(self, actor: Actor, roles: frozenset[Role]) -> str:
        """A colleague with every role his organisation can give, but those."""
        can_give = frozenset(Role) if actor.org_kind is OrgKind.MARKET else ORDINARY
        known = self.world.members
        if (actor.org, roles) not in known:
            made = await a_member(self.world.means.tx, actor, *(can_give - roles), keys=self.world.means.keys)
            known[actor.org, roles] = made.key
        return known[actor.org, roles]

    async def _reading(self, actor: Actor) -> str:
        if actor.person not in self.world.reading:
            means = self.world.means
            made = await identity.issue_key(
                means.tx, means.keys, actor, actor.org, actor.person, scopes=[Scope.READ], expires_at=None
            )
            self.world.reading[actor.person] = made.key
        return self.world.reading[actor.person]


async def _sql_of_states(db: AsyncSession) -> str:
    tables = await db.execute(
        text(
            "SELECT a.table_name FROM information_schema.columns a JOIN information_schema.columns b"
            " USING (table_schema, table_name) WHERE table_schema = 'public' AND a.column_name = 'state'"
            " AND b.column_name = 'id' AND b.data_type = 'uuid'"
        )
    )
    return " UNION ALL ".join(
        f"SELECT '{one}', state::text FROM \"{one}\" WHERE id = ANY(:ids)" for one in tables.scalars()
    )


BUSY = {"importRows": "a task of its own brings its rows in meanwhile"}
_OWN = {"authorization", "idempotency-key", "content-length", "host", "cookie", "if-none-match"}


def _heard(status: int, *, same: bool, reads: bool) -> str:
    if same and (status >= 400 or reads):
        return ABSENT
    return SHOWN if status >= 400 or reads else ALLOWED


def _all_refused(body: str) -> bool:
    """An act on many things, each answered by itself."""
    outcomes = re.findall(r'"outcome":"([a-z_]+)"', body)
    return bool(outcomes) and set(outcomes) == {"refused"}


def _swapped(value: str, other: Mapping[str, str]) -> str:
    return ID.sub(lambda found: other.get(found[0], found[0]), value)


def _plain(said: Said, back: Mapping[str, str]) -> Said:
    """Without what is of the single request: its id, and the address it was sent to."""
    body = re.sub(r'"(request_id|instance)":"[^"]*"', "", said[1])
    return said[0], _swapped(body, back), said[2]


def pytest_configure() -> None:
    """As a plugin (`-p tests.shadow`): beside every test there is; what was found is written into a folder."""
    folder = os.environ.get("TECHMARKET_SHADOW")
    if folder is None:
        return
    watch = Watch(rows())
    entered = contextlib.ExitStack()
    entered.enter_context(watching(watch))
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)

    atexit.register(entered.close)
    watch.kept_in = place / f"{os.getpid()}.json"


SHADOWED = ("tests/stories", "tests/api", "tests/trading", "tests/certification", "tests/contracts", "tests/hub")
BARE = (
    "every_route",
    "idempotency_everywhere",
    "headers",
    "matrix",
    "foreign_ids",
    "upload_abuse",
    "rates",
    "boundary",
)
"""Tests that walk all operations with what does not exist, or count what is sent: nothing to stand beside."""


def main() -> int:
    """`make matrix`: beside all these tests. They may fail where they count; what the shadow found is what counts.

    Prints what was wrong, and the rows that are wanting as they were found, to be read and then added.
    """
    chosen = " and ".join(f"not {name}" for name in BARE)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.shadow", "-n", "2", "-k", chosen]
        subprocess.run(
            [*command, *(sys.argv[1:] or SHADOWED)], env={**os.environ, "TECHMARKET_SHADOW": folder}, check=False
        )
        told = [json.loads(file.read_text()) for file in Path(folder).glob("*.json")]
    for line in sorted({line for one in told for line in one["wrong"]}):
        print(line)
    print(json.dumps(wanting(told), ensure_ascii=False, indent=1))
    tried = {name for one in told for names in one["tried"].values() for name in names}
    print(f"{sum(one['count'] for one in told)} tries at {len(tried)} operations")
    met = {(kind, state) for one in told for kind, states in one["states"].items() for state in states}
    told_states(met)
    return 1 if any(one["wrong"] for one in told) else 0


def told_states(met: Set[tuple[str, str]]) -> None:
    """Of each kind of thing that a lifecycle moves and that has an id of its own: in how many of its states it was met
    at an address, and in which it was not."""
    load_all_tables()
    kinds = {
        name: {str(one) for one in table.c["state"].type.enum_class}
        for name, table in Base.metadata.tables.items()
        if {"id", "state"} <= set(table.c.keys()) and getattr(table.c["state"].type, "enum_class", None)
    }
    known = {(name, state) for name, states in kinds.items() for state in states}
    addressed = {name for name, _ in met & known}
    of_them = sum(len(kinds[name]) for name in addressed)
    print(
        f"{len(addressed)} of {len(kinds)} kinds of things, in {len(met & known)} of their {of_them} states; not met:"
    )
    for name in sorted(kinds):
        lacking = sorted(kinds[name] - {state for thing, state in met if thing == name})
        if lacking:
            print(f"  {name}: {', '.join(lacking) if name in addressed else 'not at all'}")


def wanting(told: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Rows for operations that have none, and permissions for rows that lack one, as they were found."""
    known, found = rows(), dict[str, dict[str, str]]()
    operations = [each for item in document()["paths"].values() for each in item.values() if "operationId" in each]
    without = {each["operationId"] for each in operations if is_for_everybody(each)}
    for one in told:
        for name, heard in one["heard"].items():
            row = found.setdefault(name, {"heard": ABSENT})
            for said in (each.split(" ")[0] if not each.startswith(ABSENT) else ABSENT for each in heard):
                if said == ALLOWED or (said == SHOWN and row["heard"] == ABSENT):
                    row["heard"] = said
        for name, needs in one["needs"].items():
            found.setdefault(name, {"heard": ABSENT})["needs"] = needs[0]
    return {
        name: row
        for name, row in sorted(found.items())
        if (name not in known and name not in without) or ("needs" in row and "needs" not in known[name])
    }


if __name__ == "__main__":
    sys.exit(main())
