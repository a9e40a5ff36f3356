"""Numbers of rights (权利编号): their form, their check digit, their one spelling. Pure."""

from __future__ import annotations

import re

from techmarket.achievements import errors
from techmarket.achievements.rights import PATENT_DIGITS, RightKind

# Since October 2003: year, kind, seven digits, check digit.
_PATENT = re.compile(r"(?:ZL|CN)?(?P<year>20[0-9]{2})(?P<kind>[12389])(?P<serial>[0-9]{7})\.?(?P<check>[0-9X])")
# From 1985 to 2003: two digits of the year, kind, five digits, check digit.
_OLD_PATENT = re.compile(
    r"(?:ZL|CN)?(?P<year>8[5-9]|9[0-9]|0[0-3])(?P<kind>[12389])(?P<serial>[0-9]{5})(?:\.?(?P<check>[0-9X]))?"
)
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
FIRST_YEAR_OF_THE_LONG_FORM = 2003
_WITHOUT_CHECK_DIGIT = ("85", "86", "87", "88")
"""Years whose numbers may lack the check digit."""

# What registries are seen to give. Their rules were not read, so another form is only remarked upon.
_USUAL = {
    RightKind.SOFTWARE_COPYRIGHT: re.compile(r"[0-9]{4}SR[0-9]{4,7}"),
    RightKind.LAYOUT_DESIGN: re.compile(r"BS\.?[0-9]{8,9}\.?[0-9X]"),
    RightKind.PLANT_VARIETY: re.compile(r"CNA[0-9]{8}(\.[0-9X]|[0-9]{3})|[0-9]{8}"),
    RightKind.BIOMEDICAL_VARIETY: re.compile(r"国药准字[A-Z][A-Z]?[0-9]{8}"),
}


def patent_check_digit(body: str) -> str:
    """The last digit of a patent number: weights 2 to 9, then 2 to 5, sum modulo 11, ten is X (CNIPA).

    Numbers before October 2003 have eight digits before it and end with the weight 9.
    """
    rest = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=False)) % 11
    return "X" if rest == 10 else str(rest)


def patent_number(kind: RightKind, given: str, *, pointer: str | None = None) -> str:
    """A patent number has its form, says its own kind and carries the right check digit; its one spelling is returned.

    The first years gave none: an old number without the digit is taken.
    """
    plain = spelled(given)
    form = _PATENT.fullmatch(plain) or _OLD_PATENT.fullmatch(plain)
    if form is None or (len(form["year"]) == 4 and int(form["year"]) < FIRST_YEAR_OF_THE_LONG_FORM):
        raise errors.PatentNumberMalformed(pointer=pointer)
    if form["kind"] not in PATENT_DIGITS[kind]:
        raise errors.PatentNumberOfOtherKind(pointer=pointer, right_kind=kind)
    body = form["year"] + form["kind"] + form["serial"]
    if form["check"] is not None and patent_check_digit(body) != form["check"]:
        raise errors.PatentCheckDigitWrong(pointer=pointer)
    return f"{body}.{form['check']}" if form["check"] else body


def spelled(given: str) -> str:
    """A number without the blanks people put into it, in capital letters."""
    return "".join(given.split()).upper()


def says_granted(given: str) -> bool:
    """The prefix ZL stands before the number of a granted patent; CN tells the office alone."""
    return spelled(given).startswith("ZL")


def lacks_check_digit(number: str) -> bool:
    """An old patent number of a year that had the digit already is written without it."""
    return "." not in number and number[:2] not in _WITHOUT_CHECK_DIGIT


def kind_digit(number: str) -> str:
    """The digit by which a patent number tells its kind."""
    body = number.partition(".")[0]
    return body[4] if len(body) == 12 else body[2]


def year_of(number: str) -> int:
    """The year in which a patent number was given."""
    if len(number.partition(".")[0]) == 12:
        return int(number[:4])
    return 1900 + int(number[:2]) if number[0] in "89" else 2000 + int(number[:2])


def is_usual(kind: RightKind, number: str) -> bool:
    """A registry other than the patent office usually gives numbers of this form."""
    form = _USUAL.get(kind)
    return form is None or form.fullmatch(spelled(number)) is not None
