"""Identifiers: UUIDv7 made here, numbers for people (项目编号, 鉴证书编号), and references across rooms."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7: unique without asking anyone, and near-sorted by time so that indexes stay dense."""
    return uuid7()


def new_ids(count: int) -> list[UUID]:
    """So many at once, in ascending order."""
    return [uuid7() for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Ref:
    """A pointer from a record room to a subject that lies to its right; the subject carries the real key back."""

    kind: str
    id: UUID

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        kind, _, raw = text.partition(":")
        return cls(kind, UUID(raw))


def human_number(prefix: str, year: int, serial: int) -> str:
    """A number people read aloud, such as `ZJ-2026-000123`."""
    return f"{prefix}-{year:04d}-{serial:06d}"
