"""Computes a statement again with no network: every step with its rule, and whether the cents are the same."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from techmarket.revenue import paper, statement, wording
from techmarket.revenue.computation import Computation

SAME, OTHER, UNREADABLE = 0, 1, 3


def recompute_path(file: Path, console: Console) -> int:
    """The exit code is 0 if it comes to the same cents, 1 if it does not, 3 if the file is no statement."""
    try:
        if file.stat().st_size > 2 * statement.SIZE_MAX:
            raise ValueError
        raw = file.read_bytes()
        if raw.startswith(b"%PDF-"):
            raw = paper.attached(raw) or b""
        read = json.loads(raw)
        if not statement.is_statement(read) or not isinstance(read["statement"], dict):
            raise ValueError
    except OSError as error:
        console.print(f"{error.filename} cannot be read.")
        return UNREADABLE
    except (ValueError, KeyError, RecursionError):
        console.print(f"{file} is no statement: GET /v1/distributions/{{id}}/statements/{{you}}/file gives one.")
        return UNREADABLE
    said = read["statement"]
    try:
        done = statement.recomputed(said)
    except statement.Differs as different:
        console.print("[red]✗ it comes to something else · 重算结果不一致[/]")
        console.print(f"  {_plain(str(different))}", soft_wrap=True, markup=False)
        return OTHER
    _say(done, said, console)
    return SAME


def _say(done: Computation, said: dict[str, object], console: Console) -> None:
    steps = Table("step", "步骤", "formula", "rule", "result", title=_plain(str(said.get("distribution_id"))))
    for step in done.steps:
        zh, en = wording.of_step(step.name)
        rule = "" if step.norm is None else f"{step.norm.source} ({step.norm.jurisdiction}: {step.norm.value})"
        steps.add_row(en, zh, _plain(step.says), _plain(rule), paper.yuan(step.minor))
    console.print(steps)
    hers = Table("line", "group", "amount · 金额", "counts as wage · 计入工资薪金")
    for shown in (*said["lines"], *said["reworked"]):  # type: ignore[misc]
        hers.add_row(str(shown["n"]), shown["group"], paper.yuan(shown["minor"]), paper.yuan(shown["wage_base_minor"]))
    console.print(hers)
    console.print("[green]✓ computed again, it comes to the same cent · 重算一致到分[/]")
    console.print("  [dim]whether the market logged it: techmarket verify[/]")


def _plain(text: str) -> str:
    """What comes out of a file is shown as it is: it cannot colour, move or end the line it stands in."""
    return escape("".join(char if char.isprintable() else "�" for char in text))
