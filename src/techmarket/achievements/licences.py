"""Which licences stand side by side (许可范围): territory, field, manner and time, pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BurdenKind(StrEnum):
    """What binds who comes later (权利负担): a licence, an open one (开放许可), the completers' long-term use right
    (长期使用权), a pledge (质押), a seizure (查封)."""

    LICENCE_EXCLUSIVE = "LICENCE_EXCLUSIVE"
    LICENCE_SOLE = "LICENCE_SOLE"
    LICENCE_ORDINARY = "LICENCE_ORDINARY"
    OPEN_LICENCE = "OPEN_LICENCE"
    USE_RIGHT = "USE_RIGHT"
    PLEDGE = "PLEDGE"
    SEIZURE = "SEIZURE"


class AttestedAct(StrEnum):
    """What a unit may say of another's burden on its achievement: that it ended, that its holder agrees to a sale."""

    RELEASE = "RELEASE"
    CONSENT = "CONSENT"


OF_OTHERS = frozenset({BurdenKind.PLEDGE, BurdenKind.SEIZURE})
"""Whose end frees the owner of somebody else's right: his own word is not enough for that."""


class Manner(StrEnum):
    """The manners of using a right (实施方式) that can be told apart."""

    MAKE = "MAKE"
    USE = "USE"
    OFFER_FOR_SALE = "OFFER_FOR_SALE"
    SELL = "SELL"
    IMPORT = "IMPORT"
    COPY = "COPY"
    DISTRIBUTE = "DISTRIBUTE"
    MODIFY = "MODIFY"


LICENCES = frozenset(
    {
        BurdenKind.LICENCE_EXCLUSIVE,
        BurdenKind.LICENCE_SOLE,
        BurdenKind.LICENCE_ORDINARY,
        BurdenKind.OPEN_LICENCE,
        BurdenKind.USE_RIGHT,
    }
)
BLOCKING = frozenset({BurdenKind.LICENCE_EXCLUSIVE, BurdenKind.LICENCE_SOLE})
EVERYWHERE = "WORLD"
ANY_FIELD = "ANY"
ANY_MANNER = "ANY"
TITLE_MODES = frozenset({"TRANSFER", "EQUITY"})
"""Ways of conversion that move the title; equity contributes it to a company."""
OPEN_LICENCE = "OPEN_LICENCE"
LICENCE_MODES = frozenset({"LICENCE", OPEN_LICENCE, "TRY_BEFORE_BUY"})
_BETWEEN = re.compile(r"[,，、;；/\s]+")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a licence covers: where (`WORLD`, `CN`, `CN-33`, `CN-330108`), for what use, from when, until when, how."""

    territory: str
    field: str
    valid_from: date
    valid_until: date | None = None
    manner: str = ANY_MANNER


def manner_text(named: Iterable[str] | None) -> str:
    """The manners a listing names, as a licence spells them; none named is any. `OFFER` is how one was once named."""
    words = [Manner.OFFER_FOR_SALE if word == "OFFER" else Manner(word) for word in named or ()]
    return ", ".join(dict.fromkeys(words)) or ANY_MANNER


def manners_of(text: str) -> frozenset[Manner] | None:
    """The manners a text names, if it names nothing else. None is any manner; a text that is unclear means that too."""
    words = [word for word in _BETWEEN.split(text.strip().upper()) if word]
    if not words or not set(words) <= set(Manner):
        return None
    return frozenset(Manner(word) for word in words)


def overlaps(one: Scope, other: Scope) -> bool:
    """Two licences meet where territory, field, manner and time meet; an unstated end has no limit (SPC-T art. 28)."""
    return (
        _one_holds_the_other(one.territory, other.territory, EVERYWHERE)
        and _one_holds_the_other(one.field, other.field, ANY_FIELD)
        and _manners_meet(one.manner, other.manner)
        and (one.valid_until is None or other.valid_from <= one.valid_until)
        and (other.valid_until is None or one.valid_from <= other.valid_until)
    )


def covers(wide: Scope, narrow: Scope) -> bool:
    """What was agreed for one scope holds for every scope within it."""
    wide_manners, narrow_manners = manners_of(wide.manner), manners_of(narrow.manner)
    return (
        _holds(wide.territory, narrow.territory, EVERYWHERE)
        and _holds(wide.field, narrow.field, ANY_FIELD)
        and (wide_manners is None or (narrow_manners is not None and narrow_manners <= wide_manners))
        and wide.valid_from <= narrow.valid_from
        and (wide.valid_until is None or (narrow.valid_until is not None and narrow.valid_until <= wide.valid_until))
    )


def _holds(outer: str, inner: str, whole: str) -> bool:
    return outer == whole or (inner != whole and inner.startswith(outer))


def _one_holds_the_other(one: str, other: str, whole: str) -> bool:
    return _holds(one, other, whole) or _holds(other, one, whole)


def _manners_meet(one: str, other: str) -> bool:
    first, second = manners_of(one), manners_of(other)
    return first is None or second is None or bool(first & second)


def blocking_licence(
    wanted: BurdenKind, scope: Scope, standing: Iterable[tuple[BurdenKind, Scope]]
) -> tuple[BurdenKind, Scope] | None:
    """An exclusive or sole licence excludes every other licence in the same scope; ordinary ones stand side by side.

    An open licence is an ordinary one to everybody, a use right one to the completers: while it runs nothing else than
    ordinary licences is granted.
    """
    for kind, held in standing:
        if kind in LICENCES and (kind in BLOCKING or wanted in BLOCKING) and overlaps(scope, held):
            return kind, held
    return None


def licence_of(mode: str | None, licence_kind: str | None) -> BurdenKind | None:
    """The licence that a way of conversion grants; where the kind is unclear it is an ordinary one (SPC-T art. 25)."""
    if mode not in LICENCE_MODES:
        return None
    return BurdenKind(f"LICENCE_{licence_kind or 'ORDINARY'}")
