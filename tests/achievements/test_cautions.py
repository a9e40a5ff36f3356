"""What is taken but looks odd is said, and refused by nobody."""

from __future__ import annotations

from datetime import date

import pytest

from techmarket.achievements import codes
from techmarket.achievements.cautions import Caution, CodeLists, cautions_of
from techmarket.achievements.rights import Right, RightKind, RightStatus
from tests.achievements.make import a_draft

LISTS = CodeLists(codes.industries(), codes.patent_subclasses(), codes.maturity_standards())
PATENT, SOFTWARE = RightKind.INVENTION_PATENT, RightKind.SOFTWARE_COPYRIGHT
SOUND = {"trl": 7, "trl_standard": "GB/T 22900", "trl_year": 2009}


@pytest.mark.parametrize(
    "changes, codes_and_places",
    [
        ({"industry": "C35", "ipc": ("B23K 26/04", "G06F")}, []),
        ({"industry": "C99"}, [("industry_unknown", "/industry")]),
        ({"ipc": ("B23K", "H99Q 1/00")}, [("ipc_unknown", "/ipc/1")]),
        ({"trl_standard": None, "trl_year": None}, [("maturity_standard_missing", "/trl_standard")]),
        ({"trl_standard": "GB/T 1"}, [("maturity_standard_unknown", "/trl_standard")]),
        ({"trl_standard": "GB/T 37264"}, [("maturity_edition_unknown", "/trl_year")]),
        ({"trl": None}, [("maturity_level_missing", "/trl")]),
        ({"rights": (Right(PATENT, "97101765"),)}, [("number_without_check_digit", "/rights/0/number")]),
        ({"rights": (Right(PATENT, "85100001"),)}, []),
        ({"rights": (Right(SOFTWARE, "2019SR0123456"),)}, []),
        ({"rights": (Right(SOFTWARE, "SAMPLE-1"),)}, [("number_unusual", "/rights/0/number")]),
        ({"rights": (Right(RightKind.PLANT_VARIETY, "CNA20191006012"),)}, []),
        ({"rights": (Right(RightKind.PLANT_VARIETY, "CNA1"),)}, [("number_unusual", "/rights/0/number")]),
        ({"rights": (Right(SOFTWARE, status=RightStatus.REGISTERED),)}, [("number_missing", "/rights/0/number")]),
        ({"rights": (Right(RightKind.TECHNICAL_SECRET, "SAMPLE-TS-1"),)}, []),
        (
            {"rights": (Right(PATENT, "202310123456.6", filed_on=date(2022, 12, 30)),)},
            [("filing_year_differs", "/rights/0/filed_on")],
        ),
        ({"rights": (Right(PATENT, "202380123456.5", filed_on=date(2022, 12, 30)),)}, []),
    ],
)
def test_each_oddity_is_named_with_its_place(changes, codes_and_places):
    said = a_draft(**(SOUND | changes))
    found = [Caution(f"achievements.{code}", place) for code, place in codes_and_places]
    assert list(cautions_of(said, lists=LISTS, terms={})) == found


def test_a_stated_last_day_beyond_the_laws_term_is_remarked_upon_and_one_within_it_is_not():
    for until, odd in ((date(2043, 2, 28), False), (date(2043, 3, 1), True)):
        said = a_draft(**SOUND, rights=(Right(PATENT, "202310123456.6", until),))
        found = cautions_of(said, lists=LISTS, terms={0: date(2043, 2, 28)})
        assert ([c.code for c in found] == ["achievements.right_outlives_its_term"]) is odd


def test_the_lists_are_the_ones_that_were_carried_over():
    assert (len(LISTS.industries), len(LISTS.patent_subclasses)) == (1958, 651)
    assert LISTS.industries["C35"] == "专用设备制造业"
