"""What later rooms may ask of the rulebook inside their own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.workdays import WorkCalendar
from techmarket.rulebook import errors, repository, rules
from techmarket.rulebook.adding import RuleDraft, end_rules, put_rule
from techmarket.rulebook.rules import Binding, Evidence, Rule, RuleUnit, unit_scope

__all__ = [
    "Binding",
    "Evidence",
    "Rule",
    "RuleDraft",
    "RuleUnit",
    "end_rules",
    "find_rule",
    "get_rule",
    "list_rules",
    "put_rule",
    "unit_scope",
    "work_calendar",
]


async def find_rule(
    db: AsyncSession,
    key: str,
    *,
    on: date,
    jurisdiction: str = "CN",
    mode: str | None = None,
    applies_to: Sequence[str] = ("any",),
    base: str | None = None,
    scope: str = rules.SCOPE_MARKET,
    bindings: Sequence[Binding] | None = None,
) -> Rule | None:
    """The most specific row in force on the day. `scope` is the widest word asked for: `law` alone, `market` and law,
    or a unit's own (`unit_scope(org_id)`) before both."""
    rows = await repository.list_in_force(
        db, key, on=on, jurisdictions=rules.jurisdictions_of(jurisdiction), scopes=rules.scopes_of(scope)
    )
    return rules.choose(
        rows,
        on=on,
        jurisdiction=jurisdiction,
        mode=mode,
        applies_to=applies_to,
        base=base,
        scope=scope,
        bindings=bindings,
    )


async def get_rule(
    db: AsyncSession,
    key: str,
    *,
    on: date,
    jurisdiction: str = "CN",
    mode: str | None = None,
    applies_to: Sequence[str] = ("any",),
    base: str | None = None,
    scope: str = rules.SCOPE_MARKET,
    bindings: Sequence[Binding] | None = None,
) -> Rule:
    """As `find_rule`; without such a row nothing is guessed: `rulebook.no_rule_in_force`."""
    rule = await find_rule(
        db,
        key,
        on=on,
        jurisdiction=jurisdiction,
        mode=mode,
        applies_to=applies_to,
        base=base,
        scope=scope,
        bindings=bindings,
    )
    if rule is None:
        raise errors.NoRuleInForce(key=key, on=on)
    return rule


async def list_rules(db: AsyncSession, keys: Sequence[str], *, on: date, jurisdictions: Sequence[str]) -> list[Rule]:
    """Every row of these keys in force on the day in just these places, of every scope, mode and kind of unit."""
    return await repository.list_in_force(db, *keys, on=on, jurisdictions=jurisdictions)


async def work_calendar(db: AsyncSession) -> WorkCalendar:
    """The published calendar with what the operator has entered."""
    return WorkCalendar(await repository.list_work_days(db), frozenset(await repository.list_work_years(db)))
