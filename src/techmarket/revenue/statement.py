"""The statement a contributor takes along (分配对账单): one file that proves and recomputes itself with no market.

It shows which line of which logged distribution is hers, and the inputs from which her cents follow. Pure: bytes and
public keys in, facts out; her own machine runs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.revenue import proving, reliefs, rules
from techmarket.revenue.case import case_from
from techmarket.revenue.computation import Computation, Line
from techmarket.transparency import evidence
from techmarket.transparency.evidence import Unproven, unhex

FORM = "techmarket-statement/1"
PARTS = frozenset({"form", "statement", "lines", "log"})
LOGGED_KIND = "revenue.distribution_drafted"
REWORK_KIND = "revenue.line_rework_published"
GONE = frozenset({"CANCELLED", "RECLAIMED"})
"""What was written anew, was taken back, or is owed back is nobody's in the end."""
SIZE_MAX = 16 * 1024 * 1024
WAGE_STEP = "wage_base"
SENTENCES: Mapping[str, tuple[str, str]] = {
    "line": (
        "所列份额在日志所载的分配之内，金额一致",
        "each line is in the distribution that the log names, with exactly this amount",
    ),
    "cents": (
        "由所附数据逐步重算，结果一致到分",
        "computed again from what is attached, step by step, it comes to the same cent",
    ),
    "rework": (
        "因异议成立而改写的份额在日志所载的改写之内，金额一致",
        "each line written anew after an upheld objection is in the rework that the log names",
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
    reworks = _require_reworks_logged(said, parts["lines"], trusted)
    try:
        recomputed(said)
    except Differs as different:
        raise Unproven("cents") from different
    return Checked(said, str(shown.row.get("at")), ("form", *shown.checked, "line", *reworks, "cents"))


def _require_logged(said: Mapping[str, Any], lines: Any, row: Mapping[str, Any], check: str) -> None:
    """The entry is about this distribution and names the root; each of her lines lies under it."""
    try:
        facts = row["facts"]
        if row["kind"] != LOGGED_KIND or f"distribution:{said['distribution_id']}" not in row["refs"]:
            raise Unproven(check)
        if facts["computation_sha256"] != said["computation_sha256"]:
            raise Unproven(check)
        proofs = {proof["n"]: proof for proof in lines["proofs"]}
        if len(proofs) != len(said["lines"]) or not (said["lines"] or said["reworked"]):
            raise Unproven("line")
        for line in said["lines"]:
            _require_line(said, line, line["key"], proofs[line["n"]], line["n"], facts)
    except (KeyError, TypeError, ValueError) as error:
        raise Unproven("line") from error


def _require_reworks_logged(said: Mapping[str, Any], lines: Any, trusted: Mapping[str, SealKey]) -> tuple[str, ...]:
    """A line that was written anew lies under the root that the entry of its publication names. Whoever has nothing
    else must prove these; where an older one has no proof beside it, that check is not claimed."""
    try:
        reworks = {one["rework_id"]: one for one in lines.get("reworks", ())}
        proven = 0
        for line in said["reworked"]:
            found = reworks.get(line["rework_id"])
            if found is None:
                continue
            row = evidence.check_log(found["log"], trusted).row
            about = {f"line_rework:{line['rework_id']}", f"distribution:{said['distribution_id']}"}
            if row["kind"] != REWORK_KIND or not about <= set(row["refs"]):
                raise Unproven("rework")
            proof = next(proof for proof in found["proofs"] if proof["n"] == line["n"])
            _require_line(said, line, said["person"]["id"], proof, proof["place"], row["facts"])
            proven += 1
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise Unproven("rework") from error
    except Unproven as failed:
        raise Unproven("rework") from failed
    whole = proven == len(said["reworked"])
    if not said["lines"] and not whole:
        raise Unproven("rework")
    return ("rework",) if proven and whole else ()


def _require_line(
    said: Mapping[str, Any], line: Mapping[str, Any], key: str, proof: Any, place: int, facts: Mapping[str, Any]
) -> None:
    path = [unhex(step, "line") for step in proof["path"]]
    text = proving.said_of(said["distribution_id"], line["n"], line["group"], line["position"], key, line["minor"])
    salt, root = unhex(proof["salt"], "line"), bytes.fromhex(facts["lines_root"])
    if len(path) > evidence.PATH_MAX or not proving.is_included(
        text, salt, n=place, size=facts["lines"], path=path, root=root
    ):
        raise Unproven("line")


def recomputed(said: Mapping[str, Any]) -> Computation:
    """The split computed again from the statement's own inputs; raises `Differs` where a step or a cent is another."""
    try:
        done = rules.compute(case_from(said["inputs"]))
        shown = [(line["n"], line["group"], line["position"], line["key"], line["minor"]) for line in said["lines"]]
        steps, flags, amount, due = said["steps"], said["flags"], said["amount_minor"], _amount_of(said)
        paid = _paid_otherwise(done, said)
        wages = [(line["n"], line["wage_base_minor"], _wage_of(line, paid.get(line["n"], done))) for line in _all(said)]
    except Differs:
        raise
    except Exception as error:  # what a stranger calls inputs breaks in more ways than they name
        raise Differs(f"the inputs do not compute: {error}") from error
    hers = lines_of(done, {line[3] for line in shown})
    found = [(line.group.value, line.position, line.key, line.minor) for line in hers]
    if found != [line[1:] for line in shown]:
        raise Differs(f"the lines are {found}, not {[line[1:] for line in shown]}")
    for n, given, computed in wages:
        if given != computed:
            raise Differs(f"what counts as wage of line {n} is another amount")
    if amount != due:
        raise Differs("the lines do not sum to the amount")
    if [step.document() for step in done.steps] != steps:
        wrong = _first_difference([step.document() for step in done.steps], steps)
        raise Differs(f"the step {wrong} is another")
    if [flag.document() for flag in done.flags] != flags:
        raise Differs("the tax flags are others")
    return done


def _paid_otherwise(done: Computation, said: Mapping[str, Any]) -> dict[int, Computation]:
    """The lines that were paid on a day when another part counted as wage, each with the split as it was then."""
    found: dict[int, Computation] = {}
    for one in said.get("paid_otherwise", ()):
        then = replace(done.case, pay_on=date.fromisoformat(one["pay_on"]), is_registered=one["is_registered"])
        as_paid = rules.compute(then)
        if [step.document() for step in as_paid.steps if step.name == WAGE_STEP] != one["steps"]:
            raise Differs(f"the step {WAGE_STEP} of lines {one['lines']} is another")
        if [flag.document() for flag in as_paid.flags] != one["flags"]:
            raise Differs(f"the tax flags of lines {one['lines']} are others")
        found |= dict.fromkeys(one["lines"], as_paid)
    return found


def _wage_of(line: Mapping[str, Any], as_paid: Computation) -> int | None:
    """Of a line that was written anew nothing is said before it is paid."""
    if "rework_id" not in line:
        mine = (line["group"], line["position"])
        return next(one.wage_base_minor for one in as_paid.lines if (one.group.value, one.position) == mine)
    if line["wage_base_minor"] is None or not reliefs.is_wage(as_paid.case):
        return None
    return reliefs.wage_base(line["minor"], reliefs.half_counts_as_wage(as_paid.case))


def _all(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*said["lines"], *said["reworked"]]


def _amount_of(said: Mapping[str, Any]) -> int:
    """A line that an upheld objection had written anew counts in its new form alone."""
    return sum(line["minor"] for line in _all(said) if line["state"] not in GONE)


def lines_of(done: Computation, keys: Sequence[str | None] | set[str | None]) -> list[Line]:
    return [line for line in done.lines if line.key is not None and line.key in keys and line.minor]


def _first_difference(found: Sequence[Mapping[str, Any]], shown: Any) -> str:
    for n, step in enumerate(found):
        if not isinstance(shown, list) or n >= len(shown) or shown[n] != step:
            return str(step["name"])
    return "after the last"
