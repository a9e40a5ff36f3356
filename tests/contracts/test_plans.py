"""The payment plan: which parts fit together, and what a royalty comes to, to the fen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.contracts import errors, plans
from techmarket.contracts.plans import (
    Charge,
    InstalmentFault,
    InstalmentRule,
    PlanTerms,
    Reported,
    RoyaltyPlan,
    Term,
    YearRate,
    next_charge,
    royalty_account,
)
from techmarket.contracts.rules import LineKind, Period
from techmarket.kernel.periods import Length, Unit
from techmarket.kernel.workdays import WorkCalendar

TERM = Term(date(2026, 3, 1), date(2030, 3, 1))
FLAT = RoyaltyPlan("net_sales", (YearRate(1, Decimal("0.03")),), 30)
RISING = RoyaltyPlan("net_sales", (YearRate(1, Decimal("0.02")), YearRate(3, Decimal("0.05"))), 30)
CALENDAR = WorkCalendar({}, frozenset())
FIVE_DAYS, A_YEAR = Length(5, Unit.WORKING_DAYS), Length(1, Unit.YEARS)
O32 = InstalmentRule(Decimal("0.30"), FIVE_DAYS, A_YEAR, True, True)
NOON = datetime(2026, 4, 20, 4, 0, tzinfo=UTC)


def year(n: int, base: int) -> Reported:
    first = TERM.begin_of(n)
    last = TERM.begin_of(n + 1) - timedelta(days=1)
    return Reported(Period(first, date(2030, 3, 1) if n == 4 else last), base)


def owed(plan: RoyaltyPlan, *reports: Reported) -> int:
    return royalty_account(plan, TERM, reports).owed_minor


# --- what fits together ---


def line(kind: LineKind, minor: int | None = 100, **more: object) -> PlanTerms:
    titles = {LineKind.MILESTONE: "Prototype", LineKind.EQUITY: "Sample Co."}
    more = {"title": titles.get(kind), "share": Decimal("0.3") if kind is LineKind.EQUITY else None, **more}
    if kind is LineKind.ROYALTY:
        more, minor = {**more, "royalty": FLAT}, None
    return PlanTerms(kind, minor, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kinds",
    [
        ["LUMP"],
        ["INSTALMENT", "INSTALMENT", "INSTALMENT"],
        ["ROYALTY"],
        ["ENTRY_FEE", "ROYALTY"],
        ["MILESTONE", "MILESTONE"],
        ["EQUITY"],
        ["EQUITY", "INSTALMENT", "ROYALTY"],
    ],
)
def test_every_form_of_price_of_the_law_is_a_plan(kinds):
    plans.check_plan([line(LineKind(kind)) for kind in kinds])


@pytest.mark.parametrize(
    "lines",
    [
        [line(LineKind.LUMP), line(LineKind.INSTALMENT)],
        [line(LineKind.LUMP), line(LineKind.LUMP)],
        [line(LineKind.ROYALTY), line(LineKind.ROYALTY)],
        [line(LineKind.LUMP, 0)],
        [line(LineKind.INSTALMENT, None)],
        [line(LineKind.MILESTONE, title=None)],
        [line(LineKind.MILESTONE, due_on=date(2026, 5, 1))],
        [line(LineKind.EQUITY, share=None)],
        [line(LineKind.EQUITY, share=Decimal("1.01"))],
        [line(LineKind.LUMP, within=FIVE_DAYS, due_on=date(2026, 5, 1))],
        [line(LineKind.ENTRY_FEE, 10), PlanTerms(LineKind.ROYALTY, royalty=replace(FLAT, advance_minor=11))],
        [PlanTerms(LineKind.ROYALTY, royalty=replace(FLAT, rates=(YearRate(2, Decimal("0.1")),)))],
        [PlanTerms(LineKind.ROYALTY, royalty=replace(FLAT, rates=()))],
        [PlanTerms(LineKind.ROYALTY, royalty=replace(RISING, rates=RISING.rates[::-1]))],
        [PlanTerms(LineKind.ROYALTY, royalty=replace(FLAT, minimum_year_minor=5, cap_year_minor=4))],
        [PlanTerms(LineKind.ROYALTY, royalty=replace(FLAT, late_daily_rate=Decimal("0.011")))],
        [line(LineKind.INSTALMENT, interest_daily_rate=Decimal("0.011"))],
        [
            line(LineKind.ENTRY_FEE, 10),
            PlanTerms(LineKind.ROYALTY, royalty=replace(FLAT, advance_minor=9, cap_total_minor=8)),
        ],
    ],
)
def test_parts_that_do_not_fit_are_refused(lines):
    with pytest.raises(errors.PlanUnfit):
        plans.check_plan(lines)


def test_a_plan_that_pays_nothing_is_refused():
    for lines in ([], [PlanTerms(LineKind.ROYALTY, royalty=replace(FLAT, rates=(YearRate(1, Decimal(0)),)))]):
        with pytest.raises(errors.NothingToPay):
            plans.check_plan(lines)
    with pytest.raises(errors.RoyaltyIncomplete):
        plans.check_plan([PlanTerms(LineKind.ROYALTY)])


def test_a_royalty_is_read_back_from_its_text_as_it_was_agreed():
    whole = replace(
        RISING,
        report_months=6,
        minimum_year_minor=100,
        cap_year_minor=900,
        cap_total_minor=2_000,
        advance_minor=50,
        late_daily_rate=Decimal("0.0005"),
        audit=True,
    )
    for plan in (FLAT, RISING, whole):
        assert RoyaltyPlan.from_text(plan.as_text()) == plan


# --- instalments ---


def test_a_price_paid_at_once_within_five_working_days_has_no_fault():
    assert plans.instalment_faults([line(LineKind.LUMP)], O32, NOON, calendar=CALENDAR) == ()


def test_a_first_part_of_thirty_in_a_hundred_is_enough_and_a_fen_less_is_not():
    rest = {"within": A_YEAR, "secured_by": "bank guarantee", "interest_daily_rate": Decimal("0.0001")}
    good = [line(LineKind.INSTALMENT, 30), line(LineKind.INSTALMENT, 70, **rest)]
    bad = [line(LineKind.INSTALMENT, 29), line(LineKind.INSTALMENT, 71, **rest)]
    assert plans.instalment_faults(good, O32, NOON, calendar=CALENDAR) == ()
    assert plans.instalment_faults(bad, O32, NOON, calendar=CALENDAR) == (InstalmentFault.FIRST_PART_TOO_SMALL,)


def test_the_rest_comes_within_a_year_secured_and_with_interest():
    late = [line(LineKind.INSTALMENT, 30), line(LineKind.INSTALMENT, 70, due_on=date(2027, 4, 21))]
    assert set(plans.instalment_faults(late, O32, NOON, calendar=CALENDAR)) == {
        InstalmentFault.REST_TOO_LATE,
        InstalmentFault.REST_NOT_SECURED,
        InstalmentFault.REST_WITHOUT_INTEREST,
    }


def test_interest_runs_from_the_day_after_the_due_day_to_the_day_of_payment():
    rate, due = Decimal("0.0005"), date(2026, 4, 27)
    assert plans.late_interest(1_000_000, rate, due_on=due, paid_on=due) == 0
    assert plans.late_interest(1_000_000, rate, due_on=due, paid_on=date(2026, 4, 26)) == 0
    assert plans.late_interest(1_000_000, rate, due_on=due, paid_on=date(2026, 5, 7)) == 5_000
    assert plans.late_interest(99, rate, due_on=due, paid_on=date(2026, 5, 7)) == 0


# --- royalties ---


def test_the_worked_example_of_a_flat_royalty():
    assert owed(FLAT, year(1, 1_845_678_912)) == 55_370_367


def test_a_rate_that_rises_by_year_is_the_rate_of_the_contract_year_of_the_report():
    assert [owed(RISING, year(n, 10_000)) for n in (1, 2, 3, 4)] == [200, 200, 500, 500]


def test_a_minimum_is_owed_once_every_day_of_its_year_is_reported():
    plan = replace(FLAT, minimum_year_minor=1_000)
    half = Reported(Period(date(2026, 3, 1), date(2026, 8, 31)), 10_000)
    rest = Reported(Period(date(2026, 9, 1), date(2027, 2, 28)), 10_000)
    assert (owed(plan, half), owed(plan, half, rest)) == (300, 1_000)
    assert owed(plan, year(1, 100_000)) == 3_000


def test_caps_of_a_year_and_of_all_and_an_advance_bound_what_is_owed():
    plan = replace(FLAT, cap_year_minor=2_000, cap_total_minor=3_500, advance_minor=500)
    assert owed(plan, year(1, 10_000)) == 0
    assert owed(plan, year(1, 100_000)) == 1_500
    assert owed(plan, year(1, 100_000), year(2, 100_000)) == 3_000
    account = royalty_account(plan, TERM, [year(1, 100_000), year(2, 100_000)])
    assert (account.earned_minor, account.capped_minor, account.credited_minor) == (6_000, 2_500, 500)


def test_where_years_matter_a_report_stays_within_one():
    across = Period(date(2027, 2, 1), date(2027, 3, 31))
    assert plans.require_one_year(FLAT, TERM, across) == 1
    with pytest.raises(errors.PeriodCrossesYear) as refused:
        plans.require_one_year(RISING, TERM, across)
    assert refused.value.facts == {"split_on": date(2027, 3, 1)}


def test_the_last_day_of_the_term_belongs_to_the_last_year():
    assert [TERM.year_of(day) for day in (date(2026, 3, 1), date(2027, 2, 28), date(2027, 3, 1))] == [1, 1, 2]
    assert (TERM.year_of(date(2030, 3, 1)), TERM.days_in(4), TERM.days_in(1)) == (4, 366, 365)


def test_a_correction_downwards_is_a_credit_that_later_charges_use_up():
    first = next_charge(royalty_account(FLAT, TERM, [year(1, 100_000)]), 0)
    down = next_charge(royalty_account(FLAT, TERM, [year(1, 60_000)]), first.due_minor)
    later = next_charge(royalty_account(FLAT, TERM, [year(1, 60_000), year(2, 100_000)]), first.due_minor)
    assert (first, down, later) == (Charge(3_000, 0), Charge(0, 1_200), Charge(1_800, 0))


money = st.integers(0, 10**9)
rate = st.decimals(0, 1, places=4)


@st.composite
def royalty_plans(draw: st.DrawFn) -> RoyaltyPlan:
    years = sorted(draw(st.sets(st.integers(2, 6), max_size=2)) | {1})
    minimum = draw(st.one_of(st.just(0), money))
    cap_year = draw(st.one_of(st.none(), st.integers(minimum, 2 * 10**9)))
    advance = draw(st.one_of(st.just(0), money))
    cap_total = draw(st.one_of(st.none(), st.integers(advance, 5 * 10**9)))
    return RoyaltyPlan(
        "profit", tuple(YearRate(n, draw(rate)) for n in years), 30, None, minimum, cap_year, cap_total, advance
    )


@settings(max_examples=200, deadline=None)
@given(royalty_plans(), st.lists(money, min_size=1, max_size=4), st.data())
def test_no_fen_is_made_or_lost_whatever_is_agreed_reported_and_corrected(plan, bases, data):
    """Exact against fractions; charges never undo themselves; charged - credit = owed after every step."""
    charged, stands, credit = 0, [], 0
    steps = [("report", n, base) for n, base in enumerate(bases)]
    steps += [("correct", data.draw(st.integers(0, len(bases) - 1)), data.draw(money)) for _ in range(3)]
    for what, n, base in steps:
        if what == "report":
            stands.append(year(n + 1, base))
        else:
            stands[n] = year(n + 1, base)
        account = royalty_account(plan, TERM, stands)
        total = 0
        for k, one in enumerate(stands, start=1):
            exact = Fraction(one.base_minor) * Fraction(plan.rate_in(k))
            earned = int(exact + Fraction(1, 2))
            cap = 10**18 if plan.cap_year_minor is None else plan.cap_year_minor
            total += min(max(earned, plan.minimum_year_minor), cap)
        total = total if plan.cap_total_minor is None else min(total, plan.cap_total_minor)
        assert account.owed_minor == max(0, total - plan.advance_minor)
        assert (
            account.earned_minor + account.topped_up_minor - account.capped_minor - account.credited_minor
            == account.owed_minor
        )
        charge = next_charge(account, charged)
        charged, credit = charged + charge.due_minor, charge.credit_minor
        assert charged - credit == account.owed_minor
        assert min(charge.due_minor, charge.credit_minor) == 0
