"""What the log shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.transparency.lifecycle import CommitmentState


@dataclass(frozen=True, slots=True)
class LogView:
    """One of the logs that followed each other; the first in a list is the present one."""

    log_id: UUID
    origin: str
    opened_at: datetime
    previous_log_id: UUID | None
    previous_size: int | None


@dataclass(frozen=True, slots=True)
class KeyView:
    """A public key of the market and when it was, or is, in use."""

    kid: str
    use: str
    raw: bytes
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CosignatureView:
    witness: str
    line: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckpointView:
    log_id: UUID
    size: int
    root: str
    note: str
    kid: str
    at: datetime
    cosignatures: tuple[CosignatureView, ...] = ()

    @property
    def whole_note(self) -> str:
        """The note with the lines of its witnesses."""
        return self.note + "".join(one.line for one in self.cosignatures)


@dataclass(frozen=True, slots=True)
class LeafView:
    position: int
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with its salt: whoever holds this can prove it to others. For its own organisation and the market."""

    id: UUID
    at: datetime
    kind: str
    refs: tuple[str, ...]
    facts: dict[str, Any]
    salt: str
    leaf_hash: str
    position: int | None


@dataclass(frozen=True, slots=True)
class ProofView:
    """All that `offline.proof_holds` needs."""

    log_id: UUID
    entry_id: UUID
    position: int
    row: str
    salt: str
    path: tuple[str, ...]
    checkpoint: str
    kid: str

    def as_json(self) -> dict[str, Any]:
        """As it stands in a file that verifies without us."""
        plain = asdict(self)
        return {**plain, "log_id": str(self.log_id), "entry_id": str(self.entry_id), "path": list(self.path)}


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry with its place in a log and the way up to the root."""

    entry_id: UUID
    position: int
    row: str
    salt: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acted:
    """Who wrote an entry, and the salt that shows it: SHA-256(salt || person id) is the code in its row."""

    person_id: UUID
    salt: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What is looked for in the journal; what is None does not narrow it."""

    organisation_id: UUID | None = None
    person_id: UUID | None = None
    about: str | None = None
    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    elevation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AuditView:
    """One thing that happened: who, what, when, by which credential, on what.

    Of what others did to an organisation its people are told the office alone, not the person nor his credential.
    """

    position: int
    id: UUID
    at: datetime
    kind: str
    organisation_id: UUID | None
    person_id: UUID | None
    person_name: str | None
    via: str | None
    credential_id: UUID | None
    stands_in_for: UUID | None
    seconded_by: UUID | None
    elevation_id: UUID | None
    refs: tuple[str, ...]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ManyProofs:
    """Several entries under one checkpoint. `waiting` are those that no checkpoint covers yet."""

    checkpoint: CheckpointView
    entries: tuple[LoggedEntry, ...]
    waiting: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyView:
    from_size: int
    to_size: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrowthView:
    """An earlier checkpoint, and the proof that the newest one only added to it."""

    checkpoint: CheckpointView
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitmentView:
    """A commitment; document and salt are there only once they were revealed."""

    id: UUID
    organisation_id: UUID
    digest: str
    state: CommitmentState
    at: datetime
    entry_id: UUID
    revealed_at: datetime | None
    document_sha256: str | None
    salt: str | None
    promise: dict[str, str] | None = None
