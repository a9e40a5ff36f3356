"""Names, phones, mail addresses and identity numbers of people (脱敏): where they are shown whole, where masked. Pure.

`PLACES` is the table that people read in `docs/personal-data.md`; a test holds the two together. Nothing is masked in
the record: what was signed, hashed or announced stays as it is, and is shown so where its proof needs it. What a
person writes of another in free words cannot be told from other words; numbers and addresses can, by their form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Shown(StrEnum):
    """How a place shows what it holds about people to readers who are not inside of it."""

    WHOLE = "whole"
    NUMBERS_MASKED = "numbers masked"  # free words: phones, mail addresses and identity numbers in them
    NAMES_MASKED = "names masked"


class Place(StrEnum):
    """Where something about a natural person may stand in what the market shows."""

    LISTING_TEXT = "listing.text"
    LISTING_CONTACT = "listing.contact"
    SCENARIO_TEXT = "scenario_list.text"
    QUESTION_TEXT = "question.text"
    NOTICE_REASONS = "notice.reasons"
    TRADE_REASONS = "trade.reasons"
    TRADE_TERMS = "trade.terms"
    NOTICE_DOCUMENT = "notice.document"
    VESTING_NAMES = "vesting_notice.names"
    VESTING_NAMES_AFTERWARDS = "vesting_notice.names_afterwards"
    EXPERT_NAME = "expert.name"


PLACES: Mapping[Place, Shown] = {
    Place.LISTING_TEXT: Shown.NUMBERS_MASKED,
    Place.LISTING_CONTACT: Shown.WHOLE,
    Place.SCENARIO_TEXT: Shown.NUMBERS_MASKED,
    Place.QUESTION_TEXT: Shown.NUMBERS_MASKED,
    Place.NOTICE_REASONS: Shown.NUMBERS_MASKED,
    Place.TRADE_REASONS: Shown.NUMBERS_MASKED,
    Place.TRADE_TERMS: Shown.WHOLE,
    Place.NOTICE_DOCUMENT: Shown.WHOLE,
    Place.VESTING_NAMES: Shown.WHOLE,
    Place.VESTING_NAMES_AFTERWARDS: Shown.NAMES_MASKED,
    Place.EXPERT_NAME: Shown.WHOLE,
}

# 居民身份证号 by its date of birth, so that a 统一社会信用代码 is not taken for one; 手机号; an address of mail.
_IDENTITY = re.compile(
    r"(?<![\w.-])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\w-])"
)
_PHONE = re.compile(r"(?<![0-9A-Za-z_.-])(?:\+?86[ -]?)?1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4})(?![0-9A-Za-z_-]|\.\d)")
_MAIL = re.compile(r"[A-Za-z0-9.+_-]{1,64}[@＠][A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_MAY_HOLD = re.compile(r"[@＠]|\d[\d -]{9}")


def shown(place: Place, value: Any, *, is_inside: bool = False) -> Any:
    """The one function: what a reader is shown of it. Whoever is inside (its owner, the market) sees it whole.

    Texts, lists and objects of them; anything else is as it is.
    """
    how = PLACES[place]
    if is_inside or how is Shown.WHOLE:
        return value
    return _walked(value, masked_name if how is Shown.NAMES_MASKED else masked_text)


def _walked(value: Any, mask: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _walked(one, mask) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_walked(one, mask) for one in value)
    return value


def masked_name(name: str) -> str:
    """A name keeps its first sign: 张*; of a name in several words, that of each: S* P*."""
    return " ".join(f"{word[0]}*" for word in name.split())


def masked_text(text: str) -> str:
    """Free words without the numbers and addresses of people in them."""
    if _MAY_HOLD.search(text) is None:
        return text
    text = _IDENTITY.sub(lambda found: "*" * len(found[0]), text)
    text = _PHONE.sub(lambda found: "*" * len(found[0]), text)
    return _MAIL.sub("***@***", text)
