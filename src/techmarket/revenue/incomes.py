"""Income of every kind (收入): what a unit may enter, whose part is whose, how long profit is shared. Pure.

Money that goes through the market is income when it is released; shares, dividends, the sale of shares and the profit
of a unit that uses its own achievement do not go through it, and the unit enters them with evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from techmarket.kernel.money import largest_remainder
from techmarket.revenue import errors
from techmarket.revenue.case import PROFIT_MODES, Mode


class Entered(StrEnum):
    """EQUITY: the contribution (作价投资), shares and not money. DIVIDEND and SHARE_DISPOSAL: money of shares that the
    unit holds. PROFIT: a year's operating profit of own or joint use (自行实施, 合作实施)."""

    EQUITY = "EQUITY"
    DIVIDEND = "DIVIDEND"
    SHARE_DISPOSAL = "SHARE_DISPOSAL"
    PROFIT = "PROFIT"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a unit shares the income of: a contract, or an achievement that it uses itself."""

    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID

    @property
    def key(self) -> str:
        return f"contract:{self.contract_id}" if self.contract_id else f"achievement:{self.achievement_id}"


@dataclass(frozen=True, slots=True)
class EnteredIncome:
    """What a unit says came in; `year` and `first_year` are of a profit, `capital_minor` of a contribution."""

    kind: Entered
    mode: Mode
    minor: int
    year: int | None = None
    first_year: int | None = None
    capital_minor: int | None = None


def check_entered(one: EnteredIncome, *, on_contract: bool) -> None:
    """A profit is of one year and of an achievement, a contribution is part of a capital; each has its own mode."""
    is_profit = one.kind is Entered.PROFIT
    if is_profit != (one.mode in PROFIT_MODES) or (not is_profit and one.mode is not Mode.EQUITY):
        raise errors.IncomeMalformed(reason="mode_does_not_fit_the_kind", pointer="/body/mode")
    if is_profit and on_contract:
        raise errors.IncomeMalformed(reason="profit_is_of_an_achievement", pointer="/body/kind")
    if is_profit != (one.year is not None) or is_profit != (one.first_year is not None):
        raise errors.IncomeMalformed(reason="profit_names_its_year_and_the_first", pointer="/body/year")
    if one.year is not None and one.first_year is not None and one.year < one.first_year:
        raise errors.IncomeMalformed(reason="year_before_the_first", pointer="/body/year")
    if (one.kind is Entered.EQUITY) != (one.capital_minor is not None):
        raise errors.IncomeMalformed(reason="contribution_is_part_of_a_capital", pointer="/body/registered_capital")
    if one.capital_minor is not None and one.minor > one.capital_minor:
        raise errors.IncomeMalformed(reason="contribution_within_the_capital", pointer="/body/amount")


def last_year(first_year: int, years_max: int) -> int:
    """Profit is shared in so many years, the first counted (PSTA art. 45, ZJR art. 37)."""
    return first_year + years_max - 1


@dataclass(frozen=True, slots=True)
class Holder:
    """An owner of an achievement: an organisation or a person, with its share of the title."""

    org_id: UUID | None
    share: Decimal


def units_of_title(recorded_by: UUID, owners: Sequence[Holder]) -> dict[UUID, Decimal]:
    """Whose income it is by title: each unit its share; what people hold after a grant comes out of their unit's."""
    found: dict[UUID, Decimal] = {}
    for owner in owners:
        unit = owner.org_id or recorded_by
        found[unit] = found.get(unit, Decimal(0)) + owner.share
    return found


def parts_of_units(payee: UUID, titles: Sequence[Mapping[UUID, Decimal]]) -> dict[UUID, Decimal]:
    """Each unit has its own part by title (共有). Where the achievements of one contract are owned differently, or the
    payee owns nothing of them, nothing is guessed: all of it is the payee's."""
    if not titles or any(dict(title) != dict(titles[0]) for title in titles) or payee not in titles[0]:
        return {payee: Decimal(1)}
    # The payee first: a cent that cannot be split stays with whoever received it.
    return {payee: titles[0][payee], **{unit: share for unit, share in titles[0].items() if unit != payee}}


def split_between(minor: int, parts: Mapping[UUID, Decimal]) -> dict[UUID, int]:
    """An amount in the parts of the units, to the cent."""
    return dict(zip(parts, largest_remainder(minor, list(parts.values())), strict=True))
