"""Preparing: one certifier sees which conditions hold, and puts the facts together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.certification import errors, facts, policy, repository, rules
from techmarket.certification.events import CertificatePrepared
from techmarket.certification.facts import NoticeText, TradeText
from techmarket.certification.lifecycle import CERTIFICATE
from techmarket.certification.service.access import judged, require_certifier, whole
from techmarket.certification.tables import Certificate
from techmarket.certification.views import CertificateView, Precondition
from techmarket.contracts import steps as contracts
from techmarket.contracts.errors import NotInForce
from techmarket.contracts.steps import ContractFacts
from techmarket.db import clock, journal, texts
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.notices import steps as notices
from techmarket.notices.errors import StillRunning
from techmarket.settlement import steps as settlement
from techmarket.trading import steps as trading


async def prepare(tx: Tx, actor: Actor, contract_id: UUID) -> CertificateView:
    """A certifier outside the deal puts its facts together, once every condition of a certificate is met."""
    async with tx.begin() as db:
        await _lock(db, contract_id)
        contract = await contracts.get_contract(db, contract_id)
        await require_certifier(db, actor, policy.PREPARE, contract)
        await _require_none(db, contract_id)
        return await _prepared(db, actor, contract_id, replaces=None, reasons=None)


async def prepare_replacement(tx: Tx, actor: Actor, certificate_id: UUID, *, reasons: str) -> CertificateView:
    """A certificate that is to stand in the place of another (更正, 换发): the facts of today, prepared and approved by
    two like any other. The other stands until then."""
    async with tx.begin() as db:
        old, contract = await judged(db, actor, certificate_id, policy.REPLACE)
        await _lock(db, contract.id)
        if not CERTIFICATE.can(old.state, "replace"):
            raise errors.NothingToReplace(state=old.state)
        waiting = await repository.find_prepared(db, contract.id)
        if waiting is not None:
            raise errors.CertificateExists(state=waiting.state)
        return await _prepared(db, actor, contract.id, replaces=old.id, reasons=reasons)


async def _lock(db: AsyncSession, contract_id: UUID) -> None:
    # Two certifiers at once: the certificate has no row yet that could be locked.
    await lock_name(db, f"certificate of contract {contract_id}")


async def _require_none(db: AsyncSession, contract_id: UUID) -> None:
    known = await repository.find_standing(db, contract_id) or await repository.find_prepared(db, contract_id)
    if known is not None:
        raise errors.CertificateExists(state=known.state)


async def _prepared(
    db: AsyncSession, actor: Actor, contract_id: UUID, *, replaces: UUID | None, reasons: str | None
) -> CertificateView:
    stated, now = await composed(db, contract_id), await clock.market_now(db)
    certificate = Certificate(
        id=new_id(),
        contract_id=contract_id,
        state=CERTIFICATE.initial,
        facts_sha256=await texts.put(db, stated),
        prepared_by=actor.person,
        prepared_at=now,
        since=now,
        replaces=replaces,
        reasons=reasons,
    )
    db.add(certificate)
    journal.record(db, CertificatePrepared(certificate.id, contract_id, certificate.facts_sha256), actor=actor)
    await db.flush()
    return whole(certificate, stated)


async def composed(db: AsyncSession, contract_id: UUID) -> dict[str, Any]:
    """The facts as they stand, behind the gates: in force, dues paid, notices ended without open objection."""
    contract = await contracts.require_in_force(db, contract_id)
    now, subject = await clock.market_now(db), Ref("contract", contract_id)
    await settlement.require_paid(db, subject, now)
    if await settlement.is_held(db, subject):
        raise errors.MoneyHeld()
    award = await trading.get_award(db, contract.award_id) if contract.award_id else None
    stated: list[NoticeText] = []
    if contract.notice_id is not None:
        await notices.require_cleared(db, contract.notice_id, now)
        seen = await notices.get_facts(db, contract.notice_id)
        stated.append(NoticeText(seen.kind.value, seen.document_sha256, seen.started_at, seen.ends_at))
    return facts.compose(
        contract=contract,
        trade=TradeText(award.number, award.method.value, award.price_minor) if award else None,
        orgs=await identity.get_organisations(db, contract.parties),
        achievements=await achievements.get_facts(db, contract.achievement_ids),
        notices=stated,
        dues=await settlement.dues_of(db, subject),
        registration=await contracts.registration_of(db, contract_id),
    )


async def list_preconditions(tx: Tx, actor: Actor, contract_id: UUID) -> list[Precondition]:
    """Every condition of a certificate of this contract: which hold, and what would be said of those that do not.

    To look at, without a lock: preparing and approving ask again.
    """
    async with tx.read() as db:
        contract = await contracts.get_contract(db, contract_id)
        if not actor.is_market:
            raise NotFound()
        now = await clock.market_now(db)
        subject = Ref("contract", contract_id)

        async def in_force() -> None:
            if not contract.holds:
                raise NotInForce(state=contract.state)

        async def held() -> None:
            if await settlement.is_held(db, subject):
                raise errors.MoneyHeld()

        async def outside() -> None:
            person = (await identity.get_people(db, [actor.person]))[actor.person]
            rules.require_outside(person.org_ids, contract.parties)

        checks: dict[str, Callable[[], Awaitable[None]]] = {
            "contract_in_force": in_force,
            "dues_paid": lambda: settlement.require_paid(db, subject, now),
            "money_not_held": held,
            "notice_ended": lambda: _notice(db, contract),
            "no_certificate_yet": lambda: _require_none(db, contract_id),
            "you_belong_to_no_party": outside,
        }
        return [await _seen(code, check) for code, check in checks.items()]


async def _notice(db: AsyncSession, contract: ContractFacts) -> None:
    now = await clock.market_now(db)
    if contract.notice_id is None or await notices.is_cleared(db, contract.notice_id, now):
        return
    raise StillRunning(ends_at=(await notices.get_facts(db, contract.notice_id)).ends_at)


async def _seen(code: str, check: Callable[[], Awaitable[None]]) -> Precondition:
    try:
        await check()
    except Refusal as refusal:
        return Precondition(code, False, refusal.code, dict(refusal.facts))
    return Precondition(code, True, None, {})
