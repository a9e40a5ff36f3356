"""The mapped classes of achievements."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.achievements.approvals import ApprovalKind
from techmarket.achievements.licences import AttestedAct, BurdenKind
from techmarket.achievements.lifecycle import (
    AchievementState,
    ApprovalState,
    AttestationState,
    BurdenState,
    ConsentState,
    EvaluationState,
    VestingState,
)
from techmarket.achievements.rights import RightKind, RightStatus
from techmarket.achievements.rules import PlanSource
from techmarket.achievements.vesting import VestingKind
from techmarket.db.base import Base, Identified


class VersionAct(StrEnum):
    """What made a version. CARRIED is how an achievement stood before its versions were kept."""

    CARRIED = "CARRIED"
    DRAFTED = "DRAFTED"
    RECORDED = "RECORDED"
    AMENDED = "AMENDED"
    RETIRED = "RETIRED"
    TITLE_CHANGED = "TITLE_CHANGED"


class Achievement(Identified, Base):
    """`external` is what a source said beyond our own fields: attribution, licence, address.

    `idle_from` is the day from which it counts as idle unless an agreement is signed; `first_agreement_on` is when the
    first one was.
    """

    __tablename__ = "achievement"
    __table_args__ = (
        CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        CheckConstraint("title_zh IS NOT NULL OR title_en IS NOT NULL", name="has_a_title"),
        Index(None, "org_id", "id"),
        Index(
            "ix_achievement_idle_from",
            "idle_from",
            postgresql_where=text("first_agreement_on IS NULL AND idle_flagged_at IS NULL"),
        ),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    title_zh: Mapped[str | None] = mapped_column(String(500))
    title_en: Mapped[str | None] = mapped_column(String(500))
    abstract_zh: Mapped[str | None] = mapped_column(String(20_000))
    abstract_en: Mapped[str | None] = mapped_column(String(20_000))
    keywords: Mapped[list[str]] = mapped_column(ARRAY(String(100)))
    technology_field: Mapped[str | None] = mapped_column(String(2))
    industry: Mapped[str | None] = mapped_column(String(8))
    ipc: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    trl: Mapped[int | None] = mapped_column(SmallInteger)
    trl_standard: Mapped[str | None] = mapped_column(String(64))
    trl_year: Mapped[int | None] = mapped_column(SmallInteger)
    funding_source: Mapped[str | None] = mapped_column(String(200))
    plan_source: Mapped[PlanSource | None]
    project_number: Mapped[str | None] = mapped_column(String(100))
    external: Mapped[dict[str, Any]]
    state: Mapped[AchievementState]
    revision: Mapped[int]
    idle_from: Mapped[date | None]
    idle_flagged_at: Mapped[datetime | None]
    first_agreement_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class AchievementVersion(Base):
    """Everything an achievement said at one time, by hash. Rows are never changed; a trigger refuses it."""

    __tablename__ = "achievement_version"

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    act: Mapped[VersionAct]
    sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    at: Mapped[datetime]
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class IntellectualRight(Base):
    """`valid_until` is the last day as stated, `term_ends_on` the one that the law's term gives."""

    __tablename__ = "intellectual_right"
    __table_args__ = (UniqueConstraint("achievement_id", "kind", "number"),)

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    kind: Mapped[RightKind]
    number: Mapped[str | None] = mapped_column(String(64))
    valid_until: Mapped[date | None]
    status: Mapped[RightStatus | None]
    filed_on: Mapped[date | None]
    granted_on: Mapped[date | None]
    fees_paid_until: Mapped[date | None]
    term_ends_on: Mapped[date | None]

    @property
    def expires_on(self) -> date | None:
        return self.valid_until or self.term_ends_on


class OwnerShare(Base):
    """The shares of one achievement sum to 1: `rules.check_owners`, under the lock of its row."""

    __tablename__ = "owner_share"
    __table_args__ = (
        CheckConstraint("(org_id IS NULL) <> (person_id IS NULL)", name="one_owner"),
        CheckConstraint("share > 0 AND share <= 1", name="share"),
        UniqueConstraint("achievement_id", "org_id"),
        UniqueConstraint("achievement_id", "person_id"),
        Index(None, "org_id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    share: Mapped[Decimal] = mapped_column(Numeric(9, 8))


class SaleConsent(Identified, Base):
    """What a co-owner was asked and signed: one version of an offer (`terms_sha256`), or a scope.

    `share` is the one he had then: with another share he is asked again. Without a document it is from before consents
    were signed.
    """

    __tablename__ = "sale_consent"
    __table_args__ = (
        CheckConstraint("(org_id IS NULL) <> (person_id IS NULL)", name="one_owner"),
        Index(None, "achievement_id", "id"),
        Index(None, "org_id"),
        Index(None, "person_id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    share: Mapped[Decimal] = mapped_column(Numeric(9, 8))
    subject: Mapped[str | None] = mapped_column(String(80))
    terms_sha256: Mapped[str | None] = mapped_column(String(64))
    modes: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    licence_kinds: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    territory: Mapped[str] = mapped_column(String(16))
    field: Mapped[str] = mapped_column(String(32))
    valid_until: Mapped[date | None]
    document_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    state: Mapped[ConsentState]
    asked_at: Mapped[datetime]
    given_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Vesting(Identified, Base):
    """An application of completers and what became of it. `ends_on` is the last day of a use right."""

    __tablename__ = "vesting"
    __table_args__ = (
        CheckConstraint("(years IS NULL) = (kind = 'OWNERSHIP')", name="years_of_a_use_right"),
        Index(None, "achievement_id", "id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[VestingKind]
    years: Mapped[int | None] = mapped_column(SmallInteger)
    state: Mapped[VestingState]
    rule_date: Mapped[date]
    applied_at: Mapped[datetime]
    applied_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[datetime | None]
    decision_sha256: Mapped[str | None] = mapped_column(String(64))
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    document_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    reason: Mapped[str | None] = mapped_column(String(2000))
    in_force_on: Mapped[date | None]
    ends_on: Mapped[date | None]


class Approval(Identified, Base):
    """What the unit decided. Its signatories stand in its signing; each of `evidence` is a label and a hash."""

    __tablename__ = "approval"
    __table_args__ = (Index(None, "org_id", "id"),)

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[ApprovalKind]
    achievement_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    modes: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    floor_minor: Mapped[int | None]
    decided_on: Mapped[date]
    evidence: Mapped[list[Any]]
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID] = mapped_column(ForeignKey("signing.id"))
    state: Mapped[ApprovalState]
    drawn_up_at: Mapped[datetime]
    in_force_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class VestingGrantee(Base):
    """A completer and his share: of the title, or of the use right."""

    __tablename__ = "vesting_grantee"
    __table_args__ = (
        CheckConstraint("share > 0 AND share <= 1", name="share"),
        UniqueConstraint("vesting_id", "person_id"),
    )

    vesting_id: Mapped[UUID] = mapped_column(ForeignKey("vesting.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    share: Mapped[Decimal] = mapped_column(Numeric(9, 8))


class Completer(Base):
    """Who made it, in order; a confirmation is of this order of these people."""

    __tablename__ = "completer"
    __table_args__ = (UniqueConstraint("achievement_id", "person_id"), Index(None, "person_id"))

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]


class Evaluation(Identified, Base):
    """What somebody found about an achievement; `findings` are by value, never one number for all."""

    __tablename__ = "evaluation"
    __table_args__ = (Index(None, "achievement_id", "id"),)

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    evaluator: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(200))
    evaluated_on: Mapped[date]
    evidence_sha256: Mapped[str] = mapped_column(String(64))
    findings: Mapped[list[Any]]
    state: Mapped[EvaluationState]
    at: Mapped[datetime]
    by_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class AchievementClaim(Base):
    """What is under way and counts on the achievement. `licence` says which licence; without one it is the title.

    `by` names the trade or contract. Rows go when it is over; the journal keeps both.
    """

    __tablename__ = "achievement_claim"
    __table_args__ = (Index(None, "by"),)

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    by: Mapped[str] = mapped_column(String(80), primary_key=True)
    licence: Mapped[BurdenKind | None]
    territory: Mapped[str] = mapped_column(String(16))
    field: Mapped[str] = mapped_column(String(32))
    manner: Mapped[str] = mapped_column(String(200))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class Encumbrance(Identified, Base):
    """What binds whoever comes later. `by` names what caused it: a contract, or the unit's own record (`record:…`).

    `terms` are those of an open licence: patent, fee, way, report.
    """

    __tablename__ = "encumbrance"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        UniqueConstraint("achievement_id", "by"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    kind: Mapped[BurdenKind]
    territory: Mapped[str] = mapped_column(String(16))
    field: Mapped[str] = mapped_column(String(32))
    manner: Mapped[str] = mapped_column(String(200), server_default=text("'ANY'"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    state: Mapped[BurdenState] = mapped_column(server_default=text("'RUNNING'"))
    holder: Mapped[str | None] = mapped_column(String(200))
    holder_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    registration_number: Mapped[str | None] = mapped_column(String(64))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    holder_consented_at: Mapped[datetime | None]
    consent_sha256: Mapped[str | None] = mapped_column(String(64))
    released_on: Mapped[date | None]
    release_sha256: Mapped[str | None] = mapped_column(String(64))
    terms: Mapped[dict[str, Any] | None]
    by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class Attestation(Identified, Base):
    """What a unit says of a burden in another's favour, that it ended or that its holder agrees, with a kept file.

    It counts from its confirmation on, by somebody else: the market, or of a pledge the pledgee's own organisation.
    """

    __tablename__ = "attestation"
    __table_args__ = (
        CheckConstraint("(act = 'RELEASE') = (released_on IS NOT NULL)", name="a_release_has_a_day"),
        CheckConstraint(
            "(state IN ('CONFIRMED', 'REFUSED')) = (decided_by_id IS NOT NULL)", name="decided_by_somebody"
        ),
        CheckConstraint("decided_by_id <> by_person_id", name="a_second_eye"),
        Index(
            "uq_attestation_pending", "encumbrance_id", "act", unique=True, postgresql_where=text("state = 'PENDING'")
        ),
    )

    encumbrance_id: Mapped[UUID] = mapped_column(ForeignKey("encumbrance.id"))
    act: Mapped[AttestedAct]
    state: Mapped[AttestationState]
    released_on: Mapped[date | None]
    evidence_sha256: Mapped[str] = mapped_column(String(64))
    by_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    decided_at: Mapped[datetime | None]
    reasons: Mapped[str | None] = mapped_column(Text)
