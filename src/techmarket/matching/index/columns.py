"""Facts of documents as columns of numbers: what filters, sorts and counts ask for. Pure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from techmarket.listings.rules import ListingKind, Mode

CHUNK = 1024
"""Documents in one stored piece of the columns."""
NO_PRICE = -1
KINDS = tuple(ListingKind)
MODES = tuple(Mode)
ROW = np.dtype(
    [
        ("high", "<u8"),
        ("low", "<u8"),
        ("org", "<u8"),
        ("price", "<i8"),
        ("published", "<u4"),
        ("length", "<u4"),
        ("region", "<u4"),
        ("industry", "<u4"),
        ("rights", "<u2"),
        ("kind", "u1"),
        ("field", "u1"),
        ("modes", "u1"),
        ("trl", "u1"),
        ("scripts", "u1"),
        ("alive", "u1"),
    ]
)
NAMES = tuple(ROW.names or ())
DERIVED = {"province": "region", "section": "industry"}
"""What counts ask for: the first two digits of the region, the letter of the industry."""
DERIVED_STEP = 10_000
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


class Space(IntEnum):
    """Whose index: everybody's, that of verified organisations, and that of people who let themselves be found."""

    PUBLIC = 0
    REGISTERED = 1
    PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters may ask of a document, as far as a reader of its space may see it.

    An offer's price and a demand's budget are one column, as are an offer's maturity and the least a demand asks for.
    `modes` of an offer is its one mode, of a demand all that would do. Empty, 0 or None is: not stated.
    """

    kind: ListingKind | None = None
    technology_field: str | None = None
    industry: str | None = None
    region: str | None = None
    modes: tuple[str, ...] = ()
    price_minor: int | None = None
    trl: int | None = None
    rights: int = 0
    scripts: int = 0


def id_pair(id: UUID) -> tuple[int, int]:
    return id.int >> 64, id.int & (2**64 - 1)


def org_number(org_id: UUID | None) -> int:
    """The random half of an organisation's id, for `not from the same organisation`."""
    return 0 if org_id is None else org_id.int & (2**64 - 1)


def region_number(code: str | None) -> int:
    """A division code filled up to six digits."""
    return int(code.ljust(6, "0")) if code else 0


def industry_number(code: str | None) -> int:
    """A GB/T 4754 code: its letter, then four digits."""
    return (ord(code[0]) - 64) * 10_000 + int(code[1:].ljust(4, "0") or 0) if code else 0


def modes_mask(modes: Iterable[str]) -> int:
    return sum(1 << MODES.index(Mode(mode)) for mode in set(modes))


def row_of(id: UUID, org_id: UUID | None, published_at: datetime | None, length: int, facts: Facts) -> tuple[int, ...]:
    high, low = id_pair(id)
    return (
        high,
        low,
        org_number(org_id),
        NO_PRICE if facts.price_minor is None else facts.price_minor,
        int(published_at.timestamp()) if published_at else 0,
        length,
        region_number(facts.region),
        industry_number(facts.industry),
        facts.rights,
        KINDS.index(facts.kind) if facts.kind else 255,
        int(facts.technology_field or 0),
        modes_mask(facts.modes),
        facts.trl or 0,
        facts.scripts,
        1,
    )


@dataclass(frozen=True, slots=True)
class TakingPart:
    """Which documents take part, how many they are, and how long together."""

    mask: Mask
    documents: int
    length_sum: int


class Columns:
    """All documents of one space, by document number; a process keeps them and takes over the chunks that changed.

    Rows are only added, and only `alive` changes afterwards: who still scores over an older state reads nothing wrong.
    """

    def __init__(self) -> None:
        self.epoch = -1
        self.reached = 0.0
        self.size = 0
        self.filling = asyncio.Lock()
        self._epochs: dict[int, int] = {}
        self._held: dict[str, npt.NDArray[Any]] = {name: np.zeros(0, ROW[name]) for name in NAMES}
        self._held |= {name: np.zeros(0, np.uint8) for name in DERIVED}
        self._taking_part: dict[ListingKind, TakingPart] = {}

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._held[name][: self.size]

    def put(self, chunk: int, content: bytes, *, epoch: int = 0) -> None:
        """A chunk as it stood at an epoch; one that is known from a later epoch stays."""
        if self._epochs.get(chunk, -1) > epoch:
            return
        self._epochs[chunk] = epoch
        rows = np.frombuffer(content, ROW)
        first, end = chunk * CHUNK, chunk * CHUNK + len(rows)
        room = len(self._held["low"])
        if end > room:
            wanted = max(end, room + room // 4)
            for name, held in self._held.items():
                grown = np.zeros(wanted, held.dtype)
                grown[:room] = held
                self._held[name] = grown
        for name in NAMES:
            self._held[name][first:end] = rows[name]
        for name, whole in DERIVED.items():
            self._held[name][first:end] = rows[whole] // DERIVED_STEP
        self.size = max(self.size, end)
        self._taking_part.clear()

    def taking_part(self, kind: ListingKind) -> TakingPart:
        """The living of one kind; looked through once after each change."""
        found = self._taking_part.get(kind)
        if found is None:
            mask: Mask = (self["alive"] != 0) & (self["kind"] == KINDS.index(kind))
            length = int(self["length"][mask].sum(dtype=np.int64))
            found = self._taking_part[kind] = TakingPart(mask, int(np.count_nonzero(mask)), length)
        return found

    def ids(self, documents: Sequence[int] | Ints) -> list[UUID]:
        highs, lows = self["high"][documents].tolist(), self["low"][documents].tolist()
        return [UUID(int=(high << 64) | low) for high, low in zip(highs, lows, strict=True)]

    @property
    def bytes_held(self) -> int:
        return sum(held.nbytes for held in self._held.values())


def rows_array(rows: Sequence[tuple[int, ...]]) -> npt.NDArray[np.void]:
    return np.array(list(rows), dtype=ROW)
