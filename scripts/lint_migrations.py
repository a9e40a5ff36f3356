"""Holds the SQL of every migration to squawk, which knows what locks a table for long or breaks yesterday's code.

    python scripts/lint_migrations.py            # what is found beyond what was accepted; 1 when there is something
    python scripts/lint_migrations.py --accept   # writes migrations/accepted.json anew, for migrations before the cut

What was laid before the cut is accepted where somebody looked at it; what comes after is held to it with no exception.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

ROOT = Path(__file__).parents[1]
ACCEPTED = ROOT / "migrations" / "accepted.json"
CUT = "2026_12_01"
"""Until here no market ran on these tables: they were empty, or held samples, when they were changed."""
BEGINNING = "SET lock_timeout = '1s';\n"  # what env.py says before the first statement
STYLE = {
    "prefer-text-field": "the length of a text is a rule here, and making it longer changes no row",
    "prefer-bigint-over-int": "small counts are small on purpose",
    "prefer-bigint-over-smallint": "small counts are small on purpose",
    "prefer-identity": "the tables of the queue are its library's own",
    "adding-serial-primary-key-field": "the tables of the queue are its library's own",
    "require-statement-timeout": "what may wait is bounded by lock_timeout; a backfill goes in batches",
    "ban-drop-not-null": "a column that may be empty breaks no code of ours that writes it",
    "ban-drop-constraint": "a rule that is lifted is no lock: one that replaces it is held to NOT VALID",
}
EMPTY = "no market ran on the table yet: empty, or samples alone, when it was changed"
REASONS = {
    "adding-field-with-default": EMPTY,
    "adding-foreign-key-constraint": EMPTY,
    "adding-not-nullable-field": EMPTY,
    "constraint-missing-not-valid": EMPTY,
    "disallowed-unique-constraint": EMPTY,
    "require-concurrent-index-creation": EMPTY,
    "require-concurrent-index-deletion": EMPTY,
    "ban-drop-column": "no released version reads it; what it held is where it is read now",
    "ban-drop-table": "an index that is made anew from the listings",
}
Found = Counter[tuple[str, str]]


def sql_of(revision: object) -> str:
    """The statements of one migration on its way up, as they would be sent."""
    out = io.StringIO()
    options = {"as_sql": True, "output_buffer": out, "literal_binds": True}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        revision.module.upgrade()  # type: ignore[attr-defined]
    return BEGINNING + out.getvalue()


def squawk() -> Path:
    return Path(sys.executable).parent / "squawk"


def look(files: dict[str, str]) -> Found:
    """How often each rule is broken in each of these scripts."""
    with tempfile.TemporaryDirectory(prefix="techmarket-sql-") as name:
        paths = []
        for stem, sql in files.items():
            paths.append(Path(name) / f"{stem}.sql")
            paths[-1].write_text(_in_transaction(sql))
        command = [str(squawk()), "--reporter", "json", "--pg-version", "17"]
        command += [part for rule in STYLE for part in ("--exclude", rule)]
        said = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
        if said.returncode not in (0, 1) or not said.stdout.startswith("["):
            raise RuntimeError(f"squawk did not run: {said.stderr.strip()[:500]}")
        return Counter((Path(one["file"]).stem, one["rule_name"]) for one in json.loads(said.stdout))


def _in_transaction(sql: str) -> str:
    """As alembic sends it: what stands between a COMMIT and a BEGIN of its own runs beside everybody else."""
    return f"{BEGINNING}BEGIN;\n{sql.removeprefix(BEGINNING)}COMMIT;\n"


def every_migration() -> dict[str, str]:
    script = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    return {Path(revision.path).stem: sql_of(revision) for revision in script.walk_revisions()}


def accepted() -> Found:
    held = json.loads(ACCEPTED.read_text())
    return Counter({(stem, rule): n for stem, rules in held["accepted"].items() for rule, n in rules.items()})


def beyond(found: Found, allowed: Found) -> list[str]:
    """What nobody accepted, as lines that say what to do."""
    return [
        f"migrations/versions/{stem}.py breaks {rule} {n} times more than was accepted: do it another way, or"
        f" where no market ran on the table yet, look at it and run {Path(__file__).name} --accept"
        for (stem, rule), n in sorted((found - allowed).items())
    ]


def main() -> int:
    found = look(every_migration())
    if "--accept" in sys.argv:
        kept: dict[str, dict[str, int]] = {}
        for (stem, rule), n in sorted(found.items()):
            if stem < CUT:
                kept.setdefault(stem, {})[rule] = n
        used = sorted({rule for rules in kept.values() for rule in rules})
        told = {"why": {rule: REASONS[rule] for rule in used}, "accepted": kept}
        ACCEPTED.write_text(json.dumps(told, indent=1) + "\n")
        found = Counter({key: n for key, n in found.items() if key[0] >= CUT})
        sys.stdout.write("".join(f"{line}\n" for line in beyond(found, Counter())))
        return int(bool(found))
    left = beyond(found, accepted())
    sys.stdout.write("".join(f"{line}\n" for line in left))
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
