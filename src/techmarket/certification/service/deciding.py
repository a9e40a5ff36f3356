"""Deciding: a second certifier finds the same facts and issues the certificate, or sends it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification import credential, policy, repository, rules
from techmarket.certification.events import CertificateIssued, CertificateRejected, CertificateReplaced
from techmarket.certification.lifecycle import CERTIFICATE, Why
from techmarket.certification.service.access import judged, whole
from techmarket.certification.service.preparing import composed
from techmarket.certification.service.standing import changed
from techmarket.certification.statuslist import Place
from techmarket.certification.tables import Certificate
from techmarket.certification.views import CertificateView
from techmarket.db import clock, journal, texts
from techmarket.db.keys import Keys
from techmarket.db.means import PUBLIC_URL
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import human_number
from techmarket.kernel.periods import shanghai_day


async def approve(
    tx: Tx, keys: Keys, actor: Actor, certificate_id: UUID, *, public_url: str = PUBLIC_URL
) -> CertificateView:
    """A second certifier finds the same facts, and the certificate is numbered, signed and logged in one commit.

    One that replaces another takes its place in the same commit.
    """
    async with tx.begin() as db:
        certificate, contract = await judged(db, actor, certificate_id, policy.APPROVE)
        state = CERTIFICATE.move(certificate.state, "approve")
        rules.require_second_person(certificate.prepared_by, actor.person)
        await identity.require_two_people(db, certificate.prepared_by, actor.person)
        prepared = await texts.get(db, certificate.facts_sha256)
        rules.require_same_facts(prepared, await composed(db, contract.id))
        replaced = await _take_place(db, certificate, actor)
        now = await clock.market_now(db)
        year = shanghai_day(now).year
        number = human_number("ZJ", year, await repository.next_serial(db, year))
        place = await repository.next_place(db)
        document = await _document(db, certificate, number, prepared, place, replaced, public_url)
        token = credential.issue(keys.issuer, document)
        kept = await texts.put(db, {"credential": token})
        certificate.status_list, certificate.status_index = place.n, place.index
        certificate.number, certificate.state, certificate.credential_sha256 = number, state, kept
        certificate.approved_by, certificate.issued_at, certificate.since = actor.person, now, now
        certificate.jwt_sha256 = credential.jwt_sha256(token)
        event = CertificateIssued(certificate.id, contract.id, number, certificate.jwt_sha256)
        certificate.entry_id = journal.record(db, event, actor=actor)
        await db.flush()
        return whole(certificate, prepared)


async def _take_place(db: AsyncSession, certificate: Certificate, actor: Actor) -> Certificate | None:
    """The certificate this one stands in for ends here; one that was revoked meanwhile has no place to take."""
    if certificate.replaces is None:
        return None
    old = await repository.lock_certificate(db, certificate.replaces)
    old.state = CERTIFICATE.move(old.state, "replace")
    old.since, old.why = await clock.market_now(db), Why.REPLACED
    journal.record(db, CertificateReplaced(old.id, old.contract_id, old.number or "", certificate.id), actor=actor)
    await db.flush()
    return old


async def _document(
    db: AsyncSession,
    certificate: Certificate,
    number: str,
    stated: dict[str, Any],
    place: Place,
    replaced: Certificate | None,
    public_url: str,
) -> dict[str, Any]:
    market = await identity.find_market(db)
    assert market is not None  # a certifier is one of its staff
    return credential.compose(
        certificate_id=certificate.id,
        number=number,
        issuer_id=market.id,
        issuer_name=market.name,
        issued_at=await clock.market_now(db),
        facts=stated,
        place=place,
        public_url=public_url,
        sandbox=await clock.is_sandbox(db),
        replaces=None
        if replaced is None
        else {"number": replaced.number or "", "credential_sha256": replaced.jwt_sha256 or ""},
    )


async def reject(tx: Tx, actor: Actor, certificate_id: UUID, *, reasons: str) -> CertificateView:
    """A second certifier sends a prepared certificate back, with reasons; a new one may be prepared."""
    async with tx.begin() as db:
        certificate, contract = await judged(db, actor, certificate_id, policy.REJECT)
        certificate.state = CERTIFICATE.move(certificate.state, "reject")
        rules.require_second_person(certificate.prepared_by, actor.person)
        event = CertificateRejected(certificate.id, contract.id)
        return await changed(db, certificate, event, actor, why=None, reasons=reasons)
