"""The panel of experts and its marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class ExpertAppointed(Event):
    kind: ClassVar[str] = "trading.expert_appointed"
    lot_id: UUID
    n: int


@dataclass(frozen=True)
class ExpertSeated(Event):
    """An expert has signed that he is free of interest; by the hash of what he signed."""

    kind: ClassVar[str] = "trading.expert_seated"
    lot_id: UUID
    n: int
    declaration_sha256: str


@dataclass(frozen=True)
class ExpertRecused(Event):
    kind: ClassVar[str] = "trading.expert_recused"
    lot_id: UUID
    n: int


@dataclass(frozen=True)
class SheetGiven(Event):
    """A sheet of marks is in, by the hash of its bytes, which hold a nonce: nobody guesses a mark from here."""

    kind: ClassVar[str] = "trading.sheet_given"
    lot_id: UUID
    n: int
    sheet_sha256: str


@dataclass(frozen=True)
class ScoresOpened(Event):
    """All marks are in and open, by the hash of their text."""

    kind: ClassVar[str] = "trading.scores_opened"
    lot_id: UUID
    sheets: int
    document_sha256: str
