"""The mapped base: constraints have fixed names, money is a bigint of fen, times are aware UTC, enums stay enums."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Enum, Identity, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from techmarket.kernel.ids import new_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every mapped class of every room. Relationships across rooms do not exist; foreign keys point left."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012
        datetime: DateTime(timezone=True),
        int: BigInteger(),
        UUID: Uuid(),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        StrEnum: Enum(StrEnum, native_enum=False, length=32, values_callable=lambda kinds: [k.value for k in kinds]),
    }


class Identified:
    """A row named by a UUIDv7 made in Python, so that the id is known before the insert."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def serial_column() -> Any:
    """A bigint the database counts up; gaps are allowed, order is insertion order."""
    return mapped_column(BigInteger, Identity(always=True), unique=True)
