"""The mapped classes of listings."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.listings.lifecycle import ListingState, ScenarioListState
from techmarket.listings.rules import Decision, ListingKind


class Listing(Identified, Base):
    """`engaged_by` names the trade that runs on it; `returned_because` is for its owner's eyes.

    `node_id` is the node of its organisation. `shown_n` is the version that last changed what is shown without a grant;
    `accepted_n` the one an operator accepted last. A held listing (`is_held`) waits, once accepted, for its owner or
    for `publish_at`. One that `is_syndicated` is another market's.
    """

    __tablename__ = "listing"
    __table_args__ = (
        Index(None, "state", "id"),
        Index(None, "org_id", "id"),
        Index(None, "node_id", "id"),
        Index("ix_listing_due", "expires_on", postgresql_where=text("state = 'PUBLISHED'")),
        Index("ix_listing_waiting", "submitted_at", "id", postgresql_where=text("state = 'SUBMITTED'")),
        Index("ix_listing_publish_at", "publish_at", postgresql_where=text("state = 'ACCEPTED'")),
        CheckConstraint("publish_at IS NULL OR is_held", name="hour_of_held"),
    )

    kind: Mapped[ListingKind]
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    is_syndicated: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    state: Mapped[ListingState]
    current_n: Mapped[int]
    shown_n: Mapped[int] = mapped_column(server_default=text("1"))
    revision: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    submitted_at: Mapped[datetime | None]
    accepted_n: Mapped[int | None]
    is_held: Mapped[bool] = mapped_column(server_default=text("false"))
    publish_at: Mapped[datetime | None]
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


class ListingReview(Identified, Base):
    """One decision of an operator about one version, with its reasons. Never changed; a trigger refuses it."""

    __tablename__ = "listing_review"
    __table_args__ = (Index(None, "listing_id", "id"),)

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    n: Mapped[int]
    decision: Mapped[Decision]
    reasons: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    reason: Mapped[str | None] = mapped_column(Text)
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class ScenarioList(Identified, Base):
    """Demands of one place or purpose, published together."""

    __tablename__ = "scenario_list"
    __table_args__ = (
        CheckConstraint("title_zh IS NOT NULL OR title_en IS NOT NULL", name="has_a_title"),
        Index(None, "org_id", "id"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    state: Mapped[ScenarioListState]
    revision: Mapped[int]
    title_zh: Mapped[str | None] = mapped_column(String(200))
    title_en: Mapped[str | None] = mapped_column(String(200))
    description_zh: Mapped[str | None] = mapped_column(Text)
    description_en: Mapped[str | None] = mapped_column(Text)
    region: Mapped[str | None] = mapped_column(String(6))
    open_until: Mapped[date | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class ScenarioListItem(Base):
    __tablename__ = "scenario_list_item"

    list_id: Mapped[UUID] = mapped_column(ForeignKey("scenario_list.id"), primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
