"""The states of a trade, a lot's book, a participant and an award, and the moves between them."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class Method(StrEnum):
    ONLINE_BIDDING = "ONLINE_BIDDING"


class TradeState(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ANNOUNCED = "ANNOUNCED"
    DECIDING = "DECIDING"
    AWARDED = "AWARDED"
    CONCLUDED = "CONCLUDED"
    UNSOLD = "UNSOLD"
    TERMINATED = "TERMINATED"


class BookState(StrEnum):
    WAITING = "WAITING"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class ParticipantState(StrEnum):
    """QUALIFIED is admitted and confirmed; READY has its deposit held and may bid."""

    REGISTERED = "REGISTERED"
    ADMITTED = "ADMITTED"
    QUALIFIED = "QUALIFIED"
    READY = "READY"
    REJECTED = "REJECTED"
    RELEASED = "RELEASED"
    PAID_IN = "PAID_IN"
    FORFEITED = "FORFEITED"


class AwardState(StrEnum):
    WAITING = "WAITING"
    OFFERED = "OFFERED"
    CONCLUDED = "CONCLUDED"
    DEFAULTED = "DEFAULTED"
    LAPSED = "LAPSED"
    ANNULLED = "ANNULLED"
    RELEASED = "RELEASED"


_T, _B, _P, _A = TradeState, BookState, ParticipantState, AwardState

TRADE = Lifecycle(
    "trade",
    {
        (_T.DRAFT, "submit"): _T.SUBMITTED,
        (_T.RETURNED, "submit"): _T.SUBMITTED,
        (_T.SUBMITTED, "return"): _T.RETURNED,
        (_T.SUBMITTED, "announce"): _T.ANNOUNCED,
        (_T.ANNOUNCED, "open"): _T.DECIDING,
        (_T.DECIDING, "award"): _T.AWARDED,
        (_T.AWARDED, "conclude"): _T.CONCLUDED,
        (_T.ANNOUNCED, "fail"): _T.UNSOLD,
        (_T.DECIDING, "fail"): _T.UNSOLD,
        (_T.AWARDED, "fail"): _T.UNSOLD,
        (_T.ANNOUNCED, "terminate"): _T.TERMINATED,
        (_T.DECIDING, "terminate"): _T.TERMINATED,
        (_T.AWARDED, "terminate"): _T.TERMINATED,
    },
    initial=_T.DRAFT,
)
BOOK = Lifecycle(
    "lot",
    {
        (_B.WAITING, "open"): _B.OPEN,
        (_B.OPEN, "close"): _B.CLOSED,
        (_B.WAITING, "close"): _B.CLOSED,
    },
    initial=_B.WAITING,
)
PARTICIPANT = Lifecycle(
    "participant",
    {
        (_P.REGISTERED, "admit"): _P.ADMITTED,
        (_P.REGISTERED, "reject"): _P.REJECTED,
        (_P.ADMITTED, "confirm"): _P.QUALIFIED,
        (_P.ADMITTED, "reject"): _P.REJECTED,
        (_P.QUALIFIED, "hold_deposit"): _P.READY,
        (_P.REGISTERED, "release"): _P.RELEASED,
        (_P.ADMITTED, "release"): _P.RELEASED,
        (_P.QUALIFIED, "release"): _P.RELEASED,
        (_P.READY, "release"): _P.RELEASED,
        (_P.READY, "pay_in"): _P.PAID_IN,
        (_P.READY, "forfeit"): _P.FORFEITED,
    },
    initial=_P.REGISTERED,
)
AWARD = Lifecycle(
    "award",
    {
        (_A.WAITING, "offer"): _A.OFFERED,
        (_A.WAITING, "release"): _A.RELEASED,
        (_A.OFFERED, "conclude"): _A.CONCLUDED,
        (_A.OFFERED, "lapse"): _A.LAPSED,
        (_A.OFFERED, "annul"): _A.ANNULLED,
        (_A.CONCLUDED, "default"): _A.DEFAULTED,
    },
    initial=_A.WAITING,
)
