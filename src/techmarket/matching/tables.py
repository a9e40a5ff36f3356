"""The mapped classes of matching. The index is derived: it can be dropped and built again from the listings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Identity, Index, Integer, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from techmarket.db.base import Base


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
    """

    __tablename__ = "search_state"

    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    generation: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
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


class VectorModel(Base):
    """How far an embedder has come in one space. It is ready once it has reached the end for the first time."""

    __tablename__ = "vector_model"

    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    dim: Mapped[int] = mapped_column(Integer)
    next_document: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_ready: Mapped[bool] = mapped_column(server_default=text("false"))
    is_indexed: Mapped[bool] = mapped_column(server_default=text("false"))


class ListingVector(Base):
    """The meaning of a document's text in one space, by one embedder; `text_hash` names the text that was embedded."""

    __tablename__ = "listing_vector"
    __table_args__ = (Index("ix_listing_vector_space_id", "space", "id"), Index(None, "text_hash"))

    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    space: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[int] = mapped_column(Integer)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary)
    vector: Mapped[str] = mapped_column(HalfVector())
