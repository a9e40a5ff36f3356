"""What is due, reported and registered, which relief may hold, and what the text says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from techmarket.contracts import errors, rules, text
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, REGISTRATION, ContractState, LineState
from techmarket.contracts.lifecycle import RegistrationState as R
from techmarket.contracts.rules import ContractType, Period, Relief, ReliefFacts, ReliefFlag, Tax
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.lifecycle import Lifecycle, NotInThisState

YEAR = date(2026, 1, 1)


def test_a_royalty_is_its_rate_times_its_base_half_up_to_the_cent():
    assert rules.royalty_of(1_845_678_912, Decimal("0.03")) == 55_370_367
    assert rules.royalty_of(50, Decimal("0.01")) == 1
    assert rules.royalty_of(49, Decimal("0.01")) == 0
    assert rules.royalty_of(0, Decimal("0.03")) == 0


def test_the_deposit_pays_the_entry_fee_as_far_as_that_goes():
    assert rules.deposit_for_fee(60_000_000, 15_000_000) == 15_000_000
    assert rules.deposit_for_fee(10_000_000, 15_000_000) == 10_000_000


@pytest.mark.parametrize(
    "plan, refusal",
    [
        ((60_000_000, None, None, None), None),
        ((None, Decimal("0.03"), "net_sales", 30), None),
        ((60_000_000, Decimal("0.03"), "net_sales", 30), None),
        ((None, None, None, None), errors.NothingToPay),
        ((0, None, None, None), errors.NothingToPay),
        ((None, Decimal("0.00"), "net_sales", 30), errors.NothingToPay),
        ((60_000_000, Decimal("0.03"), None, 30), errors.RoyaltyIncomplete),
        ((60_000_000, Decimal("0.03"), "net_sales", None), errors.RoyaltyIncomplete),
        ((60_000_000, None, "net_sales", 30), errors.RoyaltyIncomplete),
    ],
)
def test_a_licence_is_paid_by_an_entry_fee_or_a_whole_royalty(plan, refusal):
    if refusal is None:
        rules.require_plan(*plan)
        return
    with pytest.raises(refusal):
        rules.require_plan(*plan)


def test_a_term_of_years_ends_on_the_corresponding_day_and_without_one_there_is_no_end():
    assert rules.term_until(date(2026, 4, 20), 6) == date(2032, 4, 20)
    assert rules.term_until(date(2028, 2, 29), 1) == date(2029, 2, 28)
    assert rules.term_until(date(2026, 4, 20), None) is None


def test_the_last_day_of_a_period_is_the_day_whose_midnight_ends_it():
    assert rules.last_day_before(datetime(2026, 4, 27, 16, 0, tzinfo=UTC)) == date(2026, 4, 27)


def asked(first, last, *, reported=(), today=date(2027, 3, 1), until=date(2032, 1, 1)):
    rules.require_reportable(Period(first, last), term_from=YEAR, term_until=until, reported=reported, today=today)


def test_a_royalty_is_reported_once_for_each_day_of_the_term_after_the_period_is_over():
    asked(YEAR, date(2026, 12, 31))
    asked(YEAR, date(2026, 12, 31), until=None)
    asked(date(2026, 7, 1), date(2026, 12, 31), reported=[Period(YEAR, date(2026, 6, 30))])
    with pytest.raises(errors.PeriodBackwards):
        asked(date(2026, 12, 31), YEAR)
    with pytest.raises(errors.PeriodNotOver):
        asked(YEAR, date(2026, 12, 31), today=date(2026, 12, 31))
    with pytest.raises(errors.PeriodOutsideTerm):
        asked(date(2025, 12, 31), date(2026, 6, 30))
    with pytest.raises(errors.PeriodOutsideTerm):
        asked(YEAR, date(2026, 6, 30), until=date(2026, 6, 29))
    for standing in (Period(YEAR, YEAR), Period(date(2026, 12, 31), date(2027, 1, 31)), Period(YEAR, date(2027, 1, 1))):
        with pytest.raises(errors.PeriodReported):
            asked(YEAR, date(2026, 12, 31), reported=[standing])


@pytest.mark.parametrize(
    "number, warned",
    [("26330106000123", False), ("2633010600012345", False), ("263301060001234", True), ("浙-1", True), ("", True)],
)
def test_a_registration_number_of_another_form_only_warns(number, warned):
    assert rules.registration_warnings(number) == (("contracts.registration_number_form",) if warned else ())


def test_a_number_of_the_markets_certificates_is_no_registration_number():
    rules.require_number("26330106000123")
    with pytest.raises(errors.NumberIsACertificates):
        rules.require_number("ZJ-2026-000001")


def test_the_milestones_of_a_development_sum_to_its_price_to_the_fen():
    parts = [rules.Milestone("a", 40), rules.Milestone("b", 60)]
    rules.check_milestones(parts, 100)
    with pytest.raises(errors.MilestonesDoNotSum):
        rules.check_milestones(parts, 101)


def test_a_contract_is_performed_once_its_last_day_is_over_and_never_without_one():
    rules.require_term_over(date(2026, 3, 1), date(2026, 3, 2))
    for until in (date(2026, 3, 2), date(2026, 3, 3), None):
        with pytest.raises(errors.TermNotOver):
            rules.require_term_over(until, date(2026, 3, 2))


def test_whoever_signs_or_calls_for_signatures_names_the_very_text():
    rules.require_text("a" * 64, "a" * 64)
    with pytest.raises(errors.WrongText):
        rules.require_text("a" * 64, "b" * 64)


@pytest.mark.parametrize(
    "whole, technology, fits", [(5, 5, True), (5, 0, True), (0, 0, True), (5, 6, False), (5, -1, False)]
)
def test_the_technology_part_lies_between_zero_and_the_whole(whole, technology, fits):
    rest = [("device", whole - technology)] if whole > technology else []
    if fits:
        rules.require_amounts(whole, technology, rest)
        with pytest.raises(errors.NonTechnicalNotItemised):
            rules.require_amounts(whole, technology, [*rest, ("more", 1)])
        return
    with pytest.raises(errors.TechnologyAboveWhole):
        rules.require_amounts(whole, technology)


LICENCE = ReliefFacts(
    contract_type=ContractType.LICENCE,
    is_exclusive=False,
    term_years=6,
    seller_is_unit=False,
    tax_point=date(2025, 12, 31),
    vat_exempt=True,
    vat_confirm_from=date(2026, 1, 1),
    cit_years_min=5,
    cit_is_firm=True,
    iit_half=True,
    iit_is_firm=True,
    stamp_is_firm=False,
)


def flag(facts: ReliefFacts, tax: Tax) -> tuple[Relief, bool]:
    found = next(one for one in rules.relief_flags(facts) if one.tax is tax)
    return found.relief, found.needs_confirmation


def test_the_flags_of_the_worked_example():
    # domain: a university's six-year ordinary licence, registered in 2026.
    unit = replace(LICENCE, seller_is_unit=True, tax_point=date(2026, 5, 1))
    assert rules.relief_flags(unit) == (
        ReliefFlag(Tax.VAT, Relief.EXEMPT, True),
        ReliefFlag(Tax.CIT, Relief.NOT_A_PAYER, True),
        ReliefFlag(Tax.IIT, Relief.HALF, False),
        ReliefFlag(Tax.STAMP, Relief.DUE, True),
    )


def test_the_exemption_from_vat_needs_a_persons_word_from_2026_on_and_covers_no_lone_consulting():
    assert flag(LICENCE, Tax.VAT) == (Relief.EXEMPT, False)
    assert flag(replace(LICENCE, tax_point=date(2026, 1, 1)), Tax.VAT) == (Relief.EXEMPT, True)
    assert flag(replace(LICENCE, contract_type=ContractType.CONSULTING), Tax.VAT) == (Relief.NO_RELIEF, False)
    assert flag(replace(LICENCE, vat_exempt=None), Tax.VAT) == (Relief.NO_RELIEF, True)


def test_a_licence_counts_as_transfer_income_from_five_years_on():
    assert flag(LICENCE, Tax.CIT) == (Relief.EXEMPT_BAND, False)
    assert flag(replace(LICENCE, term_years=5), Tax.CIT) == (Relief.EXEMPT_BAND, False)
    assert flag(replace(LICENCE, term_years=4), Tax.CIT) == (Relief.NO_RELIEF, False)
    assert flag(replace(LICENCE, term_years=None), Tax.CIT) == (Relief.EXEMPT_BAND, False)
    assert flag(replace(LICENCE, is_exclusive=True), Tax.CIT) == (Relief.EXEMPT_BAND, True)
    assert flag(replace(LICENCE, contract_type=ContractType.SERVICE), Tax.CIT) == (Relief.NO_RELIEF, False)
    assert flag(replace(LICENCE, contract_type=ContractType.TRANSFER, term_years=1), Tax.CIT)[0] is Relief.EXEMPT_BAND


def test_only_people_of_a_unit_count_half_a_cash_reward_as_wage():
    assert flag(LICENCE, Tax.IIT) == (Relief.NO_RELIEF, False)
    assert flag(replace(LICENCE, seller_is_unit=True, iit_half=None), Tax.IIT) == (Relief.NO_RELIEF, True)


EXPECTED = {
    CONTRACT: {
        ContractState.DRAFT: {"open_signing", "cancel", "attest", "enter_into_force", "await_clearance"},
        ContractState.SIGNING: {"sign", "enter_into_force", "cancel", "await_clearance", "begin_trial"},
        ContractState.AWAITING_CLEARANCE: {"enter_into_force", "cancel"},
        ContractState.TRIAL: {"enter_into_force", "decline", "lapse"},
        ContractState.IN_FORCE: {"report_royalty", "dispute", "perform", "terminate", "default", "change"},
        ContractState.DISPUTED: {"settle", "terminate"},
        ContractState.PERFORMED: set(),
        ContractState.CANCELLED: set(),
        ContractState.TERMINATED: {"report_royalty"},
    },
    PLAN_LINE: {
        LineState.PLANNED: {"raise", "cancel", "contribute", "replace", "settle_elsewhere"},
        LineState.DUE: {"pay", "refund", "cancel", "replace"},
        LineState.PAID: {"refund"},
        LineState.REFUNDED: set(),
        LineState.CONTRIBUTED: set(),
        LineState.REPLACED: set(),
        LineState.CANCELLED: set(),
    },
    REGISTRATION: {R.FILED: {"register", "refuse"}, R.REGISTERED: {"revoke"}, R.REFUSED: set(), R.REVOKED: set()},
}


@pytest.mark.parametrize("lifecycle", EXPECTED, ids=lambda lifecycle: lifecycle.thing)
def test_what_is_not_in_the_table_of_moves_is_refused_in_every_state(lifecycle: Lifecycle):
    for state in lifecycle.states:
        for act in lifecycle.acts:
            if act in EXPECTED[lifecycle][state]:
                assert lifecycle.move(state, act) in lifecycle.states
            else:
                with pytest.raises(NotInThisState):
                    lifecycle.move(state, act)


def composed(**changes):
    parts = {
        "number": "HT-2026-000001",
        "contract_type": ContractType.LICENCE,
        "award_id": None,
        "trade_number": None,
        "licence_kind": "ORDINARY",
        "parties": [text.PartyText(UUID(int=1), "PAYEE", "示例大学一", None)],
        "objects": [
            text.ObjectText(
                UUID(int=2),
                "焊接变形补偿",
                None,
                ("示例大学一",),
                (text.RightText("INVENTION_PATENT", "202310123456.6", date(2043, 1, 1)),),
            )
        ],
        "scope": text.ScopeTerms("CN", "ANY", "ANY", 6),
        "price": text.PriceTerms(
            60_000_000,
            {"n": 5, "unit": "working_days"},
            text.RoyaltyTerms(Decimal("0.030"), "net_sales", 30),
        ),
        "clauses": [],
    }
    return text.compose(**(parts | changes))


def test_the_text_states_for_a_patent_what_the_law_asks_and_null_for_what_is_not_on_record():
    right = composed()["objects"][0]["rights"][0]
    assert right == {
        "kind": "INVENTION_PATENT",
        "number": "202310123456.6",
        "application_number": None,
        "filed_on": None,
        "expires_on": "2043-01-01",
    }
    assert composed()["objects"][0]["applicant_and_owner"] == ["示例大学一"]


def test_the_same_facts_give_the_same_bytes_and_another_price_gives_others():
    assert canonical_json(composed()) == canonical_json(composed())
    dearer = text.PriceTerms(60_000_001, {"n": 5, "unit": "working_days"}, None)
    assert canonical_json(composed()) != canonical_json(composed(price=dearer))
    assert composed()["price"] == {
        "entry_fee": {
            "amount": {"amount": "600000.00", "currency": "CNY"},
            "within": {"n": 5, "unit": "working_days"},
            "from": "effect",
        },
        "royalty": {"rate": "0.030", "base": "net_sales", "due_days": 30, "rounding": "half_up"},
    }
