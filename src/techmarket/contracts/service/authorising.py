"""Authorising: by what a person binds his organisation, and what is kept about each signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, policy, repository
from techmarket.contracts.events import AuthorityDecided, AuthorityRecorded
from techmarket.contracts.lifecycle import AUTHORITY, AuthorityState
from techmarket.contracts.rules import AuthorityKind
from techmarket.contracts.tables import Contract, ContractSignature, SigningAuthority
from techmarket.contracts.views import AuthorityView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, decode_cursor, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.signing.steps import API_KEY, SigningProgress

REQUIRED = "contracts.signer_authority.required"


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a signature comes with: how it was put, on which file, by whose certificate, who vouched for the person."""

    method: str = API_KEY
    paper_sha256: str | None = None
    certificate: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None
    base_sha256: str | None = None
    """The file the signed one was made from; another signature on it in between makes it stale."""


async def record_authority(
    tx: Tx,
    actor: Actor,
    *,
    person_id: UUID,
    kind: AuthorityKind,
    evidence_sha256: str,
    valid_from: date,
    valid_until: date | None,
) -> AuthorityView:
    """An organisation says by what one of its people signs for it, with the paper; the market looks at it."""
    require(actor, policy.RECORD_AUTHORITY, parties=[actor.org_id])
    async with tx.begin() as db:
        await identity.require_member(db, person_id, actor.org, pointer="/body/person_id")
        await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        if valid_until is not None and valid_until < valid_from:
            raise errors.PeriodBackwards(pointer="/body/valid_until")
        row = SigningAuthority(
            id=new_id(),
            org_id=actor.org,
            person_id=person_id,
            kind=kind,
            evidence_sha256=evidence_sha256,
            valid_from=valid_from,
            valid_until=valid_until,
            state=AUTHORITY.initial,
            recorded_by=actor.person,
            recorded_at=await clock.market_now(db),
        )
        db.add(row)
        journal.record(db, AuthorityRecorded(row.id, row.org_id), actor=actor)
        await db.flush()
        return authority_view(row)


async def decide_authority(tx: Tx, actor: Actor, authority_id: UUID, *, confirm: bool) -> AuthorityView:
    """An operator of the market has looked at the paper: it says so, or it does not."""
    require(actor, policy.DECIDE_AUTHORITY)
    return await _turn(tx, actor, authority_id, act="confirm" if confirm else "refuse")


async def revoke_authority(tx: Tx, actor: Actor, authority_id: UUID) -> AuthorityView:
    """The organisation takes an authority back; what was signed under it stays signed."""
    async with tx.read() as db:
        seen = await repository.get_authority(db, authority_id)
        if actor.org_id != seen.org_id:
            raise NotFound()
        require(actor, policy.RECORD_AUTHORITY, parties=[seen.org_id])
    return await _turn(tx, actor, authority_id, act="revoke")


async def _turn(tx: Tx, actor: Actor, authority_id: UUID, *, act: str) -> AuthorityView:
    async with tx.begin() as db:
        row = await repository.get_authority(db, authority_id, lock=True)
        row.state = AUTHORITY.move(row.state, act)
        row.decided_by, row.decided_at = actor.person, await clock.market_now(db)
        journal.record(db, AuthorityDecided(row.id, row.state), actor=actor)
        await db.flush()
        return authority_view(row)


async def list_authorities(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[AuthorityView]:
    """Who may sign for my organisation, the newest first; the market's staff see all."""
    require(actor, policy.LIST_AUTHORITIES)
    after = None
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, UUID)
        after = (at, last)
    async with tx.read() as db:
        rows = await repository.list_authorities(
            db, org_id=None if actor.is_market else actor.org, after=after, limit=limit + 1
        )
        return page_of(rows, limit, lambda row: (row.recorded_at.isoformat(), str(row.id))).map(authority_view)


async def require_authority(db: AsyncSession, actor: Actor, rule_date: date, now: datetime) -> SigningAuthority | None:
    """Who signs has an authority on record, where the rulebook asks for it; else it is kept with what there is."""
    found = await repository.find_authority(db, actor.org, actor.person, shanghai_day(now))
    rule = await rulebook.find_rule(db, REQUIRED, on=rule_date)
    confirmed = found is not None and found.state is AuthorityState.CONFIRMED
    if rule is not None and rule.is_set and not confirmed:
        raise errors.AuthorityMissing()
    return found


async def note_signature(
    db: AsyncSession,
    contract: Contract,
    done: SigningProgress,
    authority: SigningAuthority | None,
    proofs: Proofs,
) -> None:
    """Keep beside the signature what it came with."""
    if proofs.base_sha256 is not None:
        newest = await repository.newest_signed_paper(db, done.signing_id)
        if newest is not None and newest != proofs.base_sha256:
            raise errors.PaperNotValid(check="signed_meanwhile", pointer="/body/paper_sha256")
    db.add(
        ContractSignature(
            signing_id=done.signing_id,
            position=done.position,
            contract_id=contract.id,
            authority_id=None if authority is None else authority.id,
            paper_sha256=proofs.paper_sha256,
            certificate=proofs.certificate,
            identity=proofs.identity,
        )
    )


def authority_view(row: SigningAuthority) -> AuthorityView:
    return AuthorityView(
        row.id,
        row.org_id,
        row.person_id,
        row.kind,
        row.evidence_sha256,
        row.valid_from,
        row.valid_until,
        row.state,
        row.recorded_at,
        row.decided_at,
    )
