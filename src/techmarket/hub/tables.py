"""The mapped classes of hub."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
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
