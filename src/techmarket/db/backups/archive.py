"""The archive of the write-ahead log (日志归档): streamed as it is written, so that a lost disk loses next to nothing.

A replication slot keeps the server from throwing away what the archive does not have yet; `max_slot_wal_keep_size` at
the server bounds how much an archive that stands still may cost its disk.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from techmarket.db.backups.tools import libpq_env, run, run_until

SLOT = "techmarket_archive"
PARTIAL = ".partial"
SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
SEGMENTS_A_FILE = 256  # of 16 MiB each, as PostgreSQL is built


@dataclass(frozen=True, order=True)
class Segment:
    """A piece of the log: `timeline` counts the lives of a server, `number` its pieces without a gap."""

    timeline: int
    number: int

    @classmethod
    def of(cls, name: str) -> Segment:
        found = SEGMENT.fullmatch(name.removesuffix(PARTIAL))
        if found is None:
            raise ValueError(f"{name} is not the name of a segment")
        timeline, high, low = (int(part, 16) for part in found.groups())
        return cls(timeline, high * SEGMENTS_A_FILE + low)

    @classmethod
    def at(cls, timeline: int, lsn: str) -> Segment:
        """The segment in which this place of the log lies (`16/B374D848`)."""
        high, low = (int(part, 16) for part in lsn.split("/"))
        return cls(timeline, high * SEGMENTS_A_FILE + (low >> 24))

    @property
    def name(self) -> str:
        high, low = divmod(self.number, SEGMENTS_A_FILE)
        return f"{self.timeline:08X}{high:08X}{low:08X}"


def segments_in(folder: Path) -> dict[Segment, Path]:
    """What the archive holds; of a segment that is there whole and in part, the whole one."""
    found: dict[Segment, Path] = {}
    for path in sorted(folder.glob("*")):
        if SEGMENT.fullmatch(path.name.removesuffix(PARTIAL)):
            found.setdefault(Segment.of(path.name), path)  # a partial one sorts behind its whole
    return found


def gaps(held: dict[Segment, Path], first: Segment) -> Iterator[Segment]:
    """The segments of one timeline that are missing between the first one wanted and the last one held."""
    numbers = {one.number for one in held if one.timeline == first.timeline}
    for number in range(first.number, max(numbers, default=first.number - 1) + 1):
        if number not in numbers:
            yield Segment(first.timeline, number)


async def prepare(url: str, *, slot: str = SLOT) -> None:
    """From now on the server keeps what the archive has not received."""
    await run("pg_receivewal", "--no-password", "--slot", slot, "--create-slot", "--if-not-exists", env=libpq_env(url))


async def release(url: str, *, slot: str = SLOT) -> None:
    """The server keeps nothing for this archive any more."""
    await run("pg_receivewal", "--no-password", "--slot", slot, "--drop-slot", env=libpq_env(url))


async def receive(
    url: str, folder: Path, stop: asyncio.Event, *, on_line: Callable[[str], None], slot: str = SLOT
) -> None:
    """Write the log down here as it comes, flushed at once, until told to stop."""
    await asyncio.to_thread(folder.mkdir, 0o700, True, True)
    await prepare(url, slot=slot)
    arguments = ("--no-password", "--slot", slot, "--synchronous", "--verbose", "--status-interval", "1")
    await run_until(stop, "pg_receivewal", "--directory", str(folder), *arguments, env=libpq_env(url), on_line=on_line)


def prune(folder: Path, oldest: Segment) -> int:
    """Remove what no kept base needs, but for what is being written; returns how many segments went."""
    held = {one: path for one, path in segments_in(folder).items() if path.suffix != PARTIAL}
    gone = [path for one, path in held.items() if one.number < oldest.number]
    for path in gone:
        path.unlink()
    return len(gone)
