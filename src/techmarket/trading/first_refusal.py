"""First refusal after the session (优先购买权): who holds it, who of several is first, what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from techmarket.kernel.lifecycle import Lifecycle
from techmarket.trading.methods.protocol import Standing

AFTER_SESSION = "after_session"
HOURS = (1, 30 * 24)


class Basis(StrEnum):
    """Why a participant may buy at the same terms before others: who made it (民法典 847), who owns a share (860), or
    who was promised it by contract."""

    COMPLETER = "COMPLETER"
    CO_OWNER = "CO_OWNER"
    CONTRACT = "CONTRACT"


class ClaimState(StrEnum):
    """HELD is found or confirmed; ASKED is put to the holder once the winning price is known."""

    CLAIMED = "CLAIMED"
    HELD = "HELD"
    REFUSED = "REFUSED"
    ASKED = "ASKED"
    EXERCISED = "EXERCISED"
    WAIVED = "WAIVED"


_C = ClaimState
CLAIM = Lifecycle(
    "first refusal",
    {
        (_C.CLAIMED, "hold"): _C.HELD,
        (_C.CLAIMED, "refuse"): _C.REFUSED,
        (_C.HELD, "ask"): _C.ASKED,
        (_C.ASKED, "exercise"): _C.EXERCISED,
        (_C.ASKED, "waive"): _C.WAIVED,
    },
    initial=_C.CLAIMED,
)


@dataclass(frozen=True, slots=True)
class Holder:
    """One who holds a first refusal on a lot: the share of the title, if any, and when it was claimed, by order."""

    number: int
    share: Decimal
    claimed: int
    state: ClaimState


def published(hours: int) -> dict[str, Any]:
    """What the announced terms say of a first refusal after the session."""
    return {
        "when": AFTER_SESSION,
        "hours": hours,
        "price": "of_the_winner",
        "several_holders": ["larger_share_of_the_title", "earlier_claim"],
        "against_another_holder": "none",
        "silence": "waived",
    }


def hours_of(terms: Mapping[str, Any]) -> int | None:
    """How long holders are asked after the session; None where that was not announced."""
    said = terms.get("first_refusal")
    return int(said["hours"]) if isinstance(said, Mapping) and said.get("when") == AFTER_SESSION else None


HOLDING = frozenset({_C.HELD, _C.ASKED, _C.EXERCISED, _C.WAIVED})
"""Whose claim stands: not what the seller has refused, or left open until it was too late."""


def in_order(holders: Sequence[Holder]) -> list[Holder]:
    """Of several holders the larger share of the title comes first, then the earlier claim."""
    return sorted(holders, key=lambda one: (-one.share, one.claimed))


def who_is_asked(holders: Sequence[Holder], ranked: Sequence[Standing]) -> list[Holder]:
    """Holders who did not win are asked; against a winner who holds a first refusal himself nobody has one."""
    if not ranked or any(one.number == ranked[0].number and one.state in HOLDING for one in holders):
        return []
    return in_order([one for one in holders if one.state is ClaimState.HELD])


def is_settled(holders: Sequence[Holder]) -> bool:
    """Nothing is left to wait for once somebody has exercised and all who come before him have waived."""
    for one in in_order([one for one in holders if one.state in (_C.ASKED, _C.EXERCISED)]):
        return one.state is ClaimState.EXERCISED
    return True


def prefer(ranked: Sequence[Standing], holders: Sequence[Holder]) -> list[Standing]:
    """Whoever exercises takes the lot at the winner's price; the former winner waits as runner-up."""
    exercised = in_order([one for one in holders if one.state is ClaimState.EXERCISED])
    if not ranked or not exercised:
        return list(ranked)
    first = exercised[0].number
    return [Standing(first, ranked[0].price_minor), *[one for one in ranked if one.number != first]]
