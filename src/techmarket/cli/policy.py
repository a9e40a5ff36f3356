"""Policy packs from the command line: are they right, and do they give what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from techmarket.revenue import golden
from techmarket.rulebook.linting import lint
from techmarket.rulebook.packs import SIZE_MAX, Document, Finding, Unreadable, carried_packs, read_pack

policy = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console()

RIGHT, WRONG, UNREADABLE = 0, 1, 2


@policy.callback()
def _group() -> None:
    """Keeps `check` a word of its own while it is the only one."""


@policy.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="packs; none means those that come along")] = None,
) -> None:
    """Lint packs and compute their golden cases. Ends with 0: all right; 1: findings, each with file, line and reason;
    2: a file that is no pack at all."""
    raise SystemExit(check_files(files or [], console))


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
    try:
        if file.stat().st_size > 4 * SIZE_MAX:
            raise Unreadable(Finding(str(file), 1, "too_large", f"a pack has at most {SIZE_MAX} characters"))
        return read_pack(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise Unreadable(Finding(str(file), 1, "unreadable", str(error.strerror))) from None
    except UnicodeDecodeError:
        raise Unreadable(Finding(str(file), 1, "not_text", "a pack is text in UTF-8")) from None


def _say(out: Console, finding: Finding) -> None:
    out.print(f"[red]✗[/] {finding.file}:{finding.line}: [bold]{finding.code}[/]:", end=" ", soft_wrap=True)
    out.print(finding.says, markup=False, soft_wrap=True)
