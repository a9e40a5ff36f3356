"""The mapped classes of notices."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.kernel.periods import Length, Unit
from techmarket.notices.kinds import Change, Effect, NoticeKind, Place
from techmarket.notices.lifecycle import LengtheningCause, NoticeState, ObjectionState, PauseCause


class Notice(Identified, Base):
    """`look_at` only tells the job when to look; the end itself is counted from start, lengths, pauses and calendar.

    Only the end of a notice that has cleared is written down (`ended_at`): what has been in force does not move.
    `owner_kinds` and `jurisdiction` choose the rule rows; they are the owner's at the birth of the notice.
    """

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("length_n > 0", name="length"),
        CheckConstraint(
            "(extension_n IS NULL) = (extensions_at_most IS NULL) AND extension_n > 0 AND extensions_at_most > 0",
            name="extension",
        ),
        Index(
            "uq_notice_standing",
            "subject",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('PREPARED', 'RUNNING', 'PAUSED')"),
        ),
        Index("ix_notice_look_at", "look_at", postgresql_where=text("state = 'RUNNING'")),
    )

    kind: Mapped[NoticeKind]
    subject: Mapped[str] = mapped_column(String(100), index=True)
    version_n: Mapped[int]
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    opened_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    owner_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    reader_org_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    rule_date: Mapped[date]
    length_n: Mapped[int]
    length_unit: Mapped[Unit]
    extension_n: Mapped[int | None]
    extensions_at_most: Mapped[int | None]
    owner_kinds: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    jurisdiction: Mapped[str] = mapped_column(String(16))
    places: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    effect: Mapped[Effect]
    lines: Mapped[list[str] | None] = mapped_column(ARRAY(String(100)))
    state: Mapped[NoticeState]
    public_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    favoured_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}", default=list)
    # Of a price: what is sold, to whom, what is paid whatever happens; and from which price on the operator allows it
    # to be published again after an objection was upheld.
    about: Mapped[list[str]] = mapped_column(ARRAY(String(100)), server_default="{}", default=list)
    buyer_org_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}", default=list)
    price_minor: Mapped[int | None]
    allowed_minor: Mapped[int | None]
    allowed_reasons: Mapped[str | None] = mapped_column(Text)
    allowed_at: Mapped[datetime | None]
    allowed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))

    @property
    def length(self) -> Length:
        return Length(self.length_n, self.length_unit)

    @property
    def sides(self) -> set[UUID]:
        """Its owner and whom it names: what each of them says of it is said for himself."""
        return {self.owner_org_id, *self.reader_org_ids, *self.buyer_org_ids}

    @property
    def required_places(self) -> tuple[Place, ...]:
        return tuple(Place(place) for place in self.places)


class NoticeVersion(Base):
    """A text that stood; never changed. The first one opens the notice, a correction adds the next."""

    __tablename__ = "notice_version"

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    change: Mapped[Change | None]
    at: Mapped[datetime]
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class Evidence(Base):
    """A file that an organisation keeps here as evidence: a photograph of its board, an image of a page, a paper.

    `named_at` is when something first rested on it; what nothing ever names is swept.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_org_id_at", "org_id", "at"),
        Index("ix_evidence_unnamed", "kept_at", postgresql_where=text("named_at IS NULL")),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("file.sha256"), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    by_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    # By the machine's clock: a sandbox that runs a year ahead sweeps nothing on that account.
    kept_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    named_at: Mapped[datetime | None]


class Posting(Identified, Base):
    """The proof that a text stood in a place from an instant on; never changed.

    The hashes of postings from before evidence was kept here name no file.
    """

    __tablename__ = "notice_posting"
    __table_args__ = (
        Index(
            "uq_notice_posting_place",
            "notice_id",
            "version_n",
            "place",
            unique=True,
            postgresql_where=text("place <> 'ELSEWHERE'"),
        ),
        Index("ix_notice_posting_notice_id", "notice_id"),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    version_n: Mapped[int]
    place: Mapped[Place]
    at: Mapped[datetime]
    url: Mapped[str | None] = mapped_column(String(500))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class NoticeEntry(Base):
    """Which entries of the journal tell of a notice, in their order: what its proof is made of."""

    __tablename__ = "notice_entry"
    __table_args__ = (Index("ix_notice_entry_notice_id", "notice_id"),)

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    kind: Mapped[str] = mapped_column(String(64))


class Objection(Identified, Base):
    """`notice_id` is the notice it stands against; when that replaced another one, it may come from there.

    `acknowledge_by` and `decide_by` are counted again when the operator enters work days.
    """

    __tablename__ = "objection"
    __table_args__ = (
        Index(
            "uq_objection_open",
            "notice_id",
            "by_person_id",
            unique=True,
            postgresql_where=text("state = 'FILED'"),
        ),
        Index("ix_objection_notice_id", "notice_id"),
        Index("ix_objection_carried_from_id", "carried_from_id"),
        Index("ix_objection_decide_by", "decide_by", postgresql_where=text("state = 'FILED'")),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    carried_from_id: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    by_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    by_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    grounds: Mapped[str] = mapped_column(Text)
    grounds_sha256: Mapped[str] = mapped_column(String(64))
    lines: Mapped[list[str] | None] = mapped_column(ARRAY(String(100)))
    state: Mapped[ObjectionState]
    filed_at: Mapped[datetime]
    acknowledge_by: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decide_by: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reasons: Mapped[str | None] = mapped_column(Text)
    published_reasons: Mapped[str | None] = mapped_column(Text)


class ObjectionEvidence(Base):
    """What an objection rests on; added to while it is open, never taken away."""

    __tablename__ = "objection_evidence"

    objection_id: Mapped[UUID] = mapped_column(ForeignKey("objection.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class NoticePause(Identified, Base):
    """The time that an objection or a suspension takes out of the period; without an end it still lasts."""

    __tablename__ = "notice_pause"
    __table_args__ = (
        UniqueConstraint("notice_id", "objection_id"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="order"),
        CheckConstraint("(cause = 'OBJECTION') = (objection_id IS NOT NULL)", name="cause"),
        CheckConstraint("(cause = 'SUSPENSION') = (reasons IS NOT NULL)", name="reasons"),
        Index("ix_notice_pause_notice_id", "notice_id"),
        Index(
            "uq_notice_pause_suspension",
            "notice_id",
            unique=True,
            postgresql_where=text("cause = 'SUSPENSION' AND ended_at IS NULL"),
        ),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    cause: Mapped[PauseCause]
    objection_id: Mapped[UUID | None] = mapped_column(ForeignKey("objection.id"))
    reasons: Mapped[str | None] = mapped_column(Text)
    began_at: Mapped[datetime]
    resume_by: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class NoticeLengthening(Identified, Base):
    """Days added to the period, in the unit of the notice; never taken back."""

    __tablename__ = "notice_lengthening"
    __table_args__ = (CheckConstraint("n > 0", name="days"), Index("ix_notice_lengthening_notice_id", "notice_id"))

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    cause: Mapped[LengtheningCause]
    n: Mapped[int]
    at: Mapped[datetime]
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
