"""A contributor's statement of the worked example, as the market would give it, made without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from techmarket.db import journal
from techmarket.db.keys import for_tests
from techmarket.kernel.canonical import canonical_json
from techmarket.revenue import proving, rules, statement
from techmarket.revenue.case import Case, Group
from techmarket.revenue.computation import Line
from tests.revenue.make import a_case

KEYS = for_tests()
TRUSTED = {KEYS.receipts.kid: KEYS.receipts.public}
DISTRIBUTION, ENTRY, LOG = UUID(int=7), UUID(int=9), UUID(int=4)
REWORK, ANEW = UUID(int=11), UUID(int=12)
SECRET, COMPUTATION = bytes(range(32)), "ab" * 32


def a_statement(key: str = "A", *, case: Case | None = None) -> dict[str, Any]:
    """The four parts of the file: what it says, its lines' proofs, and the promise of the entry that names the root."""
    case = case or a_case()
    done = rules.compute(case)
    leaves = proving.leaves_of(DISTRIBUTION, done.lines, SECRET)
    hers = [(n, line) for n, line in enumerate(done.lines, start=1) if line.key == key]
    document = done.document()
    inside = {f"people.{line.group.value}" for _, line in hers}
    said = {
        "distribution_id": str(DISTRIBUTION),
        "distributed_at": "2026-08-01T02:00:00+00:00",
        "contract": {"id": str(UUID(int=2)), "number": "HT-2026-000001"},
        "unit": {"id": str(UUID(int=3)), "name": "示例大学一"},
        "person": {"id": key, "name": "示例完成人甲"},
        "rule_date": "2026-03-01",
        "share_table": {"id": str(UUID(int=5)), "n": 1, "sha256": "cd" * 32},
        "notice_id": None,
        "computation_sha256": COMPUTATION,
        "state": "PUBLISHED",
        "as_of": "2026-08-03T02:00:00+00:00",
        "amount_minor": sum(line.minor for _, line in hers),
        "lines": [
            {
                "n": n,
                "group": line.group.value,
                "position": line.position,
                "key": line.key,
                "minor": line.minor,
                "wage_base_minor": line.wage_base_minor,
                "state": "OPEN",
            }
            for n, line in hers
        ],
        "reworked": [],
        "inputs": case.cut_to(key).document(),
        "steps": [s for s in document["steps"] if not s["name"].startswith("people.") or s["name"] in inside],
        "flags": document["outcome"]["flags"],
        "terms": [{**term, "moved_to": term["ends_on"]} for term in document["outcome"]["terms"]],
    }
    proofs = [{"n": n, "salt": proving.salt_of(SECRET, n).hex(), "path": proving.path_of(leaves, n)} for n, _ in hers]
    return {
        "statement": said,
        "lines": {"size": len(leaves), "root": proving.root(leaves), "proofs": proofs},
        "log": {"promise": a_promise(lines=len(leaves), lines_root=proving.root(leaves))},
    }


def a_reworked_statement(key: str = "A", *, only: bool = False) -> dict[str, Any]:
    """After an objection, line 1 was written anew as two: 340,000.00 for A, and one yuan for D."""
    parts = a_statement(key)
    said = parts["statement"]
    new = [Line(Group.MAIN, 1, "A", 340_000_00, None), Line(Group.MAIN, 1, "D", 1_00, None)]
    leaves = proving.leaves_of(DISTRIBUTION, new, SECRET, 6)
    place = 1 if key == "A" else 2
    line = new[place - 1]
    if only:
        said["inputs"] = a_case().cut_to().document()
        said["steps"] = [step for step in said["steps"] if not step["name"].startswith("people.")]
    for one in said["lines"]:
        one["state"] = "CANCELLED"
    said["amount_minor"] = line.minor
    said["reworked"] = [
        {
            "n": 5 + place,
            "group": "MAIN",
            "position": 1,
            "minor": line.minor,
            "wage_base_minor": None,
            "state": "OPEN",
            "rework_id": str(REWORK),
        }
    ]
    proof = {
        "n": 5 + place,
        "place": place,
        "salt": proving.salt_of(SECRET, 5 + place).hex(),
        "path": proving.path_of(leaves, place),
    }
    root = proving.root(leaves)
    refs = [f"line_rework:{REWORK}", f"distribution:{DISTRIBUTION}"]
    log = {"promise": _promised(ANEW, statement.REWORK_KIND, refs, {"lines": 2, "lines_root": root})}
    parts["lines"]["reworks"] = [{"rework_id": str(REWORK), "size": 2, "root": root, "proofs": [proof], "log": log}]
    return parts


def a_promise(**facts: Any) -> dict[str, str]:
    """What the market signs for the entry of the distribution."""
    refs = [f"distribution:{DISTRIBUTION}"]
    return _promised(ENTRY, statement.LOGGED_KIND, refs, {"computation_sha256": COMPUTATION, **facts})


def _promised(entry: UUID, kind: str, refs: list[str], facts: dict[str, Any]) -> dict[str, str]:
    row = journal.canonical_row(
        id=entry, at=datetime(2026, 8, 1, 2, tzinfo=UTC), actor=None, org=None, kind=kind, refs=refs, facts=facts
    )
    salt = bytes(16)
    body = {"entry_id": str(entry), "leaf_hash": journal.leaf_of(salt, row).hex(), "log_id": str(LOG)}
    signature = KEYS.receipts.sign(canonical_json(body)).hex()
    return {**body, "row": row.decode(), "salt": salt.hex(), "kid": KEYS.receipts.kid, "signature": signature}
