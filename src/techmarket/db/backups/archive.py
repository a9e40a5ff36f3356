"""The archive of the write-ahead log (日志归档): streamed as it is written, so that a lost disk loses next to nothing.

A replication slot keeps the server from throwing away what the archive does not have yet; `max_slot_wal_keep_size` at
the server bounds how much an archive that stands still may cost its disk.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from techmarket.db.backups.tools import libpq_env, run, run_until

SLOT = "techmarket_archive"
PARTIAL = ".partial"
HISTORY = re.compile(r"[0-9A-F]{8}\.history")
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


Branches = Mapping[int, Mapping[int, int]]
"""Of each timeline those before it, each with the number of the segment in which it was left."""


def branches_in(folder: Path) -> Branches:
    """The histories that came with the log: after a failover a server begins another timeline."""
    found: dict[int, dict[int, int]] = {}
    for path in folder.glob("*.history"):
        if HISTORY.fullmatch(path.name):
            lines = (line.split() for line in path.read_text().splitlines() if line.strip()[:1].isdigit())
            found[int(path.stem, 16)] = {int(one[0]): Segment.at(int(one[0]), one[1]).number for one in lines}
    return found


def gaps(held: dict[Segment, Path], first: Segment, branches: Branches | None = None) -> Iterator[Segment]:
    """The segments that are missing between the first one wanted and the last one held, over every failover between.

    The log goes on along the newest timeline that goes on from the first one's: what is held of a line that ended
    there stands in for nothing. Where no history of a timeline is held, a segment counts under any that is no older.
    """
    branches = branches or {}
    lines = sorted({one.timeline for one in held} | branches.keys() | {first.timeline})
    newest = max(one for one in lines if one == first.timeline or _goes_on(branches, first, one))
    left = dict(branches.get(newest, {}))
    if newest != first.timeline and newest not in branches:
        yield from _missing_of_any(held, first)
        return

    def line_of(number: int) -> int:
        return next((one for one in sorted(left) if one >= first.timeline and number < left[one]), newest)

    last = max((one.number for one in held if line_of(one.number) == one.timeline), default=first.number - 1)
    last = max(last, *(number - 1 for line, number in left.items() if line >= first.timeline), first.number - 1)
    for number in range(first.number, last + 1):
        wanted = Segment(line_of(number), number)
        if wanted not in held:
            yield wanted


def _goes_on(branches: Branches, first: Segment, timeline: int) -> bool:
    if timeline <= first.timeline:
        return False
    left = branches.get(timeline)
    return left is None or left.get(first.timeline, -1) >= first.number


def _missing_of_any(held: dict[Segment, Path], first: Segment) -> Iterator[Segment]:
    timeline = first.timeline
    under: dict[int, list[int]] = {}
    for one in held:
        if one.timeline >= timeline:
            under.setdefault(one.number, []).append(one.timeline)
    for number in range(first.number, max(under, default=first.number - 1) + 1):
        fitting = [one for one in under.get(number, ()) if one >= timeline]
        if not fitting:
            yield Segment(timeline, number)
        else:
            timeline = min(fitting)


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
