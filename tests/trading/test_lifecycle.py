"""Every state with every act: what is not in the table is refused and names what is possible."""

from __future__ import annotations

from enum import StrEnum

import pytest

from techmarket.kernel.lifecycle import Lifecycle, NotInThisState
from techmarket.trading.lifecycle import AWARD, BOOK, PARTICIPANT, TRADE

EXPECTED = {
    "trade": {
        "DRAFT": {"submit": "SUBMITTED"},
        "SUBMITTED": {"return": "RETURNED", "announce": "ANNOUNCED"},
        "RETURNED": {"submit": "SUBMITTED"},
        "ANNOUNCED": {"open": "DECIDING", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "DECIDING": {"award": "AWARDED", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "AWARDED": {"conclude": "CONCLUDED", "fail": "UNSOLD", "terminate": "TERMINATED"},
        "CONCLUDED": {},
        "UNSOLD": {},
        "TERMINATED": {},
    },
    "lot": {"WAITING": {"open": "OPEN", "close": "CLOSED"}, "OPEN": {"close": "CLOSED"}, "CLOSED": {}},
    "participant": {
        "REGISTERED": {"admit": "ADMITTED", "reject": "REJECTED", "release": "RELEASED"},
        "ADMITTED": {"confirm": "QUALIFIED", "reject": "REJECTED", "release": "RELEASED"},
        "QUALIFIED": {"hold_deposit": "READY", "release": "RELEASED"},
        "READY": {"release": "RELEASED", "pay_in": "PAID_IN", "forfeit": "FORFEITED"},
        "REJECTED": {},
        "RELEASED": {},
        "PAID_IN": {},
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


@pytest.mark.parametrize("lifecycle", [TRADE, BOOK, PARTICIPANT, AWARD], ids=lambda one: one.thing)
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
