"""Unit rules: drafted by one officer, adopted by another once published and heard; their rates become dated rows."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal, texts
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.revenue import errors, policy, unit_rules
from techmarket.revenue.case import Mode
from techmarket.revenue.events import UnitRuleAdopted, UnitRuleDrafted
from techmarket.revenue.lifecycle import UNIT_RULE, UnitRuleState
from techmarket.revenue.norming import FLOOR, TIER, TIERS
from techmarket.revenue.repository import ruling
from techmarket.revenue.service.standing import is_pilot_unit, norms_of
from techmarket.revenue.tables import UnitRule
from techmarket.revenue.unit_rules import UnitRuleDraft
from techmarket.revenue.views import UnitRuleView
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.rules import ABOVE
from techmarket.rulebook.steps import Binding, Evidence, RuleDraft, RuleUnit, unit_scope


async def draft_unit_rule(tx: Tx, actor: Actor, draft: UnitRuleDraft) -> UnitRuleView:
    """An officer enters the unit's rule as it was published, with the files that show publication and hearing."""
    require(actor, policy.DRAFT_UNIT_RULE, parties=[actor.org_id])
    async with tx.begin() as db:
        unit = await identity.get_organisation(db, actor.org)
        jurisdiction = unit.jurisdiction if unit.applies_local_rules else "CN"
        norms = {
            mode: await norms_of(
                db,
                on=draft.effective_from,
                jurisdiction=jurisdiction,
                mode=mode,
                is_government=unit.government_established,
                unit=None,
                is_pilot=await is_pilot_unit(db, unit.id, draft.effective_from),
            )
            for mode in draft.modes
        }
        unit_rules.check_rule(draft, norms, is_government=unit.government_established)
        shown = [draft.publication.publication_sha256, draft.publication.hearing_sha256]
        await notices.require_kept(db, unit.id, shown, pointer="/body/publication_sha256")
        await lock_name(db, f"unit rules of {unit.id}")
        rows = await ruling.list_of(db, unit.id)
        for earlier in rows:
            if earlier.state is UnitRuleState.DRAFT:
                earlier.state = UNIT_RULE.move(earlier.state, "withdraw")
        await db.flush()
        n = max((row.n for row in rows), default=0) + 1
        row = UnitRule(
            id=new_id(),
            unit_id=unit.id,
            n=n,
            sha256=await texts.put(db, unit_rules.document_of(draft, str(unit.id), n)),
            effective_from=draft.effective_from,
            state=UNIT_RULE.initial,
            drafted_by=actor.person,
            drafted_at=await clock.market_now(db),
        )
        db.add(row)
        journal.record(db, UnitRuleDrafted(row.id, row.sha256), actor=actor)
        await db.flush()
        return await _view(db, row)


async def adopt_unit_rule(tx: Tx, actor: Actor, rule_id: UUID, *, document_sha256: str) -> UnitRuleView:
    """Another officer has compared it with what was published, and puts it in force; the one before it ends."""
    async with tx.begin() as db:
        row = await ruling.lock(db, rule_id)
        if actor.org_id != row.unit_id:
            raise NotFound()
        require(actor, policy.ADOPT_UNIT_RULE, parties=[row.unit_id])
        state = UNIT_RULE.move(row.state, "adopt")
        if actor.person == row.drafted_by:
            raise errors.SecondEyeNeeded(who="another officer of the unit")
        if document_sha256 != row.sha256:
            raise errors.UnitRuleMalformed(reason="another_text", pointer="/body/document_sha256")
        document = await texts.get(db, row.sha256)
        await _require_nobody_signed_otherwise(db, row)
        await _succeed(db, actor, row, document)
        row.state, row.adopted_by, row.adopted_at = state, actor.person, await clock.market_now(db)
        for mode, rate in document["rates"].items():
            shape = (FLOOR, unit_rules.BASES[Mode(mode)], None if mode == Mode.OTHER.value else mode)
            await rulebook.put_rule(db, actor, _row_of(row, *shape, rate, document))
        scale = document.get("scale") or {"modes": [], "tiers": []}
        for mode, tier in product(scale["modes"], scale["tiers"]):
            base = f"{ABOVE}{Money.parse(tier['above']).minor}"
            await rulebook.put_rule(db, actor, _row_of(row, TIER + tier["who"], base, mode, tier["ratio"], document))
        journal.record(db, UnitRuleAdopted(row.id, row.effective_from), actor=actor)
        await db.flush()
        return await _view(db, row)


async def list_unit_rules(tx: Tx, actor: Actor, unit_id: UUID) -> list[UnitRuleView]:
    """A unit's own rules, newest first, for its people and the market."""
    require(actor, policy.SEE_UNIT_RULES)
    if actor.org_id != unit_id and not actor.is_market:
        raise NotFound()
    async with tx.read() as db:
        return [await _view(db, row) for row in reversed(await ruling.list_of(db, unit_id))]


async def rule_on(db: AsyncSession, unit_id: UUID, day: date) -> UnitRule:
    """The unit's rule in force on a day; without one nothing is guessed."""
    found = await ruling.find_on(db, unit_id, day)
    if found is None:
        raise errors.NoUnitRule(pointer="/body/by_unit_rule")
    return found


async def _require_nobody_signed_otherwise(db: AsyncSession, row: UnitRule) -> None:
    """A table that leaves its rate to the rule was signed under the one that held. A rule from a day that has passed
    would change what was agreed to behind everybody's back."""
    if row.effective_from >= shanghai_day(await clock.market_now(db)):
        return
    resting = await ruling.count_resting_on_a_rule(db, row.unit_id)
    if resting:
        raise errors.SignedUnderAnother(tables=resting, pointer="/body/effective_from")


async def _succeed(db: AsyncSession, actor: Actor, row: UnitRule, document: dict[str, Any]) -> None:
    """What the earlier rule said of a mode ends only by what this one says of it, be it a rate or a scale."""
    earlier = await ruling.find_in_force(db, row.unit_id)
    if earlier is None:
        return
    before = _modes_of(await texts.get(db, earlier.sha256))
    if before - _modes_of(document) or row.effective_from <= earlier.effective_from:
        raise errors.UnitRuleMalformed(reason="mode_or_day_of_the_earlier_rule", pointer="/body/rates")
    earlier.state, earlier.effective_to = UNIT_RULE.move(earlier.state, "succeed"), row.effective_from
    modes = {None if mode == Mode.OTHER.value else mode for mode in before}
    await rulebook.end_rules(
        db, actor, (FLOOR, *TIERS), scope=unit_scope(row.unit_id), modes=modes, on=row.effective_from
    )
    await db.flush()


def _modes_of(document: dict[str, Any]) -> set[str]:
    return {*document["rates"], *document.get("scale", {"modes": ()})["modes"]}


def _row_of(row: UnitRule, key: str, base: str, mode: str | None, ratio: str, document: dict[str, Any]) -> RuleDraft:
    return RuleDraft(
        key=key,
        jurisdiction="CN",
        scope=unit_scope(row.unit_id),
        mode=mode,
        applies_to="any",
        binding=Binding.DEFAULT,
        base=base,
        value=ratio,
        unit=RuleUnit.RATIO,
        source=f"{document['title']}, {document['published_on']}, {row.sha256[:16]}"[:500],
        evidence=Evidence.VERIFIED,
        effective_from=row.effective_from,
        effective_to=None,
    )


async def _view(db: AsyncSession, row: UnitRule) -> UnitRuleView:
    return UnitRuleView(
        row.id,
        row.unit_id,
        row.n,
        row.state,
        row.sha256,
        row.effective_from,
        row.effective_to,
        row.adopted_at,
        await texts.get(db, row.sha256),
    )
