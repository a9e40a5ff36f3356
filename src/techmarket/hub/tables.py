"""The mapped classes of hub."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.hub.lifecycle import ImportState, RecoveryState, SourceState
from techmarket.hub.nodes import Side
from techmarket.hub.rules import ImportKind, Outcome
from techmarket.hub.webhooks import DeliveryState, WebhookState
from techmarket.listings.rules import ListingKind


class Node(Base):
    """A node of the hub (节点, 分中心): an organisation that looks after others, with people of its own.

    One that has ended keeps its row, and what was shared with it.
    """

    __tablename__ = "node"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    ended_at: Mapped[datetime | None]


class NodeRegion(Base):
    """A region (GB/T 2260) is looked after by one node; a more exact code goes before a wider one."""

    __tablename__ = "node_region"

    region: Mapped[str] = mapped_column(String(6), primary_key=True)
    node_id: Mapped[UUID] = mapped_column(ForeignKey("node.org_id"), index=True)


class FeeShare(Identified, Base):
    """What a node gets of the market's fee of one payment, for one side of it; given back when the fee is."""

    __tablename__ = "fee_share"
    __table_args__ = (
        UniqueConstraint("due_id", "side"),
        CheckConstraint("minor >= 0", name="not_below_nought"),
        Index(None, "node_id", "id"),
    )

    due_id: Mapped[UUID] = mapped_column(ForeignKey("due.id"))
    side: Mapped[Side]
    node_id: Mapped[UUID] = mapped_column(ForeignKey("node.org_id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    fee_minor: Mapped[int]
    rate: Mapped[str] = mapped_column(String(16))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("rule.id"))
    minor: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    returned_at: Mapped[datetime | None]


class AdministratorRecovery(Identified, Base):
    """That two operators let somebody new administer an organisation, unless it objects in time.

    The invitation's token is in two parts, of which each operator is shown one, once; until then they lie here wrapped.
    """

    __tablename__ = "administrator_recovery"
    __table_args__ = (
        CheckConstraint("agreed_by <> proposed_by", name="agreed_by_another"),
        CheckConstraint(
            "(state IN ('WAITING', 'INVITED')) <= (agreed_by IS NOT NULL AND objection_until IS NOT NULL)",
            name="agreed_before_it_waits",
        ),
        CheckConstraint("(state = 'OBJECTED') = (objected_by IS NOT NULL)", name="objected_by_somebody"),
        CheckConstraint("(state = 'INVITED') = (invitation_id IS NOT NULL)", name="invited_by_invitation"),
        Index(
            "uq_administrator_recovery_open",
            "org_id",
            unique=True,
            postgresql_where=text("state IN ('PROPOSED', 'WAITING')"),
        ),
        Index(None, "org_id", "id"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    reasons: Mapped[str] = mapped_column(String(2_000))
    evidence_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[RecoveryState]
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    agreed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime | None]
    objection_until: Mapped[datetime | None]
    objected_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    objected_at: Mapped[datetime | None]
    objection: Mapped[str | None] = mapped_column(String(2_000))
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitation.id"), unique=True)
    first_part: Mapped[bytes | None] = mapped_column(LargeBinary)
    second_part: Mapped[bytes | None] = mapped_column(LargeBinary)


class ImportJob(Identified, Base):
    """One import and the hash of its report."""

    __tablename__ = "import_job"
    __table_args__ = (Index(None, "org_id", "id"),)

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[ListingKind]
    source: Mapped[str] = mapped_column(String(64))
    total: Mapped[int]
    accepted: Mapped[int]
    refused: Mapped[int]
    unchanged: Mapped[int]
    report_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class ImportMapping(Base):
    """How a source names its columns, for one kind of rows: kept once, used by every import of it (列映射)."""

    __tablename__ = "import_mapping"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[ImportKind] = mapped_column(primary_key=True)
    columns: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class ImportRun(Identified, Base):
    """An import that goes on by itself: the file, how it is read, and how many of its rows are done.

    `done` moves in the transaction that has a row's effect and its line: so none is done twice, and none left out.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("done <= total", name="done_in_bounds"),
        CheckConstraint("done = accepted + refused + unchanged", name="counts_sum"),
        Index(None, "org_id", "id"),
        Index("ix_import_run_open", "turn_at", "id", postgresql_where=text("state IN ('WAITING', 'RUNNING')")),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[ImportKind]
    source: Mapped[str] = mapped_column(String(64))
    submit: Mapped[bool]
    language: Mapped[str] = mapped_column(String(8))
    media_type: Mapped[str] = mapped_column(String(100))
    file_sha256: Mapped[str] = mapped_column(ForeignKey("file.sha256"))
    columns: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[ImportState]
    total: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    done: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    accepted: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    refused: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    unchanged: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    failures: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    refusal_code: Mapped[str | None] = mapped_column(String(80))
    refusal_detail: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    turn_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    ended_at: Mapped[datetime | None]


class ImportLine(Base):
    """What became of one row: written with its effect, never changed. The fingerprint is of what a sound row said."""

    __tablename__ = "import_line"
    __table_args__ = (Index(None, "run_id", "external_id"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int]
    external_id: Mapped[str | None] = mapped_column(String(64))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[Outcome]
    listing_id: Mapped[UUID | None] = mapped_column(ForeignKey("listing.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    code: Mapped[str | None] = mapped_column(String(80))
    detail: Mapped[str | None] = mapped_column(String(200))
    pointer: Mapped[str | None] = mapped_column(String(200))


class ExternalOrganisation(Base):
    """How a source names an organisation here; the fingerprint tells whether its row changed since."""

    __tablename__ = "external_organisation"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    theirs: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))


class ExternalId(Base):
    """How a source names what became our listing; the fingerprint tells whether the row changed since."""

    __tablename__ = "external_id"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    theirs: Mapped[str] = mapped_column(String(64), primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), unique=True)
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    fingerprint: Mapped[str] = mapped_column(String(64))


class SyndicationSource(Identified, Base):
    """Another market whose listings are shown here: where it is, what it is trusted by, and how far it was read.

    `shown_max`: how many listings of it are shown at most, where an operator has said so.
    """

    __tablename__ = "syndication_source"
    __table_args__ = (
        Index(
            "uq_syndication_source_url",
            "url",
            text("coalesce(node, '')"),
            unique=True,
            postgresql_where=text("state <> 'REMOVED'"),
        ),
        Index("ix_syndication_source_due", "next_at", postgresql_where=text("state IN ('ACTIVE', 'REMOVED')")),
    )

    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(400))
    node: Mapped[str | None] = mapped_column(String(36))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    market_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    key_wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    trusted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[SourceState]
    log_id: Mapped[UUID | None]
    cursor: Mapped[str | None] = mapped_column(String(500))
    checkpoint_size: Mapped[int | None]
    checkpoint_root: Mapped[bytes | None] = mapped_column(LargeBinary)
    generation: Mapped[int] = mapped_column(server_default=text("1"), default=1)
    shown_max: Mapped[int | None]
    refused: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    failures: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    problem: Mapped[str | None] = mapped_column(String(80))
    caught_up_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    read_anew_at: Mapped[datetime | None]
    unproven_since: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class SyndicatedListing(Base):
    """Which of our listings shows which of theirs, as they last told it, with what they signed."""

    __tablename__ = "syndicated_listing"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("syndication_source.id"), primary_key=True)
    theirs: Mapped[UUID] = mapped_column(primary_key=True)
    listing_id: Mapped[UUID | None] = mapped_column(ForeignKey("listing.id"), unique=True)
    content_sha256: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    generation: Mapped[int]
    is_gone: Mapped[bool]
    problem: Mapped[str | None] = mapped_column(String(80))
    proof: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class FeedItem(Base):
    """That an audience (everyone, or one organisation) is told of a journal entry, and under which type.

    `node_id` is the node that its listing was of when it was told.
    """

    __tablename__ = "feed_item"
    __table_args__ = (Index(None, "node_id", "audience", "n", postgresql_where=text("node_id IS NOT NULL")),)

    audience: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(ForeignKey("journal_position.n"), primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(64))
    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))


class FeedShown(Base):
    """A thing that its audience has been told of and not yet that it is gone: everyone, or the sides of a contract."""

    __tablename__ = "feed_shown"

    thing: Mapped[str] = mapped_column(String(64), primary_key=True)


class Webhook(Identified, Base):
    """A subscription: where to, of what, and up to which position of the feed its messages are written."""

    __tablename__ = "webhook"
    __table_args__ = (Index(None, "org_id", "id"),)

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    url: Mapped[str] = mapped_column(String(500))
    types: Mapped[list[Any]]
    state: Mapped[WebhookState] = mapped_column(default=WebhookState.ACTIVE)
    position: Mapped[int]
    failing_since: Mapped[datetime | None]
    disabled_because: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class WebhookSecret(Identified, Base):
    """One secret of a subscription, wrapped; after a rotation the old one is valid for a while beside the new one."""

    __tablename__ = "webhook_secret"

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id"), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    ends_at: Mapped[datetime | None]


class WebhookDelivery(Identified, Base):
    """One message to one subscription; the body is written once, so that every attempt sends the same bytes."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "n"),
        Index(
            "ix_webhook_delivery_due",
            "webhook_id",
            "next_at",
            postgresql_where=text("state = 'PENDING'"),
        ),
        Index(None, "webhook_id", "id"),
    )

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id"))
    n: Mapped[int | None]
    message_id: Mapped[str] = mapped_column(String(40))
    type: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    delivered_at: Mapped[datetime | None]


class WebhookAttempt(Identified, Base):
    """One call: written before it is made, and again when it came back. One that never came back was cut off."""

    __tablename__ = "webhook_attempt"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_delivery.id"), index=True)
    at: Mapped[datetime]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(32))
    milliseconds: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)


class ForeignRelease(Base):
    """A release of open data that an organisation brought from elsewhere, as it came."""

    __tablename__ = "foreign_release"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    ocid: Mapped[str] = mapped_column(String(200), primary_key=True)
    release_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
