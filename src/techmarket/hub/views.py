"""What hub shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.hub.lifecycle import ImportState, RecoveryState, SourceState
from techmarket.hub.nodes import Side
from techmarket.hub.rules import ImportKind, Problem
from techmarket.hub.syndication import ItemState
from techmarket.hub.webhooks import DeliveryState, WebhookState
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page
from techmarket.listings.rules import ListingKind
from techmarket.transparency.views import CheckpointView


@dataclass(frozen=True, slots=True)
class ImportView:
    """The report of one import: every row with its outcome."""

    id: UUID
    organisation_id: UUID
    kind: ListingKind
    source: str
    created_at: datetime
    total: int
    accepted: int
    refused: int
    unchanged: int
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class MappingView:
    source: str
    kind: ImportKind
    columns: dict[str, str | None]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ImportRunView:
    """How far an import is that goes on by itself."""

    id: UUID
    organisation_id: UUID
    kind: ImportKind
    source: str
    state: ImportState
    total: int
    done: int
    percent: int
    accepted: int
    refused: int
    unchanged: int
    refusal: Problem | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SyndicatedItemView:
    """One of our listings as another market may show it, signed."""

    listing_id: UUID
    entry_id: UUID
    position: int
    at: datetime
    state: ItemState
    content: dict[str, Any] | None
    url: str
    leaf_hash: str
    path: tuple[str, ...] | None
    kid: str
    signature: str


@dataclass(frozen=True, slots=True)
class OpeningView:
    """That one log went on from another after a restore, as the market signs it."""

    log_id: UUID
    previous_log_id: UUID
    previous_size: int
    kid: str
    signature: str


@dataclass(frozen=True, slots=True)
class SyndicationPageView:
    log_id: UUID
    items: tuple[SyndicatedItemView, ...]
    next_cursor: str
    is_at_end: bool
    checkpoint: CheckpointView | None
    openings: tuple[OpeningView, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceView:
    """Another market, how far it was read, and what is wrong if something is.

    `behind_seconds` is how long ago it was read to its end; None before the first time.
    """

    id: UUID
    name: str
    url: str
    node: str | None
    organisation_id: UUID
    state: SourceState
    has_key: bool
    kids: tuple[str, ...]
    shown: int
    shown_max: int
    refused: int
    failures: int
    problem: str | None
    caught_up_at: datetime | None
    behind_seconds: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OriginView:
    """Where a listing comes from, and what its market signed of it."""

    source_id: UUID
    source: str
    listing_id: UUID
    proof: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as everybody sees it."""

    id: UUID
    code: str
    name: str
    name_en: str | None
    regions: tuple[str, ...]
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShareView:
    """One line of a node's statement: the fee of one payment, the rate, and what came of it."""

    id: UUID
    due_id: UUID
    side: Side
    organisation_id: UUID
    fee: Money
    rate: str
    rule_id: UUID
    amount: Money
    at: datetime
    returned_at: datetime | None


@dataclass(frozen=True, slots=True)
class NodeStatementView:
    """A node's lines, newest first, and what the market owes it now: below nought is what it owes the market."""

    node_id: UUID
    owed: Money
    lines: Page[ShareView]


@dataclass(frozen=True, slots=True)
class NodePayoutView:
    payout_id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class PublisherView:
    """Whose open data it is, and the hour it is published at."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change, as this reader is told it; the cursor leads on from it, in either direction."""

    id: UUID
    cursor: str
    at: datetime
    type: str
    refs: tuple[str, ...]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChangesView:
    """A stretch of changes. `next_cursor` leads on; forwards there always is one, since more will happen."""

    items: tuple[ChangeView, ...]
    next_cursor: str | None
    is_at_end: bool


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A subscription; `secret` is shown once, when it is made or changed."""

    id: UUID
    organisation_id: UUID
    url: str
    types: tuple[str, ...]
    state: WebhookState
    failing_since: datetime | None
    disabled_because: str | None
    created_at: datetime
    waiting: int
    secret: str | None = None
    old_secret_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttemptView:
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    id: UUID
    webhook_id: UUID
    message_id: str
    type: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    body: str | None = None
    log: tuple[AttemptView, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignImportView:
    """What came of a package: new releases, and those that were here already."""

    accepted: int
    unchanged: int
    ocids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecoveryView:
    """That somebody new is to administer an organisation; nobody's credentials."""

    id: UUID
    organisation_id: UUID
    name: str
    reasons: str
    evidence_sha256: str
    state: RecoveryState
    proposed_by: UUID
    proposed_at: datetime
    agreed_by: UUID | None
    agreed_at: datetime | None
    objection_until: datetime | None
    objected_by: UUID | None
    objected_at: datetime | None
    objection: str | None
    invitation_id: UUID | None


@dataclass(frozen=True, slots=True)
class InvitationPartView:
    """One of the two parts of an invitation's token, shown once."""

    invitation_id: UUID
    part: int
    token_part: str


@dataclass(frozen=True, slots=True)
class FirstInvitationView:
    """`token` is shown once; `link` holds it behind a #, where no log sees it."""

    id: UUID
    organisation_id: UUID
    name: str
    expires_at: datetime
    token: str
    link: str
