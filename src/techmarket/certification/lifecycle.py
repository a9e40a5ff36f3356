"""The states of a certificate."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class CertificateState(StrEnum):
    PREPARED = "PREPARED"
    REJECTED = "REJECTED"
    ISSUED = "ISSUED"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    REPLACED = "REPLACED"


CERTIFICATE = Lifecycle(
    "certificate",
    {
        (CertificateState.PREPARED, "approve"): CertificateState.ISSUED,
        (CertificateState.PREPARED, "reject"): CertificateState.REJECTED,
        (CertificateState.ISSUED, "suspend"): CertificateState.SUSPENDED,
        (CertificateState.ISSUED, "revoke"): CertificateState.REVOKED,
        (CertificateState.SUSPENDED, "reinstate"): CertificateState.ISSUED,
        (CertificateState.SUSPENDED, "revoke"): CertificateState.REVOKED,
        (CertificateState.ISSUED, "replace"): CertificateState.REPLACED,
        (CertificateState.SUSPENDED, "replace"): CertificateState.REPLACED,
    },
    initial=CertificateState.PREPARED,
)


class Why(StrEnum):
    """Why a certificate no longer stands; the code is public, the reasons in words are for the parties."""

    OBJECTION = "OBJECTION"
    DISPUTE = "DISPUTE"
    COURT_ORDER = "COURT_ORDER"
    FACTS_WRONG = "FACTS_WRONG"
    CONTRACT_ENDED = "CONTRACT_ENDED"
    CONTRACT_CHANGED = "CONTRACT_CHANGED"
    PAYMENT_REFUNDED = "PAYMENT_REFUNDED"
    REGISTRATION_REVOKED = "REGISTRATION_REVOKED"
    REPLACED = "REPLACED"
    OTHER = "OTHER"
