"""What other rules would have made of what is distributed already. Nothing is changed; the differences are listed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.revenue import errors, golden, policy, repository, weighing
from techmarket.revenue.case import Norm
from techmarket.revenue.service.paying import case_of
from techmarket.revenue.service.standing import is_pilot_unit, rows_of, standing_of_row
from techmarket.revenue.tables import Distribution
from techmarket.revenue.views import EffectsView, EffectView, RuleChangeView, RuleView
from techmarket.rulebook.linting import lint
from techmarket.rulebook.packs import Unreadable, carried_packs, read_pack
from techmarket.rulebook.rules import Rule

AT_ONCE = 100
"""So many distributions are looked at in one call; the cursor leads on."""
FILE = "pack.yaml"


async def list_effects(tx: Tx, actor: Actor, *, pack: str | None, cursor: str | None) -> EffectsView:
    """Which standing distributions a pack, or without one the book as it is now, would have made otherwise.

    A unit's officers learn it of their own unit; the market of all.
    """
    require(actor, policy.WEIGH_RULES, parties=[actor.org_id])
    if not policy.sees_money_of(actor, actor.org_id):
        return EffectsView((), 0, None)
    rows = () if pack is None else rows_of_pack(pack)
    unit_id = None if actor.is_market else actor.org_id
    return await effects_of(tx, rows, unit_id=unit_id, cursor=cursor)


async def effects_of(tx: Tx, added: Sequence[Rule], *, unit_id: UUID | None, cursor: str | None) -> EffectsView:
    """One page of distributions is looked at, the newest first; those that would be the same are left out."""
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_distributions(
            db, unit_id=unit_id, contract_id=None, before=before, limit=AT_ONCE + 1, standing=True
        )
        page: Page[Distribution] = page_of(rows, AT_ONCE, lambda row: (str(row.id),))
        found = [await _effect_on(db, row, added) for row in page.items]
    return EffectsView(tuple(one for one in found if one is not None), len(page.items), page.next_cursor)


def rows_of_pack(text: str) -> tuple[Rule, ...]:
    """The rows of a pack that holds together; what the linter finds is told with line and reason."""
    try:
        pack = read_pack(text, FILE)
    except Unreadable as error:
        raise errors.PackUnsound(findings=[str(error.finding)], pointer="/body/pack") from None
    # It stands for the pack of its own name; whether it agrees with the others is told before it is used.
    beside = [one for one in carried_packs() if one.name != pack.name]
    findings = lint(pack, beside)
    if findings:
        raise errors.PackUnsound(findings=[str(finding) for finding in findings[:50]], pointer="/body/pack")
    return golden.rules_of([pack])


async def _effect_on(db: AsyncSession, row: Distribution, added: Sequence[Rule]) -> EffectView | None:
    table = await repository.get_table(db, row.share_table_id)
    case = await case_of(db, row.computation_sha256, table.sha256)
    place = (await texts.get(db, row.computation_sha256)).get("jurisdiction")
    if place is None:
        place = (await standing_of_row(db, row)).jurisdiction
    book = await rows_of(db, on=row.rule_date, jurisdiction=place)
    held = [rule for rule in added if rule.holds_on(row.rule_date)]
    effect = weighing.weigh(
        case,
        weighing.rows_with(book, held),
        on=row.rule_date,
        jurisdiction=place,
        unit=row.unit_id,
        is_pilot=await is_pilot_unit(db, row.unit_id, row.rule_date),
    )
    if effect is None:
        return None
    would_be = effect.would_be
    return EffectView(
        row.id,
        row.contract_id,
        row.unit_id,
        row.state,
        row.rule_date,
        Money(row.reward_minor),
        None if would_be is None else Money(would_be.reward_minor),
        Money(row.unit_minor),
        None if would_be is None else Money(would_be.unit_minor),
        effect.refused,
        effect.lines_changed,
        tuple(
            RuleChangeView(one.key, one.jurisdiction, _shown(one.was), _shown(one.would_be)) for one in effect.changes
        ),
    )


def _shown(norm: Norm | None) -> RuleView | None:
    if norm is None:
        return None
    return RuleView(norm.value, norm.unit, norm.binding, norm.evidence, norm.source, norm.effective_from)
