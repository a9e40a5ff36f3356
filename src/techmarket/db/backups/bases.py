"""Bases (基础备份): the whole database as it was while one was taken, checked against its manifest before it counts."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text

from techmarket.db.backups.archive import Segment
from techmarket.db.backups.tools import BackupFailed, libpq_env, run
from techmarket.db.session import Tx

Progress = Callable[[int, int], None]
MARK = "market.json"
_LABEL = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6}Z")
_DONE = re.compile(r"^\s*(\d+)/(\d+) kB")
_FACTS = text("""
SELECT current_database() AS database,
  (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()) AS role,
  s.system_identifier::text AS system_id,
  current_setting('server_version_num')::int AS server_version, clock_timestamp() AS at
FROM pg_control_system() s
""")


@dataclass(frozen=True)
class Base:
    """One base. `checkpoint` is what the market's own log had signed before: (size, root in hex), `log_kid` the key it
    was signed with. By both a restored market is known again."""

    label: str
    began_at: str
    ended_at: str
    database: str
    role: str
    system_id: str
    server_version: int
    timeline: int
    first_lsn: str
    last_lsn: str
    checkpoint: tuple[int, str] | None
    log_kid: str

    @property
    def first_segment(self) -> Segment:
        return Segment.at(self.timeline, self.first_lsn)

    @property
    def last_segment(self) -> Segment:
        """Where the log that comes with the base itself ends."""
        return Segment.at(self.timeline, self.last_lsn)

    @property
    def ended(self) -> datetime:
        return datetime.fromisoformat(self.ended_at)


def listed(folder: Path) -> list[Base]:
    """The bases that are whole, oldest first; one without its mark was never finished."""
    found = []
    for mark in sorted((folder / "bases").glob(f"*/{MARK}")):
        told: dict[str, Any] = json.loads(mark.read_text())
        told["checkpoint"] = tuple(told["checkpoint"]) if told["checkpoint"] else None
        found.append(Base(**told))
    return sorted(found, key=lambda base: base.ended_at)


def chosen(bases: list[Base], *, label: str | None = None, until: datetime | None = None) -> Base:
    """The base of this label, or the newest that was whole before the moment to return to."""
    fitting = [
        base for base in bases if (label is None or base.label == label) and (until is None or base.ended <= until)
    ]
    if not fitting:
        wanted = label or (f"before {until.isoformat()}" if until else "at all")
        raise BackupFailed(f"there is no base {wanted}; there are: {', '.join(b.label for b in bases) or 'none'}")
    return fitting[-1]


def require_same_server(folder: Path, system_id: str) -> None:
    """A folder is one server's: what is taken into it makes older bases go, and the log that only they need."""
    for base in listed(folder):
        if base.system_id != system_id:
            raise BackupFailed(f"{folder} holds bases of another server ({base.label}); name a folder of its own")


async def require_own_folder(tx: Tx, folder: Path) -> Row[Any]:
    """The same of the running server, before anything of it is kept there; returns what it says of itself."""
    async with tx.read() as db:
        server = (await db.execute(_FACTS)).one()
    await asyncio.to_thread(require_same_server, folder, server.system_id)
    return server


async def take(
    tx: Tx,
    url: str,
    folder: Path,
    *,
    log_kid: str,
    checkpoint: tuple[int, str] | None = None,
    progress: Progress | None = None,
) -> Base:
    """A base of the running server in `folder/bases`; the market goes on meanwhile."""
    before = await require_own_folder(tx, folder)
    label = before.at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%S-%fZ")
    target = folder / "bases" / label
    target.mkdir(mode=0o700, parents=True)
    try:
        await _copy(url, target, label, progress)
        async with tx.read() as db:
            after: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    span = json.loads((target / "backup_manifest").read_text())["WAL-Ranges"][0]
    base = Base(
        label=label,
        began_at=before.at.isoformat(),
        ended_at=after.isoformat(),
        database=before.database,
        role=before.role,
        system_id=before.system_id,
        server_version=before.server_version,
        timeline=span["Timeline"],
        first_lsn=span["Start-LSN"],
        last_lsn=span["End-LSN"],
        checkpoint=checkpoint,
        log_kid=log_kid,
    )
    fresh = target / f"{MARK}.new"
    fresh.write_text(json.dumps(asdict(base), indent=2) + "\n")
    fresh.replace(target / MARK)
    return base


async def _copy(url: str, target: Path, label: str, progress: Progress | None) -> None:
    def on_line(line: str) -> None:
        if progress is not None and (found := _DONE.match(line)):
            progress(int(found[1]), int(found[2]))

    await run(
        "pg_basebackup",
        *("--pgdata", str(target), "--format=tar", "--compress=gzip:1", "--wal-method=stream", "--checkpoint=fast"),
        *("--manifest-checksums=SHA256", "--label", label, "--progress", "--no-password"),
        env=libpq_env(url),
        on_line=on_line,
    )
    # Each file of the base against the digest it had when it was read at the server.
    await run("pg_verifybackup", "--no-parse-wal", "--format=tar", "--quiet", str(target))


def prune(folder: Path, keep: int) -> list[Base]:
    """Remove all but the newest; returns those that stay, oldest first. At least one always stays."""
    bases = listed(folder)
    kept = bases[-max(keep, 1) :]
    for base in bases[: len(bases) - len(kept)]:
        shutil.rmtree(folder / "bases" / base.label)
    whole = {base.label for base in kept}
    for path in (folder / "bases").iterdir():
        if path.name not in whole and path.is_dir() and _LABEL.fullmatch(path.name):  # begun and never finished
            shutil.rmtree(path)
    return kept
