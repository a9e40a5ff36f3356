"""The mapped classes of signing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.signing.lifecycle import SigningState


class Signing(Identified, Base):
    __tablename__ = "signing"

    document_sha256: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(100), index=True)
    in_order: Mapped[bool]
    state: Mapped[SigningState]
    opened_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class SignatoryRow(Base):
    """A place for a signature. Its rows are never changed: another set of signatories is another signing."""

    __tablename__ = "signatory"

    signing_id: Mapped[UUID] = mapped_column(ForeignKey("signing.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(32))


class Signature(Base):
    """Never changed or removed; a trigger refuses it. `entry_id` is its line in the journal, whose proof follows."""

    __tablename__ = "signature"
    __table_args__ = (
        ForeignKeyConstraint(["signing_id", "position"], ["signatory.signing_id", "signatory.position"]),
        UniqueConstraint("signing_id", "org_id", "person_id"),
    )

    signing_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    method: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    document_sha256: Mapped[str] = mapped_column(String(64))
    entry_id: Mapped[UUID]
