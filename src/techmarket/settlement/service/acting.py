"""Acts with money that need two people (双人复核): one asks, another does the same and only then it happens.

Above which amount is a dated row of the rulebook; some acts need two at any amount. Whoever calls has locked what the
act is about, so that two who act at once are one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import errors, policy
from techmarket.settlement.events import MoneyActAsked, MoneyActDone, MoneyActRefused
from techmarket.settlement.lifecycle import MONEY_ACT, ActState
from techmarket.settlement.repository import guards
from techmarket.settlement.rules import ALWAYS_TWO, Act
from techmarket.settlement.tables import MoneyAct
from techmarket.settlement.views import MoneyActView


async def ask_second(
    db: AsyncSession,
    actor: Actor,
    act: Act,
    subject: Ref,
    *,
    minor: int,
    content: Mapping[str, Any],
    moves_minor: int | None = None,
) -> MoneyActView | None:
    """None: go on, it is small enough or the second person is here. Else what now waits for one.

    `moves_minor` is what would move, where that is not the whole amount the act is about: it is held to the limit.
    """
    if not await _needs_two(db, act, minor if moves_minor is None else moves_minor):
        return None
    waiting = await guards.find_waiting(db, act, str(subject))
    if waiting is None:
        asked = MoneyAct(
            id=new_id(),
            act=act,
            subject=str(subject),
            content=dict(content),
            minor=minor,
            state=MONEY_ACT.initial,
            asked_by=actor.person,
        )
        db.add(asked)
        await db.flush()
        await db.refresh(asked)
        journal.record(db, MoneyActAsked(asked.id, act, str(subject)), actor=actor)
        return act_view(asked)
    if waiting.asked_by == actor.person:
        raise errors.SecondPersonNeeded(act_id=waiting.id)
    await identity.require_two_people(db, waiting.asked_by, actor.person)
    # Two people may give their reasons in their own words.
    if (_bare(waiting.content), waiting.minor) != (_bare(content), minor):
        raise errors.ActDiffers(act_id=waiting.id)
    await _decide(db, waiting, "do", actor)
    journal.record(db, MoneyActDone(waiting.id, act, str(subject)), actor=actor)
    return None


def _bare(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "reasons"}


async def _needs_two(db: AsyncSession, act: Act, minor: int) -> bool:
    if act in ALWAYS_TWO:
        return True
    today = shanghai_day(await clock.market_now(db))
    limit = await rulebook.get_rule(db, f"settlement.second_person.{act.value.lower()}_above", on=today)
    return minor > limit.int


async def _decide(db: AsyncSession, act: MoneyAct, how: str, actor: Actor) -> None:
    now = await clock.market_now(db)  # asked first: half a decision is never written
    act.state = MONEY_ACT.move(act.state, how)
    act.decided_by, act.decided_at = actor.person, now
    await db.flush()


async def refuse_act(tx: Tx, actor: Actor, act_id: UUID, *, reasons: str) -> MoneyActView:
    """What waits for a second person is not done: a colleague sends it back, or whoever asked takes it back."""
    require(actor, policy.REFUSE_ACT)
    async with tx.begin() as db:
        act = await guards.lock_act(db, act_id)
        await _decide(db, act, "refuse", actor)
        act.reasons = reasons
        await db.flush()
        journal.record(db, MoneyActRefused(act.id, act.act, act.subject), actor=actor)
        return act_view(act)


async def list_acts(
    tx: Tx, actor: Actor, *, state: ActState | None, cursor: str | None, limit: int
) -> Page[MoneyActView]:
    """What waits for a second person, and what came of the rest, the newest first."""
    require(actor, policy.SEE_ACTS)
    async with tx.read() as db:
        rows = await guards.list_acts(db, state=state, after=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(act_view)


def act_view(act: MoneyAct) -> MoneyActView:
    return MoneyActView(
        act.id,
        act.act,
        act.subject,
        act.content,
        Money(act.minor),
        act.state,
        act.asked_by,
        act.asked_at,
        act.decided_by,
        act.decided_at,
        act.reasons,
    )
