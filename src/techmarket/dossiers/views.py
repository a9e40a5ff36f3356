"""What the public file of a project shows: each part as its own room shows it to this reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from techmarket.achievements.approvals import ApprovalKind
from techmarket.achievements.lifecycle import ApprovalState, ConsentState
from techmarket.certification.lifecycle import CertificateState, Why
from techmarket.contracts.lifecycle import ContractState, RegistrationState
from techmarket.contracts.rules import ContractType
from techmarket.dossiers.stage import Paid, Stage
from techmarket.listings.views import ListingView
from techmarket.notices.views import EntryProofView, NoticeView, VersionView
from techmarket.trading.lifecycle import AwardState
from techmarket.trading.views import ActView, TradeView


@dataclass(frozen=True, slots=True)
class FiledNotice:
    """A notice with every text that stood in it, the first one first."""

    notice: NoticeView
    versions: tuple[VersionView, ...]


@dataclass(frozen=True, slots=True)
class FiledCertificate:
    number: str
    state: CertificateState
    since: datetime
    why: Why | None
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class FiledContract:
    """What is public of a contract: that it binds, since when, and how far it is carried out; never its text."""

    number: str
    type: ContractType
    state: ContractState
    in_force_at: datetime | None
    paid: Paid
    registration: RegistrationState | None
    registration_number: str | None
    certificate: FiledCertificate | None


@dataclass(frozen=True, slots=True)
class FiledAward:
    """An award whose notice the reader may read: the notice says to whom and at what price."""

    id: UUID
    lot_id: UUID
    rank: int
    state: AwardState
    notice_id: UUID
    offered_at: datetime | None
    decided_at: datetime | None
    contract: FiledContract | None


@dataclass(frozen=True, slots=True)
class FiledApproval:
    """An approval of the unit that the sale rests on: neither who signed it nor a floor. `position` is of its force."""

    id: UUID
    kind: ApprovalKind
    state: ApprovalState
    decided_on: date
    evidence: tuple[LabelledHash, ...]
    document_sha256: str
    in_force_at: datetime | None
    revoked_at: datetime | None
    position: int | None


@dataclass(frozen=True, slots=True)
class LabelledHash:
    label: str
    sha256: str


@dataclass(frozen=True, slots=True)
class FiledConsent:
    """A consent that the sale rests on; a person who owns a share is not named. `position` is of its giving."""

    id: UUID
    achievement_id: UUID
    organisation_id: UUID | None
    organisation: str | None
    is_standing: bool
    state: ConsentState
    document_sha256: str | None
    given_at: datetime
    position: int | None


@dataclass(frozen=True, slots=True)
class FiledEntry:
    """An entry of the log about the project. `entry_id` is there where its row may be shown to everyone as proof."""

    at: datetime
    kind: str
    position: int | None
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class FileView:
    trade: TradeView
    listing: ListingView | None
    stage: Stage
    lot_stages: tuple[tuple[UUID, Stage], ...]
    acts: tuple[ActView, ...]
    notices: tuple[FiledNotice, ...]
    awards: tuple[FiledAward, ...]
    approvals: tuple[FiledApproval, ...]
    consents: tuple[FiledConsent, ...]
    entries: tuple[FiledEntry, ...]
    log_size: int | None


@dataclass(frozen=True, slots=True)
class FileProofView:
    """What anyone checks offline: the texts byte for byte, and the entries that name their hashes and times."""

    trade_id: UUID
    texts: tuple[tuple[str, str], ...]
    entries: tuple[EntryProofView, ...]


@dataclass(frozen=True, slots=True)
class ConsentProofView:
    """What whoever may see a consent checks offline: its text byte for byte, and the entries of asking and signing."""

    consent_id: UUID
    texts: tuple[tuple[str, str], ...]
    entries: tuple[EntryProofView, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry with its position, as far as the file asks."""

    id: UUID
    at: datetime
    org: UUID | None
    kind: str
    refs: tuple[str, ...]
    facts: dict[str, Any]
    position: int | None
    names_a_person: bool
