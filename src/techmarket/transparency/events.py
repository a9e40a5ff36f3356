"""What happened to the log itself, and what was committed to in it: ids, hashes, sizes; never a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class KeyPublished(Event):
    """The market signs with this key from now on; `key` is its public half in hex."""

    kind: ClassVar[str] = "transparency.key_published"
    kid: str
    use: str
    key: str


@dataclass(frozen=True)
class KeyRetired(Event):
    """The market signs with this key no longer; what it signed stays signed."""

    kind: ClassVar[str] = "transparency.key_retired"
    kid: str
    use: str


@dataclass(frozen=True)
class LogOpened(Event):
    """A restore may have lost the end of a log: what follows is another one, which begins with what was left."""

    kind: ClassVar[str] = "transparency.log_opened"
    log_id: UUID
    previous_log_id: UUID
    previous_size: int


@dataclass(frozen=True)
class AuditRead(Event):
    """Somebody of the market looked back: at one organisation or at all, for what. Ids and codes only."""

    kind: ClassVar[str] = "transparency.audit_read"
    organisation_id: UUID | None
    person_id: UUID | None
    as_file: bool
    kinds: tuple[str, ...] = ()
    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class CommitmentLogged(Event):
    """The row names the inventor himself: that he was first is what it is for."""

    kind: ClassVar[str] = "transparency.commitment_logged"
    commitment_id: UUID
    person_id: UUID
    digest: str


@dataclass(frozen=True)
class CommitmentRevealed(Event):
    kind: ClassVar[str] = "transparency.commitment_revealed"
    commitment_id: UUID
    digest: str
    document_sha256: str
