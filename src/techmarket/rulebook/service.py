"""What people do in the rulebook: read rows, add a dated row, enter work days; and how the carried rows get in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from importlib import resources
from typing import Any
from uuid import UUID

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.kernel.workdays import WorkCalendar
from techmarket.rulebook import errors, policy, repository, rules
from techmarket.rulebook.adding import THING, RuleDraft, check_row, put_rule
from techmarket.rulebook.events import WorkDaysEntered
from techmarket.rulebook.packs import carried_packs
from techmarket.rulebook.proposing import BY_TWO, ask_second, list_proposals, refuse_proposal
from techmarket.rulebook.rules import Binding, Evidence, Rule, RuleUnit
from techmarket.rulebook.tables import RuleRow
from techmarket.rulebook.views import KeyView, ProposalView, YearView
from techmarket.rulebook.years import calendar_of

__all__ = [
    "RuleDraft",
    "add_rule",
    "carried_rows",
    "enter_work_days",
    "get_rule",
    "get_work_year",
    "list_keys",
    "list_proposals",
    "list_rules",
    "load_rules",
    "refuse_proposal",
]


def carried_rows() -> list[dict[str, Any]]:
    """The rows that come with the house: its data files, and its policy packs but for the samples."""
    folder = resources.files("techmarket.rulebook") / "data"
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".json") and not f.name.endswith(".schema.json"))
    rows = [row for name in names for row in json.loads((folder / name).read_text(encoding="utf-8"))]
    return rows + [row for pack in carried_packs() if not pack.is_sample for row in pack.rows()]


async def load_rules(tx: Tx) -> int:
    """Put the carried rows into the book; running it again adds only what is new.

    A row that the files have since ended gets its end. What an operator entered stands: a carried row that would hold
    beside it on the same day is left out. The journal does not tell of it: it is part of the migration, and a sandbox
    may set its clock back only while nothing has been recorded.
    """
    carried = carried_rows()
    async with tx.begin() as db:
        await repository.lock_loading(db)
        known: dict[tuple[Any, ...], list[RuleRow]] = {}
        for row in await repository.all_rows(db):
            known.setdefault(tuple(getattr(row, name) for name in THING), []).append(row)
        added = 0
        for given in sorted(carried, key=lambda row: str(row["effective_from"])):
            rows = known.setdefault(tuple(given[name] for name in THING), [])
            starts = date.fromisoformat(given["effective_from"])
            ends = date.fromisoformat(given["effective_to"]) if given["effective_to"] else None
            same = next((row for row in rows if row.effective_from == starts), None)
            if same is not None:
                if same.effective_to is None and ends is not None:
                    same.effective_to = ends
                    await db.flush()
                continue
            if any(rules.overlap(row.effective_from, row.effective_to, starts, ends) for row in rows):
                continue
            fresh = RuleRow(
                id=new_id(),
                **{name: given[name] for name in (*THING, "value", "source")},
                binding=Binding(given["binding"]),
                unit=RuleUnit(given["unit"]),
                evidence=Evidence(given["evidence"]),
                effective_from=starts,
                effective_to=ends,
            )
            db.add(fresh)
            rows.append(fresh)
            added += 1
        return added


async def add_rule(tx: Tx, actor: Actor, draft: RuleDraft) -> Rule | ProposalView:
    """A new number of law or market is a new dated row; it may end the open row it succeeds, and changes nothing else.

    A successor begins today or later: a project keeps the rows of its own rule date. What is charged, and when two
    people are needed, two operators change, tomorrow at the earliest: nobody lifts a limit for the act he is about
    to do.
    """
    require(actor, policy.ADD_RULE)
    async with tx.begin() as db:
        if draft.key.startswith(BY_TWO):
            await check_row(db, draft)
            today = shanghai_day(await clock.market_now(db))
            if draft.effective_from <= today:
                raise errors.BeginsTooSoon(
                    key=draft.key, earliest=today + timedelta(days=1), pointer="/body/effective_from"
                )
            waiting = await ask_second(db, actor, draft)
            if waiting is not None:
                return waiting
        return await put_rule(db, actor, draft)


async def get_rule(tx: Tx, actor: Actor, rule_id: UUID) -> Rule:
    """One row with its source."""
    require(actor, policy.READ_RULES)
    async with tx.read() as db:
        row = await repository.get_row(db, rule_id)
        if not policy.may_see(actor, row.unit_id):
            raise NotFound()
        return repository.rule_of(row)


async def list_rules(
    tx: Tx,
    actor: Actor,
    *,
    key: str | None,
    prefix: str | None = None,
    jurisdiction: str | None,
    on: date | None,
    cursor: str | None,
    limit: int,
) -> Page[Rule]:
    """The rows by key; with `on` only those in force that day."""
    require(actor, policy.READ_RULES)
    after = None
    if cursor is not None:
        last_key, last = decode_cursor(cursor, str, UUID)
        after = (last_key, last)
    async with tx.read() as db:
        rows = await repository.list_rows(
            db,
            key=key,
            prefix=prefix,
            jurisdiction=jurisdiction,
            on=on,
            unit_id=actor.org_id,
            all_units=actor.is_market,
            after=after,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (row.key, str(row.id))).map(repository.rule_of)


async def list_keys(tx: Tx, actor: Actor, *, prefix: str | None, cursor: str | None, limit: int) -> Page[KeyView]:
    """What there is to be set in law and market, by key: tariffs (`tariff.`), limits, periods."""
    require(actor, policy.READ_RULES)
    after = None if cursor is None else decode_cursor(cursor, str)[0]
    async with tx.read() as db:
        today = shanghai_day(await clock.market_now(db))
        rows = await repository.list_keys(db, on=today, prefix=prefix, after=after, limit=limit + 1)
        # What was proposed and does not hold yet is the operators' own.
        waiting = await repository.waiting_by_key(db) if actor.is_market else {}
        return page_of(rows, limit, lambda row: (row[0],)).map(
            lambda row: KeyView(*row, row[0].startswith(BY_TWO), waiting.get(row[0], 0))
        )


async def get_work_year(tx: Tx, actor: Actor, year: int) -> YearView:
    """A year's holidays and make-up days: those that were published, and what the operator has entered."""
    require(actor, policy.READ_RULES)
    async with tx.read() as db:
        days = await repository.list_work_days(db)
        entered = frozenset(await repository.list_work_years(db))
        sources = await repository.list_sources(db, year)
    return calendar_of(year, WorkCalendar(days, entered), sources)


async def enter_work_days(
    tx: Tx, actor: Actor, *, days: Sequence[tuple[date, bool]], source: str, declares_year: int | None
) -> int:
    """The operator enters which days are worked and which are not; a year he declares complete is known from then on.

    A day that has passed stays what it was, for periods of law have been counted over it.
    """
    require(actor, policy.ENTER_WORK_DAYS)
    given = [day for day, _ in days]
    for position, day in enumerate(given):
        if day in given[:position]:
            raise errors.WorkDayTwice(day=day, pointer=f"/body/days/{position}/day")
    async with tx.begin() as db:
        today = shanghai_day(await clock.market_now(db))
        for position, day in enumerate(given):
            if day < today:
                raise errors.WorkDayPassed(day=day, pointer=f"/body/days/{position}/day")
        await repository.put_work_days(
            db, [{"day": day, "is_working": is_working, "source": source} for day, is_working in days]
        )
        if declares_year is not None:
            await repository.put_work_year(db, declares_year, source)
        journal.record(db, WorkDaysEntered(min(given), max(given), len(given), declares_year), actor=actor)
        return len(given)
