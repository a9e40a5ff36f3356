"""Adding a dated row: a new number is a new row, which may end the open one it succeeds and changes nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.rulebook import errors, repository, rules
from techmarket.rulebook.events import RuleAdded, RuleEnded
from techmarket.rulebook.linting import measures_of
from techmarket.rulebook.rules import Binding, Evidence, Rule, RuleUnit
from techmarket.rulebook.tables import RuleRow

THING = ("key", "jurisdiction", "scope", "mode", "applies_to", "base")


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A row as the operator writes it."""

    key: str
    jurisdiction: str
    scope: str
    mode: str | None
    applies_to: str
    binding: Binding
    base: str | None
    value: str
    unit: RuleUnit
    source: str
    evidence: Evidence
    effective_from: date
    effective_to: date | None


async def check_row(db: AsyncSession, draft: RuleDraft) -> tuple[Sequence[RuleRow], UUID | None]:
    """What is wrong with a row is said before it is written. The rows of its key, which are held until the caller
    commits, and the unit it is for."""
    await repository.lock_key(db, draft.key)
    rows = await repository.rows_of_key(db, draft.key)
    unit_id = await _unit_of(db, draft.scope)
    rules.check_new_row(
        key=draft.key,
        jurisdiction=draft.jurisdiction,
        scope=draft.scope,
        binding=draft.binding,
        evidence=draft.evidence,
        unit=draft.unit,
        value=draft.value,
        effective_from=draft.effective_from,
        effective_to=draft.effective_to,
        # What a pack may speak of a unit may, too, before any row of the book does.
        known_units=repository.units_of(rows) or [RuleUnit(unit) for unit in sorted(measures_of(draft.key) or ())],
    )
    await _ended_by(db, rows, draft)
    return rows, unit_id


async def put_rule(db: AsyncSession, actor: Actor, draft: RuleDraft) -> Rule:
    """Write the row inside the caller's transaction; who may is the caller's question."""
    rows, unit_id = await check_row(db, draft)
    for before in await _ended_by(db, rows, draft):
        before.effective_to = draft.effective_from
        await db.flush()
        journal.record(db, RuleEnded(before.id, before.key, draft.effective_from), actor=actor)
    row = RuleRow(
        id=new_id(),
        unit_id=unit_id,
        **{
            name: getattr(draft, name)
            for name in (
                *THING,
                "binding",
                "value",
                "unit",
                "source",
                "evidence",
                "effective_from",
                "effective_to",
            )
        },
    )
    db.add(row)
    await db.flush()
    journal.record(db, RuleAdded(row.id, row.key, row.jurisdiction, row.effective_from), actor=actor)
    return repository.rule_of(row)


async def end_rules(
    db: AsyncSession, actor: Actor, keys: Collection[str], *, scope: str, modes: Collection[str | None], on: date
) -> None:
    """The open rows that this scope has of these keys and modes hold no more from that day on, which is not past."""
    for key in sorted(keys):
        await repository.lock_key(db, key)
        for row in await repository.rows_of_key(db, key):
            if row.scope != scope or row.mode not in modes or row.effective_to is not None:
                continue
            today = shanghai_day(await clock.market_now(db))
            if on < today:
                raise errors.SuccessorInThePast(today=today, pointer="/body/effective_from")
            if on <= row.effective_from:
                raise errors.RulesOverlap(effective_from=row.effective_from, pointer="/body/effective_from")
            row.effective_to = on
            journal.record(db, RuleEnded(row.id, row.key, on), actor=actor)
        await db.flush()


async def _unit_of(db: AsyncSession, scope: str) -> UUID | None:
    if scope in (rules.SCOPE_LAW, rules.SCOPE_MARKET):
        return None
    try:
        org_id = UUID(scope.removeprefix("unit:"))
    except ValueError:
        raise errors.ScopeMalformed(pointer="/body/scope") from None
    if scope != rules.unit_scope(org_id):
        raise errors.ScopeMalformed(pointer="/body/scope")
    return (await identity.get_organisation(db, org_id)).id


async def _ended_by(db: AsyncSession, rows: Sequence[RuleRow], draft: RuleDraft) -> list[RuleRow]:
    """The open rows of the same thing that this one succeeds; one that would hold beside another is refused."""
    today = shanghai_day(await clock.market_now(db))
    thing, ended = tuple(getattr(draft, name) for name in THING), []
    for row in rows:
        if tuple(getattr(row, name) for name in THING) != thing:
            continue
        if not rules.overlap(row.effective_from, row.effective_to, draft.effective_from, draft.effective_to):
            continue
        if row.effective_to is not None or draft.effective_from <= row.effective_from:
            raise errors.RulesOverlap(effective_from=row.effective_from, pointer="/body/effective_from")
        if draft.effective_from < today:
            raise errors.SuccessorInThePast(today=today, pointer="/body/effective_from")
        ended.append(row)
    return ended
