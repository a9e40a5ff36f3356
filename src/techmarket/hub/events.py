"""What happened in hub: counts only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class ImportFinished(Event):
    kind: ClassVar[str] = "hub.import_finished"
    import_id: UUID
    organisation_id: UUID
    accepted: int
    refused: int
    unchanged: int


@dataclass(frozen=True)
class WebhookAdded(Event):
    kind: ClassVar[str] = "hub.webhook_added"
    webhook_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class WebhookChanged(Event):
    """Its address, its types or its secret are others now, it was enabled, or it was ended; `what` says which."""

    kind: ClassVar[str] = "hub.webhook_changed"
    webhook_id: UUID
    organisation_id: UUID
    what: str


@dataclass(frozen=True)
class WebhookDisabled(Event):
    """Nothing is sent there any more: its receiver said that it is gone, or failed for too long."""

    kind: ClassVar[str] = "hub.webhook_disabled"
    webhook_id: UUID
    organisation_id: UUID
    cause: str


@dataclass(frozen=True)
class NodeAppointed(Event):
    kind: ClassVar[str] = "hub.node_appointed"
    organisation_id: UUID


@dataclass(frozen=True)
class NodeRegionsSet(Event):
    kind: ClassVar[str] = "hub.node_regions_set"
    organisation_id: UUID
    regions: tuple[str, ...]


@dataclass(frozen=True)
class NodeEnded(Event):
    kind: ClassVar[str] = "hub.node_ended"
    organisation_id: UUID


@dataclass(frozen=True)
class OrganisationMovedToNode(Event):
    """It belongs to this node now, or to none."""

    kind: ClassVar[str] = "hub.organisation_moved"
    organisation_id: UUID
    node_id: UUID | None


@dataclass(frozen=True)
class FeeShared(Event):
    """The nodes of both sides got their parts of a fee; amounts stand in their statements."""

    kind: ClassVar[str] = "hub.fee_shared"
    due_id: UUID
    node_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class FeeSharesTakenBack(Event):
    kind: ClassVar[str] = "hub.fee_shares_taken_back"
    due_id: UUID


@dataclass(frozen=True)
class NodePaid(Event):
    kind: ClassVar[str] = "hub.node_paid"
    organisation_id: UUID
    payout_id: UUID


@dataclass(frozen=True)
class ImportRunQueued(Event):
    kind: ClassVar[str] = "hub.import_queued"
    import_run_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class ImportRunEnded(Event):
    """It is done, was cancelled or failed; what it did until then stands."""

    kind: ClassVar[str] = "hub.import_ended"
    import_run_id: UUID
    organisation_id: UUID
    state: str
    accepted: int
    refused: int
    unchanged: int


@dataclass(frozen=True)
class MappingSet(Event):
    kind: ClassVar[str] = "hub.import_mapping_set"
    organisation_id: UUID
    import_kind: str


@dataclass(frozen=True)
class SourceAdded(Event):
    """Another market's listings are shown here from now on."""

    kind: ClassVar[str] = "hub.source_added"
    source_id: UUID
    kids: tuple[str, ...]


@dataclass(frozen=True)
class SourceChanged(Event):
    """It was paused, resumed, removed, trusted anew, or is distrusted; `what` says which, `cause` why."""

    kind: ClassVar[str] = "hub.source_changed"
    source_id: UUID
    what: str
    cause: str | None = None


@dataclass(frozen=True)
class AdministratorProposed(Event):
    """An operator wants somebody new to administer an organisation that has lost its administrators; it is told."""

    kind: ClassVar[str] = "hub.administrator_proposed"
    administrator_recovery_id: UUID
    organisation_id: UUID
    evidence_sha256: str


@dataclass(frozen=True)
class AdministratorAgreed(Event):
    """A second operator agrees; until then the organisation may object."""

    kind: ClassVar[str] = "hub.administrator_agreed"
    administrator_recovery_id: UUID
    organisation_id: UUID
    until: datetime


@dataclass(frozen=True)
class AdministratorObjected(Event):
    kind: ClassVar[str] = "hub.administrator_objected"
    administrator_recovery_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class AdministratorWithdrawn(Event):
    kind: ClassVar[str] = "hub.administrator_withdrawn"
    administrator_recovery_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class AdministratorInvited(Event):
    """Nobody objected: the invitation is out, in two parts."""

    kind: ClassVar[str] = "hub.administrator_invited"
    administrator_recovery_id: UUID
    organisation_id: UUID
    invitation_id: UUID


@dataclass(frozen=True)
class InvitationPartTaken(Event):
    kind: ClassVar[str] = "hub.administrator_part_taken"
    administrator_recovery_id: UUID
    organisation_id: UUID
    part: int


@dataclass(frozen=True)
class FirstAdministratorInvited(Event):
    """An organisation that was registered for others gets its first administrator, once he joins."""

    kind: ClassVar[str] = "hub.administrator_first_invited"
    organisation_id: UUID
    invitation_id: UUID
