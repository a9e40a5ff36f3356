"""What people do with certificates: prepare, approve, reject, suspend, revoke, read, verify."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.certification import credential, errors, facts, paper, policy, repository, rules, verify
from techmarket.certification.events import (
    CertificateIssued,
    CertificatePrepared,
    CertificateReinstated,
    CertificateRejected,
    CertificateRevoked,
    CertificateSuspended,
)
from techmarket.certification.facts import NoticeText, TradeText
from techmarket.certification.lifecycle import CERTIFICATE, CertificateState, Why
from techmarket.certification.tables import Certificate
from techmarket.certification.verify import Answer, Verdict
from techmarket.certification.views import CertificateView, FileView, VerificationView
from techmarket.contracts import steps as contracts
from techmarket.contracts.steps import ContractFacts
from techmarket.db import clock, journal, texts
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.kernel.events import Event
from techmarket.kernel.ids import Ref, human_number, new_id
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.settlement import steps as settlement
from techmarket.trading import steps as trading
from techmarket.transparency import steps as transparency
from techmarket.transparency.keyset import key_set

NUMBER_FORM = re.compile(r"ZJ-[0-9]{4}-[0-9]{6,}")


async def prepare(tx: Tx, actor: Actor, contract_id: UUID) -> CertificateView:
    """A certifier outside the deal puts its facts together, once every condition of a certificate is met."""
    async with tx.begin() as db:
        # Two certifiers at once: the certificate has no row yet that could be locked.
        await lock_name(db, f"certificate of contract {contract_id}")
        contract = await contracts.get_contract(db, contract_id)
        await _require_certifier(db, actor, policy.PREPARE, contract)
        known = await repository.find_alive(db, contract_id)
        if known is not None:
            raise errors.CertificateExists(state=known.state)
        composed = await _composed(db, contract_id)
        now = await clock.market_now(db)
        certificate = Certificate(
            id=new_id(),
            contract_id=contract_id,
            state=CERTIFICATE.initial,
            facts_sha256=await texts.put(db, composed),
            prepared_by=actor.person,
            prepared_at=now,
            since=now,
        )
        db.add(certificate)
        event = CertificatePrepared(certificate.id, contract_id, certificate.facts_sha256)
        journal.record(db, event, actor=actor)
        await db.flush()
        return _whole(certificate, composed)


async def approve(tx: Tx, keys: Keys, actor: Actor, certificate_id: UUID) -> CertificateView:
    """A second certifier finds the same facts, and the certificate is numbered, signed and logged in one commit."""
    async with tx.begin() as db:
        certificate, contract = await _judged(db, actor, certificate_id, policy.APPROVE)
        state = CERTIFICATE.move(certificate.state, "approve")
        rules.require_second_person(certificate.prepared_by, actor.person)
        prepared = await texts.get(db, certificate.facts_sha256)
        rules.require_same_facts(prepared, await _composed(db, contract.id))
        now = await clock.market_now(db)
        year = shanghai_day(now).year
        number = human_number("ZJ", year, await repository.next_serial(db, year))
        token = credential.issue(keys.issuer, await _credential(db, certificate.id, number, now, prepared))
        kept = await texts.put(db, {"credential": token})
        certificate.number, certificate.state, certificate.credential_sha256 = number, state, kept
        certificate.approved_by, certificate.issued_at, certificate.since = actor.person, now, now
        certificate.jwt_sha256 = credential.jwt_sha256(token)
        event = CertificateIssued(certificate.id, contract.id, number, certificate.jwt_sha256)
        certificate.entry_id = journal.record(db, event, actor=actor)
        await db.flush()
        return _whole(certificate, prepared)


async def reject(tx: Tx, actor: Actor, certificate_id: UUID, *, reasons: str) -> CertificateView:
    """A second certifier sends a prepared certificate back, with reasons; a new one may be prepared."""
    async with tx.begin() as db:
        certificate, contract = await _judged(db, actor, certificate_id, policy.REJECT)
        certificate.state = CERTIFICATE.move(certificate.state, "reject")
        rules.require_second_person(certificate.prepared_by, actor.person)
        event = CertificateRejected(certificate.id, contract.id)
        return await _changed(db, certificate, event, actor, why=None, reasons=reasons)


async def suspend(tx: Tx, actor: Actor, certificate_id: UUID, *, why: Why, reasons: str) -> CertificateView:
    """A certifier takes a certificate out of force for a time: whoever verifies it is told since when and why."""
    async with tx.begin() as db:
        certificate, contract = await _judged(db, actor, certificate_id, policy.SUSPEND)
        certificate.state = CERTIFICATE.move(certificate.state, "suspend")
        event = CertificateSuspended(certificate.id, contract.id, certificate.number or "", why)
        return await _changed(db, certificate, event, actor, why=why, reasons=reasons)


async def reinstate(tx: Tx, actor: Actor, certificate_id: UUID, *, reasons: str) -> CertificateView:
    """A certifier ends a suspension: the certificate stands again."""
    async with tx.begin() as db:
        certificate, contract = await _judged(db, actor, certificate_id, policy.REINSTATE)
        certificate.state = CERTIFICATE.move(certificate.state, "reinstate")
        event = CertificateReinstated(certificate.id, contract.id, certificate.number or "")
        return await _changed(db, certificate, event, actor, why=None, reasons=reasons)


async def revoke(tx: Tx, actor: Actor, certificate_id: UUID, *, why: Why, reasons: str) -> CertificateView:
    """A certifier takes a certificate back for good, with the reason every verification names."""
    async with tx.begin() as db:
        certificate, contract = await _judged(db, actor, certificate_id, policy.REVOKE)
        certificate.state = CERTIFICATE.move(certificate.state, "revoke")
        event = CertificateRevoked(certificate.id, contract.id, certificate.number or "", why)
        return await _changed(db, certificate, event, actor, why=why, reasons=reasons)


async def get_certificate(tx: Tx, actor: Actor, wanted: str) -> CertificateView:
    """A certificate by number or id: whole for its parties and the market, a card for whoever has the number."""
    require(actor, policy.SEE)
    async with tx.read() as db:
        certificate = await _find(db, wanted)
        if await _knows(db, actor, certificate):
            return _whole(certificate, await texts.get(db, certificate.facts_sha256))
        if certificate.number is None:
            raise NotFound()
        return _card(certificate)


async def list_certificates(
    tx: Tx, actor: Actor, *, state: CertificateState | None, cursor: str | None, limit: int
) -> Page[CertificateView]:
    """The certifiers' desk: every certificate, the newest first."""
    require(actor, policy.LIST)
    after = None
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, UUID)
        after = (at, last)
    async with tx.read() as db:
        rows = await repository.list_certificates(db, state=state, after=after, limit=limit + 1)
        page = page_of(rows, limit, lambda row: (row.prepared_at.isoformat(), str(row.id)))
        return page.map(lambda row: _whole(row, None))


async def get_file(tx: Tx, keys: Keys, actor: Actor, wanted: str, *, hide: Collection[str] = ()) -> FileView:
    """The certificate as a file that verifies without us: credential, today's signed status, proof from the log.

    What is to be hidden (`disclosing.HIDEABLE`) is left out, and the file verifies as before.
    """
    async with tx.read() as db:
        certificate, _, body = await _file(db, keys, actor, wanted, hide, paper_sha256=None)
        return FileView(certificate.number or "", body)


async def get_paper(
    tx: Tx, keys: Keys, actor: Actor, wanted: str, *, hide: Collection[str] = (), public_url: str
) -> FileView:
    """The certificate as a sealed PDF: a page to read, with a QR code to its standing, and the file inside."""
    async with tx.read() as db:
        certificate, now, body = await _file(db, keys, actor, wanted, hide, paper_sha256=paper.fingerprint(keys.paper))
        verdict = verify.verify_file(body, await transparency.known_keys(db, keys))
    assert verdict.credential is not None
    assert certificate.number is not None

    def made() -> bytes:
        page = paper.draw(
            body,
            verdict.credential or {},
            standing=certificate.state.value,
            as_of=now,
            credential_sha256=certificate.jwt_sha256 or "",
            url=f"{public_url.rstrip('/')}/certificates/{certificate.number}",
        )
        return paper.seal(page, keys.paper)

    # Drawing and sealing take tens of milliseconds of processor: never on the loop, never inside a transaction.
    return FileView(certificate.number, await asyncio.to_thread(made))


async def _file(
    db: AsyncSession, keys: Keys, actor: Actor, wanted: str, hide: Collection[str], *, paper_sha256: str | None
) -> tuple[Certificate, datetime, bytes]:
    certificate = await _find(db, wanted)
    if certificate.number is None or not await _knows(db, actor, certificate):
        raise NotFound()
    assert certificate.credential_sha256 is not None
    assert certificate.entry_id is not None
    assert certificate.jwt_sha256 is not None
    token, now = (await texts.get(db, certificate.credential_sha256))["credential"], await clock.market_now(db)
    said = credential.status_of(
        number=certificate.number,
        credential_sha256=certificate.jwt_sha256,
        state=certificate.state.value,
        since=certificate.since,
        why=certificate.why.value if certificate.why else None,
        as_of=now,
        paper_sha256=paper_sha256,
    )
    status = credential.sign(keys.issuer, credential.STATUS_HEADER, said)
    log = await _log_part(db, keys, certificate.entry_id)
    whole = verify.file_bytes(credential=token, status=status, log=log)
    if not hide:
        return certificate, now, whole
    return certificate, now, verify.present(whole, hide, await transparency.known_keys(db, keys))


async def verify_certificate(tx: Tx, keys: Keys, actor: Actor, file: bytes) -> VerificationView:
    """Anyone asks what a file is worth: the offline check by the market's own keys, and the standing of this moment."""
    require(actor, policy.VERIFY)
    async with tx.read() as db:
        verdict = verify.verify_file(file, await transparency.known_keys(db, keys))
        if verdict.answer is Answer.NOT_OURS:
            return _verdict(verdict)
        certificate = await repository.find_certificate(db, verdict.number or "")
        if certificate is None:
            raise RuntimeError(f"the market signed {verdict.number} and has no row of it")
        return VerificationView(
            answer=verify.STANDINGS[certificate.state.value].value,
            number=certificate.number,
            since=certificate.since,
            why=certificate.why.value if certificate.why else None,
            as_of=await clock.market_now(db),
            fault=None,
            checked=(*verdict.checked, "status_since"),
            not_checked=tuple(name for name in verdict.not_checked if name not in ("status_since", "keys")),
            credential=dict(verdict.credential or {}),
            hidden=verdict.hidden,
        )


async def published_keys(tx: Tx, keys: Keys) -> dict[str, Any]:
    """The market's public keys as anyone may fetch them, those among them that sign no longer."""
    async with tx.read() as db:
        return key_set(await transparency.key_history(db, keys))


async def _judged(
    db: AsyncSession, actor: Actor, certificate_id: UUID, permission: Permission
) -> tuple[Certificate, ContractFacts]:
    certificate = await repository.lock_certificate(db, certificate_id)
    contract = await contracts.get_contract(db, certificate.contract_id)
    if not await _knows(db, actor, certificate):
        raise NotFound()
    await _require_certifier(db, actor, permission, contract)
    return certificate, contract


async def _require_certifier(db: AsyncSession, actor: Actor, permission: Permission, contract: ContractFacts) -> None:
    """A certifier of the market who belongs to no party, through whichever organisation."""
    if not actor.is_market and actor.org_id not in contract.parties:
        raise NotFound()
    require(actor, permission, parties=contract.parties)
    person = (await identity.get_people(db, [actor.person]))[actor.person]
    rules.require_outside(person.org_ids, contract.parties)


async def _composed(db: AsyncSession, contract_id: UUID) -> dict[str, Any]:
    """The facts as they stand, behind the gates: in force, dues paid, notices ended without open objection."""
    contract = await contracts.require_in_force(db, contract_id)
    now = await clock.market_now(db)
    await settlement.require_paid(db, Ref("contract", contract_id), now)
    award = await trading.get_award(db, contract.award_id) if contract.award_id else None
    stated: list[NoticeText] = []
    for notice_id in (contract.notice_id,):
        if notice_id is None:
            continue
        await notices.require_cleared(db, notice_id, now)
        seen = await notices.get_facts(db, notice_id)
        stated.append(NoticeText(seen.kind.value, seen.document_sha256, seen.started_at, seen.ends_at))
    return facts.compose(
        contract=contract,
        trade=TradeText(award.number, award.method.value, award.price_minor) if award else None,
        orgs=await identity.get_organisations(db, contract.parties),
        achievements=await achievements.get_facts(db, contract.achievement_ids),
        notices=stated,
        dues=await settlement.dues_of(db, Ref("contract", contract_id)),
        registration=await contracts.registration_of(db, contract_id),
    )


async def _credential(
    db: AsyncSession, certificate_id: UUID, number: str, now: datetime, stated: dict[str, Any]
) -> dict[str, Any]:
    market = await identity.find_market(db)
    assert market is not None  # a certifier is one of its staff
    return credential.compose(
        certificate_id=certificate_id,
        number=number,
        issuer_id=market.id,
        issuer_name=market.name,
        issued_at=now,
        facts=stated,
    )


async def _changed(
    db: AsyncSession, certificate: Certificate, event: Event, actor: Actor, *, why: Why | None, reasons: str
) -> CertificateView:
    certificate.since = await clock.market_now(db)
    certificate.why, certificate.reasons = why, reasons
    journal.record(db, event, actor=actor)
    await db.flush()
    return _whole(certificate, await texts.get(db, certificate.facts_sha256))


async def _log_part(db: AsyncSession, keys: Keys, entry_id: UUID) -> dict[str, Any]:
    """The proof once a checkpoint covers the issue; before that the market's signed promise."""
    proof = await transparency.proof_for(db, entry_id)
    if proof is None:
        return {"promise": await transparency.promise(db, keys, entry_id)}
    return {"proof": proof.as_json()}


async def _find(db: AsyncSession, wanted: str) -> Certificate:
    key: UUID | str | None = wanted if NUMBER_FORM.fullmatch(wanted) else _as_uuid(wanted)
    found = await repository.find_certificate(db, key) if key is not None else None
    if found is None:
        raise NotFound()
    return found


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _knows(db: AsyncSession, actor: Actor, certificate: Certificate) -> bool:
    """Staff know every certificate; a party those of its contracts, once issued."""
    if actor.is_market:
        return True
    contract = await contracts.get_contract(db, certificate.contract_id)
    return certificate.number is not None and actor.org_id in contract.parties


def _card(row: Certificate) -> CertificateView:
    return CertificateView(row.id, row.number, row.state, row.since, row.why, row.issued_at, row.jwt_sha256)


def _whole(row: Certificate, stated: dict[str, Any] | None) -> CertificateView:
    return CertificateView(
        id=row.id,
        number=row.number,
        state=row.state,
        since=row.since,
        why=row.why,
        issued_at=row.issued_at,
        credential_sha256=row.jwt_sha256,
        contract_id=row.contract_id,
        prepared_by=row.prepared_by,
        approved_by=row.approved_by,
        facts_sha256=row.facts_sha256,
        facts=stated,
        reasons=row.reasons,
    )


def _verdict(verdict: Verdict) -> VerificationView:
    return VerificationView(
        answer=verdict.answer.value,
        number=None,
        since=None,
        why=None,
        as_of=None,
        fault=verdict.fault,
        checked=verdict.checked,
        not_checked=verdict.not_checked,
        credential=None,
    )
