"""The payment plan (付款计划): which parts a price has, when each falls due, and what a royalty comes to. Pure.

A royalty keeps an account per plan line: what is owed after all reports as they now stand, less what has been charged.
Whatever changes a past report changes only what is owed; the next charge is the difference, or a credit that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from techmarket.contracts import errors
from techmarket.contracts.rules import LineKind, Period, royalty_of
from techmarket.kernel.money import Money, Rounding, apply_rate
from techmarket.kernel.periods import Length, Unit, end_of_period, shanghai_day, term_date
from techmarket.kernel.workdays import CalendarYearMissing, WorkCalendar

YEARS_MAX = 100
DAILY_INTEREST_MAX = Decimal("0.01")
"""Above one per cent a day nobody means it: a slip of the pen must not become a debt."""
FIXED = frozenset({LineKind.LUMP, LineKind.INSTALMENT, LineKind.ENTRY_FEE, LineKind.MILESTONE})
"""Lines whose amount of money is known when the contract is signed."""
ON_EFFECT = FIXED - {LineKind.MILESTONE}
"""Lines that fall due by themselves once the contract is in force."""


class DueFrom(StrEnum):
    """What starts the days to pay: the contract's effect, the acceptance of a milestone, or the royalty report."""

    EFFECT = "EFFECT"
    ACCEPTANCE = "ACCEPTANCE"
    REPORT = "REPORT"


@dataclass(frozen=True, slots=True)
class YearRate:
    """The rate from this contract year on, until the next one begins (art. 846: fixed, rising or falling)."""

    from_year: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class RoyaltyPlan:
    """A royalty as it was agreed. `advance_minor` is paid otherwise, by an entry fee, and counts towards it."""

    base: str
    rates: tuple[YearRate, ...]
    due_days: int
    report_months: int | None = None
    minimum_year_minor: int = 0
    cap_year_minor: int | None = None
    cap_total_minor: int | None = None
    advance_minor: int = 0
    late_daily_rate: Decimal | None = None
    audit: bool = False

    @property
    def looks_at_years(self) -> bool:
        """Whether the contract year a report lies in matters to its money."""
        return len(self.rates) > 1 or self.minimum_year_minor > 0 or self.cap_year_minor is not None

    def rate_in(self, year: int) -> Decimal:
        return [one.rate for one in self.rates if one.from_year <= year][-1]

    def as_text(self) -> dict[str, Any]:
        """As the contract states it."""
        return {
            "base": self.base,
            "rates": [{"from_year": one.from_year, "rate": f"{one.rate:f}"} for one in self.rates],
            "due_days": self.due_days,
            "report_months": self.report_months,
            "minimum_a_year": money_text(self.minimum_year_minor) if self.minimum_year_minor else None,
            "cap_a_year": None if self.cap_year_minor is None else money_text(self.cap_year_minor),
            "cap_in_all": None if self.cap_total_minor is None else money_text(self.cap_total_minor),
            "advance": money_text(self.advance_minor) if self.advance_minor else None,
            "late_interest_a_day": None if self.late_daily_rate is None else f"{self.late_daily_rate:f}",
            "books_may_be_inspected": self.audit,
            "rounding": "half_up",
        }

    @classmethod
    def from_text(cls, stated: dict[str, Any]) -> RoyaltyPlan:
        """The plan a contract states; the inverse of `as_text`."""

        def minor(name: str) -> int | None:
            return None if stated.get(name) is None else Money.parse(stated[name]["amount"]).minor

        late = stated.get("late_interest_a_day")
        return cls(
            base=stated["base"],
            rates=tuple(YearRate(one["from_year"], Decimal(one["rate"])) for one in stated["rates"]),
            due_days=stated["due_days"],
            report_months=stated.get("report_months"),
            minimum_year_minor=minor("minimum_a_year") or 0,
            cap_year_minor=minor("cap_a_year"),
            cap_total_minor=minor("cap_in_all"),
            advance_minor=minor("advance") or 0,
            late_daily_rate=None if late is None else Decimal(late),
            audit=bool(stated.get("books_may_be_inspected")),
        )


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """One line of a plan as it was agreed.

    `minor` is money, or for EQUITY the value at which the technology is contributed for `share` of the company `title`.
    """

    kind: LineKind
    minor: int | None = None
    title: str | None = None
    within: Length | None = None
    due_on: date | None = None
    royalty: RoyaltyPlan | None = None
    share: Decimal | None = None
    secured_by: str | None = None
    interest_daily_rate: Decimal | None = None

    @property
    def due_from(self) -> DueFrom:
        if self.kind is LineKind.MILESTONE:
            return DueFrom.ACCEPTANCE
        return DueFrom.REPORT if self.kind is LineKind.ROYALTY else DueFrom.EFFECT

    def as_text(self, n: int) -> dict[str, Any]:
        """As the contract states it: only what was said."""
        said: dict[str, Any] = {"n": n, "kind": self.kind.value, "from": self.due_from.value}
        if self.title is not None:
            said["title"] = self.title
        if self.minor is not None:
            said["valuation" if self.kind is LineKind.EQUITY else "amount"] = money_text(self.minor)
        if self.within is not None:
            said["within"] = {"n": self.within.n, "unit": self.within.unit.value}
        if self.due_on is not None:
            said["due_on"] = self.due_on.isoformat()
        if self.share is not None:
            said["share"] = f"{self.share:f}"
        if self.secured_by is not None:
            said["secured_by"] = self.secured_by
        if self.interest_daily_rate is not None:
            said["interest_a_day"] = f"{self.interest_daily_rate:f}"
        if self.royalty is not None:
            said["royalty"] = self.royalty.as_text()
        return said


def terms_from_text(said: Mapping[str, Any]) -> PlanTerms:
    """The line a text states; the inverse of `PlanTerms.as_text`."""
    kind = LineKind(said["kind"])
    amount = said.get("valuation" if kind is LineKind.EQUITY else "amount")
    within, day, interest = said.get("within"), said.get("due_on"), said.get("interest_a_day")
    return PlanTerms(
        kind=kind,
        minor=None if amount is None else Money.parse(amount["amount"]).minor,
        title=said.get("title"),
        within=None if within is None else Length(within["n"], Unit(within["unit"])),
        due_on=None if day is None else date.fromisoformat(day),
        royalty=RoyaltyPlan.from_text(said["royalty"]) if "royalty" in said else None,
        share=Decimal(said["share"]) if "share" in said else None,
        secured_by=said.get("secured_by"),
        interest_daily_rate=None if interest is None else Decimal(interest),
    )


def money_text(minor: int) -> dict[str, str]:
    money = Money(minor)
    return {"amount": money.amount, "currency": money.currency}


def check_plan(lines: Sequence[PlanTerms]) -> None:
    """A plan pays something, in parts that fit together: one royalty, one entry fee, a lump only by itself."""
    if not lines:
        raise errors.NothingToPay(pointer="/body/plan")
    for n, line in enumerate(lines):
        _check_line(line, f"/body/plan/{n}")
    kinds = [line.kind for line in lines]
    for once in (LineKind.ROYALTY, LineKind.ENTRY_FEE, LineKind.LUMP, LineKind.EQUITY):
        if kinds.count(once) > 1:
            raise errors.PlanUnfit(why=f"{once} twice", pointer="/body/plan")
    if LineKind.LUMP in kinds and {LineKind.INSTALMENT, LineKind.ENTRY_FEE, LineKind.MILESTONE} & set(kinds):
        raise errors.PlanUnfit(why="LUMP beside other fixed parts", pointer="/body/plan")
    royalty = next((line.royalty for line in lines if line.royalty is not None), None)
    fees = sum(line.minor or 0 for line in lines if line.kind in FIXED)
    if royalty is not None and royalty.advance_minor > fees:
        raise errors.PlanUnfit(why="advance above the fixed parts", pointer="/body/plan")


def _check_line(line: PlanTerms, pointer: str) -> None:
    if (line.kind is LineKind.ROYALTY) != (line.royalty is not None):
        raise errors.RoyaltyIncomplete(pointer=pointer)
    if line.kind is not LineKind.ROYALTY and not (line.minor and line.minor > 0):
        raise errors.PlanUnfit(why=f"{line.kind} without an amount", pointer=f"{pointer}/amount")
    if line.kind in (LineKind.MILESTONE, LineKind.EQUITY) and not line.title:
        raise errors.PlanUnfit(why=f"{line.kind} without a title", pointer=f"{pointer}/title")
    if line.kind is LineKind.EQUITY and not (line.share is not None and 0 < line.share <= 1):
        raise errors.PlanUnfit(why="EQUITY without its share of the company", pointer=f"{pointer}/share")
    if line.within is not None and line.due_on is not None:
        raise errors.PlanUnfit(why="both a period and a day", pointer=pointer)
    if line.kind is LineKind.MILESTONE and line.due_on is not None:
        raise errors.PlanUnfit(why="a milestone is paid after its acceptance", pointer=f"{pointer}/due_on")
    if line.interest_daily_rate is not None and not 0 <= line.interest_daily_rate <= DAILY_INTEREST_MAX:
        raise errors.PlanUnfit(why="interest above 1 % a day", pointer=f"{pointer}/interest_daily")
    if line.royalty is not None:
        _check_royalty(line.royalty, f"{pointer}/royalty")


def _check_royalty(plan: RoyaltyPlan, pointer: str) -> None:
    years = [one.from_year for one in plan.rates]
    if not years or years[0] != 1 or years != sorted(set(years)) or years[-1] > YEARS_MAX:
        raise errors.PlanUnfit(why="rates begin with year 1 and rise by year", pointer=f"{pointer}/rates")
    if any(not 0 <= one.rate <= 1 for one in plan.rates):
        raise errors.PlanUnfit(why="a rate lies between 0 and 1", pointer=f"{pointer}/rates")
    if not any(one.rate for one in plan.rates) and not plan.minimum_year_minor:
        raise errors.NothingToPay(pointer=pointer)
    if plan.late_daily_rate is not None and not 0 <= plan.late_daily_rate <= DAILY_INTEREST_MAX:
        raise errors.PlanUnfit(why="interest above 1 % a day", pointer=f"{pointer}/late_interest_daily")
    if plan.cap_year_minor is not None and plan.cap_year_minor < plan.minimum_year_minor:
        raise errors.PlanUnfit(why="cap of a year below its minimum", pointer=f"{pointer}/cap_year")
    if plan.cap_total_minor is not None and plan.cap_total_minor < plan.advance_minor:
        raise errors.PlanUnfit(why="cap below the advance", pointer=f"{pointer}/cap_total")


# --- when the fixed parts are due ---


def due_day(line: PlanTerms, start: datetime, *, default: Length, calendar: WorkCalendar) -> date:
    """The last day to pay a fixed part: the day agreed, or the end of its period from its start."""
    return line.due_on or last_day_of(start, line.within or default, calendar=calendar)


def last_day_of(start: datetime, length: Length, *, calendar: WorkCalendar) -> date:
    """The last day of a period. Months and years may end in a year whose holidays are not published yet: then it is the
    corresponding day itself, which no holiday can make earlier."""
    try:
        end = end_of_period(start, length, calendar=calendar)
    except CalendarYearMissing:
        if length.unit not in (Unit.MONTHS, Unit.YEARS):
            raise
        return term_date(shanghai_day(start), length.n * (12 if length.unit is Unit.YEARS else 1))
    assert end is not None  # nothing pauses the days to pay
    return shanghai_day(end - timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class InstalmentRule:
    """What a rule row asks of a price in parts (O32 art. 28): the first part, by when; the rest, by when, how safe."""

    first_ratio_min: Decimal
    first_within: Length
    rest_within: Length
    rest_secured: bool
    rest_bears_interest: bool


class InstalmentFault(StrEnum):
    FIRST_PART_TOO_SMALL = "first_part_too_small"
    REST_TOO_LATE = "rest_too_late"
    REST_NOT_SECURED = "rest_not_secured"
    REST_WITHOUT_INTEREST = "rest_without_interest"


def instalment_faults(
    lines: Sequence[PlanTerms], rule: InstalmentRule, start: datetime, *, calendar: WorkCalendar
) -> tuple[InstalmentFault, ...]:
    """A price in parts: at least the first ratio within the first period, the rest within a year, secured, with
    interest. A price paid at once within the first period has none of these faults."""
    parts = [line for line in lines if line.kind in ON_EFFECT and line.minor]
    total = sum(line.minor or 0 for line in parts)
    if not total:
        return ()
    first_day = due_day(PlanTerms(LineKind.LUMP), start, default=rule.first_within, calendar=calendar)
    last_day = due_day(PlanTerms(LineKind.LUMP), start, default=rule.rest_within, calendar=calendar)
    days = [(line, due_day(line, start, default=rule.first_within, calendar=calendar)) for line in parts]
    first = sum(line.minor or 0 for line, day in days if day <= first_day)
    rest = [(line, day) for line, day in days if day > first_day]
    found = []
    if first < apply_rate(total, rule.first_ratio_min, Rounding.UP):
        found.append(InstalmentFault.FIRST_PART_TOO_SMALL)
    if any(day > last_day for _, day in rest):
        found.append(InstalmentFault.REST_TOO_LATE)
    if rule.rest_secured and any(line.secured_by is None for line, _ in rest):
        found.append(InstalmentFault.REST_NOT_SECURED)
    if rule.rest_bears_interest and any(not line.interest_daily_rate for line, _ in rest):
        found.append(InstalmentFault.REST_WITHOUT_INTEREST)
    return tuple(found)


def late_interest(minor: int, daily_rate: Decimal, *, due_on: date, paid_on: date) -> int:
    """Interest for each day after the due day up to the day of payment, half up to the cent, on what was due."""
    days = (paid_on - due_on).days
    return 0 if days <= 0 else apply_rate(minor, daily_rate * days, Rounding.HALF_UP)


# --- what a royalty comes to ---


@dataclass(frozen=True, slots=True)
class Reported:
    """The base of one period as it stands now, corrections included."""

    period: Period
    base_minor: int


@dataclass(frozen=True, slots=True)
class Term:
    """The days of a contract; its years begin on the corresponding days."""

    first: date
    last: date | None

    def year_of(self, day: date) -> int:
        """The contract year of a day, counted from one; the last day of the term belongs to the last year."""
        if self.last is not None and day == self.last and day > self.first:
            day -= timedelta(days=1)
        year = day.year - self.first.year + 1
        return year if self.begin_of(year) <= day else year - 1

    def begin_of(self, year: int) -> date:
        return term_date(self.first, 12 * (year - 1))

    def days_in(self, year: int) -> int:
        end = self.begin_of(year + 1)
        if self.last is not None and end >= self.last:
            end = self.last + timedelta(days=1)
        return (end - self.begin_of(year)).days


def require_one_year(plan: RoyaltyPlan, term: Term, period: Period) -> int:
    """Where rate, minimum or cap go by contract years, a report stays within one; returns the year of its first day."""
    year = term.year_of(period.first)
    if plan.looks_at_years and term.year_of(period.last) != year:
        raise errors.PeriodCrossesYear(split_on=term.begin_of(year + 1), pointer="/body/period_to")
    return year


@dataclass(frozen=True, slots=True)
class RoyaltyAccount:
    """What a royalty line has come to: rate times base, with the minimum of full years and the caps, less the advance.

    `owed_minor` is what should have been charged so far; a minimum is owed once every day of its year is reported.
    """

    earned_minor: int
    topped_up_minor: int
    capped_minor: int
    credited_minor: int
    owed_minor: int


def royalty_account(plan: RoyaltyPlan, term: Term, reports: Iterable[Reported]) -> RoyaltyAccount:
    """earned + topped up - capped - credited = owed, all whole fen."""
    earned: dict[int, int] = {}
    days: dict[int, int] = {}
    for one in reports:
        year = term.year_of(one.period.first)
        earned[year] = earned.get(year, 0) + royalty_of(one.base_minor, plan.rate_in(year))
        days[year] = days.get(year, 0) + (one.period.last - one.period.first).days + 1
    topped = capped = total = 0
    for year, minor in sorted(earned.items()):
        if plan.minimum_year_minor and days[year] >= term.days_in(year):
            topped += max(0, plan.minimum_year_minor - minor)
            minor = max(minor, plan.minimum_year_minor)
        if plan.cap_year_minor is not None:
            capped += max(0, minor - plan.cap_year_minor)
            minor = min(minor, plan.cap_year_minor)
        total += minor
    if plan.cap_total_minor is not None:
        capped += max(0, total - plan.cap_total_minor)
        total = min(total, plan.cap_total_minor)
    credited = min(total, plan.advance_minor)
    return RoyaltyAccount(sum(earned.values()), topped, capped, credited, total - credited)


@dataclass(frozen=True, slots=True)
class Charge:
    """What falls due now, and what has been charged too much and waits for the next report."""

    due_minor: int
    credit_minor: int


def next_charge(account: RoyaltyAccount, charged_minor: int) -> Charge:
    """The difference falls due; what was charged above what is owed is a credit. Nothing already charged is undone."""
    gap = account.owed_minor - charged_minor
    return Charge(max(0, gap), max(0, -gap))


def end_of_last_period(first: date, months: int) -> date:
    """The last day of a reporting period that begins on `first`: the day before the corresponding one."""
    return term_date(first, months) - timedelta(days=1)


def length_of(n: int, unit: str) -> Length:
    return Length(n, Unit(unit))
