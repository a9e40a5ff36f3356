"""The mapped classes of revenue."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.revenue.case import Group, Mode
from techmarket.revenue.holds import HoldReason, ReleaseKind
from techmarket.revenue.lifecycle import (
    ClaimState,
    DistributionState,
    HoldState,
    LineState,
    ReworkState,
    TableState,
    UnitRuleState,
)


class ShareTable(Identified, Base):
    """The table itself is the text behind `sha256`; of a unit at most one per subject is signed, and one on its way."""

    __tablename__ = "share_table"
    __table_args__ = (
        UniqueConstraint("subject", "unit_id", "n"),
        CheckConstraint("(achievement_id IS NULL) <> (contract_id IS NULL)", name="one_subject"),
        CheckConstraint(
            "subject = coalesce('contract:' || contract_id, 'achievement:' || achievement_id)",
            name="subject_is_key",
        ),
        CheckConstraint("state NOT IN ('SIGNING', 'SIGNED') OR signing_id IS NOT NULL", name="signed_by_a_signing"),
        Index("uq_share_table_signed", "subject", "unit_id", unique=True, postgresql_where=text("state = 'SIGNED'")),
        Index(
            "uq_share_table_open",
            "subject",
            "unit_id",
            unique=True,
            postgresql_where=text("state IN ('DRAFT', 'SIGNING')"),
        ),
    )

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract.id"))
    subject: Mapped[str] = mapped_column(String(60))
    n: Mapped[int]
    sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"), unique=True)
    state: Mapped[TableState]
    drafted_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]


class ShareTablePerson(Base):
    """Who is named in a table or must sign it, and may therefore read it; `position` is the place to sign."""

    __tablename__ = "share_table_person"

    share_table_id: Mapped[UUID] = mapped_column(ForeignKey("share_table.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    position: Mapped[int | None] = mapped_column(SmallInteger)


class UnitRule(Identified, Base):
    """A unit's own rule on sharing: the text behind `sha256`. Its rates are rows of the rulebook from its day on."""

    __tablename__ = "unit_rule"
    __table_args__ = (
        UniqueConstraint("unit_id", "n"),
        CheckConstraint("(state IN ('IN_FORCE', 'ENDED')) = (adopted_at IS NOT NULL)", name="adopted_once"),
        CheckConstraint("adopted_by <> drafted_by", name="adopted_by_another"),
        CheckConstraint("effective_to > effective_from", name="begins_before_it_ends"),
        Index("uq_unit_rule_draft", "unit_id", unique=True, postgresql_where=text("state = 'DRAFT'")),
        Index("uq_unit_rule_in_force", "unit_id", unique=True, postgresql_where=text("state = 'IN_FORCE'")),
    )

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    n: Mapped[int]
    sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    state: Mapped[UnitRuleState]
    drafted_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    drafted_at: Mapped[datetime]
    adopted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    adopted_at: Mapped[datetime | None]


class ShareHold(Identified, Base):
    """Why one person's share under a table waits, on whose word, and what ended it. `heirs_sha256` is the text that
    names who stands in the place of one who died."""

    __tablename__ = "share_hold"
    __table_args__ = (
        CheckConstraint("(state = 'RELEASED') <= (release IS NOT NULL)", name="released_in_a_way"),
        CheckConstraint("(release = 'HEIRS') = (heirs_sha256 IS NOT NULL)", name="heirs_are_named"),
        CheckConstraint("confirmed_by <> opened_by OR reason = 'DISPUTES'", name="confirmed_by_another"),
        CheckConstraint("released_by <> release_proposed_by", name="released_by_another"),
        Index(
            "uq_share_hold_live",
            "share_table_id",
            "person_id",
            unique=True,
            postgresql_where=text("state IN ('PROPOSED', 'HOLDING', 'RELEASING')"),
        ),
        Index(None, "share_table_id", "id"),
    )

    share_table_id: Mapped[UUID] = mapped_column(ForeignKey("share_table.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    reason: Mapped[HoldReason]
    grounds: Mapped[str] = mapped_column(String(2000))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[HoldState]
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime]
    answer_by: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]
    release: Mapped[ReleaseKind | None]
    release_evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    heirs_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    release_proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    released_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime | None]


class Distribution(Identified, Base):
    """One income event split to the cent; `computation_sha256` is the text with inputs, rules and every step.

    `in_shares`: what is split is a part of a company's registered capital, not money. Where the market
    pays out of the unit's escrow, `fund_due_id` is what the unit pays in for it.
    """

    __tablename__ = "distribution"
    __table_args__ = (
        CheckConstraint("reward_minor > 0 AND unit_minor >= 0", name="parts_not_negative"),
        CheckConstraint("reward_minor + unit_minor = net_minor", name="parts_sum"),
        CheckConstraint("receipts_minor - costs_minor = net_minor", name="net_is_receipts_less_costs"),
        CheckConstraint("(achievement_id IS NULL) <> (contract_id IS NULL)", name="one_subject"),
        CheckConstraint("state NOT IN ('PUBLISHED', 'PAYABLE', 'PAID') OR notice_id IS NOT NULL", name="has_a_notice"),
        Index(None, "contract_id", "id"),
    )

    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract.id"))
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"), index=True)
    mode: Mapped[Mode]
    in_shares: Mapped[bool] = mapped_column(server_default=text("false"))
    share_table_id: Mapped[UUID] = mapped_column(ForeignKey("share_table.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    rule_date: Mapped[date]
    computation_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    receipts_minor: Mapped[int]
    costs_minor: Mapped[int]
    net_minor: Mapped[int]
    reward_minor: Mapped[int]
    unit_minor: Mapped[int]
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"), unique=True)
    fund_due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    state: Mapped[DistributionState]
    drafted_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]


class DistributionProof(Base):
    """The salted leaves of all lines as they were split, one after another, whose root the journal entry names. They
    say whose a line was then, whatever becomes of it. The secret gives the salts and never leaves the market."""

    __tablename__ = "distribution_proof"
    __table_args__ = (
        CheckConstraint("octet_length(secret) = 32 AND octet_length(leaves) % 32 = 0", name="whole_hashes"),
    )

    distribution_id: Mapped[UUID] = mapped_column(ForeignKey("distribution.id"), primary_key=True)
    entry_id: Mapped[UUID]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)


class DistributionLine(Identified, Base):
    """`n` is the line's number in the reward list, which an objection names. The computation that was right on the
    day of payment may differ from the distribution's in what counts as wage, never in the amount."""

    __tablename__ = "distribution_line"
    __table_args__ = (
        UniqueConstraint("distribution_id", "n"),
        CheckConstraint("minor > 0", name="amount_positive"),
        CheckConstraint("wage_base_minor BETWEEN 0 AND minor", name="wage_base_within"),
        CheckConstraint("offset_minor BETWEEN 0 AND minor", name="offset_within"),
        CheckConstraint("state NOT IN ('OPEN', 'HELD') OR payout_id IS NULL", name="not_paid_while_open"),
        CheckConstraint(
            "state NOT IN ('INSTRUCTED', 'PAID') OR payout_id IS NOT NULL OR offset_minor = minor OR in_shares",
            name="instructed_by_a_payout",
        ),
        CheckConstraint("state <> 'PAID' OR NOT in_shares OR proof_sha256 IS NOT NULL", name="shares_are_proven"),
    )

    distribution_id: Mapped[UUID] = mapped_column(ForeignKey("distribution.id"))
    n: Mapped[int]
    group: Mapped[Group]
    position: Mapped[int]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    minor: Mapped[int]
    wage_base_minor: Mapped[int | None]
    state: Mapped[LineState]
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payout.id"), unique=True)
    computation_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    offset_minor: Mapped[int] = mapped_column(server_default=text("0"))
    in_shares: Mapped[bool] = mapped_column(server_default=text("false"))
    proof_sha256: Mapped[str | None] = mapped_column(String(64))
    hold_id: Mapped[UUID | None] = mapped_column(ForeignKey("share_hold.id"))
    rework_id: Mapped[UUID | None] = mapped_column(ForeignKey("line_rework.id"), index=True)


class LineRework(Identified, Base):
    """One line that an upheld objection named, written anew: the text says which lines take its place."""

    __tablename__ = "line_rework"
    __table_args__ = (
        Index(
            "uq_line_rework_live",
            "distribution_id",
            "n",
            unique=True,
            postgresql_where=text("state <> 'WITHDRAWN'"),
        ),
        CheckConstraint("(state = 'PUBLISHED') <= (notice_id IS NOT NULL)", name="published_by_a_notice"),
    )

    distribution_id: Mapped[UUID] = mapped_column(ForeignKey("distribution.id"))
    n: Mapped[int]
    sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID] = mapped_column(ForeignKey("signing.id"), unique=True)
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"), unique=True)
    state: Mapped[ReworkState]
    drafted_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]


class LineReworkProof(Base):
    """As `DistributionProof`, of the lines that a rework put in the place of one; `first` is the first one's number."""

    __tablename__ = "line_rework_proof"
    __table_args__ = (
        CheckConstraint("octet_length(secret) = 32 AND octet_length(leaves) % 32 = 0", name="whole_hashes"),
    )

    line_rework_id: Mapped[UUID] = mapped_column(ForeignKey("line_rework.id"), primary_key=True)
    entry_id: Mapped[UUID]
    first: Mapped[int]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)


class RewardClaim(Identified, Base):
    """What was paid under a distribution that was reversed: owed back, out of later rewards or in money (追回).

    `given_twice_minor` was repaid or set off before the whole came back by itself; of it the unit has paid out
    `given_back_minor` again.
    """

    __tablename__ = "reward_claim"
    __table_args__ = (
        CheckConstraint("minor > 0 AND settled_minor BETWEEN 0 AND minor", name="settled_within"),
        CheckConstraint("(state = 'SETTLED') = (settled_minor = minor)", name="settled_in_full"),
        CheckConstraint("given_twice_minor BETWEEN 0 AND minor", name="given_twice_within"),
        CheckConstraint("given_back_minor BETWEEN 0 AND given_twice_minor", name="given_back_within"),
        Index(
            "ix_reward_claim_open",
            "unit_id",
            "person_id",
            postgresql_where=text("state = 'OPEN'"),
        ),
    )

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    group: Mapped[Group]
    distribution_line_id: Mapped[UUID] = mapped_column(ForeignKey("distribution_line.id"), unique=True)
    minor: Mapped[int]
    settled_minor: Mapped[int] = mapped_column(server_default=text("0"))
    given_twice_minor: Mapped[int] = mapped_column(server_default=text("0"))
    given_back_minor: Mapped[int] = mapped_column(server_default=text("0"))
    cause: Mapped[str] = mapped_column(String(64))
    state: Mapped[ClaimState]
    created_at: Mapped[datetime]


class RewardClaimEntry(Identified, Base):
    """What reduced a claim: a later line it was set off against, or money that was paid back, with its evidence."""

    __tablename__ = "reward_claim_entry"
    __table_args__ = (
        CheckConstraint("minor > 0", name="amount_positive"),
        CheckConstraint("(distribution_line_id IS NULL) <> (evidence_sha256 IS NULL)", name="line_or_evidence"),
        Index(None, "reward_claim_id", "id"),
    )

    reward_claim_id: Mapped[UUID] = mapped_column(ForeignKey("reward_claim.id"))
    minor: Mapped[int]
    distribution_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("distribution_line.id"), index=True)
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("transfer.id"))
    undone_at: Mapped[datetime | None]
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Income(Identified, Base):
    """What came in under a contract, or from an achievement that a unit uses itself; each unit has its own part.

    Money that the market released has its due; all other income is entered by the unit with evidence. Of equity `minor`
    is the valued contribution, and `capital_minor` what the company's capital is. A row stands in at most one
    distribution that stands.
    """

    __tablename__ = "income"
    __table_args__ = (
        UniqueConstraint("due_id", "unit_id"),
        CheckConstraint("minor > 0", name="amount_positive"),
        CheckConstraint("(achievement_id IS NULL) <> (contract_id IS NULL)", name="one_subject"),
        CheckConstraint("due_id IS NOT NULL OR evidence_sha256 IS NOT NULL", name="due_or_evidence"),
        CheckConstraint("(purpose = 'PROFIT') = (year IS NOT NULL)", name="profit_is_of_a_year"),
        CheckConstraint("(purpose = 'EQUITY') = (capital_minor IS NOT NULL)", name="equity_has_a_capital"),
        CheckConstraint("withdrawn_at IS NULL OR distribution_id IS NULL", name="not_withdrawn_when_counted"),
        Index(None, "contract_id", "id"),
        Index(None, "achievement_id", "id"),
        Index(
            "uq_income_profit_year",
            "achievement_id",
            "unit_id",
            "year",
            unique=True,
            postgresql_where=text("purpose = 'PROFIT' AND withdrawn_at IS NULL"),
        ),
    )

    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"))
    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract.id"))
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    mode: Mapped[Mode]
    purpose: Mapped[str] = mapped_column(String(32))
    minor: Mapped[int]
    received_on: Mapped[date]
    year: Mapped[int | None] = mapped_column(SmallInteger)
    first_year: Mapped[int | None] = mapped_column(SmallInteger)
    capital_minor: Mapped[int | None]
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    distribution_id: Mapped[UUID | None] = mapped_column(ForeignKey("distribution.id"), index=True)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_for: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class RewardTerm(Base):
    """A day by which something must have happened with an income (兑现期限), and whether it was told beforehand.

    `ends_on` is the day as the law counts it, not moved for a holiday: that year's calendar may not be known yet.
    """

    __tablename__ = "reward_term"
    __table_args__ = (
        Index("ix_reward_term_watch", "alert_on", postgresql_where=text("alerted_at IS NULL OR passed_at IS NULL")),
        Index(None, "unit_id", "ends_on"),
    )

    income_id: Mapped[UUID] = mapped_column(ForeignKey("income.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    ends_on: Mapped[date]
    alert_on: Mapped[date]
    alerted_at: Mapped[datetime | None]
    passed_at: Mapped[datetime | None]


class Cost(Identified, Base):
    """A cost with its evidence. The exchange's own fee carries the due it was taken from, once for each unit."""

    __tablename__ = "cost"
    __table_args__ = (
        UniqueConstraint("due_id", "unit_id"),
        CheckConstraint("minor > 0", name="amount_positive"),
        CheckConstraint("(achievement_id IS NULL) <> (contract_id IS NULL)", name="one_subject"),
        CheckConstraint("withdrawn_at IS NULL OR distribution_id IS NULL", name="not_withdrawn_when_counted"),
        Index(None, "contract_id", "id"),
        Index(None, "achievement_id", "id"),
    )

    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract.id"))
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(32))
    minor: Mapped[int]
    evidence: Mapped[str] = mapped_column(String(200))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    incurred_on: Mapped[date]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"))
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    distribution_id: Mapped[UUID | None] = mapped_column(ForeignKey("distribution.id"), index=True)
    withdrawn_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
