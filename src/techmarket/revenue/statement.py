"""The statement a contributor takes along (分配对账单): one file that proves and recomputes itself with no market.

It shows which line of which logged distribution is hers, and the inputs from which her cents follow. Pure: bytes and
public keys in, facts out; her own machine runs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.revenue import proving, rules
from techmarket.revenue.case import case_from
from techmarket.revenue.computation import Computation, Line
from techmarket.transparency import evidence
from techmarket.transparency.evidence import Unproven, unhex

FORM = "techmarket-statement/1"
PARTS = frozenset({"form", "statement", "lines", "log"})
LOGGED_KIND = "revenue.distribution_drafted"
SIZE_MAX = 16 * 1024 * 1024
SENTENCES: Mapping[str, tuple[str, str]] = {
    "line": (
        "所列份额在日志所载的分配之内，金额一致",
        "each line is in the distribution that the log names, with exactly this amount",
    ),
    "cents": (
        "由所附数据逐步重算，结果一致到分",
        "computed again from what is attached, step by step, it comes to the same cent",
    ),
    "reworked": (
        "因异议成立而改写的份额：见经签署的改写文本",
        "lines written anew after an objection was upheld: their signed text says so",
    ),
    "entered": ("收入与成本是否如实录入", "whether income and costs were entered as they were: ask for the evidence"),
    "paid": ("此后是否已发放、保留或撤销", "whether it was paid, held or taken back since"),
}


class Differs(Exception):
    """The statement does not follow from its own inputs; the first argument says what is different."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a statement's file shows, and which checks showed it."""

    statement: Mapping[str, Any]
    logged_at: str
    checked: tuple[str, ...]


def file_bytes(*, statement: Mapping[str, Any], lines: Mapping[str, Any], log: Mapping[str, Any]) -> bytes:
    return canonical_json({"form": FORM, "statement": dict(statement), "lines": dict(lines), "log": dict(log)})


def is_statement(read: object) -> bool:
    return isinstance(read, dict) and read.get("form") == FORM


def read_file(raw: bytes) -> dict[str, Any]:
    return evidence.read_document(raw, form=FORM, parts=PARTS, size_max=SIZE_MAX)


def check_file(raw: bytes, trusted: Mapping[str, SealKey]) -> Checked:
    """Her lines are in the logged distribution, and her cents follow from the inputs; else `Unproven`."""
    parts = read_file(raw)
    shown = evidence.check_log(parts["log"], trusted)
    said = parts["statement"]
    if not isinstance(said, dict):
        raise Unproven("form")
    _require_logged(said, parts["lines"], shown.row, shown.checked[-1])
    try:
        recomputed(said)
    except Differs as different:
        raise Unproven("cents") from different
    return Checked(said, str(shown.row.get("at")), ("form", *shown.checked, "line", "cents"))


def _require_logged(said: Mapping[str, Any], lines: Any, row: Mapping[str, Any], check: str) -> None:
    """The entry is about this distribution and names the root; each of her lines lies under it."""
    try:
        facts = row["facts"]
        if row["kind"] != LOGGED_KIND or f"distribution:{said['distribution_id']}" not in row["refs"]:
            raise Unproven(check)
        if facts["computation_sha256"] != said["computation_sha256"]:
            raise Unproven(check)
        size, root = facts["lines"], bytes.fromhex(facts["lines_root"])
        proofs = {proof["n"]: proof for proof in lines["proofs"]}
        if len(proofs) != len(said["lines"]) or not said["lines"]:
            raise Unproven("line")
        for line in said["lines"]:
            proof = proofs[line["n"]]
            path = [unhex(step, "line") for step in proof["path"]]
            text = proving.said_of(
                said["distribution_id"], line["n"], line["group"], line["position"], line["key"], line["minor"]
            )
            salt = unhex(proof["salt"], "line")
            if len(path) > evidence.PATH_MAX or not proving.is_included(
                text, salt, n=line["n"], size=size, path=path, root=root
            ):
                raise Unproven("line")
    except (KeyError, TypeError, ValueError) as error:
        raise Unproven("line") from error


def recomputed(said: Mapping[str, Any]) -> Computation:
    """The split computed again from the statement's own inputs; raises `Differs` where a step or a cent is another."""
    try:
        done = rules.compute(case_from(said["inputs"]))
        shown = [(line["n"], line["group"], line["position"], line["key"], line["minor"]) for line in said["lines"]]
        wages = [line["wage_base_minor"] for line in said["lines"]]
        steps, flags, amount, due = said["steps"], said["flags"], said["amount_minor"], _amount_of(said)
    except Exception as error:  # what a stranger calls inputs breaks in more ways than they name
        raise Differs(f"the inputs do not compute: {error}") from error
    hers = lines_of(done, {line[3] for line in shown})
    found = [(line.group.value, line.position, line.key, line.minor) for line in hers]
    if found != [line[1:] for line in shown]:
        raise Differs(f"the lines are {found}, not {[line[1:] for line in shown]}")
    if [line.wage_base_minor for line in hers] != wages:
        raise Differs("what counts as wage is another amount")
    if amount != due:
        raise Differs("the lines do not sum to the amount")
    if [step.document() for step in done.steps] != steps:
        wrong = _first_difference([step.document() for step in done.steps], steps)
        raise Differs(f"the step {wrong} is another")
    if [flag.document() for flag in done.flags] != flags:
        raise Differs("the tax flags are others")
    return done


def _amount_of(said: Mapping[str, Any]) -> int:
    """A line that an upheld objection had written anew counts in its new form alone."""
    lines = [*said["lines"], *said["reworked"]]
    return sum(line["minor"] for line in lines if line["state"] != "CANCELLED")


def lines_of(done: Computation, keys: Sequence[str | None] | set[str | None]) -> list[Line]:
    return [line for line in done.lines if line.key is not None and line.key in keys and line.minor]


def _first_difference(found: Sequence[Mapping[str, Any]], shown: Any) -> str:
    for n, step in enumerate(found):
        if not isinstance(shown, list) or n >= len(shown) or shown[n] != step:
            return str(step["name"])
    return "after the last"
