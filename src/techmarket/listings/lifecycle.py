"""The states of a listing and what moves it."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class ListingState(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    PUBLISHED = "PUBLISHED"
    ENGAGED = "ENGAGED"
    CLOSED = "CLOSED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


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
        (ListingState.SUBMITTED, "return"): ListingState.RETURNED,
        (ListingState.SUBMITTED, "withdraw"): ListingState.WITHDRAWN,
        (ListingState.RETURNED, "amend"): ListingState.RETURNED,
        (ListingState.RETURNED, "submit"): ListingState.SUBMITTED,
        (ListingState.RETURNED, "withdraw"): ListingState.WITHDRAWN,
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
        (ListingState.EXPIRED, "renew"): ListingState.PUBLISHED,
        (ListingState.EXPIRED, "withdraw"): ListingState.WITHDRAWN,
    },
    initial=ListingState.DRAFT,
)
