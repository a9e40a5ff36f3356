"""Standing: a certificate is taken out of force, brought back, or taken back for good."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification import policy, repository, rules
from techmarket.certification.events import CertificateReinstated, CertificateRevoked, CertificateSuspended
from techmarket.certification.lifecycle import CERTIFICATE, Why
from techmarket.certification.service.access import judged, whole
from techmarket.certification.service.preparing import composed
from techmarket.certification.tables import Certificate
from techmarket.certification.views import CertificateView
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.events import Event


async def suspend(tx: Tx, actor: Actor, certificate_id: UUID, *, why: Why, reasons: str) -> CertificateView:
    """A certifier takes a certificate out of force for a time: whoever verifies it is told since when and why."""
    async with tx.begin() as db:
        certificate, contract = await judged(db, actor, certificate_id, policy.SUSPEND)
        certificate.state = CERTIFICATE.move(certificate.state, "suspend")
        event = CertificateSuspended(certificate.id, contract.id, certificate.number or "", why)
        return await changed(db, certificate, event, actor, why=why, reasons=reasons)


async def reinstate(tx: Tx, actor: Actor, certificate_id: UUID, *, reasons: str) -> CertificateView:
    """A certifier ends a suspension: the certificate stands again, if all it rests on does.

    Every condition of a certificate is asked again, and the contract is the one it speaks of; another text takes
    another certificate (`prepare_replacement`).
    """
    async with tx.begin() as db:
        certificate, contract = await judged(db, actor, certificate_id, policy.REINSTATE)
        certificate.state = CERTIFICATE.move(certificate.state, "reinstate")
        stated, now = await texts.get(db, certificate.facts_sha256), await composed(db, contract.id)
        rules.require_same_facts({"contract": stated["contract"]}, {"contract": now["contract"]})
        event = CertificateReinstated(certificate.id, contract.id, certificate.number or "")
        return await changed(db, certificate, event, actor, why=None, reasons=reasons)


async def revoke(tx: Tx, actor: Actor, certificate_id: UUID, *, why: Why, reasons: str) -> CertificateView:
    """A certifier takes a certificate back for good, with the reason every verification names."""
    async with tx.begin() as db:
        certificate, contract = await judged(db, actor, certificate_id, policy.REVOKE)
        certificate.state = CERTIFICATE.move(certificate.state, "revoke")
        event = CertificateRevoked(certificate.id, contract.id, certificate.number or "", why)
        return await changed(db, certificate, event, actor, why=why, reasons=reasons)


async def suspend_ended(tx: Tx, contract_id: UUID, *, why: Why) -> bool:
    """What a certificate rests on has ended: it is suspended until a certifier has looked. Twice is harmless; says
    whether it changed anything."""
    async with tx.begin() as db:
        found = await repository.find_standing(db, contract_id)
        if found is None:
            return False
        certificate = await repository.lock_certificate(db, found.id)
        if not CERTIFICATE.can(certificate.state, "suspend"):
            return False
        certificate.state = CERTIFICATE.move(certificate.state, "suspend")
        event = CertificateSuspended(certificate.id, contract_id, certificate.number or "", why)
        await changed(db, certificate, event, None, why=why, reasons=None)
        return True


async def changed(
    db: AsyncSession,
    certificate: Certificate,
    event: Event,
    actor: Actor | None,
    *,
    why: Why | None,
    reasons: str | None,
) -> CertificateView:
    certificate.since = await clock.market_now(db)
    certificate.why, certificate.reasons = why, reasons
    journal.record(db, event, actor=actor)
    await db.flush()
    return whole(certificate, await texts.get(db, certificate.facts_sha256))
