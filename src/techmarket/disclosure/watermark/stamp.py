"""What a stamp says, set in the market's font."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Literal
from uuid import UUID

from techmarket.kernel import fonts
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.typesetting import typeset

NAME_MAX = 40


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much work a stamped copy may be."""

    pages_max: int = 500
    pixels_max: int = 25_000_000
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose copy it is: the names as they stood, the market's time, the journal entry of the reading."""

    person: str
    organisation: str
    at: datetime
    entry_id: UUID

    def foot(self) -> str:
        who = f"{self.person} · {self.organisation}"
        return f"仅供本人查阅 · Read only by {who} · {self._time()} · {self.entry_id}"

    def lines(self) -> list[str]:
        return [f"{_short(self.person)} · {_short(self.organisation)}", f"{self._time()} · {self.entry_id}"]

    def _time(self) -> str:
        return self.at.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds")


@dataclass(frozen=True, slots=True)
class StampPage:
    """One page of stamps, in points: lines across it, the full sentence at its foot, or both."""

    width: float
    height: float
    across: bool = True
    foot: bool = True


def stamped(
    reader: Reader, pages: Sequence[StampPage], *, as_: Literal["pdf", "png"], ppi: float = 72.0
) -> list[bytes]:
    """The stamps: one PDF with all pages, or a transparent picture for each."""
    said = {
        "font": fonts.SANS_FAMILY,
        "lines": reader.lines(),
        "foot": reader.foot(),
        "pages": [asdict(page) for page in pages],
    }
    made = typeset(_template(), said, as_, ppi=ppi)
    return list(made) if isinstance(made, list) else [made]


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (resources.files(__package__) / "stamp.typ").read_bytes()


def _short(name: str) -> str:
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"
