"""What happened to listings: ids and version numbers only, never a term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class ListingDrafted(Event):
    kind: ClassVar[str] = "listings.drafted"
    listing_id: UUID
    organisation_id: UUID
    listing_kind: str


@dataclass(frozen=True)
class ListingAmended(Event):
    """Version `n`. What only a granted reader sees may change while the listing stays published."""

    kind: ClassVar[str] = "listings.amended"
    listing_id: UUID
    n: int


@dataclass(frozen=True)
class ListingSubmitted(Event):
    kind: ClassVar[str] = "listings.submitted"
    listing_id: UUID


@dataclass(frozen=True)
class ListingAccepted(Event):
    """A reviewer lets it be public: it is from now on, unless its owner holds the publication back."""

    kind: ClassVar[str] = "listings.accepted"
    listing_id: UUID
    n: int
    is_published: bool


@dataclass(frozen=True)
class ListingReturned(Event):
    kind: ClassVar[str] = "listings.returned"
    listing_id: UUID


@dataclass(frozen=True)
class ListingWithdrawn(Event):
    kind: ClassVar[str] = "listings.withdrawn"
    listing_id: UUID


@dataclass(frozen=True)
class ListingExpired(Event):
    kind: ClassVar[str] = "listings.expired"
    listing_id: UUID


@dataclass(frozen=True)
class ListingRenewed(Event):
    kind: ClassVar[str] = "listings.renewed"
    listing_id: UUID


@dataclass(frozen=True)
class ListingEngaged(Event):
    kind: ClassVar[str] = "listings.engaged"
    listing_id: UUID
    by: str


@dataclass(frozen=True)
class ListingDisengaged(Event):
    kind: ClassVar[str] = "listings.disengaged"
    listing_id: UUID


@dataclass(frozen=True)
class ListingReopened(Event):
    """The sale came to nothing after all: it can be found and traded again."""

    kind: ClassVar[str] = "listings.reopened"
    listing_id: UUID


@dataclass(frozen=True)
class ListingClosed(Event):
    kind: ClassVar[str] = "listings.closed"
    listing_id: UUID


@dataclass(frozen=True)
class ListingMovedToNode(Event):
    """Its organisation belongs to another node of the hub now, or to none; ids of organisations."""

    kind: ClassVar[str] = "listings.moved_to_node"
    listing_id: UUID
    left_node: str | None
    node: str | None


@dataclass(frozen=True)
class ListingPublished(Event):
    """What was accepted and held back is public now."""

    kind: ClassVar[str] = "listings.published"
    listing_id: UUID
    n: int


@dataclass(frozen=True)
class ListingHeldBack(Event):
    """Its hour came, and it could not be published; `cause` is the code of the refusal."""

    kind: ClassVar[str] = "listings.held_back"
    listing_id: UUID
    cause: str


@dataclass(frozen=True)
class ScenarioListAmended(Event):
    kind: ClassVar[str] = "listings.scenario_list_amended"
    scenario_list_id: UUID
    revision: int


@dataclass(frozen=True)
class ScenarioListPublished(Event):
    kind: ClassVar[str] = "listings.scenario_list_published"
    scenario_list_id: UUID


@dataclass(frozen=True)
class ScenarioListClosed(Event):
    kind: ClassVar[str] = "listings.scenario_list_closed"
    scenario_list_id: UUID
