"""What happened to certificates. The hash of the credential is the proof that it was issued when the log says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from techmarket.certification.lifecycle import Why
from techmarket.kernel.events import Event


@dataclass(frozen=True)
class CertificatePrepared(Event):
    kind: ClassVar[str] = "certification.certificate_prepared"
    certificate_id: UUID
    contract_id: UUID
    facts_sha256: str


@dataclass(frozen=True)
class CertificateIssued(Event):
    kind: ClassVar[str] = "certification.certificate_issued"
    certificate_id: UUID
    contract_id: UUID
    number: str
    credential_sha256: str


@dataclass(frozen=True)
class CertificateRejected(Event):
    kind: ClassVar[str] = "certification.certificate_rejected"
    certificate_id: UUID
    contract_id: UUID


@dataclass(frozen=True)
class CertificateSuspended(Event):
    kind: ClassVar[str] = "certification.certificate_suspended"
    certificate_id: UUID
    contract_id: UUID
    number: str
    why: Why


@dataclass(frozen=True)
class CertificateReinstated(Event):
    kind: ClassVar[str] = "certification.certificate_reinstated"
    certificate_id: UUID
    contract_id: UUID
    number: str


@dataclass(frozen=True)
class CertificateReplaced(Event):
    """Another certificate of the same contract stands in its place from now on."""

    kind: ClassVar[str] = "certification.certificate_replaced"
    certificate_id: UUID
    contract_id: UUID
    number: str
    by_certificate_id: UUID


@dataclass(frozen=True)
class CertificateRevoked(Event):
    kind: ClassVar[str] = "certification.certificate_revoked"
    certificate_id: UUID
    contract_id: UUID
    number: str
    why: Why
