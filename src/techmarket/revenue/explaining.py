"""Why everybody gets what he gets (计算说明), as a tree: each node with its rule, source, inputs and result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from techmarket.revenue import wording
from techmarket.revenue.computation import Computation, Line, Step

BASES = ("net_income", "operating_profit", "shares_obtained")
REWARDS = ("reward", "title")
PEOPLE_MAX = 200
"""So many people of a group are told one by one; the lines of the outcome have all of them."""


def explain(done: Computation) -> dict[str, Any]:
    """The split from the top: under each result the results and rules it was made of."""
    base = next(step for step in done.steps if step.name in BASES)
    reward = next(step for step in done.steps if step.name in REWARDS)
    kept = next(step for step in done.steps if step.name == "unit_part")
    return {
        "name": "split",
        "zh": "分配",
        "en": "the split",
        "says": base.says,
        "minor": done.base_minor,
        "note": None,
        "rule": None,
        "from": [
            _node(base, _made_of(done)),
            _node(reward, [_node(step) for step in _called(done, "floor")]),
            _node(kept, [_node(step) for step in _under(done, "unit_part.")]),
            *_groups(done),
            *(_node(step) for step in _called(done, "wage_base")),
        ],
    }


def _made_of(done: Computation) -> list[dict[str, Any]]:
    """Receipts and costs, each of them by itself; a profit or a contribution is what it is."""
    receipts = [
        _plain(f"receipt.{one.purpose}", "收入", "receipt", f"{one.received_on}", one.minor)
        for one in done.case.receipts
    ]
    income = next((step for step in done.steps if step.name == "receipts"), None)
    if income is None:
        return receipts
    costs = next(step for step in done.steps if step.name == "costs")
    return [_node(income, receipts), _node(costs, [_node(step) for step in _under(done, "cost.")])]


def _groups(done: Computation) -> Iterator[dict[str, Any]]:
    for step in _under(done, "group."):
        which = step.name.removeprefix("group.")
        least = [_node(one) for one in _called(done, f"sub_floor.{which}")]
        lines = [line for line in done.lines if line.group.value == which]
        inside = [_node(one, _people(lines)) for one in _called(done, f"people.{which}")]
        yield _node(step, [*least, *inside])


def _people(lines: Sequence[Line]) -> list[dict[str, Any]]:
    told = [_plain("person", line.key or "", line.key or "", f"position {line.position}", line.minor) for line in lines]
    left = sum(line.minor for line in lines[PEOPLE_MAX:])
    more = [_plain("others", "其余", "the others", f"{len(lines) - PEOPLE_MAX} people", left)] if left else []
    return [*told[:PEOPLE_MAX], *more]


def _called(done: Computation, name: str) -> list[Step]:
    return [step for step in done.steps if step.name == name]


def _under(done: Computation, beginning: str) -> list[Step]:
    return [step for step in done.steps if step.name.startswith(beginning)]


def _node(step: Step, of: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    zh, en = wording.of_step(step.name)
    return {**step.document(), "zh": zh, "en": en, "from": list(of)}


def _plain(name: str, zh: str, en: str, says: str, minor: int) -> dict[str, Any]:
    return {"name": name, "zh": zh, "en": en, "says": says, "minor": minor, "note": None, "rule": None, "from": []}
