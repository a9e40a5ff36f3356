"""Whose turn it is, and which moves a signing knows."""

from __future__ import annotations

from uuid import UUID

import pytest

from techmarket.kernel.lifecycle import NotInThisState
from techmarket.signing import errors
from techmarket.signing.lifecycle import SIGNING, SigningState
from techmarket.signing.rules import Place, place_to_sign

SELLER, BUYER = UUID(int=1), UUID(int=2)
ANNA, BEN, CARA = UUID(int=11), UUID(int=12), UUID(int=13)
PLACES = (Place(1, SELLER, None), Place(2, BUYER, BEN), Place(3, SELLER, ANNA))


def asked(places=PLACES, signed=(), *, org=SELLER, person=ANNA, role=True, has_signed=False, in_order=False):
    return place_to_sign(
        places, set(signed), org_id=org, person_id=person, is_signatory=role, has_signed=has_signed, in_order=in_order
    ).position


@pytest.mark.parametrize(
    "case, position",
    [
        ({}, 3),  # his own name goes before the place that any colleague could fill
        ({"person": CARA}, 1),
        ({"org": BUYER, "person": BEN, "role": False}, 2),
        ({"person": CARA, "in_order": True}, 1),
        ({"org": BUYER, "person": BEN, "role": False, "signed": [1], "in_order": True}, 2),
        ({"signed": [1, 2], "in_order": True}, 3),
    ],
)
def test_a_signatory_signs_at_the_first_open_place_that_is_his(case, position):
    assert asked(**case) == position


@pytest.mark.parametrize(
    "case, refusal, facts",
    [
        ({"person": CARA, "role": False}, errors.NotASignatory, {}),
        ({"org": BUYER, "person": CARA}, errors.NotASignatory, {}),
        ({"org": UUID(int=3)}, errors.NotASignatory, {}),
        ({"has_signed": True}, errors.SignedAlready, {}),
        ({"person": CARA, "signed": [1]}, errors.SignedAlready, {}),
        ({"in_order": True}, errors.NotYourTurn, {"next_position": 1, "your_position": 3}),
        (
            {"org": BUYER, "person": BEN, "in_order": True},
            errors.NotYourTurn,
            {"next_position": 1, "your_position": 2},
        ),
    ],
)
def test_a_place_that_names_a_person_is_his_alone_and_order_is_kept(case, refusal, facts):
    with pytest.raises(refusal) as refused:
        asked(**case)
    assert refused.value.facts == facts


@pytest.mark.parametrize("state", list(SigningState))
@pytest.mark.parametrize("act", ["complete", "void"])
def test_only_an_open_signing_moves(state, act):
    target = {"complete": SigningState.COMPLETE, "void": SigningState.VOID}[act]
    if state is SigningState.OPEN:
        assert SIGNING.move(state, act) is target
    else:
        with pytest.raises(NotInThisState):
            SIGNING.move(state, act)
    assert SIGNING.acts == ["complete", "void"]
