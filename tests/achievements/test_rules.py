"""Numbers that check, shares that sum to one, licences that exclude each other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.achievements import errors, numbers, rights, rules
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.lifecycle import ACHIEVEMENT, AchievementState
from techmarket.achievements.rights import Right, RightKind, RightStatus
from techmarket.achievements.rules import Burden, Owner, Standing
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import Length, Unit
from tests.achievements.make import a_draft

UNIT, OTHER, PERSON = (UUID(int=n) for n in (1, 2, 3))


@pytest.mark.parametrize(
    "given, kind, kept",
    [
        ("200310102344.5", RightKind.INVENTION_PATENT, "200310102344.5"),
        ("202310123456.6", RightKind.INVENTION_PATENT, "202310123456.6"),
        ("202420000003.4", RightKind.UTILITY_MODEL, "202420000003.4"),
        ("ZL 2023 1 0123456.6", RightKind.INVENTION_PATENT, "202310123456.6"),
        ("cn2023101234566", RightKind.INVENTION_PATENT, "202310123456.6"),
        ("85100001", RightKind.INVENTION_PATENT, "85100001"),
        ("99212345.3", RightKind.UTILITY_MODEL, "99212345.3"),
        ("ZL95115608.X", RightKind.INVENTION_PATENT, "95115608.X"),
        ("971017654", RightKind.INVENTION_PATENT, "97101765.4"),
        ("02112345", RightKind.INVENTION_PATENT, "02112345"),
    ],
)
def test_a_patent_number_that_checks_is_kept_in_one_spelling(given, kind, kept):
    assert numbers.patent_number(kind, given) == kept


@pytest.mark.parametrize("digit", sorted(set("0123456789X") - {"6"}))
def test_a_patent_number_with_any_other_check_digit_is_refused(digit):
    with pytest.raises(errors.PatentCheckDigitWrong):
        numbers.patent_number(RightKind.INVENTION_PATENT, f"202310123456.{digit}")


@pytest.mark.parametrize("digit", sorted(set("0123456789X") - {"4"}))
def test_an_old_patent_number_with_any_other_check_digit_is_refused(digit):
    with pytest.raises(errors.PatentCheckDigitWrong):
        numbers.patent_number(RightKind.INVENTION_PATENT, f"97101765.{digit}")


@given(st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_anywhere_in_the_number_is_noticed(place, shift):
    body = "202310123456"
    wrong = body[:place] + str((int(body[place]) + shift) % 10) + body[place + 1 :]
    assert numbers.patent_check_digit(wrong) != numbers.patent_check_digit(body)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "20231012345",
        "202310123456",
        "202340123456.6",
        "202310123456.66",
        "2023１0123456.6",
        "04101765.4",
        "200210102344.5",
    ],
)
def test_what_is_no_patent_number_is_refused(text):
    with pytest.raises(errors.PatentNumberMalformed):
        numbers.patent_number(RightKind.INVENTION_PATENT, text)


def test_a_number_of_another_kind_of_patent_is_refused_and_a_patent_needs_a_number():
    with pytest.raises(errors.PatentNumberOfOtherKind):
        numbers.patent_number(RightKind.DESIGN, "202310123456.6")
    with pytest.raises(errors.PatentNumberMalformed):
        rules.checked_right(Right(RightKind.DESIGN))
    assert rules.checked_right(Right(RightKind.TECHNICAL_SECRET)).number is None


@pytest.mark.parametrize(
    "owners, refusal",
    [
        ([Owner(Decimal("0.7"), UNIT), Owner(Decimal("0.2"), OTHER)], errors.SharesDoNotSum),
        ([Owner(Decimal("0.7"), UNIT), Owner(Decimal("0.31"), OTHER)], errors.SharesDoNotSum),
        ([Owner(Decimal("0.5"), UNIT), Owner(Decimal("0.5"), UNIT)], errors.OwnerTwice),
        ([Owner(Decimal("1"), OTHER)], errors.OwnUnitMissing),
        ([Owner(Decimal("1"), UNIT), Owner(Decimal("0"), OTHER)], errors.ShareMalformed),
        ([Owner(Decimal("0.999999999"), UNIT), Owner(Decimal("0.000000001"), OTHER)], errors.ShareMalformed),
        ([Owner(Decimal("1"))], errors.OwnerUnclear),
        ([Owner(Decimal("1"), UNIT, PERSON)], errors.OwnerUnclear),
    ],
)
def test_owners_are_named_once_and_their_shares_sum_to_exactly_one(owners, refusal):
    with pytest.raises(refusal):
        rules.check_owners(owners, own_org=UNIT)
    rules.check_owners([Owner(Decimal("0.33333333"), UNIT), Owner(Decimal("0.66666667"), None, PERSON)], own_org=UNIT)


def test_a_draft_needs_a_title_and_names_rights_and_completers_once():
    with pytest.raises(errors.TitleMissing):
        rules.checked_draft(a_draft(title_en=None), own_org=UNIT)
    with pytest.raises(errors.CompleterTwice):
        rules.checked_draft(a_draft(completers=(PERSON, PERSON)), own_org=UNIT)
    right = Right(RightKind.INVENTION_PATENT, "202310123456.6")
    with pytest.raises(errors.RightTwice):
        rules.checked_draft(
            a_draft(rights=(right, Right(RightKind.INVENTION_PATENT, "ZL202310123456.6"))), own_org=UNIT
        )
    assert rules.checked_draft(a_draft(rights=(right,)), own_org=UNIT).owners == (Owner(Decimal(1), UNIT),)


DAY = date(2026, 3, 1)
ZHEJIANG = Scope("CN-33", "C35", DAY, date(2030, 3, 1))
EXCL, SOLE, ORD, PLEDGE = (
    BurdenKind.LICENCE_EXCLUSIVE,
    BurdenKind.LICENCE_SOLE,
    BurdenKind.LICENCE_ORDINARY,
    BurdenKind.PLEDGE,
)


def sellable(**changes):
    facts = {"state": AchievementState.RECORDED, "missing_consents": 0} | changes
    sale = {"seller": UNIT, "mode": None, "licence": None, "scope": ZHEJIANG} | {
        name: facts.pop(name) for name in ("seller", "mode", "licence") if name in facts
    }
    facts["burdens"] = tuple(Burden(kind, ZHEJIANG) for kind in facts.get("burdens", ()))
    rules.check_sellable(Standing(OTHER, UNIT, **facts), **sale)


def test_only_a_recorded_achievement_of_the_seller_free_of_burdens_is_sold():
    sellable(mode="TRANSFER")
    for state in (AchievementState.DRAFT, AchievementState.RETIRED):
        with pytest.raises(errors.NotRecorded):
            sellable(state=state)
    with pytest.raises(errors.NotTheSellers):
        sellable(seller=PERSON)
    with pytest.raises(errors.Pledged):
        sellable(mode="TRANSFER", burdens=(PLEDGE,))
    with pytest.raises(errors.LicenceOverlaps):
        sellable(licence=ORD, burdens=(EXCL,))
    sellable(mode="TRANSFER", burdens=(ORD,))


def test_a_co_owner_grants_ordinary_licences_alone_and_everything_else_needs_all():
    sellable(licence=ORD, missing_consents=1)
    for wanted in ({"licence": EXCL}, {"licence": SOLE}, {"mode": "TRANSFER"}, {"mode": "EQUITY"}):
        with pytest.raises(errors.ConsentMissing):
            sellable(missing_consents=1, **wanted)


def test_every_state_takes_only_the_acts_of_its_table():
    possible = {state: ACHIEVEMENT.possible(state) for state in ACHIEVEMENT.states}
    assert possible == {
        AchievementState.DRAFT: ["amend", "record", "retire"],
        AchievementState.RECORDED: ["amend", "retire"],
        AchievementState.RETIRED: [],
    }
    for state in ACHIEVEMENT.states:
        for act in ACHIEVEMENT.acts:
            if not ACHIEVEMENT.can(state, act):
                with pytest.raises(NotInThisState):
                    ACHIEVEMENT.move(state, act)


FILED, GRANTED = date(2023, 3, 1), date(2025, 1, 10)


@pytest.mark.parametrize(
    "changes, refusal, pointer",
    [
        ({"granted_on": date(2023, 2, 28)}, errors.GrantedBeforeFiled, "/granted_on"),
        ({"valid_until": date(2023, 2, 28)}, errors.OverBeforeItBegan, "/valid_until"),
        ({"granted_on": GRANTED, "valid_until": date(2025, 1, 9)}, errors.OverBeforeItBegan, "/valid_until"),
        ({"granted_on": GRANTED, "status": RightStatus.APPLIED}, errors.GrantedAndPending, "/status"),
        ({"number": "ZL202310123456.6", "status": RightStatus.PUBLISHED}, errors.GrantedAndPending, "/status"),
    ],
)
def test_the_dates_and_the_status_of_a_right_fit_each_other(changes, refusal, pointer):
    stated = {"kind": RightKind.INVENTION_PATENT, "number": "202310123456.6", "filed_on": FILED} | changes
    with pytest.raises(refusal) as refused:
        rules.checked_right(Right(**stated), pointer="/r")
    assert refused.value.pointer == f"/r{pointer}"


def test_the_prefix_zl_or_a_day_of_grant_says_that_a_right_is_granted():
    kind = RightKind.INVENTION_PATENT
    assert rules.checked_right(Right(kind, "ZL202310123456.6")).status is RightStatus.GRANTED
    assert rules.checked_right(Right(kind, "CN202310123456.6")).status is None
    assert rules.checked_right(Right(kind, "202310123456.6", granted_on=GRANTED)).status is RightStatus.GRANTED
    software = Right(RightKind.SOFTWARE_COPYRIGHT, "2023SR0123456", granted_on=GRANTED)
    assert rules.checked_right(software).status is RightStatus.REGISTERED
    lapsed = Right(kind, "ZL202310123456.6", status=RightStatus.LAPSED)
    assert rules.checked_right(lapsed).status is RightStatus.LAPSED


def test_a_term_ends_on_the_day_before_and_a_right_stands_on_that_day():
    ends = rights.last_day(date(2004, 2, 29), Length(10, Unit.YEARS))
    assert (ends, rights.last_day(date(1999, 9, 6), Length(10, Unit.YEARS))) == (date(2014, 2, 27), date(2009, 9, 5))
    assert rights.is_in_force(RightStatus.GRANTED, ends, ends)
    assert not rights.is_in_force(RightStatus.GRANTED, ends, date(2014, 2, 28))
    assert not rights.is_in_force(RightStatus.LAPSED, None, ends)


def test_idle_begins_after_the_whole_year():
    assert rights.idle_from(date(2025, 3, 1), Length(1, Unit.YEARS)) == date(2026, 3, 2)
    assert rights.idle_from(date(2024, 2, 29), Length(1, Unit.YEARS)) == date(2025, 3, 1)
