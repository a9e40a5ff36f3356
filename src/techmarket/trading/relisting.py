"""The rules of listing again what found no buyer (重新挂牌): what came before, what changed, how long, which price.

Sources by row of the rulebook: O32 art. 17, 18 and 19 bind companies of the state; other sellers have defaults, which
warn and refuse nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.kernel.periods import term_date
from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors
from techmarket.trading.lifecycle import LotState, TradeState

ENDED_WITHOUT_SALE = frozenset({TradeState.UNSOLD, TradeState.TERMINATED})
LOT_LEFT_OVER = frozenset({LotState.UNSOLD, LotState.TERMINATED})
PRICES = frozenset({"start_price", "floor", "increment", "reserve_digest"})
"""What of a lot is its price; a fall of it alone is announced for a shorter time."""
CONDITIONS = ("method", "rules", "deposit_scope", "deposit_forfeited_when", "participants_min", "consortium")


class Change(StrEnum):
    """How a listing differs from the procedure before."""

    FIRST = "FIRST"
    UNCHANGED = "UNCHANGED"
    PRICE_CUT = "PRICE_CUT"
    CONTENT = "CONTENT"


REDISCLOSURE: Mapping[Change, tuple[str, ...]] = {
    Change.FIRST: (),
    Change.UNCHANGED: (),
    Change.PRICE_CUT: ("trading.redisclosure.price_cut.length", "trading.redisclosure.length"),
    Change.CONTENT: ("trading.redisclosure.length",),
}
"""By which row each is announced, the first that is in force; by that of a first announcement where there is none."""


class Binding(Protocol):
    """What of a rulebook row is asked here."""

    @property
    def decimal(self) -> Decimal: ...

    @property
    def binding(self) -> str: ...

    @property
    def is_enforceable(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Described:
    """What was, or will be, announced: the prices of the lots, and everything else."""

    prices: tuple[int | None, ...]
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Procedure:
    """An announced procedure as far as it may come before another: what lay in each of its lots, and how each ended."""

    id: UUID
    listing_id: UUID
    state: TradeState
    lots: tuple[tuple[LotState, frozenset[UUID]], ...]

    def offered(self, achievement_id: UUID) -> bool:
        return any(achievement_id in ids for _, ids in self.lots)

    def left_over(self, achievement_id: UUID | None) -> bool:
        """It found no buyer: the whole of it, or each lot in which the achievement lay."""
        if self.state in ENDED_WITHOUT_SALE:
            return True
        return achievement_id is not None and all(
            state in LOT_LEFT_OVER for state, ids in self.lots if achievement_id in ids
        )


@dataclass(frozen=True, slots=True)
class Valuation:
    """What the valuation (评估) says the whole is worth, and its day."""

    minor: int
    dated: date


def described(terms: Mapping[str, Any], listing: Mapping[str, Any]) -> Described:
    """The terms of a trade and its listing as they are compared: prices apart from everything else."""
    lots: Sequence[Mapping[str, Any]] = terms.get("lots", ())  # the first trades said theirs otherwise
    fields = {name: value for name, value in listing["fields"].items() if name not in ("price", "price_parts")}
    return Described(
        tuple(_minor(lot.get("floor") or lot["start_price"]) for lot in lots),
        {
            **{f"listing.{name}": value for name, value in fields.items()},
            **{name: terms.get(name) for name in CONDITIONS},
            "achievements": list(listing["achievements"]),
            "lots": [{name: value for name, value in lot.items() if name not in PRICES} for lot in lots],
            "has_reserve": [lot.get("reserve_digest") is not None for lot in lots],
        },
    )


def changed(before: Described, after: Described) -> list[str]:
    """What is not as it was announced before, beside a lower price."""
    names = sorted({*before.content, *after.content})
    found = [name for name in names if before.content.get(name) != after.content.get(name)]
    if len(before.prices) != len(after.prices) or not all(map(_not_higher, before.prices, after.prices)):
        found.append("price")
    return found


def change_of(before: Described | None, after: Described) -> Change:
    """Only a price that is lower, everything else as before, is a price cut; any other change is a new disclosure."""
    if before is None:
        return Change.FIRST
    if changed(before, after):
        return Change.CONTENT
    return Change.UNCHANGED if before.prices == after.prices else Change.PRICE_CUT


def check_floor(
    floor_minor: int,
    valuation: Valuation | None,
    change: Change,
    *,
    first_ratio: Binding | None,
    consent_ratio: Binding | None,
    has_consent: bool,
) -> list[str]:
    """The first floor price is at least the valuation; a later one below nine tenths of it needs the written consent
    of whoever approved the sale. The ratios are the rulebook's. Returns what is only warned of."""
    if valuation is None:
        return []
    if change is Change.FIRST:
        if first_ratio is None or Decimal(floor_minor) >= Decimal(valuation.minor) * first_ratio.decimal:
            return []
        below: Refusal = errors.FirstFloorBelowValuation(
            valuation=Money(valuation.minor),
            ratio=first_ratio.decimal,
            least=_part_of(valuation, first_ratio),
            pointer="/body/start_price",
        )
        return _say(below, first_ratio)
    if consent_ratio is None or has_consent or Decimal(floor_minor) >= Decimal(valuation.minor) * consent_ratio.decimal:
        return []
    return _say(
        errors.ConsentNeeded(
            valuation=Money(valuation.minor),
            ratio=consent_ratio.decimal,
            least=_part_of(valuation, consent_ratio),
            pointer="/body/consent_sha256",
        ),
        consent_ratio,
    )


def check_valuation_age(
    valuation: Valuation | None, *, first_announced_on: date | None, today: date, months: int, rule: Binding | None
) -> list[str]:
    """What has found no buyer for so long since its first announcement is valued anew before it is listed again."""
    if first_announced_on is None or rule is None or today <= term_date(first_announced_on, months):
        return []
    if valuation is not None and valuation.dated > first_announced_on:
        return []
    return _say(
        errors.RevaluationNeeded(
            first_announced_on=first_announced_on.isoformat(), months=months, pointer="/body/valuation"
        ),
        rule,
    )


def before(
    procedures: Sequence[Procedure], *, listing_id: UUID, achievement_ids: Collection[UUID]
) -> tuple[Procedure, ...]:
    """What comes before: the last procedure on the listing, and of each achievement, where it ended without a sale.

    The rules of listing again hang on what is sold: whoever draws up another listing of it begins nothing anew.
    `procedures` are the seller's announced ones that touch any of them, the newest first; so is the answer.
    """
    last: list[Procedure | None] = [next((one for one in procedures if one.listing_id == listing_id), None)]
    last += [next((one for one in procedures if one.offered(wanted)), None) for wanted in sorted(achievement_ids)]
    left = {
        one.id
        for one, wanted in zip(last, (None, *sorted(achievement_ids)), strict=True)
        if one is not None and one.left_over(wanted)
    }
    return tuple(one for one in procedures if one.id in left)


def carried(said: Mapping[str, Any]) -> Valuation | None:
    """The valuation that terms rest on; it stands for whoever lists the same again and names no newer one."""
    valued = said.get("valuation")
    if valued is None:
        return None
    return Valuation(Money.parse(valued["amount"]["amount"]).minor, date.fromisoformat(valued["dated"]))


def _part_of(valuation: Valuation, ratio: Binding) -> Money:
    """The least amount that reaches this part of the valuation, up to the cent."""
    return Money(int((Decimal(valuation.minor) * ratio.decimal).to_integral_value(ROUND_CEILING)))


def _say(refusal: Refusal, rule: Binding) -> list[str]:
    """Only a mandatory row whose text was read refuses; any other warns."""
    if rule.binding == "mandatory" and rule.is_enforceable:
        raise refusal
    return [refusal.code]


def _not_higher(before: int | None, after: int | None) -> bool:
    return before == after or (before is not None and after is not None and after < before)


def _minor(money: Mapping[str, Any] | None) -> int | None:
    return None if money is None else Money.parse(money["amount"]).minor
