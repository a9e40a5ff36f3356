"""The words and deadlines of a participant's qualification (资格确认): who gives a view, why, until when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum


class OpinionBy(StrEnum):
    """Whose view on a participant it is; the market's comes first, then the seller answers."""

    OPERATOR = "OPERATOR"
    SELLER = "SELLER"


class Ground(StrEnum):
    """Why a participant is not accepted; words say more."""

    CONDITIONS_NOT_MET = "CONDITIONS_NOT_MET"
    PAPERS_INCOMPLETE = "PAPERS_INCOMPLETE"
    PAPERS_DOUBTFUL = "PAPERS_DOUBTFUL"
    CREDIT_RECORD = "CREDIT_RECORD"
    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"
    BARRED_BY_LAW = "BARRED_BY_LAW"
    OTHER = "OTHER"


class Kinship(StrEnum):
    """Why a participant is a related party (利害关系人). UNSTATED: it was flagged before the grounds were kept."""

    DECLARED = "DECLARED"
    SHARED_PERSON = "SHARED_PERSON"
    COMPLETER_BELONGS = "COMPLETER_BELONGS"
    UNSTATED = "UNSTATED"


COUNTS_AS_CONFIRMATION = "counts_as_confirmation"
SAYS_NOTHING = "says_nothing"


def answer_due_at(now: datetime, period_ends_at: datetime | None, opens_at: datetime) -> datetime:
    """The seller answers within the announced time, and at most half of what is left until the opening.

    The other half is the participant's, to pay its deposit. A period whose end no calendar knows yet ends there too.
    """
    half = now + (opens_at - now) / 2
    return half if period_ends_at is None else min(period_ends_at, half)


def is_apart(judges_org_ids: Collection[object], sides: Collection[object]) -> bool:
    """Nobody judges a participant he belongs to."""
    return not set(judges_org_ids) & set(sides)
