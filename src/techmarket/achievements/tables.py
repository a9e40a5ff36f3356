"""The mapped classes of achievements."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.achievements.licences import BurdenKind
from techmarket.achievements.lifecycle import AchievementState
from techmarket.achievements.rules import RightKind, RightStatus
from techmarket.db.base import Base, Identified


class Achievement(Identified, Base):
    """`external` is what a source said beyond our own fields: attribution, licence, address."""

    __tablename__ = "achievement"
    __table_args__ = (
        CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        CheckConstraint("title_zh IS NOT NULL OR title_en IS NOT NULL", name="has_a_title"),
        Index(None, "org_id", "id"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    title_zh: Mapped[str | None] = mapped_column(String(500))
    title_en: Mapped[str | None] = mapped_column(String(500))
    abstract_zh: Mapped[str | None] = mapped_column(String(20_000))
    abstract_en: Mapped[str | None] = mapped_column(String(20_000))
    keywords: Mapped[list[str]] = mapped_column(ARRAY(String(100)))
    technology_field: Mapped[str | None] = mapped_column(String(2))
    industry: Mapped[str | None] = mapped_column(String(8))
    ipc: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    trl: Mapped[int | None] = mapped_column(SmallInteger)
    trl_standard: Mapped[str | None] = mapped_column(String(64))
    trl_year: Mapped[int | None] = mapped_column(SmallInteger)
    funding_source: Mapped[str | None] = mapped_column(String(200))
    external: Mapped[dict[str, Any]]
    state: Mapped[AchievementState]
    revision: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class IntellectualRight(Base):
    __tablename__ = "intellectual_right"
    __table_args__ = (UniqueConstraint("achievement_id", "kind", "number"),)

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    kind: Mapped[RightKind]
    number: Mapped[str | None] = mapped_column(String(64))
    valid_until: Mapped[date | None]
    status: Mapped[RightStatus | None]


class OwnerShare(Base):
    """The shares of one achievement sum to 1: `rules.check_owners`, under the lock of its row."""

    __tablename__ = "owner_share"
    __table_args__ = (
        CheckConstraint("(org_id IS NULL) <> (person_id IS NULL)", name="one_owner"),
        CheckConstraint("share > 0 AND share <= 1", name="share"),
        UniqueConstraint("achievement_id", "org_id"),
        UniqueConstraint("achievement_id", "person_id"),
        Index(None, "org_id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    share: Mapped[Decimal] = mapped_column(Numeric(9, 8))
    consented_at: Mapped[datetime | None]


class Completer(Base):
    """Who made it, in order."""

    __tablename__ = "completer"
    __table_args__ = (UniqueConstraint("achievement_id", "person_id"), Index(None, "person_id"))

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class Encumbrance(Identified, Base):
    """What binds whoever comes later. `by` names what caused it: a contract, an agreement from before the market."""

    __tablename__ = "encumbrance"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        UniqueConstraint("achievement_id", "by"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    kind: Mapped[BurdenKind]
    territory: Mapped[str] = mapped_column(String(16))
    field: Mapped[str] = mapped_column(String(32))
    manner: Mapped[str] = mapped_column(String(200), server_default=text("'ANY'"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
