"""The mapped classes of listings."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.rules import ListingKind


class Listing(Identified, Base):
    """`engaged_by` names the trade that runs on it; `returned_because` is for its owner's eyes."""

    __tablename__ = "listing"
    __table_args__ = (
        Index(None, "state", "id"),
        Index(None, "org_id", "id"),
        Index("ix_listing_due", "expires_on", postgresql_where=text("state = 'PUBLISHED'")),
    )

    kind: Mapped[ListingKind]
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    state: Mapped[ListingState]
    current_n: Mapped[int]
    revision: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    published_at: Mapped[datetime | None]
    expires_on: Mapped[date | None]
    engaged_by: Mapped[str | None] = mapped_column(String(80))
    returned_because: Mapped[str | None] = mapped_column(String(2000))


class ListingVersion(Base):
    """All terms of a listing at one time, by hash. Rows are never changed; a trigger refuses it."""

    __tablename__ = "listing_version"

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class ListingItem(Base):
    """What an offer sells."""

    __tablename__ = "listing_item"
    __table_args__ = (
        ForeignKeyConstraint(["listing_id", "n"], ["listing_version.listing_id", "listing_version.n"]),
        Index(None, "achievement_id"),
    )

    listing_id: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
