"""The mapped classes of matching. The index is derived: it can be dropped and built again from the listings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from techmarket.db.base import Base, Identified


class HalfVector(UserDefinedType[str]):
    """pgvector's vector of half-precision numbers, of any dimension; it travels as text: [0.1,0.2]."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "HALFVEC"


ischema_names["halfvec"] = HalfVector  # so that a look into the database knows what it sees


class SearchState(Base):
    """One space of the index: how much it holds, its next document number, its epoch (one more with each change).

    `generation` names this filling of the space, so that a process drops what it holds of an earlier one. A sweep
    takes dead documents out of the postings: all those below `sweep_below`, up to the term `sweep_after` so far.
    `model` is the version of the terms that it was begun with.
    """

    __tablename__ = "search_state"

    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    generation: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    model: Mapped[str | None] = mapped_column(String(32))
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    next_document: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    documents: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    length_sum: Mapped[int] = mapped_column(server_default=text("0"))
    dead: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sweep_below: Mapped[int | None] = mapped_column(Integer)
    sweep_after: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sweep_dead: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class SearchTerm(Base):
    """A term of one space: in how many living documents it stands, and where its last block ends."""

    __tablename__ = "search_term"
    __table_args__ = (
        Index("uq_search_term_space_term", "space", "term", unique=True),
        Index(
            "ix_search_term_alike",
            "term",
            postgresql_using="gin",
            postgresql_ops={"term": "gin_trgm_ops"},
            postgresql_where=text("term ~ '^[a-z]'"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    space: Mapped[int] = mapped_column(SmallInteger)
    term: Mapped[str] = mapped_column(String(64))
    df: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tail_n: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tail_size: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class SearchBlock(Base):
    """Some postings of a term: document numbers in ascending order, and how often the term stands in each."""

    __tablename__ = "search_block"

    term_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    documents: Mapped[bytes] = mapped_column(LargeBinary)
    times: Mapped[bytes] = mapped_column(LargeBinary)


class SearchColumn(Base):
    """The facts of 1,024 documents of a space, and the epoch that changed them last."""

    __tablename__ = "search_column"
    __table_args__ = (Index(None, "space", "epoch"),)

    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    chunk: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    epoch: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SearchDocument(Base):
    """A listing (or a person) in one space: its number there, and what must be taken out again when it leaves.

    `digest` tells whether anything that this space may know has changed.
    """

    __tablename__ = "search_document"
    __table_args__ = (Index(None, "space", "document"),)

    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[int] = mapped_column(Integer)
    length: Mapped[int] = mapped_column(Integer)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    forward: Mapped[bytes] = mapped_column(LargeBinary)
    phrases: Mapped[list[str]] = mapped_column(ARRAY(Text))


class SearchNumber(Base):
    """Numbers of rights, in one spelling, for looking up exactly and nearly."""

    __tablename__ = "search_number"
    __table_args__ = (
        Index("ix_search_number_alike", "number", postgresql_using="gin", postgresql_ops={"number": "gin_trgm_ops"}),
        Index(None, "space", "id"),
    )

    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)


class SearchPhrase(Base):
    """What documents call themselves and their subjects, for suggestions: in how many documents each stands."""

    __tablename__ = "search_phrase"
    __table_args__ = (
        Index("ix_search_phrase_start", "space", "phrase", postgresql_ops={"phrase": "text_pattern_ops"}),
        Index(
            "ix_search_phrase_frequent",
            "space",
            "phrase",
            postgresql_ops={"phrase": "text_pattern_ops"},
            postgresql_where=text("df > 1"),
        ),
    )

    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    phrase: Mapped[str] = mapped_column(String(200), primary_key=True)
    df: Mapped[int] = mapped_column(Integer)


class SearchGranted(Base):
    """What a listing says beyond what every verified organisation reads, counted by term, for each higher tier.

    It stands in no space: it is read only for those to whom the tier of this listing was opened.
    """

    __tablename__ = "search_granted"

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    terms: Mapped[dict[str, Any]]
    row: Mapped[bytes] = mapped_column(LargeBinary)


class SearchSetAside(Base):
    """A listing that could not be indexed: since when, how often it was tried, and what the trouble was.

    It is found by nobody until it can be indexed; then, or when it is no longer to be found, its row goes.
    """

    __tablename__ = "search_set_aside"

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    tries: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    trouble: Mapped[str] = mapped_column(String(200))


class VectorModel(Base):
    """How far an embedder has come in one space. It is ready once it has reached the end for the first time.

    `used_at` is the last time that a worker had it among its settings: what nobody names for a day is forgotten.
    """

    __tablename__ = "vector_model"

    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    dim: Mapped[int] = mapped_column(Integer)
    next_document: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_ready: Mapped[bool] = mapped_column(server_default=text("false"))
    is_indexed: Mapped[bool] = mapped_column(server_default=text("false"))
    used_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class ListingVector(Base):
    """The meaning of a document's text in one space, by one embedder; `text_hash` names the text that was embedded."""

    __tablename__ = "listing_vector"
    __table_args__ = (
        Index("ix_listing_vector_space_id", "space", "id"),
        Index("ix_listing_vector_model_space_document", "model", "space", "document"),
        Index(None, "text_hash"),
    )

    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[int] = mapped_column(Integer)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary)
    vector: Mapped[str] = mapped_column(HalfVector())


class MatchAnswer(Base):
    """An answer, whole: what went in and what came out. Named by its content, so kept once.

    `shown` are the ids of its results; `org_id` is who heard it. An answer to a search is about no listing.
    """

    __tablename__ = "match_answer"
    __table_args__ = (
        Index("ix_match_answer_listing_id_org_id_at", "listing_id", "org_id", "at"),
        Index("ix_match_answer_org_id_at", "org_id", "at"),
        Index(None, "at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    listing_id: Mapped[UUID | None] = mapped_column(ForeignKey("listing.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    document: Mapped[dict[str, Any]]
    shown: Mapped[list[Any]]
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class MatchFeedback(Base):
    """What an organisation says of one match of its own listing, with the features that the match had when shown."""

    __tablename__ = "match_feedback"
    __table_args__ = (Index(None, "answer_id"),)

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(String(500))
    answer_id: Mapped[str] = mapped_column(ForeignKey("match_answer.id"))
    features: Mapped[list[Any]]
    blend: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


class MatchModel(Identified, Base):
    """One training of the re-ranker: on how much, what the check found, and whether it is in use."""

    __tablename__ = "match_model"
    __table_args__ = (Index("uq_match_model_active", "is_active", unique=True, postgresql_where=text("is_active")),)

    trained_at: Mapped[datetime]
    newest_at: Mapped[datetime]
    feedback_count: Mapped[int] = mapped_column(Integer)
    held_out: Mapped[int] = mapped_column(Integer)
    blend_ndcg: Mapped[str] = mapped_column(String(32))
    reranked_ndcg: Mapped[str] = mapped_column(String(32))
    gain_least: Mapped[str] = mapped_column(String(32))
    model: Mapped[dict[str, Any] | None]
    is_active: Mapped[bool]


class MatchProfile(Base):
    """What a person says of himself so that he can be found; `is_listed` is his consent."""

    __tablename__ = "match_profile"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    is_listed: Mapped[bool]
    statement_zh: Mapped[str | None] = mapped_column(String(2000))
    statement_en: Mapped[str | None] = mapped_column(String(2000))
    keywords: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    region: Mapped[str | None] = mapped_column(String(6))
    changed_at: Mapped[datetime]


class SavedSearch(Identified, Base):
    """A search that goes on: what is published from `position` on and fits is told its owner.

    `delivery` says when: at once, or once a day. An ended one tells nothing more.
    """

    __tablename__ = "saved_search"
    __table_args__ = (
        Index(None, "org_id", "id"),
        Index("ix_saved_search_running", "id", postgresql_where=text("ended_at IS NULL")),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(100))
    query: Mapped[str | None] = mapped_column(String(500))
    filters: Mapped[dict[str, Any]]
    delivery: Mapped[str] = mapped_column(String(16))
    position: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    ended_at: Mapped[datetime | None]


class SearchAlert(Identified, Base):
    """One listing that fits a saved search, once for ever. It is told when it gets its number among its person's.

    `tier` is the lowest one whose text it fits by: whoever has not that standing any more is not told.
    """

    __tablename__ = "search_alert"
    __table_args__ = (
        UniqueConstraint("search_id", "listing_id"),
        Index("ix_search_alert_waiting", "due_at", "id", postgresql_where=text("told IS NULL")),
        Index("uq_search_alert_person_id_told", "person_id", "told", unique=True),
    )

    search_id: Mapped[UUID] = mapped_column(ForeignKey("saved_search.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    found_at: Mapped[datetime]
    due_at: Mapped[datetime]
    told: Mapped[int | None]
    tier: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))


class BlindConsent(Base):
    """The owner of a listing agrees that its undisclosed text is compared with that of others who agree too.

    `text_hash` names what was compared last, at `compared_at`; a consent that was taken back (`ended_at`) keeps it.
    """

    __tablename__ = "blind_consent"

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    text_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    compared_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BlindMatch(Base):
    """That an offer and a demand meet inside text which neither side may read of the other; not where."""

    __tablename__ = "blind_match"
    __table_args__ = (Index(None, "demand_id"),)

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    demand_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    found_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
