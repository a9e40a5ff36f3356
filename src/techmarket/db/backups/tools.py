"""Runs the client programs of PostgreSQL against whatever server the market uses; no password is an argument."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.engine import make_url

from techmarket.db.embedded import binary

LINES_KEPT = 20
SESSION_QUERY = {"target_session_attrs": "PGTARGETSESSIONATTRS", "ssl": "PGSSLMODE", "sslmode": "PGSSLMODE"}


class BackupFailed(Exception):
    """What an operator can mend, in one line."""


def libpq_env(url: str) -> dict[str, str]:
    """How libpq is told what a database URL says: several hosts too, nothing in the list of processes."""
    parsed = make_url(url)
    named = parsed.query.get("host", ())
    hosts = [parsed.host] if parsed.host else list((named,) if isinstance(named, str) else named)
    pairs = [host.rpartition(":") if ":" in host and not host.startswith("/") else (host, "", "") for host in hosts]
    told = {
        "PGHOST": ",".join(host for host, _, _ in pairs),
        "PGPORT": ",".join(port or str(parsed.port or 5432) for _, _, port in pairs),
        "PGUSER": parsed.username or "",
        "PGPASSWORD": parsed.password or "",
        "PGDATABASE": parsed.database or "",
    }
    for name, variable in SESSION_QUERY.items():
        if isinstance(value := parsed.query.get(name), str):
            told[variable] = value
    return {name: value for name, value in told.items() if value}


def _clean(env: Mapping[str, str]) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PG")}, "LC_ALL": "C", **env}


async def run(
    name: str, *arguments: str, env: Mapping[str, str] | None = None, on_line: Callable[[str], None] | None = None
) -> str:
    """What the program said, once it ended well; its lines are passed on as they come."""
    process = await _begin(name, arguments, env or {})
    said: list[str] = []
    try:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            said = [*said[-LINES_KEPT:], line]
            if on_line is not None:
                on_line(line)
        code = await process.wait()
    except BaseException:
        await _end(process)
        raise
    if code != 0:
        raise BackupFailed(f"{name} failed ({code}): " + " / ".join(said[-3:]))
    return "\n".join(said)


async def run_until(
    stop: asyncio.Event, name: str, *arguments: str, env: Mapping[str, str], on_line: Callable[[str], None]
) -> None:
    """A program that goes on until it is told to stop; one that ends by itself has failed."""
    process = await _begin(name, arguments, env)
    told = asyncio.create_task(stop.wait())
    reading = asyncio.create_task(_read(process, on_line))
    try:
        await asyncio.wait((told, reading), return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            raise BackupFailed(f"{name} ended ({await process.wait()}): {reading.result()}")
    finally:
        await _end(process)
        told.cancel()
        await asyncio.gather(told, reading, return_exceptions=True)


async def _read(process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> str:
    last = ""
    assert process.stdout is not None
    async for raw in process.stdout:
        last = raw.decode(errors="replace").rstrip()
        on_line(last)
    return last


async def _begin(name: str, arguments: tuple[str, ...], env: Mapping[str, str]) -> asyncio.subprocess.Process:
    more: dict[str, Any] = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE}
    return await asyncio.create_subprocess_exec(
        str(binary(name)), *arguments, env=_clean(env), stderr=asyncio.subprocess.STDOUT, **more
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)  # pg_receivewal writes down what it has and ends
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()
