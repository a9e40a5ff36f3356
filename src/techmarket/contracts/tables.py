"""The mapped classes of contracts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.contracts.borders import ClearanceKind
from techmarket.contracts.lifecycle import (
    AuthorityState,
    BreachState,
    ChangeState,
    ContractState,
    LineState,
    OrderedState,
    RegistrationState,
)
from techmarket.contracts.rules import (
    AuthorityKind,
    ChangeKind,
    ContractType,
    DeadlineKind,
    LineKind,
    Origin,
    PartyRole,
    Relief,
    Tax,
    TitleMoves,
)
from techmarket.contracts.templates import Form
from techmarket.db.base import Base, Identified


class Contract(Identified, Base):
    """The text stands under `contract_version`; the columns here are what the market itself must ask for."""

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("(in_force_at IS NULL) = (term_from IS NULL)", name="term_starts_with_force"),
        CheckConstraint("(type = 'LICENCE') <= (licence_kind IS NOT NULL)", name="licence_has_a_kind"),
        CheckConstraint("(origin = 'MARKET') = (scan_sha256 IS NULL)", name="elsewhere_has_a_scan"),
        CheckConstraint("term_years IS NULL OR term_years BETWEEN 1 AND 100", name="term_is_possible"),
        Index(None, "created_at", "id"),
    )

    number: Mapped[str] = mapped_column(String(32), unique=True)
    award_id: Mapped[UUID | None] = mapped_column(ForeignKey("award.id"), unique=True)
    listing_id: Mapped[UUID | None] = mapped_column(ForeignKey("listing.id"))
    type: Mapped[ContractType]
    form: Mapped[Form | None]
    licence_kind: Mapped[str | None] = mapped_column(String(32))
    origin: Mapped[Origin] = mapped_column(server_default=text("'MARKET'"))
    state: Mapped[ContractState]
    rule_date: Mapped[date]
    scope: Mapped[dict[str, Any]]
    term_years: Mapped[int | None]
    current_n: Mapped[int]
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    approval_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}", default=list)
    in_force_at: Mapped[datetime | None]
    term_from: Mapped[date | None]
    term_until: Mapped[date | None]
    reasons: Mapped[str | None]
    crossing: Mapped[dict[str, Any] | None]
    trial_months: Mapped[int | None]
    trial_until: Mapped[date | None]
    title_moves: Mapped[TitleMoves | None]
    title_moved_at: Mapped[datetime | None]
    title_shares: Mapped[dict[str, Any] | None]
    title_restored_at: Mapped[datetime | None]
    deposit_minor: Mapped[int] = mapped_column(server_default=text("0"))
    signed_on: Mapped[date | None]
    scan_sha256: Mapped[str | None] = mapped_column(ForeignKey("file.sha256"))
    paid_sha256: Mapped[str | None] = mapped_column(ForeignKey("file.sha256"))
    findings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime]


class ContractClearance(Identified, Base):
    """A document of an authority without which the contract may not be signed, or has no effect."""

    __tablename__ = "contract_clearance"
    __table_args__ = (UniqueConstraint("contract_id", "kind"),)

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[ClearanceKind]
    number: Mapped[str] = mapped_column(String(100))
    issued_by: Mapped[str] = mapped_column(String(200))
    issued_on: Mapped[date]
    evidence_sha256: Mapped[str] = mapped_column(ForeignKey("file.sha256"))
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]


class ContractCounter(Base):
    """The last number of each year; its row lock keeps numbers without gap and without twin."""

    __tablename__ = "contract_counter"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class ContractParty(Base):
    """A side's first organisation owes or is owed what the contract says. Those after it stand on the same side as its
    consortium (联合体): they sign too, and are liable jointly and severally."""

    __tablename__ = "contract_party"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    role: Mapped[PartyRole] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, default=1, server_default=text("1")
    )
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)


class ContractAchievement(Base):
    __tablename__ = "contract_achievement"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), index=True)


class ContractVersion(Base):
    __tablename__ = "contract_version"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    at: Mapped[datetime]
    effective_on: Mapped[date | None]


class ContractChange(Identified, Base):
    """Other terms, or the end, as one side proposes them; `document_sha256` is the text all would sign."""

    __tablename__ = "contract_change"
    __table_args__ = (
        UniqueConstraint("contract_id", "n"),
        Index("uq_contract_change_open", "contract_id", unique=True, postgresql_where=text("state = 'PROPOSED'")),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    n: Mapped[int]
    kind: Mapped[ChangeKind]
    state: Mapped[ChangeState]
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    signing_id: Mapped[UUID] = mapped_column(ForeignKey("signing.id"))
    effective_on: Mapped[date]
    reasons: Mapped[str]
    proposed_by_org: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    version_n: Mapped[int | None]


class ContractBreach(Identified, Base):
    """One side says what the other did not do, and gives it until `cure_ends_at`."""

    __tablename__ = "contract_breach"
    __table_args__ = (Index(None, "contract_id"),)

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    by_org: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    grounds: Mapped[str]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"))
    evidence_sha256: Mapped[str | None] = mapped_column(ForeignKey("file.sha256"))
    state: Mapped[BreachState]
    demanded_at: Mapped[datetime]
    cure_ends_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closing: Mapped[str | None]


class ContractDeadline(Identified, Base):
    """What is to be done by an instant; `about` names the due, report, breach or registration it is for."""

    __tablename__ = "contract_deadline"
    __table_args__ = (
        UniqueConstraint("contract_id", "kind", "about", postgresql_nulls_not_distinct=True),
        Index("ix_contract_deadline_waiting", "due_at", postgresql_where=text("done_at IS NULL AND passed_at IS NULL")),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[DeadlineKind]
    about: Mapped[UUID | None]
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    due_at: Mapped[datetime]
    rule_key: Mapped[str | None] = mapped_column(String(100))
    done_at: Mapped[datetime | None]
    evidence_sha256: Mapped[str | None] = mapped_column(ForeignKey("file.sha256"))
    number: Mapped[str | None] = mapped_column(String(100))
    passed_at: Mapped[datetime | None]


class ContractAttestation(Base):
    """One of the two who looked at a contract made elsewhere and at its scan."""

    __tablename__ = "contract_attestation"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    at: Mapped[datetime]
    document_sha256: Mapped[str] = mapped_column(String(64))
    entry_id: Mapped[UUID]


class ContractPaper(Base):
    """The file that was drawn of a text: the first one is the one that is signed by hand or certificate."""

    __tablename__ = "contract_paper"

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(ForeignKey("file.sha256"))
    at: Mapped[datetime]


class SigningAuthority(Identified, Base):
    """Why a person binds his organisation, with the paper that says so."""

    __tablename__ = "signing_authority"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="days_in_order"),
        Index(None, "org_id", "person_id"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[AuthorityKind]
    evidence_sha256: Mapped[str] = mapped_column(ForeignKey("file.sha256"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    state: Mapped[AuthorityState]
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]


class SignatureOrder(Identified, Base):
    """A signature asked of a service; its id is the key under which the service is asked."""

    __tablename__ = "signature_order"
    __table_args__ = (
        Index(
            "uq_signature_order_alive",
            "signing_id",
            "position",
            unique=True,
            postgresql_where=text("state IN ('INTENDED','SENT','SIGNED')"),
        ),
        Index("ix_signature_order_waiting", "id", postgresql_where=text("state IN ('INTENDED','SENT')")),
        CheckConstraint("state IN ('INTENDED','FAILED') OR reference IS NOT NULL", name="sent_with_a_reference"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    signing_id: Mapped[UUID] = mapped_column(ForeignKey("signing.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    provider: Mapped[str] = mapped_column(String(64))
    base_sha256: Mapped[str] = mapped_column(ForeignKey("file.sha256"))
    state: Mapped[OrderedState]
    reference: Mapped[str | None] = mapped_column(String(200))
    url: Mapped[str | None] = mapped_column(String(2000))
    ordered_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(String(100))


class ContractSignature(Base):
    """What is known of a signature beside that it was put: by what authority, on which file, by whose certificate, and
    who vouched for the person."""

    __tablename__ = "contract_signature"
    __table_args__ = (ForeignKeyConstraint(["signing_id", "position"], ["signature.signing_id", "signature.position"]),)

    signing_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), index=True)
    authority_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing_authority.id"))
    paper_sha256: Mapped[str | None] = mapped_column(ForeignKey("file.sha256"))
    certificate: Mapped[dict[str, Any] | None]
    identity: Mapped[dict[str, Any] | None]


class PlanLine(Identified, Base):
    """A fixed part has an amount, a royalty a rate; `credited_minor` is the deposit taken for it.

    `terms` is the line as the text states it; `version_n` is the text that brought it, `valid_from` and `valid_until`
    the days on which a royalty's terms hold.
    """

    __tablename__ = "plan_line"
    __table_args__ = (
        UniqueConstraint("contract_id", "n"),
        CheckConstraint("(kind = 'ROYALTY') = (rate IS NOT NULL)", name="royalty_has_rate"),
        CheckConstraint("(kind <> 'ROYALTY') = (minor IS NOT NULL)", name="fee_has_amount"),
        CheckConstraint("kind NOT IN ('MILESTONE','EQUITY') OR title IS NOT NULL", name="milestone_has_title"),
        CheckConstraint("minor > 0", name="amount_positive"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    n: Mapped[int]
    kind: Mapped[LineKind]
    title: Mapped[str | None] = mapped_column(String(200))
    minor: Mapped[int | None]
    rate: Mapped[Decimal | None] = mapped_column(Numeric(14, 12))
    base: Mapped[str | None] = mapped_column(String(100))
    due_n: Mapped[int]
    due_unit: Mapped[str] = mapped_column(String(32))
    due_on: Mapped[date | None]
    terms: Mapped[dict[str, Any] | None]
    version_n: Mapped[int] = mapped_column(server_default=text("1"))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    accepted_sha256: Mapped[str | None] = mapped_column(ForeignKey("file.sha256"))
    interest_due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"))
    credited_minor: Mapped[int]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    state: Mapped[LineState]


class RoyaltyReport(Identified, Base):
    """Never edited. `royalty_minor` is rate times base; `charged_minor` what fell due with it, after minimum, caps,
    advance and credit; rows older than these have none, and what fell due was the royalty."""

    __tablename__ = "royalty_report"
    __table_args__ = (
        UniqueConstraint("contract_id", "period_from"),
        CheckConstraint("period_from <= period_to", name="period_forward"),
        CheckConstraint("base_minor >= 0 AND royalty_minor >= 0", name="amounts_not_negative"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    plan_line_id: Mapped[UUID] = mapped_column(ForeignKey("plan_line.id"))
    period_from: Mapped[date]
    period_to: Mapped[date]
    base_minor: Mapped[int]
    royalty_minor: Mapped[int]
    charged_minor: Mapped[int | None]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    interest_due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"))
    paid_at: Mapped[datetime | None]
    reported_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reported_at: Mapped[datetime]

    @property
    def charged(self) -> int:
        return self.royalty_minor if self.charged_minor is None else self.charged_minor


class RoyaltyCorrection(Identified, Base):
    """The base of a report as it should have been; `charged_minor` is the difference that fell due."""

    __tablename__ = "royalty_correction"
    __table_args__ = (
        UniqueConstraint("report_id", "n"),
        CheckConstraint("base_minor >= 0 AND charged_minor >= 0", name="amounts_not_negative"),
        CheckConstraint("base_minor <> was_minor", name="corrects_something"),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("royalty_report.id"))
    n: Mapped[int]
    was_minor: Mapped[int]
    base_minor: Mapped[int]
    charged_minor: Mapped[int]
    due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"), unique=True)
    interest_due_id: Mapped[UUID | None] = mapped_column(ForeignKey("due.id"))
    paid_at: Mapped[datetime | None]
    reasons: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(ForeignKey("file.sha256"))
    corrected_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    corrected_at: Mapped[datetime]


class Registration(Identified, Base):
    """`decide_by` is empty where no rule row gives the registrar a period."""

    __tablename__ = "registration"
    __table_args__ = (
        CheckConstraint("technology_minor >= 0 AND whole_minor >= technology_minor", name="technology_within_whole"),
        CheckConstraint("(state = 'FILED') = (decided_at IS NULL)", name="decided_with_a_date"),
        Index(
            "uq_registration_alive",
            "contract_id",
            unique=True,
            postgresql_where=text("state IN ('FILED','REGISTERED')"),
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    state: Mapped[RegistrationState]
    class_: Mapped[ContractType] = mapped_column("class")
    whole_minor: Mapped[int]
    technology_minor: Mapped[int]
    number: Mapped[str | None] = mapped_column(String(64))
    is_estimate: Mapped[bool] = mapped_column(server_default=text("false"))
    seller_code: Mapped[str | None] = mapped_column(String(3))
    buyer_code: Mapped[str | None] = mapped_column(String(3))
    seller_place: Mapped[str | None] = mapped_column(String(6))
    buyer_place: Mapped[str | None] = mapped_column(String(6))
    filed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    filed_at: Mapped[datetime]
    decide_by: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    reasons: Mapped[str | None]


class RegistrationItem(Base):
    """A part of the whole sum that is not for technology: equipment, instruments, parts, raw material."""

    __tablename__ = "registration_item"
    __table_args__ = (CheckConstraint("minor > 0", name="above_nought"),)

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(200))
    minor: Mapped[int]


class RegistrationCorrection(Base):
    """Amounts that were estimated when registered, such as a royalty's, as they turned out."""

    __tablename__ = "registration_correction"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    was_whole_minor: Mapped[int]
    was_technology_minor: Mapped[int]
    whole_minor: Mapped[int]
    technology_minor: Mapped[int]
    reasons: Mapped[str]
    corrected_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class ReliefFlagRow(Base):
    __tablename__ = "relief_flag"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"), primary_key=True)
    tax: Mapped[Tax] = mapped_column(primary_key=True)
    relief: Mapped[Relief]
    needs_confirmation: Mapped[bool]
