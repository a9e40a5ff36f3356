"""The mapped classes of matching. Everything here is derived: it can be dropped and built again from the listings."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base
from techmarket.listings.rules import ListingKind


class SearchPosting(Base):
    """How often a term stands in a listing's text: in the public one, and in what verified organisations see.

    Without a foreign key: it would be checked for every term of every listing, and the rows stand and fall with those
    of `search_listing`, which has one.
    """

    __tablename__ = "search_posting"
    __table_args__ = (Index(None, "listing_id"),)

    term: Mapped[str] = mapped_column(String(64), primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(primary_key=True)
    tf_public: Mapped[int] = mapped_column(Integer)
    tf_registered: Mapped[int] = mapped_column(Integer)


class SearchTerm(Base):
    """How many listings hold a term, in each index; kept by the one writer of the index."""

    __tablename__ = "search_term"

    term: Mapped[str] = mapped_column(String(64), primary_key=True)
    df_public: Mapped[int] = mapped_column(Integer)
    df_registered: Mapped[int] = mapped_column(Integer)


class SearchListing(Base):
    """A listing in one index: its length there, and the facts that a reader of that index may filter by."""

    __tablename__ = "search_listing"

    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    kind: Mapped[ListingKind]
    length: Mapped[int] = mapped_column(Integer)
    technology_field: Mapped[str | None] = mapped_column(String(2))
    region: Mapped[str | None] = mapped_column(String(6))
    mode: Mapped[str | None] = mapped_column(String(32))
    price_minor: Mapped[int | None]


class SearchTotal(Base):
    """How many listings an index holds and how long they are together; kept by the one writer of the index."""

    __tablename__ = "search_total"

    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    documents: Mapped[int]
    length_sum: Mapped[int]
