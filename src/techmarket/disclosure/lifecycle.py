"""The states of a grant and of a question."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class GrantState(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class QuestionState(StrEnum):
    ASKED = "ASKED"
    ANSWERED = "ANSWERED"


GRANT = Lifecycle("grant", {(GrantState.OPEN, "close"): GrantState.CLOSED}, initial=GrantState.OPEN)
QUESTION = Lifecycle("question", {(QuestionState.ASKED, "answer"): QuestionState.ANSWERED}, initial=QuestionState.ASKED)
