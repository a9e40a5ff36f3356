"""The mapped classes of disclosure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.disclosure.lifecycle import GrantState, QuestionState


class DataRoom(Base):
    """Whose subject it is, and whether strangers may know that it exists."""

    __tablename__ = "data_room"

    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    owner_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    is_public: Mapped[bool]


class Grant(Identified, Base):
    """A tier opened to one organisation for one subject; one open grant for each reason to have it."""

    __tablename__ = "disclosure_grant"
    __table_args__ = (
        CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
        Index(
            "uq_disclosure_grant_open",
            "org_id",
            "subject",
            "basis",
            unique=True,
            postgresql_where=text("state = 'OPEN'"),
        ),
        Index("ix_disclosure_grant_subject", "subject"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    subject: Mapped[str] = mapped_column(String(100))
    tier: Mapped[int] = mapped_column(SmallInteger)
    basis: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime | None]
    state: Mapped[GrantState]
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]


class Document(Identified, Base):
    """One version of a document; never changed. A new upload under the same name is the next version."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("subject", "folder", "name", "version"),
        CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
        CheckConstraint("version > 0", name="version"),
    )

    subject: Mapped[str] = mapped_column(ForeignKey("data_room.subject"))
    folder: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    tier: Mapped[int] = mapped_column(SmallInteger)
    sha256: Mapped[str] = mapped_column(ForeignKey("file.sha256"))
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[datetime]
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class DocumentReadRow(Identified, Base):
    """Who fetched which document when: for its owner. Never changed."""

    __tablename__ = "document_read"
    __table_args__ = (Index("ix_document_read_document_id", "document_id", "id"),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"))
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Question(Identified, Base):
    __tablename__ = "question"
    __table_args__ = (Index("ix_question_subject", "subject", "id"),)

    subject: Mapped[str] = mapped_column(ForeignKey("data_room.subject"))
    asker_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    asker_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    state: Mapped[QuestionState]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
