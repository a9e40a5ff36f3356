"""Distributions: the open income of a contract is split once, published as a reward list, or taken back unpaid."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.revenue import errors, holds, incomes, policy, proving, repository, rules, titles
from techmarket.revenue.case import PROFIT_MODES, Case, Cost, Mode, Receipt, Table, table_from
from techmarket.revenue.computation import Computation, Line
from techmarket.revenue.events import DistributionDrafted, DistributionPublished
from techmarket.revenue.holds import Heir, heirs_in
from techmarket.revenue.lifecycle import DISTRIBUTION, DISTRIBUTION_LINE, HoldState
from techmarket.revenue.repository import booking, holding
from techmarket.revenue.service.earlier import earlier_of
from techmarket.revenue.service.standing import (
    Standing,
    channel_of,
    is_registered,
    standing_of_row,
    standing_of_subject,
    subject_of,
)
from techmarket.revenue.service.tabling import holders_of
from techmarket.revenue.tables import Cost as CostRow
from techmarket.revenue.tables import Distribution, DistributionLine, DistributionProof, ShareTable
from techmarket.revenue.tables import Income as IncomeRow
from techmarket.revenue.views import DistributionCard, DistributionView, HeirPart, LineView
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.rules import Rule
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Channel, Purpose

REWARD_LIST = "techmarket.revenue.reward_list/1"


async def draft_distribution(
    tx: Tx,
    actor: Actor,
    contract_id: UUID | None = None,
    *,
    achievement_id: UUID | None = None,
    mode: Mode | None = None,
    in_shares: bool = False,
    share_table_id: UUID | None = None,
) -> DistributionView:
    """A unit's open income of one mode, less its open costs, is split under one share table. Income is split only once.

    Of a contract its own mode is meant unless another is named. Shares are split by themselves; no cost reduces them.
    """
    async with tx.begin() as db:
        subject = await subject_of(db, actor, contract_id, achievement_id)
        require(actor, policy.DISTRIBUTE, parties=[subject.unit_id])
        now = await clock.market_now(db)
        if mode is None and in_shares:
            mode = Mode.EQUITY
        if mode is None and achievement_id is not None:
            raise errors.IncomeMalformed(reason="an_achievement_needs_a_mode", pointer="/body/mode")
        known = await standing_of_subject(db, subject, mode=mode, on=shanghai_day(now))
        # Whoever waits here for the same income finds it taken when he gets it.
        income = await booking.lock_open(db, subject, known.mode, in_shares=in_shares)
        if not income:
            raise errors.NoIncome()
        # Without a contract the rules of the day on which the first of it came in hold.
        standing = await standing_of_subject(db, subject, mode=mode, on=min(row.received_on for row in income))
        costs = [] if in_shares or standing.mode in PROFIT_MODES else await booking.lock_open_costs(db, subject)
        share_table = await _table_for(db, standing, share_table_id)
        document = await texts.get(db, share_table.sha256)
        table = table_from(document["table"])
        await _require_no_grant_beside(db, standing, document)
        await _require_years(db, standing, table, income)
        case = Case(
            mode=standing.mode,
            is_government=standing.is_government,
            receipts=tuple(Receipt(str(row.id), row.minor, row.received_on, row.purpose) for row in income),
            costs=tuple(Cost(str(row.id), row.kind, row.minor, row.evidence) for row in costs),
            table=table,
            norms=standing.norms,
            pay_on=shanghai_day(now),
            is_registered=await is_registered(db, contract_id),
            term_years=None if standing.contract is None else standing.contract.term_years,
            capital_minor=next((row.capital_minor for row in income), None) if in_shares else None,
            earlier=await earlier_of(db, standing, share_table.id, table, in_shares=in_shares),
        )
        done = rules.compute(case)
        return await _write(db, actor, standing, share_table, done, income, costs, now, in_shares=in_shares)


async def _require_no_grant_beside(db: AsyncSession, standing: Standing, document: dict[str, Any]) -> None:
    """A grant that came after the table was signed ends the reward, until the completers elect it (ZJR art. 37)."""
    made = await achievements.get_facts(db, standing.achievement_ids)
    holders, _ = holders_of(list(made.values()), standing.unit_id)
    elects = bool(document.get("elects_reward"))
    titles.require_elected(table_from(document["table"]), holders=holders, elects_reward=elects)


async def _require_years(db: AsyncSession, standing: Standing, table: Table, income: Sequence[IncomeRow]) -> None:
    """Profit of own use is shared in so many years; after them only if the table itself names a rate."""
    if standing.mode not in PROFIT_MODES or table.rate is not None:
        return
    rule = await rulebook.find_rule(
        db,
        "reward.years_max",
        on=standing.rule_date,
        jurisdiction=standing.jurisdiction,
        mode=standing.mode.value,
        applies_to=standing.sellers,
    )
    if rule is None or not rule.is_enforceable:
        return
    for row in income:
        assert row.year is not None
        assert row.first_year is not None
        last = incomes.last_year(row.first_year, rule.int)
        if row.year > last:
            raise errors.YearsOver(year=row.year, last_year=last, source=rule.source)


async def publish_distribution(
    tx: Tx, actor: Actor, distribution_id: UUID, *, posted_sha256: str | None = None
) -> DistributionView:
    """The reward list is published in the unit; an objection to it holds only the lines it names (ZJR art. 39).

    `posted_sha256` is the evidence that the list hangs in the unit already; without it the period waits for the
    unit's confirmation.
    """
    async with tx.begin() as db:
        row = seen(actor, await repository.lock_distribution(db, distribution_id))
        require(actor, policy.PUBLISH, parties=[row.unit_id])
        state = DISTRIBUTION.move(row.state, "publish")
        standing = await standing_of_row(db, row)
        rule = await reward_list_rule(db, row)
        lines = await repository.list_lines(db, row.id)
        table = await repository.get_table(db, row.share_table_id)
        document = {
            "format": REWARD_LIST,
            "distribution": str(row.id),
            "contract_number": standing.title,
            "achievements": [str(one) for one in standing.achievement_ids],
            **_stated_of(row, await texts.get(db, table.sha256)),
            "is_registered": await is_registered(db, row.contract_id),
            "share_table_sha256": table.sha256,
            "net_income": Money(row.net_minor).amount,
            "reward": Money(row.reward_minor).amount,
            "columns": ["line", "group", "person", "amount"],
            "lines": [
                [str(line.n), line.group.value, str(line.person_id) if line.person_id else None, _yuan(line.minor)]
                for line in lines
            ],
        }
        row.notice_id = await notices.open_notice(
            db,
            kind=NoticeKind.REWARD_LIST,
            subject=Ref("distribution", row.id),
            owner_org=row.unit_id,
            document=document,
            rule_date=row.rule_date,
            length=rule.length,
            actor=actor,
            now=await clock.market_now(db),
            lines=[str(line.n) for line in lines],
            unit_evidence_sha256=posted_sha256,
            unit_evidence_pointer="/body/posted_sha256",
        )
        row.state = state
        await _ask_for_funds(db, actor, row)
        journal.record(db, DistributionPublished(row.id, row.notice_id), actor=actor)
        await db.flush()
        return await view_of(db, row)


def _stated_of(row: Distribution, table: dict[str, Any]) -> dict[str, Any]:
    """What the list says beside the lines: shares are no money, and a leader's reward is published as one."""
    said: dict[str, Any] = {"in_shares": True} if row.in_shares else {}
    if table.get("leaders"):
        said["leaders"] = [[person, post] for person, post in table["leaders"].items()]
    return said


async def _ask_for_funds(db: AsyncSession, actor: Actor, row: Distribution) -> None:
    """Where the market pays the rewards, the unit pays in what they come to; the money stays its own until then."""
    standing = await standing_of_row(db, row)
    if row.in_shares or await channel_of(db, standing) is not Channel.ESCROW:
        return
    due = await settlement.raise_due(
        db,
        payer=row.unit_id,
        payee=None,
        minor=row.reward_minor,
        due_on=shanghai_day(await clock.market_now(db)),
        subject=Ref("distribution", row.id),
        purpose=Purpose.REWARD,
        actor=actor,
        rule_date=row.rule_date,
    )
    row.fund_due_id = due.id


async def reward_list_rule(db: AsyncSession, row: Distribution) -> Rule:
    """How long a reward list stands: the row of the distribution's own rule date and place (ZJR art. 39)."""
    standing = await standing_of_row(db, row)
    return await rulebook.get_rule(
        db,
        "notice.reward_list.length",
        on=row.rule_date,
        jurisdiction=standing.jurisdiction,
        applies_to=standing.sellers,
    )


async def get_distribution(tx: Tx, actor: Actor, distribution_id: UUID) -> DistributionView:
    """A whole split, for the unit's officers and the market; a contributor has her own statement instead."""
    require(actor, policy.SEE_DISTRIBUTIONS, parties=[actor.org_id])
    async with tx.read() as db:
        return await view_of(db, seen(actor, await repository.get_distribution(db, distribution_id)))


async def list_distributions(
    tx: Tx, actor: Actor, *, contract_id: UUID | None, cursor: str | None, limit: int
) -> Page[DistributionCard]:
    """The unit's distributions, newest first; the market sees all."""
    require(actor, policy.SEE_DISTRIBUTIONS, parties=[actor.org_id])
    if not policy.sees_money_of(actor, actor.org_id):
        return Page([])
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_distributions(
            db,
            unit_id=None if actor.is_market else actor.org_id,
            contract_id=contract_id,
            before=before,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(
            lambda row: DistributionCard(
                row.id,
                row.contract_id,
                row.achievement_id,
                row.mode,
                row.in_shares,
                row.unit_id,
                row.state,
                Money(row.net_minor),
                Money(row.reward_minor),
                row.created_at,
            )
        )


def seen(actor: Actor, row: Distribution) -> Distribution:
    """The door: the split of all is for the unit's officers and the market."""
    if not policy.sees_money_of(actor, row.unit_id):
        raise NotFound()
    return row


async def view_of(db: AsyncSession, row: Distribution) -> DistributionView:
    document = await texts.get(db, row.computation_sha256)
    lines = await repository.list_lines(db, row.id)
    heirs = await heirs_of_lines(db, lines)
    return _view(
        row, document, tuple(line_view(line, heirs.get(line.hold_id, ()) if line.hold_id else ()) for line in lines)
    )


def _view(row: Distribution, document: dict[str, Any], lines: tuple[LineView, ...]) -> DistributionView:
    outcome: dict[str, Any] = document["outcome"]
    return DistributionView(
        row.id,
        row.contract_id,
        row.achievement_id,
        row.mode,
        row.in_shares,
        row.share_table_id,
        row.unit_id,
        row.state,
        row.rule_date,
        Money(row.receipts_minor),
        Money(row.costs_minor),
        Money(row.net_minor),
        Money(row.reward_minor),
        Money(row.unit_minor),
        row.notice_id,
        row.fund_due_id,
        row.computation_sha256,
        row.created_at,
        tuple(document["steps"]),
        tuple(outcome["flags"]),
        tuple(outcome["terms"]),
        lines,
    )


async def heirs_of_lines(db: AsyncSession, lines: Sequence[DistributionLine]) -> dict[UUID, tuple[Heir, ...]]:
    """Who stands in the place of those who died, by the hold that their heirs have ended."""
    held = [line.hold_id for line in lines if line.hold_id is not None]
    return {
        hold.id: heirs_in(await texts.get(db, hold.heirs_sha256))
        for hold in await holding.get_many(db, held)
        if hold.heirs_sha256 is not None and hold.state is HoldState.RELEASED
    }


def line_view(line: DistributionLine, heirs: Sequence[Heir] = ()) -> LineView:
    parts = zip(heirs, holds.parts_of_heirs(line.minor, heirs), strict=True) if heirs else ()
    return LineView(
        line.id,
        line.n,
        line.group,
        line.position,
        line.person_id,
        Money(line.minor),
        None if line.wage_base_minor is None else Money(line.wage_base_minor),
        line.state,
        line.payout_id,
        Money(line.offset_minor),
        line.rework_id,
        line.hold_id,
        tuple(HeirPart(heir.name, Money(minor)) for heir, minor in parts),
    )


def stored(done: Computation, table_sha256: str) -> dict[str, Any]:
    """The computation as it is kept: table and lines stand in their own places, so a large split stays small here."""
    document = done.document()
    document["inputs"]["table"] = {"sha256": table_sha256}
    del document["outcome"]["lines"]
    return document


async def _table_for(db: AsyncSession, standing: Standing, wanted: UUID | None) -> ShareTable:
    """The table asked for, or the one that stands for the contract, else for its achievement. Payment asks for
    signatures; a split may be worked out before."""
    if wanted is None:
        found = await repository.find_table(db, standing.subjects, standing.unit_id)
        if found is None:
            raise errors.NoShareTable()
        return found
    row = await repository.get_table(db, wanted)
    if row.unit_id != standing.unit_id:
        raise NotFound()
    if row.subject not in standing.subjects:
        raise errors.TableOfAnotherSubject(pointer="/body/share_table_id")
    if row.state.value == "REPLACED":
        raise errors.TableReplaced(n=row.n)
    return row


async def _write(
    db: AsyncSession,
    actor: Actor,
    standing: Standing,
    share_table: ShareTable,
    done: Computation,
    income: Any,
    costs: Any,
    now: datetime,
    *,
    in_shares: bool,
) -> DistributionView:
    document = stored(done, share_table.sha256) | {"jurisdiction": standing.jurisdiction}
    row = Distribution(
        id=new_id(),
        contract_id=standing.subject.contract_id,
        achievement_id=standing.subject.achievement_id,
        mode=standing.mode,
        in_shares=in_shares,
        share_table_id=share_table.id,
        unit_id=standing.unit_id,
        rule_date=standing.rule_date,
        computation_sha256=await texts.put(db, document),
        receipts_minor=done.receipts_minor,
        costs_minor=done.costs_minor,
        net_minor=done.base_minor,
        reward_minor=done.reward_minor,
        unit_minor=done.unit_minor,
        state=DISTRIBUTION.initial,
        drafted_by=actor.person,
        created_at=now,
    )
    db.add(row)
    await db.flush()
    # Who has waived her part by a weight of nought has a number in the list and no line.
    lines = [_line(n, line) for n, line in enumerate(done.lines, start=1) if line.minor]
    await repository.insert_lines(db, row.id, lines, in_shares=in_shares)
    taken: list[IncomeRow | CostRow] = [*income, *costs]
    for one in taken:
        one.distribution_id = row.id
    _log(db, actor, row, done)
    await db.flush()
    return _view(row, document, tuple(_fresh(line) for line in lines))


def _log(db: AsyncSession, actor: Actor, row: Distribution, done: Computation) -> None:
    """The journal names the root over all lines, so that each person can prove hers and nobody sees another's."""
    secret = secrets.token_bytes(proving.SECRET_SIZE)
    leaves = proving.leaves_of(row.id, done.lines, secret)
    event = DistributionDrafted(
        row.id, row.contract_id, row.share_table_id, row.computation_sha256, len(leaves), proving.root(leaves)
    )
    entry_id = journal.record(db, event, actor=actor)
    db.add(DistributionProof(distribution_id=row.id, entry_id=entry_id, secret=secret, leaves=proving.joined(leaves)))


def _line(n: int, line: Line) -> dict[str, Any]:
    return {
        "id": new_id(),
        "n": n,
        "group": line.group,
        "position": line.position,
        "person_id": None if line.key is None else UUID(line.key),
        "minor": line.minor,
        "wage_base_minor": line.wage_base_minor,
    }


def _fresh(line: dict[str, Any]) -> LineView:
    """A line that was just written, as it would be read."""
    wage = line["wage_base_minor"]
    return LineView(
        line["id"],
        line["n"],
        line["group"],
        line["position"],
        line["person_id"],
        Money(line["minor"]),
        None if wage is None else Money(wage),
        DISTRIBUTION_LINE.initial,
        None,
        Money(0),
        None,
        None,
        (),
    )


def _yuan(minor: int) -> str:
    return Money(minor).amount
