"""The kinds of notices as one table: where each stands, who reads it, who objects, who decides, what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    ANNOUNCEMENT = "ANNOUNCEMENT"
    PRICE = "PRICE"
    RESULT = "RESULT"
    GRANT = "GRANT"
    REWARD_LIST = "REWARD_LIST"


class Place(StrEnum):
    """The market, the unit itself (its board, its pages), or elsewhere: no kind asks for that, it starts nothing."""

    MARKET = "MARKET"
    UNIT = "UNIT"
    ELSEWHERE = "ELSEWHERE"


class Effect(StrEnum):
    """PAUSES: the period stops until the objection is decided. HOLDS_LINES: it runs on, the named lines wait."""

    PAUSES = "PAUSES"
    HOLDS_LINES = "HOLDS_LINES"


class Readers(StrEnum):
    """EVERYONE, or the unit's own people (a reward list holds what people earn)."""

    EVERYONE = "EVERYONE"
    UNIT = "UNIT"


class Objector(StrEnum):
    """ANYONE of a verified organisation; PARTIES: of one the notice names; MEMBERS of the unit who do not speak for it.

    The owner does not object to its own notice, and neither does the market, which decides.
    """

    ANYONE = "ANYONE"
    PARTIES = "PARTIES"
    MEMBERS = "MEMBERS"


class Decider(StrEnum):
    OPERATOR = "OPERATOR"
    OWNER = "OWNER"


class Change(StrEnum):
    """CONTENT: what was disclosed is another thing now. CORRECTION: it is the same, better written."""

    CONTENT = "CONTENT"
    CORRECTION = "CORRECTION"


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind. `fields` must be stated, and a correction does not touch them.

    `words` may be put in other words, in a replacement by `replaced_by`; all else is on record elsewhere and changes
    there alone. `length` is the rulebook's key of the period; `rest_after_suspension` says that the rules on what must
    be left of a disclosure after a suspension speak of this kind.
    """

    subject: str
    places: tuple[Place, ...]
    fields: tuple[str, ...]
    readers: Readers
    objectors: tuple[Objector, ...]
    effect: Effect
    deciders: tuple[Decider, ...]
    length: str
    words: tuple[str, ...] = ()
    replaced_by: tuple[Decider, ...] = (Decider.OPERATOR, Decider.OWNER)
    correction_goes_on: bool = False
    can_be_extended: bool = False
    can_be_suspended: bool = False
    rest_after_suspension: bool = False


KINDS: Mapping[NoticeKind, KindRow] = {
    NoticeKind.ANNOUNCEMENT: KindRow(
        subject="trade",
        places=(Place.MARKET,),
        fields=("trade", "terms_sha256"),
        readers=Readers.EVERYONE,
        objectors=(Objector.ANYONE,),
        effect=Effect.PAUSES,
        deciders=(Decider.OPERATOR,),
        length="notice.announcement.length",
        words=("title_zh", "title_en"),
        replaced_by=(Decider.OPERATOR,),
        correction_goes_on=True,
        can_be_extended=True,
        can_be_suspended=True,
        rest_after_suspension=True,
    ),
    # ZJR art. 17: in the unit and on the technology market, with these fields and the related-party flag. It hangs in
    # the unit so that its people may object. Whatever changes, it is another price notice.
    NoticeKind.PRICE: KindRow(
        subject="contract or award",
        places=(Place.MARKET, Place.UNIT),
        fields=("name", "abstract", "mode", "intended_price", "related_party"),
        readers=Readers.EVERYONE,
        objectors=(Objector.ANYONE, Objector.MEMBERS),
        effect=Effect.PAUSES,
        deciders=(Decider.OPERATOR,),
        length="notice.price.length",
        words=("name", "abstract", "related_party"),
        can_be_suspended=True,
    ),
    NoticeKind.RESULT: KindRow(
        subject="award",
        places=(Place.MARKET,),
        fields=("trade", "seller", "buyer", "deal_price"),
        readers=Readers.EVERYONE,
        objectors=(Objector.ANYONE,),
        effect=Effect.PAUSES,
        deciders=(Decider.OPERATOR,),
        length="notice.result.length",
        words=("title_zh", "title_en"),
        replaced_by=(Decider.OPERATOR,),
        correction_goes_on=True,
        can_be_suspended=True,
    ),
    NoticeKind.GRANT: KindRow(
        subject="vesting",
        places=(Place.UNIT,),
        fields=("name", "completers", "right"),
        readers=Readers.UNIT,
        objectors=(Objector.MEMBERS, Objector.PARTIES),
        effect=Effect.PAUSES,
        deciders=(Decider.OPERATOR, Decider.OWNER),
        length="notice.grant.length",
        words=("name",),
        correction_goes_on=True,
    ),
    # ZJR art. 39: in the unit.
    NoticeKind.REWARD_LIST: KindRow(
        subject="distribution",
        places=(Place.UNIT,),
        fields=("contract_number", "lines"),
        readers=Readers.UNIT,
        objectors=(Objector.MEMBERS, Objector.PARTIES),
        effect=Effect.HOLDS_LINES,
        deciders=(Decider.OPERATOR, Decider.OWNER),
        length="notice.reward_list.length",
    ),
}
