"""Backups and their return, as an operator runs them; what each step does is told while it does it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from techmarket.cli import erasures
from techmarket.cli.doctor import examine, of_the_database
from techmarket.cli.state import SECRETS, OpenMarket, load_keys, open_market
from techmarket.db.backups import archive, bases
from techmarket.db.backups.archive import SLOT, Segment
from techmarket.db.backups.bases import Base
from techmarket.db.backups.fingerprints import fingerprint
from techmarket.db.backups.objects import Copied, copy_files
from techmarket.db.backups.tools import BackupFailed
from techmarket.db.embedded import recovery
from techmarket.db.files import Files
from techmarket.identity import service as identity
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.seals import Seal
from techmarket.matching import service as matching
from techmarket.settings import Settings
from techmarket.transparency import service as transparency
from techmarket.transparency.errors import NotUnderACheckpoint

OBJECTS, WAL, KEYS = "objects", "wal", "keys"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one base is taken into a folder at a time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "taking.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"a base is being taken into {folder} already") from None
        yield


async def take(market: OpenMarket, folder: Path, console: Console, *, keep: int = 7, with_keys: bool = False) -> Base:
    """A base and the files beside it; then what no kept base needs goes."""
    with _alone(folder), Progress(console=console, transient=True) as bar:
        task = bar.add_task("the database", total=None)
        base = await bases.take(
            market.means.tx,
            market.url,
            folder,
            log_kid=market.means.keys.log.kid,
            checkpoint=await _checkpoint(market),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        task = bar.add_task("the files", total=None)
        copied = await copy_files(
            market.means.tx,
            market.means.files,
            Files.at(folder / OBJECTS),
            progress=lambda done: bar.update(task, completed=done),
        )
        await erasures.Register(folder).note(market.means.tx)
        kept = bases.prune(folder, keep)
        archive.prune(folder / WAL, kept[0].first_segment)
        if with_keys:
            _copy_keys(market.state_dir / KEYS, folder / KEYS)
    console.print(f"[green]✓[/] base {base.label}, checked against its manifest; {len(kept)} kept", soft_wrap=True)
    _tell_files(copied, console)
    if not archive.segments_in(folder / WAL):
        console.print(
            "! no archive of the log here: without `techmarket backup archive` only this very state comes back"
        )
    if not with_keys:
        console.print(
            "! the market's keys are not in it: keep them apart (they open it), or take it --with-keys", soft_wrap=True
        )
    return base


def _tell_files(copied: Copied, console: Console) -> None:
    console.print(
        f"[green]✓[/] {copied.files + copied.already} files ({copied.files} new, {copied.octets / 2**20:.1f} MiB)"
    )
    if copied.missing:
        raise BackupFailed(
            f"{len(copied.missing)} files are not where they should be, the first is {copied.missing[0]}"
        )


async def _checkpoint(market: OpenMarket) -> tuple[int, str] | None:
    try:
        newest = await transparency.get_checkpoint(market.means.tx, ANONYMOUS)
    except NotUnderACheckpoint:
        return None  # a market of the first seconds
    return newest.size, newest.root


def _copy_keys(source: Path, target: Path) -> None:
    if not source.exists():
        raise BackupFailed(f"there are no keys in {source}; those that come from the environment are kept where it is")
    target.mkdir(mode=0o700, exist_ok=True)
    for path in source.iterdir():
        kept, copy = path.read_bytes(), target / path.name
        if copy.exists():
            if copy.read_bytes() != kept:
                raise BackupFailed(f"{copy} is there already and is another key")
            continue
        handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(kept)


async def keep_archive(
    market: OpenMarket, folder: Path, console: Console, stop: asyncio.Event, *, files_every: float = 30.0
) -> None:
    """Stream the log, copy new files and write down who was erased, until asked to stop."""
    await bases.require_own_folder(market.means.tx, folder)
    await archive.prepare(market.url)
    console.print(
        f"archiving into {folder / WAL}; the server keeps for the slot {SLOT} what is not here yet", soft_wrap=True
    )

    async def files() -> None:
        target, erased = Files.at(folder / OBJECTS), erasures.Register(folder)
        while True:
            await erased.note(market.means.tx)
            copied = await copy_files(market.means.tx, market.means.files, target)
            if copied.missing:
                console.print(f"! {len(copied.missing)} files are not where they should be")
            await asyncio.sleep(files_every)

    copying = asyncio.create_task(files())
    receiving = asyncio.create_task(
        archive.receive(
            market.url, folder / WAL, stop, on_line=lambda line: console.print(line, markup=False, soft_wrap=True)
        )
    )
    try:
        done, _ = await asyncio.wait((copying, receiving), return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        stop.set()
        copying.cancel()
        await asyncio.gather(copying, receiving, return_exceptions=True)


def show(folder: Path, console: Console) -> int:
    """What could be restored, and what is wrong with it; 0 when nothing is."""
    held, branches, wrong = archive.segments_in(folder / WAL), archive.branches_in(folder / WAL), 0
    for base in bases.listed(folder):
        missing = [one.name for one in archive.gaps(held, base.last_segment, branches)]
        console.print(f"{base.label}  database {base.database}, from segment {base.first_segment.name}", soft_wrap=True)
        if missing:
            wrong += 1
            console.print(f"[red]✗[/] the archive lacks {len(missing)} segments behind it, the first is {missing[0]}")
    if held:
        age = time.time() - max(path.stat().st_mtime for path in held.values())
        console.print(f"archive: {len(held)} segments, the last written {age:.0f} s ago")
    if not bases.listed(folder):
        wrong += 1
        console.print("[red]✗[/] no base is here")
    return int(wrong > 0)


# --- the way back ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Restored:
    base: Base
    last_commit: str
    rows: dict[str, tuple[int, str]]
    findings: list[str]
    seconds: float


async def restore(
    settings: Settings,
    folder: Path,
    console: Console,
    *,
    until: datetime | None = None,
    label: str | None = None,
    keys: Path | None = None,
    new_log: bool = True,
) -> Restored:
    """A market in an empty state folder, as it stood at a moment or at the end of the archive, and examined.

    `settings` name the state folder; the server there is the embedded one.
    """
    begun = time.monotonic()
    recovery.require_empty(settings.state_dir)
    base = bases.chosen(bases.listed(folder), label=label, until=until)
    held = archive.segments_in(folder / WAL)
    segments = _needed(held, base, archive.branches_in(folder / WAL))
    here = settings.model_copy(update={"database_url": None, "read_url": None, "object_store": None})
    if any(getattr(here, name) for name in SECRETS):
        _require_keys_of(base, load_keys(here).log.kid)
        here.state_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    else:
        source = keys or folder / KEYS
        _require_keys_of(base, _kid_in(source))
        here.state_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
        _copy_keys(source, here.state_dir / KEYS)
    console.print(f"base {base.label} and {len(segments)} segments of the log", soft_wrap=True)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("unpacking", total=len(segments) or None)
        names = [Segment.of(path.name).name for path in segments]

        def on_segment(name: str) -> None:
            bar.update(task, description=f"replaying {name}", completed=names.index(name) if name in names else 0)

        last_commit = await asyncio.to_thread(
            recovery.restore,
            here.state_dir,
            folder / "bases" / base.label,
            segments + sorted((folder / WAL).glob("*.history")),
            role=base.role,
            database=base.database,
            target={"recovery_target_time": until.astimezone(UTC).isoformat(sep=" ")} if until else {},
            on_segment=on_segment,
        )
    async with open_market(here, application="restore", prepare=False, as_owner=True) as market:
        return await _examined(market, base, folder, console, last_commit, begun, new_log=new_log)


def _kid_in(source: Path) -> str:
    """By which the key of the log in this folder is known; nothing is copied or made before it was looked at."""
    try:
        return Seal.from_pem((source / "log.pem").read_bytes()).kid
    except FileNotFoundError:
        raise BackupFailed("name the folder with the market's keys by --keys, or give them as settings") from None
    except ValueError:
        raise BackupFailed(f"{source / 'log.pem'} is not a key of a log") from None


def _require_keys_of(base: Base, kid: str) -> None:
    if kid != base.log_kid:
        raise BackupFailed(f"these are not this market's keys: its log was signed with {base.log_kid}")


def _needed(held: dict[Segment, Path], base: Base, branches: archive.Branches) -> list[Path]:
    missing = list(archive.gaps(held, base.last_segment, branches))
    if missing:
        raise BackupFailed(f"the archive lacks {missing[0].name} and {len(missing) - 1} more behind base {base.label}")
    return [path for one, path in sorted(held.items()) if one.number >= base.first_segment.number]


async def _examined(
    market: OpenMarket,
    base: Base,
    folder: Path,
    console: Console,
    last_commit: str,
    begun: float,
    *,
    new_log: bool,
) -> Restored:
    """Is it the market that was backed up, and is it whole? Only then it gets a log of its own."""
    copied = await copy_files(market.means.tx, Files.at(folder / OBJECTS), market.means.files)
    seen = {base.checkpoint[0]: bytes.fromhex(base.checkpoint[1])} if base.checkpoint else {}
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("the log", total=None)
        findings = await examine(
            market.means,
            seen=seen,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    findings += await of_the_database(market.means.tx, as_owner=True)
    findings += [f"the bytes of the file {sha} are not in the backup" for sha in copied.missing]
    rows = await fingerprint(market.means.tx)
    console.print(f"[green]✓[/] back as of {last_commit or base.ended_at}: {sum(n for n, _ in rows.values())} rows")
    for finding in findings:
        console.print(f"[red]✗[/] {finding}")
    if not findings:
        console.print("[green]✓[/] the log is what was signed, every book balances, every file is there")
        if new_log:
            # Whoever read beyond this end holds positions that will be given to other entries.
            console.print(f"the log is now {await transparency.open_new_log(market.means.tx)}", soft_wrap=True)
            await matching.reread(market.means.tx)
    erased = await identity.erase_again(market.means.tx, erasures.kept(folder))
    if erased:
        console.print(f"[green]✓[/] {erased} who were erased after that moment are erased again", soft_wrap=True)
    seconds = time.monotonic() - begun
    console.print(f"restored in {seconds:.1f} s", highlight=False)
    return Restored(base, last_commit, rows, findings, seconds)


def remove_state(state_dir: Path) -> None:
    """Take a restored market away again."""
    from techmarket.db import embedded

    embedded.remove(state_dir)
    shutil.rmtree(state_dir, ignore_errors=True)
