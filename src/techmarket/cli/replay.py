"""Replays the public record of a trade with no network, and says what was checked and where it does not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from techmarket.kernel.money import Money
from techmarket.kernel.seals import SealKey
from techmarket.trading.record import form
from techmarket.trading.record.replay import CHECKS, Findings, Replay
from techmarket.transparency.keyset import trusted_keys

BAR_FROM = 1_000_000
"""From so many bytes on the way through the file is shown."""


def replay_file(file: Path, trusted: Mapping[str, SealKey] | None, *, progress: Progress | None = None) -> Findings:
    """Line by line, so that a book of any length takes the same memory."""
    replay = Replay(trusted)
    task = None if progress is None else progress.add_task("the record", total=file.stat().st_size)
    for raw in _lines(file):
        if progress is not None and task is not None:
            progress.advance(task, len(raw))
        if not replay.feed(raw.removesuffix(b"\n")):
            break
    return replay.finish()


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while raw := opened.readline(form.LINE_MAX):
            yield raw


def replay_path(file: Path, keys: Path | None, console: Console) -> int:
    """The exit code is 0 if every line fits, 1 if one does not, 3 if there is nothing to read."""
    try:
        trusted = None if keys is None else trusted_keys(json.loads(keys.read_text()))
        if file.stat().st_size < BAR_FROM:
            found = replay_file(file, trusted)
        else:
            with Progress(console=console, transient=True) as bar:
                found = replay_file(file, trusted, progress=bar)
    except OSError as error:
        console.print(f"{error.filename} cannot be read.")
        return 3
    except (ValueError, KeyError, TypeError):
        console.print(f"{keys} does not hold the market's published keys.")
        return 3
    _say(found, console)
    return 0 if found.fits else 1


def _say(found: Findings, console: Console) -> None:
    console.print(f"record of trade {found.number or '?'}: {found.lines} lines", highlight=False)
    lots = Table("lot", "method", "state", "bids", "ends", "winner", "price", "runner-up", "decided again")
    for lot in found.lots:
        lots.add_row(
            str(lot.n),
            lot.method,
            lot.state,
            str(lot.bids),
            lot.effective_end or "",
            "" if lot.winner is None else str(lot.winner),
            "" if lot.price_minor is None else str(Money(lot.price_minor)),
            "" if lot.runner_up is None else str(lot.runner_up),
            "✓" if lot.is_decided_again else "",
        )
    if found.lots:
        console.print(lots)
    checks = Table("checked", "检查", "times")
    for name, (zh, en) in CHECKS.items():
        if found.held[name]:
            checks.add_row(f"[green]✓[/] {en}", zh, str(found.held[name]))
    console.print(checks)
    if found.keys_from_file:
        console.print(
            "  [yellow]![/] the keys were taken from the record itself: whoever sent it may have made both. "
            "Fetch the market's keys yourself and name them with --keys."
        )
    for what, times in sorted(found.not_checked.items()):
        console.print(f"  [dim]not checked: {what} ({times})[/]", highlight=False)
    if found.fault is None:
        console.print("[green]✓ every line fits · 全部记录一致[/]")
        return
    zh, en = CHECKS[found.fault.check]
    console.print(
        f"[red]✗ line {found.fault_line} does not fit: {found.fault.check}[/] — {en} · {zh}",
        soft_wrap=True,
        highlight=False,
    )
    console.print(f"  {found.fault.why}", soft_wrap=True, markup=False, highlight=False)
