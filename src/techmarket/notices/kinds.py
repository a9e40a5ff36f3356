"""The kinds of notices: where each must stand, who reads it, and what an objection does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    ANNOUNCEMENT = "ANNOUNCEMENT"
    PRICE = "PRICE"
    RESULT = "RESULT"
    GRANT = "GRANT"
    REWARD_LIST = "REWARD_LIST"


class Place(StrEnum):
    MARKET = "MARKET"
    UNIT = "UNIT"


class Effect(StrEnum):
    """PAUSES: the period stops until the objection is decided. HOLDS_LINES: it runs on, the named lines wait."""

    PAUSES = "PAUSES"
    HOLDS_LINES = "HOLDS_LINES"


class Readers(StrEnum):
    """EVERYONE, or the unit's own people (a reward list holds what people earn)."""

    EVERYONE = "EVERYONE"
    UNIT = "UNIT"


@dataclass(frozen=True, slots=True)
class KindRow:
    """Whoever may read a notice may object to it, for a verified organisation."""

    places: tuple[Place, ...]
    effect: Effect
    readers: Readers
    fields: tuple[str, ...] = ()
    can_be_extended: bool = False
    can_be_suspended: bool = False
    rest_after_suspension: bool = False
    """Whether the rules on what must be left of a disclosure after a suspension speak of this kind."""


KINDS: Mapping[NoticeKind, KindRow] = {
    NoticeKind.ANNOUNCEMENT: KindRow(
        (Place.MARKET,),
        Effect.PAUSES,
        Readers.EVERYONE,
        can_be_extended=True,
        can_be_suspended=True,
        rest_after_suspension=True,
    ),
    # ZJR art. 17: in the unit and on the technology market, with these fields and the related-party flag.
    NoticeKind.PRICE: KindRow(
        (Place.MARKET, Place.UNIT),
        Effect.PAUSES,
        Readers.EVERYONE,
        ("name", "abstract", "mode", "intended_price", "related_party"),
        can_be_suspended=True,
    ),
    NoticeKind.RESULT: KindRow((Place.MARKET,), Effect.PAUSES, Readers.EVERYONE, can_be_suspended=True),
    NoticeKind.GRANT: KindRow((Place.UNIT,), Effect.PAUSES, Readers.UNIT),
    # ZJR art. 39: in the unit.
    NoticeKind.REWARD_LIST: KindRow((Place.UNIT,), Effect.HOLDS_LINES, Readers.UNIT),
}
