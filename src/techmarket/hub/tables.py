"""The mapped classes of hub."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.hub.webhooks import DeliveryState, WebhookState
from techmarket.listings.rules import ListingKind


class ImportJob(Identified, Base):
    """One import and the hash of its report."""

    __tablename__ = "import_job"
    __table_args__ = (Index(None, "org_id", "id"),)

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[ListingKind]
    source: Mapped[str] = mapped_column(String(64))
    total: Mapped[int]
    accepted: Mapped[int]
    refused: Mapped[int]
    unchanged: Mapped[int]
    report_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class ExternalId(Base):
    """How a source names what became our listing; the fingerprint tells whether the row changed since."""

    __tablename__ = "external_id"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    theirs: Mapped[str] = mapped_column(String(64), primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), unique=True)
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    fingerprint: Mapped[str] = mapped_column(String(64))


class FeedItem(Base):
    """That an audience (everyone, or one organisation) is told of a journal entry, and under which type."""

    __tablename__ = "feed_item"

    audience: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(ForeignKey("journal_position.n"), primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(64))


class FeedShown(Base):
    """A thing that its audience has been told of and not yet that it is gone: everyone, or the sides of a contract."""

    __tablename__ = "feed_shown"

    thing: Mapped[str] = mapped_column(String(64), primary_key=True)


class Webhook(Identified, Base):
    """A subscription: where to, of what, and up to which position of the feed its messages are written."""

    __tablename__ = "webhook"
    __table_args__ = (Index(None, "org_id", "id"),)

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    url: Mapped[str] = mapped_column(String(500))
    types: Mapped[list[Any]]
    state: Mapped[WebhookState] = mapped_column(default=WebhookState.ACTIVE)
    position: Mapped[int]
    failing_since: Mapped[datetime | None]
    disabled_because: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class WebhookSecret(Identified, Base):
    """One secret of a subscription, wrapped; after a rotation the old one is valid for a while beside the new one."""

    __tablename__ = "webhook_secret"

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id"), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    ends_at: Mapped[datetime | None]


class WebhookDelivery(Identified, Base):
    """One message to one subscription; the body is written once, so that every attempt sends the same bytes."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "n"),
        Index(
            "ix_webhook_delivery_due",
            "next_at",
            postgresql_where=text("state = 'PENDING'"),
        ),
        Index(None, "webhook_id", "id"),
    )

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id"))
    n: Mapped[int | None]
    message_id: Mapped[str] = mapped_column(String(40))
    type: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    delivered_at: Mapped[datetime | None]


class WebhookAttempt(Identified, Base):
    """One call: written before it is made, and again when it came back. One that never came back was cut off."""

    __tablename__ = "webhook_attempt"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_delivery.id"), index=True)
    at: Mapped[datetime]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(32))
    milliseconds: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)


class ForeignRelease(Base):
    """A release of open data that an organisation brought from elsewhere, as it came."""

    __tablename__ = "foreign_release"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    ocid: Mapped[str] = mapped_column(String(200), primary_key=True)
    release_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
