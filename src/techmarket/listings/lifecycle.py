"""The states of a listing and what moves it."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class ListingState(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    PUBLISHED = "PUBLISHED"
    ENGAGED = "ENGAGED"
    CLOSED = "CLOSED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


REVIEWED = frozenset({ListingState.ACCEPTED, ListingState.PUBLISHED})
"""States in which an operator has accepted what stands: a change that shows is reviewed again."""
FINDABLE = frozenset({ListingState.PUBLISHED, ListingState.ENGAGED})
"""States in which strangers find it in lists and search."""
KNOWN = FINDABLE | {ListingState.CLOSED}
"""States in which a stranger may read it by its address."""

LISTING = Lifecycle(
    "listing",
    {
        (ListingState.DRAFT, "amend"): ListingState.DRAFT,
        (ListingState.DRAFT, "submit"): ListingState.SUBMITTED,
        (ListingState.DRAFT, "withdraw"): ListingState.WITHDRAWN,
        (ListingState.SUBMITTED, "submit"): ListingState.SUBMITTED,
        (ListingState.SUBMITTED, "accept"): ListingState.PUBLISHED,
        (ListingState.SUBMITTED, "accept and hold"): ListingState.ACCEPTED,
        (ListingState.SUBMITTED, "return"): ListingState.RETURNED,
        (ListingState.SUBMITTED, "withdraw"): ListingState.WITHDRAWN,
        (ListingState.RETURNED, "amend"): ListingState.RETURNED,
        (ListingState.RETURNED, "submit"): ListingState.SUBMITTED,
        (ListingState.RETURNED, "withdraw"): ListingState.WITHDRAWN,
        (ListingState.ACCEPTED, "publish"): ListingState.PUBLISHED,
        (ListingState.ACCEPTED, "amend"): ListingState.ACCEPTED,
        (ListingState.ACCEPTED, "review again"): ListingState.SUBMITTED,
        (ListingState.ACCEPTED, "return"): ListingState.RETURNED,
        (ListingState.ACCEPTED, "withdraw"): ListingState.WITHDRAWN,
        (ListingState.PUBLISHED, "amend"): ListingState.PUBLISHED,
        (ListingState.PUBLISHED, "review again"): ListingState.SUBMITTED,
        (ListingState.PUBLISHED, "return"): ListingState.RETURNED,
        (ListingState.PUBLISHED, "renew"): ListingState.PUBLISHED,
        (ListingState.PUBLISHED, "engage"): ListingState.ENGAGED,
        (ListingState.PUBLISHED, "expire"): ListingState.EXPIRED,
        (ListingState.PUBLISHED, "close"): ListingState.CLOSED,
        (ListingState.PUBLISHED, "withdraw"): ListingState.WITHDRAWN,
        (ListingState.ENGAGED, "disengage"): ListingState.PUBLISHED,
        (ListingState.ENGAGED, "close"): ListingState.CLOSED,
        (ListingState.CLOSED, "reopen"): ListingState.PUBLISHED,
        (ListingState.EXPIRED, "renew"): ListingState.PUBLISHED,
        (ListingState.EXPIRED, "withdraw"): ListingState.WITHDRAWN,
    },
    initial=ListingState.DRAFT,
)


SYNDICATED = Lifecycle(
    "syndicated listing",
    {
        (ListingState.DRAFT, "show"): ListingState.PUBLISHED,
        (ListingState.PUBLISHED, "show"): ListingState.PUBLISHED,
        (ListingState.PUBLISHED, "end"): ListingState.WITHDRAWN,
        (ListingState.EXPIRED, "show"): ListingState.PUBLISHED,
        (ListingState.EXPIRED, "end"): ListingState.WITHDRAWN,
        (ListingState.WITHDRAWN, "show"): ListingState.PUBLISHED,
    },
    initial=ListingState.DRAFT,
)
"""What the market that published it says moves it; an operator here may return it, and the clock may end it."""


class ScenarioListState(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    CLOSED = "CLOSED"


SCENARIO_LIST = Lifecycle(
    "scenario list",
    {
        (ScenarioListState.DRAFT, "amend"): ScenarioListState.DRAFT,
        (ScenarioListState.DRAFT, "publish"): ScenarioListState.PUBLISHED,
        (ScenarioListState.DRAFT, "close"): ScenarioListState.CLOSED,
        (ScenarioListState.PUBLISHED, "amend"): ScenarioListState.PUBLISHED,
        (ScenarioListState.PUBLISHED, "reword"): ScenarioListState.DRAFT,
        (ScenarioListState.DRAFT, "reword"): ScenarioListState.DRAFT,
        (ScenarioListState.PUBLISHED, "close"): ScenarioListState.CLOSED,
    },
    initial=ScenarioListState.DRAFT,
)
