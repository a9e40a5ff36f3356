"""Every state with every act: what is not in the table is refused and names what is possible."""

from __future__ import annotations

from enum import StrEnum

import pytest

from techmarket.kernel.lifecycle import Lifecycle, NotInThisState
from techmarket.trading.lifecycle import AWARD, DEPOSIT, LOT, PARTICIPANT, SEAT, TRADE, LotState, TradeState, next_act

EXPECTED = {
    "trade": {
        "DRAFT": {"submit": "SUBMITTED"},
        "SUBMITTED": {"return": "RETURNED", "announce": "ANNOUNCED"},
        "RETURNED": {"submit": "SUBMITTED"},
        "ANNOUNCED": {"open": "DECIDING", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "DECIDING": {
            "award": "AWARDED",
            "conclude": "CONCLUDED",
            "fail": "UNSOLD",
            "terminate": "TERMINATED",
        },
        "AWARDED": {"conclude": "CONCLUDED", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "CONCLUDED": {"default": "UNSOLD"},
        "UNSOLD": {},
        "TERMINATED": {},
    },
    "lot": {
        "WAITING": {"open": "OPEN", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "OPEN": {"pause": "PAUSED", "close": "EVALUATING", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "PAUSED": {"resume": "OPEN", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "EVALUATING": {"award": "AWARDED", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "AWARDED": {"conclude": "CONCLUDED", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "CONCLUDED": {"default": "UNSOLD"},
        "UNSOLD": {},
        "TERMINATED": {},
    },
    "participant": {
        "REGISTERED": {"admit": "ADMITTED", "reject": "REJECTED", "withdraw": "WITHDRAWN"},
        "ADMITTED": {"confirm": "QUALIFIED", "reject": "REJECTED", "withdraw": "WITHDRAWN"},
        "QUALIFIED": {"withdraw": "WITHDRAWN"},
        "REJECTED": {},
        "WITHDRAWN": {},
    },
    "seat": {"WAITING": {"be_ready": "READY", "leave": "GONE"}, "READY": {"leave": "GONE"}, "GONE": {}},
    "deposit": {
        "DUE": {"hold": "HELD", "release": "RELEASED"},
        "HELD": {"release": "RELEASED", "pay_in": "PAID_IN", "forfeit": "FORFEITED"},
        "PAID_IN": {"forfeit": "FORFEITED"},
        "RELEASED": {},
        "FORFEITED": {},
    },
    "award": {
        "WAITING": {"offer": "OFFERED", "release": "RELEASED"},
        "OFFERED": {"conclude": "CONCLUDED", "lapse": "LAPSED", "annul": "ANNULLED"},
        "CONCLUDED": {"default": "DEFAULTED"},
        "DEFAULTED": {},
        "LAPSED": {},
        "ANNULLED": {},
        "RELEASED": {},
    },
}


@pytest.mark.parametrize("lifecycle", [TRADE, LOT, PARTICIPANT, SEAT, DEPOSIT, AWARD], ids=lambda one: one.thing)
def test_every_state_with_every_act_moves_as_the_table_says_or_is_refused(lifecycle: Lifecycle[StrEnum]) -> None:
    moves = EXPECTED[lifecycle.thing]
    assert {state.value for state in lifecycle.states} == set(moves)
    for state in lifecycle.states:
        for act in lifecycle.acts:
            if act in moves[state.value]:
                assert lifecycle.move(state, act) == moves[state.value][act]
            else:
                with pytest.raises(NotInThisState) as refused:
                    lifecycle.move(state, act)
                assert refused.value.facts["possible"] == sorted(moves[state.value])


W, P, A, C, U, X = (LotState(name) for name in ("WAITING", "OPEN", "AWARDED", "CONCLUDED", "UNSOLD", "TERMINATED"))


@pytest.mark.parametrize(
    ("state", "lots", "act"),
    [
        ("DECIDING", [P, A], None),
        ("DECIDING", [A, U], "award"),
        ("DECIDING", [A, C], "award"),
        ("DECIDING", [C, U], "conclude"),
        ("DECIDING", [U, U], "fail"),
        ("DECIDING", [X, X], "terminate"),
        ("DECIDING", [X, U], "fail"),
        ("AWARDED", [A, C], None),
        ("AWARDED", [C, X], "conclude"),
        ("AWARDED", [U], "fail"),
        ("ANNOUNCED", [W], None),
        ("ANNOUNCED", [U], "fail"),
        ("ANNOUNCED", [X], "terminate"),
        ("CONCLUDED", [C], None),
        ("UNSOLD", [U], None),
    ],
)
def test_a_trade_stands_where_its_lots_stand(state: str, lots: list[LotState], act: str | None) -> None:
    assert next_act(TradeState(state), lots) == act
    if act is not None:
        TRADE.move(TradeState(state), act)
