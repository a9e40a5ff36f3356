"""Verifying: what a file is worth now, and what a stranger needs to find out without us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.certification import credential, errors, opening, policy, repository, statuslist, verify
from techmarket.certification.lifecycle import CertificateState
from techmarket.certification.service.access import replaced_by
from techmarket.certification.statuslist import StatusPurpose
from techmarket.certification.verify import Answer, Verdict
from techmarket.certification.views import VerificationView
from techmarket.db import clock
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.rulebook import steps as rulebook
from techmarket.transparency import steps as transparency
from techmarket.transparency.keyset import key_set

_SET = {
    StatusPurpose.REVOCATION: (CertificateState.REVOKED, CertificateState.REPLACED),
    StatusPurpose.SUSPENSION: (CertificateState.SUSPENDED,),
}


async def verify_upload(tx: Tx, keys: Keys, actor: Actor, raw: bytes) -> VerificationView:
    """Anyone asks what a file is worth, a PDF or the JSON inside: by the market's own keys, and as of this moment.

    A stranger's PDF is opened in a process of its own, with little memory and time.
    """
    require(actor, policy.VERIFY)
    if not raw.startswith(b"%PDF-"):
        return await verify_certificate(tx, keys, actor, raw)
    try:
        opened = await opening.open_apart(raw)
    except opening.NotAPaper as failed:
        return _verdict(Verdict(Answer.NOT_OURS, fault=failed.check))
    except opening.TooMuch:
        raise errors.PaperUnreadable() from None
    async with tx.read() as db:
        return await _as_of_now(db, verify.judge_opened(opened, await transparency.known_keys(db, keys)))


async def verify_certificate(tx: Tx, keys: Keys, actor: Actor, file: bytes) -> VerificationView:
    """Anyone asks what a file is worth: the offline check by the market's own keys, and the standing of this moment."""
    require(actor, policy.VERIFY)
    async with tx.read() as db:
        return await _as_of_now(db, verify.verify_file(file, await transparency.known_keys(db, keys)))


async def _as_of_now(db: AsyncSession, verdict: Verdict) -> VerificationView:
    """What the market itself knows beside the file: its log, and how the certificate stands today."""
    fault = None if verdict.answer is Answer.NOT_OURS else await _against_log(db, verdict)
    if verdict.answer is Answer.NOT_OURS or fault is not None:
        return _verdict(replace(verdict, answer=Answer.NOT_OURS, fault=fault or verdict.fault))
    certificate = await repository.find_certificate(db, verdict.number or "")
    if certificate is None:
        return _verdict(replace(verdict, answer=Answer.NOT_OURS, fault="entry_missing"))
    told = ("status_since", "log_consistency")
    return VerificationView(
        answer=verify.STANDINGS[certificate.state.value].value,
        number=certificate.number,
        since=certificate.since,
        why=certificate.why.value if certificate.why else None,
        as_of=await clock.market_now(db),
        fault=None,
        checked=(*verdict.checked, *(told if verdict.checkpoint is not None else told[:1])),
        not_checked=tuple(name for name in verdict.not_checked if name not in (*told, "keys")),
        credential=dict(verdict.credential or {}),
        hidden=verdict.hidden,
        replaced_by=await replaced_by(db, certificate),
    )


async def _against_log(db: AsyncSession, verdict: Verdict) -> str | None:
    """Whether the log still holds the issue, and under the root the file shows: else somebody has changed the log."""
    assert verdict.entry_id is not None
    assert verdict.leaf_hash is not None
    if not await transparency.holds_entry(db, UUID(verdict.entry_id), bytes.fromhex(verdict.leaf_hash)):
        return "entry_missing"
    if verdict.checkpoint is None:
        return None
    root = await transparency.root_at(db, verdict.checkpoint.size)
    return "fork" if root is not None and root != verdict.checkpoint.root else None


async def published_keys(tx: Tx, keys: Keys) -> dict[str, Any]:
    """The market's public keys as anyone may fetch them, those among them that sign no longer."""
    async with tx.read() as db:
        return key_set(await transparency.key_history(db, keys))


async def get_status_list(tx: Tx, keys: Keys, actor: Actor, purpose: StatusPurpose, n: int, *, public_url: str) -> str:
    """A signed list of how all certificates stand (W3C Bitstring Status List), fresh as of this moment."""
    require(actor, policy.VERIFY)
    async with tx.read() as db:
        market = await identity.find_market(db)
        if market is None or n >= await repository.lists_in_use(db):
            raise NotFound()
        today = shanghai_day(await clock.market_now(db))
        fresh_for = await rulebook.get_rule(db, "certification.status.fresh_for", on=today)
        document = statuslist.compose(
            issuer_id=market.id,
            issuer_name=market.name,
            url=statuslist.url_of(public_url, purpose, n),
            purpose=purpose,
            set_bits=await repository.set_bits(db, n, _SET[purpose]),
            now=datetime.now(UTC),  # how long a signature may be relied on is real time, in a sandbox too
            fresh_for=statuslist.minutes(fresh_for.int),
        )
    return credential.sign(keys.issuer, statuslist.HEADER, document)


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
