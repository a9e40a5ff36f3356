"""Backups: a base with the files, the log archived as it is written, and what could be restored."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from techmarket.cli.running import read_settings, settle

backup = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console()

Folder = Annotated[Path, typer.Option("--to", help="the folder of backups, best on another machine's disk")]


@backup.command()
def take(
    to: Folder,
    keep: Annotated[int, typer.Option(min=1, help="how many bases stay")] = 7,
    with_keys: Annotated[bool, typer.Option(help="the market's keys too: whoever holds both holds the market")] = False,
) -> None:
    """Take a base of the running market, check it, and copy the files beside it."""
    from techmarket.cli import backing, state

    async def work() -> None:
        async with state.open_market(
            read_settings(quiet=True), application="backup", prepare=False, as_owner=True
        ) as market:
            await backing.take(market, to, console, keep=keep, with_keys=with_keys)

    settle(work())


@backup.command()
def archive(
    to: Folder, files_every: Annotated[float, typer.Option(min=1, help="seconds between looks for new files")] = 30.0
) -> None:
    """Stream the write-ahead log and new files into the folder until asked to stop."""
    from techmarket.cli import backing, state

    async def work() -> None:
        async with state.open_market(
            read_settings(quiet=True), application="archive", prepare=False, as_owner=True
        ) as market:
            stop = asyncio.Event()
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
            await backing.keep_archive(market, to, console, stop, files_every=files_every)

    settle(work())


@backup.command(name="list")
def show(to: Folder) -> None:
    """Say which bases are here, how far the archive reaches, and whether anything is missing; ends with 1 if so."""
    from techmarket.cli import backing

    with contextlib.suppress(KeyboardInterrupt):
        raise SystemExit(backing.show(to, console))
