"""The mapped classes of transparency: the tree above the journal's positions, what was signed over it, commitments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.transparency.lifecycle import CommitmentState
from techmarket.transparency.offline import log_id_of


class TreeNode(Base):
    """A complete subtree of level 1 and above; level 0 is the journal's own leaf hashes."""

    __tablename__ = "tree_node"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class JournalSpan(Base):
    """Between which times a stretch of `SPAN` positions was written, and what rows it has: whoever looks back at a day
    reads that day alone. Never by the entries' writers, who have enough to do: it is added behind them."""

    __tablename__ = "journal_span"

    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_seq: Mapped[int]
    last_seq: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class CheckpointRow(Base):
    """Sizes only grow, through all logs that followed one another: each begins with what its forerunner left.

    Which log it was is the first line of the note.
    """

    __tablename__ = "checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    kid: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))

    @property
    def log_id(self) -> UUID:
        return log_id_of(self.note.partition("\n")[0])


class Cosignature(Base):
    """A witness's line under a checkpoint: he saw this root, consistent with all he saw before. Never changed."""

    __tablename__ = "cosignature"

    size: Mapped[int] = mapped_column(ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(String(200), primary_key=True)
    line: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class PublishedKey(Base):
    """A public key the market signs with, or signed with until it was retired."""

    __tablename__ = "published_key"
    __table_args__ = (CheckConstraint("octet_length(raw) = 32", name="raw"),)

    kid: Mapped[str] = mapped_column(String(16), primary_key=True)
    use: Mapped[str] = mapped_column(String(32))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    since: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    until: Mapped[datetime | None]


class Commitment(Identified, Base):
    """A blinded digest, logged; what it blinds is here only once its owner has revealed it."""

    __tablename__ = "commitment"
    __table_args__ = (
        CheckConstraint(
            "(state = 'REVEALED') = (revealed_at IS NOT NULL AND document_sha256 IS NOT NULL AND salt IS NOT NULL"
            " AND revealed_entry_id IS NOT NULL)",
            name="revealed_wholly",
        ),
        Index(None, "org_id", "id"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    entry_id: Mapped[UUID]
    state: Mapped[CommitmentState]
    revealed_at: Mapped[datetime | None]
    document_sha256: Mapped[str | None] = mapped_column(String(64))
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    revealed_entry_id: Mapped[UUID | None]
