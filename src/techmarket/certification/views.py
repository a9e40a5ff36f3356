"""What certification shows: the public card of a number, and the whole to parties and staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.certification.lifecycle import CertificateState, Why


@dataclass(frozen=True, slots=True)
class CertificateView:
    """`contract_id`, `facts` and `reasons` are for the parties and the market; a stranger who has the number sees only
    whether it stands, since when, and the hash his file must have."""

    id: UUID
    number: str | None
    state: CertificateState
    since: datetime
    why: Why | None
    issued_at: datetime | None
    credential_sha256: str | None
    contract_id: UUID | None = None
    prepared_by: UUID | None = None
    approved_by: UUID | None = None
    facts_sha256: str | None = None
    facts: dict[str, Any] | None = None
    reasons: str | None = None
    replaces: UUID | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Precondition:
    """One condition of a certificate: whether it holds, and if not, the refusal that would come."""

    code: str
    holds: bool
    refusal: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileView:
    number: str
    body: bytes


@dataclass(frozen=True, slots=True)
class VerificationView:
    """A verdict with its sentences. `standing` is the market's own word of this moment, when the file is ours."""

    answer: str
    number: str | None
    since: datetime | None
    why: str | None
    as_of: datetime | None
    fault: str | None
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    credential: dict[str, Any] | None
    hidden: tuple[str, ...] = ()
    replaced_by: str | None = None
