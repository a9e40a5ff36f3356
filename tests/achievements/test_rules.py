"""Numbers that check, shares that sum to one, licences that exclude each other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.achievements import errors, rules
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.lifecycle import ACHIEVEMENT, AchievementState
from techmarket.achievements.rules import Burden, Owner, Right, RightKind, Standing
from techmarket.kernel.lifecycle import NotInThisState
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
        ("99212345.6", RightKind.UTILITY_MODEL, "99212345.6"),
    ],
)
def test_a_patent_number_that_checks_is_kept_in_one_spelling(given, kind, kept):
    assert rules.patent_number(kind, given) == kept


@pytest.mark.parametrize("digit", sorted(set("0123456789X") - {"6"}))
def test_a_patent_number_with_any_other_check_digit_is_refused(digit):
    with pytest.raises(errors.PatentCheckDigitWrong):
        rules.patent_number(RightKind.INVENTION_PATENT, f"202310123456.{digit}")


@given(st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_anywhere_in_the_number_is_noticed(place, shift):
    body = "202310123456"
    wrong = body[:place] + str((int(body[place]) + shift) % 10) + body[place + 1 :]
    assert rules.patent_check_digit(wrong) != rules.patent_check_digit(body)


@pytest.mark.parametrize(
    "text", ["", "12345", "20231012345", "202310123456", "202340123456.6", "202310123456.66", "2023１0123456.6"]
)
def test_what_is_no_patent_number_is_refused(text):
    with pytest.raises(errors.PatentNumberMalformed):
        rules.patent_number(RightKind.INVENTION_PATENT, text)


def test_a_number_of_another_kind_of_patent_is_refused_and_a_patent_needs_a_number():
    with pytest.raises(errors.PatentNumberOfOtherKind):
        rules.patent_number(RightKind.DESIGN, "202310123456.6")
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
