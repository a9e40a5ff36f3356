"""The mapped classes of revenue."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.revenue.case import Group
from techmarket.revenue.holds import HoldReason, ReleaseKind
from techmarket.revenue.lifecycle import (
    ClaimState,
    DistributionState,
    HoldState,
    LineState,
    ReworkState,
    TableState,
)


class ShareTable(Identified, Base):
    """The table itself is the text behind `sha256`; at most one per subject is signed, and one is on its way."""

    __tablename__ = "share_table"
    __table_args__ = (
        UniqueConstraint("subject", "n"),
        CheckConstraint("(achievement_id IS NULL) <> (contract_id IS NULL)", name="one_subject"),
        CheckConstraint(
            "subject = coalesce('contract:' || contract_id, 'achievement:' || achievement_id)",
            name="subject_is_key",
        ),
        CheckConstraint("state NOT IN ('SIGNING', 'SIGNED') OR signing_id IS NOT NULL", name="signed_by_a_signing"),
        Index("uq_share_table_signed", "subject", unique=True, postgresql_where=text("state = 'SIGNED'")),
        Index("uq_share_table_open", "subject", unique=True, postgresql_where=text("state IN ('DRAFT', 'SIGNING')")),
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

    Where the market pays out of the unit's escrow, `fund_due_id` is what the unit pays in for it.
    """

    __tablename__ = "distribution"
    __table_args__ = (
        CheckConstraint("reward_minor > 0 AND unit_minor >= 0", name="parts_not_negative"),
        CheckConstraint("reward_minor + unit_minor = net_minor", name="parts_sum"),
        CheckConstraint("receipts_minor - costs_minor = net_minor", name="net_is_receipts_less_costs"),
        CheckConstraint("state NOT IN ('PUBLISHED', 'PAYABLE', 'PAID') OR notice_id IS NOT NULL", name="has_a_notice"),
        Index(None, "contract_id", "id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
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
            "state NOT IN ('INSTRUCTED', 'PAID') OR payout_id IS NOT NULL OR offset_minor = minor",
            name="instructed_by_a_payout",
        ),
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


class RewardClaim(Identified, Base):
    """What was paid under a distribution that was reversed: owed back, out of later rewards or in money (追回)."""

    __tablename__ = "reward_claim"
    __table_args__ = (
        CheckConstraint("minor > 0 AND settled_minor BETWEEN 0 AND minor", name="settled_within"),
        CheckConstraint("(state = 'SETTLED') = (settled_minor = minor)", name="settled_in_full"),
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
    """Money received under a contract: one row per released due, in at most one distribution that stands."""

    __tablename__ = "income"
    __table_args__ = (
        CheckConstraint("minor > 0", name="amount_positive"),
        Index(None, "contract_id", "id"),
    )

    due_id: Mapped[UUID] = mapped_column(ForeignKey("due.id"), unique=True)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    purpose: Mapped[str] = mapped_column(String(32))
    minor: Mapped[int]
    received_on: Mapped[date]
    distribution_id: Mapped[UUID | None] = mapped_column(ForeignKey("distribution.id"), index=True)
    created_at: Mapped[datetime]


class Cost(Identified, Base):
    """A cost with its evidence. The exchange's own fee carries the due it was taken from, once."""

    __tablename__ = "cost"
    __table_args__ = (
        CheckConstraint("minor > 0", name="amount_positive"),
        CheckConstraint("withdrawn_at IS NULL OR distribution_id IS NULL", name="not_withdrawn_when_counted"),
        Index(None, "contract_id", "id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[str] = mapped_column(String(32))
    minor: Mapped[int]
    evidence: Mapped[str] = mapped_column(String(200))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    incurred_on: Mapped[date]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    distribution_id: Mapped[UUID | None] = mapped_column(ForeignKey("distribution.id"), index=True)
    withdrawn_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
