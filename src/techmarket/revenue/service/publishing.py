"""The reward list (奖励名单公示): it stands in the unit; where the market pays, the unit pays in for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.revenue import policy, repository
from techmarket.revenue.events import DistributionPublished
from techmarket.revenue.lifecycle import DISTRIBUTION
from techmarket.revenue.service.showing import seen, view_of
from techmarket.revenue.service.standing import channel_of, is_registered, standing_of_row
from techmarket.revenue.tables import Distribution
from techmarket.revenue.views import DistributionView
from techmarket.rulebook import steps as rulebook
from techmarket.rulebook.rules import Rule
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Channel, Purpose

REWARD_LIST = "techmarket.revenue.reward_list/1"


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
                [str(line.n), line.group.value, _name(line.person_id), Money(line.minor).amount] for line in lines
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
            favours={line.person_id for line in lines if line.person_id is not None},
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


def _name(person: UUID | None) -> str | None:
    return None if person is None else str(person)
