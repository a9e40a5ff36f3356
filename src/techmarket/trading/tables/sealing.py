"""A lot under seal: its officers, its envelopes, what they held."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base


class LotSealing(Base):
    """The key that quotes of a sealed lot are encrypted to; its private half only once officers have opened the lot."""

    __tablename__ = "lot_sealing"
    __table_args__ = (
        CheckConstraint("octet_length(public_key) = 32", name="public_key_is_a_key"),
        CheckConstraint("needed >= 2 AND needed < officers", name="one_share_may_be_lost"),
        CheckConstraint(
            "(private_key IS NULL) = (opened_at IS NULL) AND (opened_at IS NULL OR slots_sha256 IS NOT NULL)",
            name="opens_wholly",
        ),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    suite: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    needed: Mapped[int] = mapped_column(SmallInteger)
    officers: Mapped[int] = mapped_column(SmallInteger)
    slots_sha256: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[datetime | None]
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary)


class OpeningOfficer(Base):
    """Who holds which share. The share itself comes only after the deadline, when the officer gives it."""

    __tablename__ = "opening_officer"
    __table_args__ = (
        UniqueConstraint("lot_id", "person_id"),
        CheckConstraint("(share IS NULL) = (given_at IS NULL)", name="gives_wholly"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_sealing.lot_id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    share_sha256: Mapped[str] = mapped_column(String(64))
    share: Mapped[bytes | None] = mapped_column(LargeBinary)
    given_at: Mapped[datetime | None]


class Envelope(Base):
    """A slot: what stands for one seat of a sealed lot, a quote or a cover, which only the opening tells apart.

    It keeps no time, version or counter on purpose, and all slots of a lot are always written together.
    """

    __tablename__ = "envelope"
    __table_args__ = (
        ForeignKeyConstraint(["lot_id", "org_id"], ["seat.lot_id", "seat.org_id"]),
        CheckConstraint("octet_length(wrapped) = 4172", name="has_the_one_length"),
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class OpenedEnvelope(Base):
    """A slot after the opening, in the order drawn: the envelope, the verdict on it and what was inside."""

    __tablename__ = "opened_envelope"
    __table_args__ = (
        UniqueConstraint("lot_id", "drawn"),
        CheckConstraint("(verdict = 'sealed.counted') <= (content IS NOT NULL)", name="counted_has_content"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot_sealing.lot_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    drawn: Mapped[int] = mapped_column(SmallInteger)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    verdict: Mapped[str] = mapped_column(String(32))
    copied_from: Mapped[int | None]
    minor: Mapped[int | None]
    content: Mapped[dict[str, Any] | None]
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary)
    commitment: Mapped[bytes | None] = mapped_column(LargeBinary)
