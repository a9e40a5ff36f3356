"""Which licences stand side by side."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.achievements import licences
from techmarket.achievements.licences import BLOCKING, LICENCES, BurdenKind, Manner, Scope

DAY = date(2026, 3, 1)
ZHEJIANG = Scope("CN-33", "C35", DAY, date(2030, 3, 1))


@pytest.mark.parametrize(
    "other, meet",
    [
        (ZHEJIANG, True),
        (Scope("WORLD", "ANY", date(2020, 1, 1), None), True),
        (Scope("CN", "C", DAY, None), True),
        (Scope("CN-330108", "C3599", DAY, None), True),
        (Scope("CN-31", "C35", DAY, None), False),
        (Scope("CN-33", "C36", DAY, None), False),
        (Scope("CN-33", "C35", date(2030, 3, 1), None), True),
        (Scope("CN-33", "C35", date(2030, 3, 2), None), False),
        (Scope("CN-33", "C35", date(2020, 1, 1), date(2026, 2, 28)), False),
    ],
)
def test_licences_meet_where_territory_field_and_time_all_meet(other, meet):
    assert licences.overlaps(ZHEJIANG, other) is meet
    assert licences.overlaps(other, ZHEJIANG) is meet


EXCL, SOLE, ORD, OPEN, PLEDGE, SEIZURE = (
    BurdenKind.LICENCE_EXCLUSIVE,
    BurdenKind.LICENCE_SOLE,
    BurdenKind.LICENCE_ORDINARY,
    BurdenKind.OPEN_LICENCE,
    BurdenKind.PLEDGE,
    BurdenKind.SEIZURE,
)


@pytest.mark.parametrize(
    "wanted, held, blocked",
    [
        (ORD, ORD, False),
        (ORD, EXCL, True),
        (ORD, SOLE, True),
        (EXCL, ORD, True),
        (SOLE, ORD, True),
        (EXCL, EXCL, True),
        (SOLE, SOLE, True),
        (ORD, OPEN, False),
        (OPEN, ORD, False),
        (EXCL, OPEN, True),
        (OPEN, SOLE, True),
        (EXCL, PLEDGE, False),
        (EXCL, SEIZURE, False),
    ],
)
def test_an_exclusive_or_sole_licence_blocks_any_other_in_the_same_scope(wanted, held, blocked):
    assert (licences.blocking_licence(wanted, ZHEJIANG, [(held, ZHEJIANG)]) is not None) is blocked
    elsewhere = Scope("CN-31", "C35", DAY, None)
    assert licences.blocking_licence(wanted, ZHEJIANG, [(held, elsewhere)]) is None


@pytest.mark.parametrize(
    "one, other, meet",
    [
        ("ANY", "MAKE", True),
        ("MAKE, USE", "USE/SELL", True),
        ("MAKE", "SELL IMPORT", False),
        ("make、use", "SELL", False),
        ("MAKE", "in the licensee's own works", True),
        ("MAKE", "MAKE for export only", True),
        ("", "SELL", True),
    ],
)
def test_licences_meet_where_the_manner_meets_and_an_unclear_manner_is_any(one, other, meet):
    here, there = [Scope("CN", "ANY", DAY, None, manner) for manner in (one, other)]
    assert licences.overlaps(here, there) is meet
    assert licences.overlaps(there, here) is meet


def test_an_unclear_kind_is_an_ordinary_licence_and_other_ways_of_conversion_grant_none():
    assert licences.licence_of("LICENCE", None) is ORD
    assert licences.licence_of("OPEN_LICENCE", None) is ORD
    assert licences.licence_of("TRY_BEFORE_BUY", "SOLE") is SOLE
    for mode in ("TRANSFER", "EQUITY", "JOINT_DEVELOPMENT", None):
        assert licences.licence_of(mode, "EXCLUSIVE") is None


def test_two_exclusive_licences_stand_in_territories_that_do_not_touch():
    zhejiang, shanghai, hangzhou = [Scope(place, "ANY", DAY, None) for place in ("CN-33", "CN-31", "CN-3301")]
    assert licences.blocking_licence(EXCL, shanghai, [(EXCL, zhejiang)]) is None
    assert licences.blocking_licence(EXCL, hangzhou, [(EXCL, zhejiang)]) == (EXCL, zhejiang)


scopes = st.builds(
    Scope,
    st.sampled_from(["WORLD", "CN", "CN-33", "CN-3301", "CN-330108", "CN-31", "US"]),
    st.sampled_from(["ANY", "C", "C35", "C3599", "C36", "M", "A"]),
    st.integers(0, 40).map(lambda n: DAY + timedelta(days=n)),
    st.none() | st.integers(40, 80).map(lambda n: DAY + timedelta(days=n)),
    st.sampled_from(["ANY", "MAKE", "MAKE,USE", "SELL", "IMPORT SELL", "as agreed"]),
)
kinds = st.sampled_from(sorted(LICENCES))


@given(scopes, scopes)
def test_meeting_is_mutual_and_every_scope_meets_itself(one, other):
    assert licences.overlaps(one, other) is licences.overlaps(other, one)
    assert licences.overlaps(one, one)


@given(kinds, scopes, kinds, scopes)
def test_who_would_block_whom_is_mutual_and_needs_a_blocking_kind_and_a_meeting(kind, one, other_kind, other):
    blocked = licences.blocking_licence(kind, one, [(other_kind, other)]) is not None
    assert blocked is (licences.blocking_licence(other_kind, other, [(kind, one)]) is not None)
    assert blocked is (licences.overlaps(one, other) and bool({kind, other_kind} & BLOCKING))


@given(scopes, scopes, scopes)
def test_what_a_scope_covers_meets_whatever_the_narrower_one_meets(wide, narrow, third):
    assert licences.covers(wide, wide)
    if licences.covers(wide, narrow):
        assert licences.overlaps(wide, narrow)
        assert not licences.overlaps(narrow, third) or licences.overlaps(wide, third)


def test_the_manners_are_those_that_a_text_can_name():
    assert licences.manners_of(" ".join(Manner)) == frozenset(Manner)


@pytest.mark.parametrize(
    "named, said",
    [
        (None, "ANY"),
        ([], "ANY"),
        (["MAKE"], "MAKE"),
        (["MAKE", "USE", "MAKE"], "MAKE, USE"),
        (["OFFER"], "OFFER_FOR_SALE"),
    ],
)
def test_the_manners_that_a_listing_names_are_spelled_as_a_licence_reads_them(named, said):
    assert licences.manner_text(named) == said
    assert licences.manners_of(said) == (None if said == "ANY" else frozenset(said.split(", ")))
