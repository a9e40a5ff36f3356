"""Policy packs from the command line: are they right, and do they give what they promise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from techmarket.api.observe import configure_logging
from techmarket.cli import state
from techmarket.db.session import Tx
from techmarket.kernel.refusals import Refusal
from techmarket.revenue import golden, service
from techmarket.rulebook.linting import lint
from techmarket.rulebook.packs import SIZE_MAX, Document, Finding, Unreadable, carried_packs, read_pack
from techmarket.rulebook.rules import Rule
from techmarket.settings import get_settings

RIGHT, WRONG, UNREADABLE = 0, 1, 2


def effects_of_file(file: Path | None, out: Console) -> None:
    """List which distributions of this market a pack, or the book as it is now, would have made otherwise."""
    try:
        rows = () if file is None else service.rows_of_pack(_text_of(file))
    except Unreadable as error:
        _say(out, error.finding)
        raise SystemExit(UNREADABLE) from None
    except Refusal as refused:
        for finding in refused.facts["findings"]:
            out.print(f"[red]✗[/] {escape(finding)}", soft_wrap=True, highlight=False)
        raise SystemExit(WRONG) from None
    settings = get_settings()
    configure_logging(json=settings.log_json, level=logging.WARNING)

    async def work() -> None:
        async with state.open_market(settings, application="policy", prepare=False) as market:
            await tell_effects(market.means.tx, rows, out)

    asyncio.run(work())


async def tell_effects(tx: Tx, rows: Sequence[Rule], out: Console) -> int:
    """Page by page through all standing distributions; returns how many would have been otherwise."""
    looked_at = told = 0
    cursor: str | None = None
    while True:
        page = await service.effects_of(tx, rows, unit_id=None, cursor=cursor)
        looked_at += page.looked_at
        for one in page.items:
            told += 1
            would_be = one.refused if one.reward_would_be is None else one.reward_would_be.amount
            says = f"{one.distribution_id} of {one.rule_date}: reward {one.reward.amount}, would be {would_be}"
            out.print(f"{says}; {one.lines_changed} lines differ", soft_wrap=True, highlight=False)
            for change in one.changes:
                was, new = (rule and f"{rule.value} ({rule.source})" for rule in (change.was, change.would_be))
                line = f"    {change.key} {change.jurisdiction}: {was or 'no row'} -> {new or 'no row'}"
                out.print(line, soft_wrap=True, markup=False, highlight=False)
        cursor = page.next_cursor
        if cursor is None:
            break
    out.print(f"{told} of {looked_at} distributions would have been otherwise; none was changed", highlight=False)
    return told


def check_files(files: list[Path], out: Console) -> int:
    """A pack on its own is judged beside those that come along; it stands for the one whose name it bears."""
    carried = carried_packs()
    try:
        given = [read_file(file) for file in files]
    except Unreadable as error:
        _say(out, error.finding)
        return UNREADABLE
    names = {pack.name for pack in given}
    everything = [*given, *(pack for pack in carried if pack.name not in names)]
    # What does not hold together by itself is no measure for the others.
    whole = [pack for pack in everything if not lint(pack)]
    findings: list[Finding] = []
    for pack in given or carried:
        found = judge(pack, [other for other in whole if other is not pack])
        findings += found
        if not found:
            told = f"{len(pack.rows())} rows, {len(pack.cases())} golden cases"
            out.print(f"[green]✓[/] {pack.file}: {told}", soft_wrap=True, highlight=False)
    for finding in findings:
        _say(out, finding)
    return WRONG if findings else RIGHT


def judge(pack: Document, beside: list[Document]) -> list[Finding]:
    """First whether it holds together; only then whether its cases come out."""
    return lint(pack, beside) or golden.check_cases(pack, beside)


def read_file(file: Path) -> Document:
    return read_pack(_text_of(file), str(file))


def _text_of(file: Path) -> str:
    try:
        if file.stat().st_size > 4 * SIZE_MAX:
            raise Unreadable(Finding(str(file), 1, "too_large", f"a pack has at most {SIZE_MAX} characters"))
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(Finding(str(file), 1, "unreadable", str(error.strerror))) from None
    except UnicodeDecodeError:
        raise Unreadable(Finding(str(file), 1, "not_text", "a pack is text in UTF-8")) from None


def _say(out: Console, finding: Finding) -> None:
    out.print(f"[red]✗[/] {finding.file}:{finding.line}: [bold]{finding.code}[/]:", end=" ", soft_wrap=True)
    out.print(finding.says, markup=False, soft_wrap=True)
