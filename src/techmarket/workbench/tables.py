"""The mapped classes of the workbench. Work itself has no table: it is asked of the rooms."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.workbench.mails import MailState
from techmarket.workbench.telling import Delivery


class Notification(Identified, Base):
    """One thing that one person is told, once for ever (`once`). Its words are made when it is read.

    `mail` is how it goes by mail, too: at `mail_due_at` of the market's time, inside the mail `mail_id`.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("person_id", "org_id", "once"),
        Index(None, "person_id", "org_id", "id"),
        Index("ix_notification_mail", "mail_due_at", postgresql_where=text("mail_id IS NULL AND mail IS NOT NULL")),
        Index("ix_notification_old", "told_at", postgresql_where=text("read_at IS NOT NULL")),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    once: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(64))
    work: Mapped[str | None] = mapped_column(String(64))
    object: Mapped[str | None] = mapped_column(String(100))
    at: Mapped[datetime]
    due: Mapped[datetime | None]
    told_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    mail: Mapped[Delivery | None]
    mail_due_at: Mapped[datetime | None]
    mail_id: Mapped[UUID | None] = mapped_column(ForeignKey("mail.id", ondelete="SET NULL"))


class NotificationPreference(Base):
    """How a person wants to be told of a kind, a group of kinds, or (`*`) of everything else, in one organisation."""

    __tablename__ = "notification_preference"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    delivery: Mapped[Delivery]


class MailAddress(Base):
    """Where a person gets mail, in which language. It is used once its owner has confirmed it by a code sent there.

    `refused_at`: a server said for good that nothing can be delivered; then it has to be confirmed anew.
    """

    __tablename__ = "mail_address"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8))
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_until: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    confirmed_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class Mail(Identified, Base):
    """One mail, written once: every attempt sends the same text under the same Message-ID. Its time is real time."""

    __tablename__ = "mail"
    __table_args__ = (
        Index("ix_mail_due", "next_at", postgresql_where=text("state = 'PENDING'")),
        Index(None, "person_id", "id"),
        Index("ix_mail_codes", "created_at", postgresql_where=text("org_id IS NULL")),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[MailState]
    attempts: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(64))


class Reminder(Base):
    """That somebody is told of a deadline of a piece of work: once for each deadline it has."""

    __tablename__ = "reminder"

    once: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class AlertCursor(Base):
    """Up to which number a person's alerts lie in his inbox."""

    __tablename__ = "alert_cursor"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    position: Mapped[int]
