"""Reading: the card of a number, the whole for parties and staff, and the files a holder takes along."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification import credential, paper, policy, repository, verify
from techmarket.certification.lifecycle import CertificateState
from techmarket.certification.service.access import card, find, knows, replaced_by, whole
from techmarket.certification.tables import Certificate
from techmarket.certification.views import CertificateView, FileView
from techmarket.db import clock, texts
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.transparency import steps as transparency


async def get_certificate(tx: Tx, actor: Actor, wanted: str) -> CertificateView:
    """A certificate by number or id: whole for its parties and the market, a card for whoever has the number."""
    require(actor, policy.SEE)
    async with tx.read() as db:
        certificate = await find(db, wanted)
        by = await replaced_by(db, certificate)
        if await knows(db, actor, certificate):
            return whole(certificate, await texts.get(db, certificate.facts_sha256), by)
        if certificate.number is None:
            raise NotFound()
        return card(certificate, by)


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
        return page.map(lambda row: whole(row, None))


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
    certificate = await find(db, wanted)
    if certificate.number is None or not await knows(db, actor, certificate):
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
    body = verify.file_bytes(credential=token, status=status, log=log)
    if not hide:
        return certificate, now, body
    return certificate, now, verify.present(body, hide, await transparency.known_keys(db, keys))


async def _log_part(db: AsyncSession, keys: Keys, entry_id: UUID) -> dict[str, Any]:
    """The proof once a checkpoint covers the issue; before that the market's signed promise."""
    proof = await transparency.proof_for(db, entry_id)
    if proof is None:
        return {"promise": await transparency.promise(db, keys, entry_id)}
    return {"proof": proof.as_json()}
