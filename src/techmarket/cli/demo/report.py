"""What the demonstration has to show: stages with their time, and the figures it ended with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table


@dataclass
class Stage:
    name: str
    seconds: float
    ok: bool


@dataclass
class Report:
    """The JSON that `--report FILE` writes."""

    stages: list[Stage] = field(default_factory=list)
    awarded_price: str | None = None
    certificate_no: str | None = None
    verification: str | None = None
    net_income: str | None = None
    reward: str | None = None
    statements: dict[str, str] = field(default_factory=dict)
    statement_verification: str | None = None
    imported_offers: int = 0
    imported_demands: int = 0
    refused_rows: int = 0
    refusals: list[dict[str, Any]] = field(default_factory=list)
    ledger_balanced: bool = False
    journal_position: int | None = None
    work_waiting: dict[str, int] = field(default_factory=dict)
    notifications: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "stages": [vars(stage) for stage in self.stages]}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Report:
        return cls(**{**body, "stages": [Stage(**stage) for stage in body["stages"]]})


class Stages:
    """Runs the story's stages under a progress bar and notes how long each took."""

    def __init__(self, console: Console, report: Report, total: int) -> None:
        self.console = console
        self.report = report
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            console=console,
        )
        self.overall = self.progress.add_task("the way of one achievement", total=total)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        self.progress.update(self.overall, description=name)
        stage = Stage(name, 0.0, False)
        self.report.stages.append(stage)
        try:
            yield
            stage.ok = True
        finally:
            stage.seconds = round(time.perf_counter() - started, 3)
            mark = "[green]✓[/]" if stage.ok else "[red]✗[/]"
            self.progress.console.print(f" {mark} {name} [dim]{stage.seconds:.2f} s[/]")
            self.progress.advance(self.overall)

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[TaskID]:
        """A bar of its own for something with many parts."""
        task = self.progress.add_task(f"  {what}", total=total)
        try:
            yield task
        finally:
            self.progress.remove_task(task)


def outcome(report: Report) -> Table:
    """The ending, as people read it."""
    table = Table(title="One achievement's whole way · 一项成果的全程", show_header=False, min_width=64)
    table.add_row("price · 成交价", report.awarded_price or "—")
    table.add_row("certificate · 鉴证书编号", report.certificate_no or "—")
    table.add_row("verification · 核验", report.verification or "—")
    table.add_row("journal position · 日志位置", str(report.journal_position))
    table.add_row("net income · 净收入", report.net_income or "—")
    table.add_row("reward · 奖励总额", report.reward or "—")
    for person, amount in report.statements.items():
        table.add_row(f"  {person}", amount)
    table.add_row("statement of A · 对账单核验", report.statement_verification or "—")
    for who, n in report.work_waiting.items():
        told = f"{n} to do, {report.notifications[who]} notifications"
        table.add_row(f"{who}: work and inbox · 待办与通知", told)
    imported = f"{report.imported_offers} offers, {report.imported_demands} demands, {report.refused_rows} refused"
    table.add_row("imported · 导入", imported)
    table.add_row("ledger balanced · 账簿平衡", "yes · 是" if report.ledger_balanced else "NO · 否")
    return table
