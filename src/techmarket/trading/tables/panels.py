"""The experts of a lot and their marks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base
from techmarket.trading.lifecycle import (
    PanelSeatState,
)


class PanelSeat(Base):
    """One expert of a lot's panel. `n` is what the public record calls him."""

    __tablename__ = "panel_seat"
    __table_args__ = (UniqueConstraint("lot_id", "n"),)

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    n: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[PanelSeatState]
    signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    appointed_at: Mapped[datetime]


class ScoreSheet(Base):
    """What an expert gave, unreadable until the panel is complete. Never changed or removed; a trigger refuses it."""

    __tablename__ = "score_sheet"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    hidden: Mapped[bytes] = mapped_column(LargeBinary)
    given_at: Mapped[datetime]


class LotScores(Base):
    """The opened marks of a lot, by the hash of their text. Never changed or removed; a trigger refuses it."""

    __tablename__ = "lot_scores"

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    opened_at: Mapped[datetime]
