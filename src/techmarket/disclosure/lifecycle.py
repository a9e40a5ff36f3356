"""The states of a grant, a non-disclosure agreement, a request for access and a question."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class GrantState(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class NdaState(StrEnum):
    """That its time is over is told by the clock, not by a state."""

    SIGNED = "SIGNED"
    IN_FORCE = "IN_FORCE"
    DECLINED = "DECLINED"
    REPLACED = "REPLACED"
    REVOKED = "REVOKED"


class RequestState(StrEnum):
    """That it lapsed is told by the clock at once; the state follows when the same organisation asks again."""

    ASKED = "ASKED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


class QuestionState(StrEnum):
    ASKED = "ASKED"
    ANSWERED = "ANSWERED"


GRANT = Lifecycle("grant", {(GrantState.OPEN, "close"): GrantState.CLOSED}, initial=GrantState.OPEN)
NDA = Lifecycle(
    "nda",
    {
        (NdaState.SIGNED, "enter_into_force"): NdaState.IN_FORCE,
        (NdaState.SIGNED, "decline"): NdaState.DECLINED,
        (NdaState.SIGNED, "replace"): NdaState.REPLACED,
        (NdaState.IN_FORCE, "replace"): NdaState.REPLACED,
        (NdaState.IN_FORCE, "revoke"): NdaState.REVOKED,
    },
    initial=NdaState.SIGNED,
)
REQUEST = Lifecycle(
    "access request",
    {
        (RequestState.ASKED, "grant"): RequestState.GRANTED,
        (RequestState.ASKED, "refuse"): RequestState.REFUSED,
        (RequestState.ASKED, "withdraw"): RequestState.WITHDRAWN,
        (RequestState.ASKED, "lapse"): RequestState.LAPSED,
    },
    initial=RequestState.ASKED,
)
QUESTION = Lifecycle("question", {(QuestionState.ASKED, "answer"): QuestionState.ANSWERED}, initial=QuestionState.ASKED)
