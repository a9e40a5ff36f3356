"""The dry run on one's own machine: by the packs that come along, with no market and no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from techmarket.api.calculations import Calculate
from techmarket.cli.packs import read_file
from techmarket.kernel.money import Money, apply_rate
from techmarket.kernel.refusals import Refusal
from techmarket.kernel.workdays import WorkCalendar
from techmarket.revenue import asking, rules
from techmarket.revenue.asking import Question
from techmarket.revenue.case import Norm, Receipt
from techmarket.revenue.golden import rules_of
from techmarket.revenue.paper import yuan
from techmarket.revenue.plotting import stacked
from techmarket.rulebook.packs import Unreadable, carried_packs
from techmarket.rulebook.rules import Rule

FILE_MAX = 8 * 1024**2
ANSWERED, REFUSED, UNREADABLE = 0, 1, 2
POINTS = 41
UNIT = "单位 unit"
SAID = {"base": "净收入 base", "reward": "奖励 reward", "unit": UNIT}


def calculate_path(
    file: Path,
    packs: Sequence[Path],
    console: Console,
    *,
    as_json: bool = False,
    plot: Path | None = None,
    royalty_rate: Decimal = Decimal("0.03"),
    sales_to: Money | None = None,
) -> int:
    """The exit code is 0 with an answer, 1 if the terms are refused, 2 if a file cannot be read or written."""
    try:
        if file.stat().st_size > FILE_MAX:
            raise ValueError
        asked = Calculate.model_validate(json.loads(file.read_text(encoding="utf-8")))
        rows = rows_of(packs)
    except OSError as error:
        console.print(f"{error.filename} cannot be read.")
        return UNREADABLE
    except Unreadable as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return UNREADABLE
    except ValidationError as error:
        for one in error.errors()[:5]:
            where = "/".join(str(step) for step in one["loc"])
            console.print(f"{file}: {where}: {one['msg']}", markup=False, soft_wrap=True)
        return UNREADABLE
    except (ValueError, RecursionError):
        console.print(f"{file} is not the JSON that POST /v1/revenue/calculations takes.")
        return UNREADABLE
    try:
        answer = answer_of(asked, rows)
        if plot is not None:
            plot.write_text(drawn(asked.question(), rows, royalty_rate, sales_to), encoding="utf-8")
    except OSError as error:
        console.print(f"{plot} cannot be written: {error.strerror}.", markup=False, soft_wrap=True)
        return UNREADABLE
    except Refusal as refused:
        console.print(f"[red]✗ {refused.code}[/]", highlight=False)
        console.print(f"  {refused.detail('en')}\n  {refused.detail('zh-CN')}", markup=False, soft_wrap=True)
        return REFUSED
    if as_json:
        console.print_json(data=answer)
        return ANSWERED
    _say(answer, console)
    if plot is not None:
        console.print(f"wrote {plot}", soft_wrap=True)
    return ANSWERED


def rows_of(packs: Sequence[Path]) -> tuple[Rule, ...]:
    """The packs that come along; one that is given stands for the one whose name it bears. Samples speak of no place
    but their own."""
    given = [read_file(file) for file in packs]
    names = {pack.name for pack in given}
    return rules_of([*given, *(one for one in carried_packs() if one.name not in names)])


def answer_of(asked: Calculate, rows: Sequence[Rule]) -> dict[str, Any]:
    """What the route would answer, by these rows."""
    question, others, calendar = asked.question(), asked.others(), WorkCalendar()
    asking.require_bounded([question, *others.values()])
    answer = asking.answered(question, asking.norms_of(question, rows), calendar)
    compared = [asking.compared(name, one, asking.norms_of(one, rows), calendar) for name, one in others.items()]
    return {**answer, "scenarios": compared}


def drawn(question: Question, rows: Sequence[Rule], rate: Decimal, sales_to: Money | None) -> str:
    """Who gets what, the royalty being this rate of net sales from nought up; the other receipts stay as they are."""
    norms, stays = asking.norms_of(question, rows), [one for one in question.receipts if one.purpose != "ROYALTY"]
    widest = sales_to.minor if sales_to else 10 * sum(receipt.minor for receipt in question.receipts)
    places, parts = [], []
    for n in range(POINTS):
        sales = widest * n // (POINTS - 1)
        royalty = Receipt("royalty", apply_rate(sales, rate), question.pay_on, "ROYALTY")
        receipts = [*stays, *([royalty] if royalty.minor else [])]
        try:
            done = rules.compute(asking.case_of(replace(question, receipts=receipts), norms))
        except Refusal:
            # Nothing to share yet, or too little: this much of the axis stays empty.
            continue
        names = {f"{line.group.value} {line.key or ''}".strip(): line.minor for line in done.lines}
        places.append(sales)
        parts.append({UNIT: done.unit_minor, **names})
    if not places:
        raise _nothing_drawn(question, norms)
    series = {name: [one.get(name, 0) for one in parts] for name in parts[-1]}
    axis = f"净销售额（元）net sales, yuan · 提成率 royalty {rate}"
    return stacked("各方所得 who gets what", axis, places, series, unit=UNIT)


def _nothing_drawn(question: Question, norms: Sequence[Norm]) -> Refusal:
    try:
        rules.compute(asking.case_of(question, norms))
    except Refusal as refused:
        return refused
    raise AssertionError("a question that has an answer has a point on the axis")


def _say(answer: Mapping[str, Any], console: Console) -> None:
    answers = {"": answer["outcome"]} | {one["name"]: one["outcome"] for one in answer["scenarios"]}
    table = Table("")
    for name in answers:
        table.add_column(_plain(name) or "asked 所问", justify="right", overflow="fold")
    for name, amounts in asking.side_by_side(answers):
        table.add_row(_plain(SAID.get(name, name)), *(yuan(minor).replace("¥ ", "") for minor in amounts))
    console.print(table)
    for one in answer["scenarios"]:
        if one["refused"]:
            says = f"{one['refused']['code']}: {one['refused']['en']} · {one['refused']['zh']}"
            console.print(f"  [red]✗[/] {_plain(one['name'])}: {_plain(says)}", soft_wrap=True, highlight=False)
    tree = Tree("分配 the split")
    for node in answer["explanation"]["from"]:
        _grow(tree, node)
    console.print(tree, highlight=False)
    for term in answer["outcome"]["terms"]:
        console.print(f"  {term['name']}: {term['ends_on']} ({term['rule']['source']})", highlight=False, markup=False)
    for flag in answer["outcome"]["flags"]:
        confirm = " — a person must confirm 须人工确认" if flag["needs_confirmation"] else ""
        console.print(f"  {flag['tax']}: {flag['value']}{confirm}", highlight=False, markup=False)


def _grow(tree: Tree, node: Mapping[str, Any]) -> None:
    rule = "" if node["rule"] is None else f" [dim]← {_plain(node['rule']['source'])} = {node['rule']['value']}[/]"
    says = _plain(f"{node['zh']} {node['en']}" if node["zh"] != node["en"] else node["zh"])
    note = f" [dim]({node['note']})[/]" if node["note"] else ""
    branch = tree.add(f"{says}: [bold]{yuan(node['minor'])}[/] = {_plain(node['says'])}{note}{rule}")
    for below in node["from"]:
        _grow(branch, below)


def _plain(text: str) -> str:
    """What comes out of a file is shown as it is: it cannot colour, move or end the line it stands in."""
    return escape("".join(char if char.isprintable() else "�" for char in text))
