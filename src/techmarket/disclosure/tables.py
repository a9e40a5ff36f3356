"""The mapped classes of disclosure."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    cast,
    false,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.disclosure.lifecycle import GrantState, NdaState, QuestionState, RequestState
from techmarket.disclosure.rules import ReadOutcome

_TODAY = cast(func.timezone("Asia/Shanghai", func.market_now()), Date)


class DataRoom(Base):
    """Whose subject it is, and whether strangers may know that it exists: `stands_public` counts the last day, too."""

    __tablename__ = "data_room"

    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    owner_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    is_public: Mapped[bool] = mapped_column()
    public_until: Mapped[date | None] = mapped_column()
    stands_public: Mapped[bool] = column_property(
        and_(is_public, func.coalesce(public_until >= _TODAY, true())),
    )


class RoomFolder(Base):
    """A folder with a tier of its own: what lies in it is never opened below that."""

    __tablename__ = "room_folder"
    __table_args__ = (CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),)

    subject: Mapped[str] = mapped_column(ForeignKey("data_room.subject"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    tier: Mapped[int] = mapped_column(SmallInteger)


class Grant(Identified, Base):
    """A tier of one subject, or just a folder or a document of it, opened to one organisation or one person of it.

    One open grant for each reason to have a tier or a folder, and one for each document.
    """

    __tablename__ = "disclosure_grant"
    __table_args__ = (
        CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
        CheckConstraint("folder IS NULL OR document_id IS NULL", name="one_thing"),
        Index(
            "uq_disclosure_grant_open",
            "org_id",
            "subject",
            "basis",
            "folder",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'OPEN' AND document_id IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "uq_disclosure_grant_open_document",
            "org_id",
            "document_id",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'OPEN' AND document_id IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_disclosure_grant_subject", "subject"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    subject: Mapped[str] = mapped_column(String(100))
    folder: Mapped[str | None] = mapped_column(String(64))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"))
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
    by_name: Mapped[bool] = mapped_column(server_default=false())
    is_stamped: Mapped[bool] = mapped_column(server_default=false())
    added_at: Mapped[datetime]
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class DocumentWithdrawal(Base):
    """The owner took a document out of the room; what it was, and who read it, stays on record."""

    __tablename__ = "document_withdrawal"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class DocumentReadRow(Identified, Base):
    """Who fetched which document when, or tried to: for its owner. Never changed."""

    __tablename__ = "document_read"
    __table_args__ = (Index("ix_document_read_document_id", "document_id", "id"),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"))
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    outcome: Mapped[ReadOutcome] = mapped_column(server_default=ReadOutcome.READ.value)
    entry_id: Mapped[UUID | None]
    is_stamped: Mapped[bool] = mapped_column(server_default=false())


class NdaText(Identified, Base):
    """One version of what an owner asks others to sign, for one subject or for all of his. Only `binds_from` is said
    later, and once."""

    __tablename__ = "nda_text"
    __table_args__ = (
        UniqueConstraint("owner_org_id", "subject", "version", postgresql_nulls_not_distinct=True),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("valid_days > 0", name="valid_days"),
    )

    owner_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    subject: Mapped[str | None] = mapped_column(ForeignKey("data_room.subject"))
    version: Mapped[int]
    text_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    valid_days: Mapped[int]
    counter_signature: Mapped[bool]
    published_at: Mapped[datetime]
    published_by_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    binds_from: Mapped[datetime | None]


class Nda(Identified, Base):
    """One organisation's agreement to one text for one subject; one waiting and one in force at a time."""

    __tablename__ = "nda"
    __table_args__ = (
        Index("uq_nda_waiting", "org_id", "subject", unique=True, postgresql_where=text("state = 'SIGNED'")),
        Index("uq_nda_in_force", "org_id", "subject", unique=True, postgresql_where=text("state = 'IN_FORCE'")),
        Index("ix_nda_owner_org_id", "owner_org_id", "id"),
        Index("ix_nda_org_id", "org_id", "id"),
        Index("ix_nda_text_id", "text_id"),
    )

    text_id: Mapped[UUID] = mapped_column(ForeignKey("nda_text.id"))
    subject: Mapped[str] = mapped_column(ForeignKey("data_room.subject"))
    owner_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    signing_id: Mapped[UUID] = mapped_column(ForeignKey("signing.id"))
    state: Mapped[NdaState]
    signed_at: Mapped[datetime]
    in_force_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)


class AccessRequest(Identified, Base):
    """What an organisation asks the owner of a room to open, why and until when; one waiting at a time."""

    __tablename__ = "access_request"
    __table_args__ = (
        Index("uq_access_request_asked", "org_id", "subject", unique=True, postgresql_where=text("state = 'ASKED'")),
        Index("ix_access_request_owner_org_id", "owner_org_id", "id"),
        Index("ix_access_request_org_id", "org_id", "id"),
        CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
    )

    subject: Mapped[str] = mapped_column(ForeignKey("data_room.subject"))
    owner_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str] = mapped_column(Text)
    tier: Mapped[int | None] = mapped_column(SmallInteger)
    folders: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    until: Mapped[datetime]
    asked_at: Mapped[datetime]
    state: Mapped[RequestState]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    granted_until: Mapped[datetime | None]


class Question(Identified, Base):
    __tablename__ = "question"
    __table_args__ = (
        Index("ix_question_subject", "subject", "id"),
        CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
    )

    subject: Mapped[str] = mapped_column(ForeignKey("data_room.subject"))
    asker_org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    asker_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    state: Mapped[QuestionState]
    tier: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
