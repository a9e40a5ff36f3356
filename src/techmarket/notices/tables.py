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
from techmarket.notices.kinds import Effect, NoticeKind, Place
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
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
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

    @property
    def length(self) -> Length:
        return Length(self.length_n, self.length_unit)

    @property
    def required_places(self) -> tuple[Place, ...]:
        return tuple(Place(place) for place in self.places)


class Posting(Base):
    """The proof that a notice stood in a place from an instant on; never changed."""

    __tablename__ = "notice_posting"

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), primary_key=True)
    place: Mapped[Place] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    by_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class Objection(Identified, Base):
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
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    by_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    by_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    grounds: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[str] | None] = mapped_column(ARRAY(String(100)))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[ObjectionState]
    filed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reasons: Mapped[str | None] = mapped_column(Text)


class NoticePause(Identified, Base):
    """The time that an objection or a suspension takes out of the period; without an end it still lasts."""

    __tablename__ = "notice_pause"
    __table_args__ = (
        UniqueConstraint("objection_id"),
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
