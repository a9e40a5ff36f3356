"""The mapped classes of the rulebook."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.rulebook.lifecycle import ProposalState
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit


class RuleRow(Identified, Base):
    """A row is never changed but for the day that ends it, which a trigger lets be set once."""

    __tablename__ = "rule"
    __table_args__ = (
        UniqueConstraint(
            "key",
            "jurisdiction",
            "scope",
            "mode",
            "applies_to",
            "base",
            "effective_from",
            name="uq_rule_thing",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("effective_to IS NULL OR effective_from < effective_to", name="begins_before_it_ends"),
        CheckConstraint(
            "binding <> 'mandatory' OR evidence IN ('verified', 'verified_secondary')", name="only_what_was_read_binds"
        ),
    )

    key: Mapped[str] = mapped_column(String(80))
    jurisdiction: Mapped[str] = mapped_column(String(9))
    scope: Mapped[str] = mapped_column(String(48))
    mode: Mapped[str | None] = mapped_column(String(32))
    applies_to: Mapped[str] = mapped_column(String(32))
    binding: Mapped[Binding]
    base: Mapped[str | None] = mapped_column(String(64))
    value: Mapped[str] = mapped_column(String(200))
    unit: Mapped[RuleUnit]
    source: Mapped[str] = mapped_column(String(500))
    evidence: Mapped[Evidence]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class RuleProposal(Identified, Base):
    """A row that one operator proposed (拟录入) and another has to enter, too; whoever proposed cannot be the one."""

    __tablename__ = "rule_proposal"
    __table_args__ = (
        CheckConstraint("state <> 'CONFIRMED' OR proposed_by <> decided_by", name="two_people"),
        CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name="decided_or_waiting"),
        Index("uq_rule_proposal_waiting", "row_sha256", unique=True, postgresql_where=text("state = 'WAITING'")),
    )

    key: Mapped[str] = mapped_column(String(80))
    row: Mapped[dict[str, Any]] = mapped_column(JSONB)
    row_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[ProposalState]
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    reasons: Mapped[str | None]


class WorkDay(Base):
    """What the operator says about one day; it goes before the published calendar."""

    __tablename__ = "work_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    source: Mapped[str] = mapped_column(String(200))


class WorkYear(Base):
    """A year whose holidays and make-up days the operator has entered completely."""

    __tablename__ = "work_year"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(200))
