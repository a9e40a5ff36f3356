"""The states of a trade, its lots, participants, seats, deposits and awards, and the moves between them."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class Method(StrEnum):
    """How the price is found; one method a trade."""

    FIXED_PRICE = "FIXED_PRICE"
    NEGOTIATION = "NEGOTIATION"
    ONLINE_BIDDING = "ONLINE_BIDDING"
    SEALED = "SEALED"
    DESCENDING = "DESCENDING"
    SCORED = "SCORED"
    SELECTION = "SELECTION"


class TradeState(StrEnum):
    """DECIDING until every lot is decided, AWARDED while an award is offered, then CONCLUDED or UNSOLD."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ANNOUNCED = "ANNOUNCED"
    DECIDING = "DECIDING"
    AWARDED = "AWARDED"
    CONCLUDED = "CONCLUDED"
    UNSOLD = "UNSOLD"
    TERMINATED = "TERMINATED"


class LotState(StrEnum):
    """EVALUATING lies between the close and the award: `LotStep` tells what is waited for."""

    WAITING = "WAITING"
    OPEN = "OPEN"
    PAUSED = "PAUSED"
    EVALUATING = "EVALUATING"
    AWARDED = "AWARDED"
    CONCLUDED = "CONCLUDED"
    UNSOLD = "UNSOLD"
    TERMINATED = "TERMINATED"


class LotStep(StrEnum):
    """What an evaluating lot waits for, in this order, each only if it was announced.

    CALENDAR waits for no person's act but for the holidays of a year into which the notice of its award reaches.
    """

    OPENING = "OPENING"
    SCORES = "SCORES"
    RESERVE = "RESERVE"
    FINAL_BID = "FINAL_BID"
    FIRST_REFUSAL = "FIRST_REFUSAL"
    CALENDAR = "CALENDAR"


class PauseCause(StrEnum):
    """Why the operator pauses a lot (中止); its words say more."""

    SYSTEM_FAULT = "SYSTEM_FAULT"
    NETWORK_FAULT = "NETWORK_FAULT"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    RIGHTS_IN_DISPUTE = "RIGHTS_IN_DISPUTE"
    OBJECTION = "OBJECTION"
    AUTHORITY_ORDER = "AUTHORITY_ORDER"
    SUSPECTED_COLLUSION = "SUSPECTED_COLLUSION"
    OTHER = "OTHER"


class ParticipantState(StrEnum):
    """Qualification alone: the money stands in the deposit, the right to bid in the seat."""

    REGISTERED = "REGISTERED"
    ADMITTED = "ADMITTED"
    QUALIFIED = "QUALIFIED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class SeatState(StrEnum):
    """READY is qualified with the deposit that backs this lot held, or none asked: it may bid."""

    WAITING = "WAITING"
    READY = "READY"
    GONE = "GONE"


class DepositState(StrEnum):
    DUE = "DUE"
    HELD = "HELD"
    PAID_IN = "PAID_IN"
    RELEASED = "RELEASED"
    FORFEITED = "FORFEITED"


class DepositScope(StrEnum):
    """One deposit backs all lots of a trade, or each lot has its own."""

    TRADE = "TRADE"
    LOT = "LOT"


class ActKind(StrEnum):
    """What was done to an announced procedure as a whole; every act stays on record with its reasons."""

    EXTENDED = "EXTENDED"
    SUSPENDED = "SUSPENDED"
    RESUMED = "RESUMED"
    TERMINATION_ASKED = "TERMINATION_ASKED"
    TERMINATION_DECLINED = "TERMINATION_DECLINED"
    TERMINATED = "TERMINATED"


class WaitsFor(StrEnum):
    """Why an announced trade does not go on by itself.

    CALENDAR_MISSING: its period reaches into a year whose holidays the operator has not entered; it goes on with them.
    """

    CALENDAR_MISSING = "CALENDAR_MISSING"
    RESUMPTION = "RESUMPTION"
    OBJECTION = "OBJECTION"


class TerminationCause(StrEnum):
    """Why the operator ends a procedure (终结): an obstacle that cannot be removed, or the seller asks for it."""

    OBSTACLE_REMAINS = "OBSTACLE_REMAINS"
    RIGHTS_IN_DISPUTE = "RIGHTS_IN_DISPUTE"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    AUTHORITY_ORDER = "AUTHORITY_ORDER"
    BREACH_OF_RULES = "BREACH_OF_RULES"
    SELLERS_MOTION = "SELLERS_MOTION"
    OTHER = "OTHER"


class ForfeitCause(StrEnum):
    """Why a deposit may be lost, if it was announced and the seller is not to blame."""

    WITHDRAWS_AFTER_PAYING = "withdraws_after_paying"
    NOBODY_BIDS = "nobody_bids"
    REFUSES_TO_SIGN = "refuses_to_sign"
    FAILS_TO_PAY = "fails_to_pay"
    FALSE_PAPERS = "false_papers"
    BREACH_OF_RULES = "breach_of_rules"


class AwardState(StrEnum):
    WAITING = "WAITING"
    OFFERED = "OFFERED"
    CONCLUDED = "CONCLUDED"
    DEFAULTED = "DEFAULTED"
    LAPSED = "LAPSED"
    ANNULLED = "ANNULLED"
    RELEASED = "RELEASED"


class OfferState(StrEnum):
    """Past its hour an open offer binds nobody; that is a date and no state."""

    OPEN = "OPEN"
    COUNTERED = "COUNTERED"
    DECLINED = "DECLINED"
    ACCEPTED = "ACCEPTED"


class PanelSeatState(StrEnum):
    APPOINTED = "APPOINTED"
    SEATED = "SEATED"
    RECUSED = "RECUSED"


PANEL_SEAT = Lifecycle(
    "panel seat",
    {
        (PanelSeatState.APPOINTED, "declare"): PanelSeatState.SEATED,
        (PanelSeatState.APPOINTED, "recuse"): PanelSeatState.RECUSED,
        (PanelSeatState.SEATED, "recuse"): PanelSeatState.RECUSED,
    },
    initial=PanelSeatState.APPOINTED,
)
_O = OfferState
OFFER = Lifecycle(
    "offer",
    {
        (_O.OPEN, "counter"): _O.COUNTERED,
        (_O.OPEN, "decline"): _O.DECLINED,
        (_O.OPEN, "accept"): _O.ACCEPTED,
    },
    initial=_O.OPEN,
)
_T, _L, _P, _S, _D, _A = TradeState, LotState, ParticipantState, SeatState, DepositState, AwardState

TRADE = Lifecycle(
    "trade",
    {
        (_T.DRAFT, "submit"): _T.SUBMITTED,
        (_T.RETURNED, "submit"): _T.SUBMITTED,
        (_T.SUBMITTED, "return"): _T.RETURNED,
        (_T.SUBMITTED, "announce"): _T.ANNOUNCED,
        (_T.ANNOUNCED, "open"): _T.DECIDING,
        (_T.DECIDING, "award"): _T.AWARDED,
        (_T.DECIDING, "conclude"): _T.CONCLUDED,
        (_T.AWARDED, "conclude"): _T.CONCLUDED,
        (_T.ANNOUNCED, "fail"): _T.UNSOLD,
        (_T.DECIDING, "fail"): _T.UNSOLD,
        (_T.AWARDED, "fail"): _T.UNSOLD,
        (_T.CONCLUDED, "default"): _T.UNSOLD,
        (_T.ANNOUNCED, "terminate"): _T.TERMINATED,
        (_T.DECIDING, "terminate"): _T.TERMINATED,
        (_T.AWARDED, "terminate"): _T.TERMINATED,
    },
    initial=_T.DRAFT,
)
_STILL_OPEN = (_L.WAITING, _L.OPEN, _L.PAUSED, _L.EVALUATING, _L.AWARDED)
LOT = Lifecycle(
    "lot",
    {
        (_L.WAITING, "open"): _L.OPEN,
        (_L.OPEN, "pause"): _L.PAUSED,
        (_L.PAUSED, "resume"): _L.OPEN,
        (_L.OPEN, "close"): _L.EVALUATING,
        (_L.EVALUATING, "award"): _L.AWARDED,
        (_L.AWARDED, "conclude"): _L.CONCLUDED,
        (_L.CONCLUDED, "default"): _L.UNSOLD,
        **{(state, "fail"): _L.UNSOLD for state in _STILL_OPEN},
        **{(state, "terminate"): _L.TERMINATED for state in _STILL_OPEN},
    },
    initial=_L.WAITING,
)
PARTICIPANT = Lifecycle(
    "participant",
    {
        (_P.REGISTERED, "admit"): _P.ADMITTED,
        (_P.REGISTERED, "reject"): _P.REJECTED,
        (_P.ADMITTED, "confirm"): _P.QUALIFIED,
        (_P.ADMITTED, "reject"): _P.REJECTED,
        (_P.REGISTERED, "withdraw"): _P.WITHDRAWN,
        (_P.ADMITTED, "withdraw"): _P.WITHDRAWN,
        (_P.QUALIFIED, "withdraw"): _P.WITHDRAWN,
    },
    initial=_P.REGISTERED,
)
SEAT = Lifecycle(
    "seat",
    {
        (_S.WAITING, "be_ready"): _S.READY,
        (_S.WAITING, "leave"): _S.GONE,
        (_S.READY, "leave"): _S.GONE,
    },
    initial=_S.WAITING,
)
DEPOSIT = Lifecycle(
    "deposit",
    {
        (_D.DUE, "hold"): _D.HELD,
        (_D.DUE, "release"): _D.RELEASED,
        (_D.HELD, "release"): _D.RELEASED,
        (_D.HELD, "pay_in"): _D.PAID_IN,
        (_D.HELD, "forfeit"): _D.FORFEITED,
        (_D.PAID_IN, "forfeit"): _D.FORFEITED,
    },
    initial=_D.DUE,
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

OVER = frozenset({LotState.AWARDED, LotState.CONCLUDED, LotState.UNSOLD, LotState.TERMINATED})
"""On the floor nothing more happens to these lots."""
UNDECIDED = frozenset({LotState.WAITING, LotState.OPEN, LotState.PAUSED, LotState.EVALUATING})
"""Nobody has been offered these lots yet."""
IN_FORCE = frozenset({AwardState.OFFERED, AwardState.CONCLUDED})
STANDING_AWARDS = frozenset({AwardState.WAITING, AwardState.OFFERED})
"""An award that may still become the sale."""


def next_act(state: TradeState, lots: Collection[LotState]) -> str | None:
    """A trade is being decided until every lot is; it is awarded while an award stands, and ends as its lots ended.

    One concluded lot makes it concluded; with none it is unsold, or terminated when every lot was.
    """
    if state not in (TradeState.DECIDING, TradeState.AWARDED, TradeState.ANNOUNCED):
        return None
    if any(lot in UNDECIDED for lot in lots):
        return None
    if LotState.AWARDED in lots:
        return "award" if state is TradeState.DECIDING else None
    if LotState.CONCLUDED in lots:
        return "conclude"
    return "terminate" if set(lots) == {LotState.TERMINATED} else "fail"
