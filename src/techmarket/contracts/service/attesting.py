"""Attesting: a contract made elsewhere, on paper with seals or electronically, enters by its scan and two witnesses.

Every other party confirms the record. Two people of the market, neither of a party, look at the original and the scan
and say that the terms recorded are what was signed. Everything about it says where it was made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import borders, errors, policy, repository, rules
from techmarket.contracts.events import ContractAttested, ContractConfirmed
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, LineState
from techmarket.contracts.plans import FIXED
from techmarket.contracts.rules import Origin, PartyRole
from techmarket.contracts.service.authorising import require_authority
from techmarket.contracts.service.drafting import cancel_locked
from techmarket.contracts.service.reading import all_orgs, known_parties, side_orgs, view_of
from techmarket.contracts.service.signing import (
    enter_into_force,
    publish_price,
    require_approved,
    require_ready,
    wait_for_clearance,
)
from techmarket.contracts.service.writing import Draft, crossing_of, write
from techmarket.contracts.tables import Contract, ContractAttestation
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.files import Files
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.notices.views import EvidenceView

ATTESTERS = 2


async def record_elsewhere(
    tx: Tx,
    actor: Actor,
    draft: Draft,
    *,
    signed_on: date,
    scan_sha256: str,
    paid_sha256: str | None = None,
    related_party: bool = False,
) -> ContractView:
    """The seller's side records a contract that was signed elsewhere, with its scan; `paid_sha256` proves that its
    fixed price was paid there. A unit set up by the government still publishes the price (ZJR art. 17)."""
    require(actor, policy.DRAFT, parties=[actor.org_id])
    if draft.origin is Origin.MARKET or draft.trial_months is not None:
        raise errors.OriginUnfit(pointer="/body/origin")
    async with tx.begin() as db:
        if signed_on > shanghai_day(await clock.market_now(db)):
            raise errors.NotYetIssued(issued_on=signed_on, pointer="/body/signed_on")
        named = [(scan_sha256, "/body/scan_sha256"), (paid_sha256, "/body/paid_sha256")]
        for sha256, pointer in named:
            if sha256 is not None:
                await notices.require_evidence(db, actor.org, [sha256], pointer=pointer)
        made = {"signed_on": signed_on.isoformat(), "scan_sha256": scan_sha256, "paid_sha256": paid_sha256}
        contract = await write(db, actor, replace(draft, seller_org=actor.org, outside=made))
        parties = await known_parties(db, actor, contract)
        await require_approved(db, contract, actor.org)
        contract.notice_id = await publish_price(db, contract, parties, actor, related_party=related_party)
        await db.flush()
        return await view_of(db, contract)


async def confirm(tx: Tx, actor: Actor, contract_id: UUID, *, document_sha256: str) -> ContractView:
    """The signatory of a party that did not record the contract says that text and scan are what it signed. The text
    names the scan by its hash. Without the word of every other party the record binds nobody."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.CONFIRM, parties=await all_orgs(db, contract))
        if contract.origin is Origin.MARKET:
            raise errors.OriginUnfit()
        contract.state = CONTRACT.move(contract.state, "attest")
        version = await repository.get_version(db, contract.id, contract.current_n)
        rules.require_text(version.sha256, document_sha256)
        said = {one.person_id for one in await repository.attestations_of(db, contract.id)}
        if actor.person in said or actor.org not in await _unconfirmed(db, contract):
            raise errors.ConfirmedAlready()
        now = await clock.market_now(db)
        await require_authority(db, actor, contract.rule_date, now)
        entry_id = journal.record(db, ContractConfirmed(contract.id, document_sha256), actor=actor)
        _keep(db, contract, actor, document_sha256, entry_id, now)
        await db.flush()
        return await view_of(db, contract)


async def refuse_record(tx: Tx, actor: Actor, contract_id: UUID, *, reasons: str) -> ContractView:
    """The signatory of another party says that it signed no such thing: the record falls, and what it held is free.

    Once the record has taken effect that party's own word stands under it, and a quarrel is a dispute.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.CONFIRM, parties=await all_orgs(db, contract))
        if contract.origin is Origin.MARKET:
            raise errors.OriginUnfit()
        contract.state = CONTRACT.move(contract.state, "attest")
        recorder = (await side_orgs(db, contract))[PartyRole.PAYEE][0]
        if actor.org == recorder:
            raise errors.ConfirmedAlready()
        contract.reasons = reasons
        await cancel_locked(db, contract, cause="record_refused", actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def read_record_file(
    tx: Tx, kept: Files, actor: Actor, contract_id: UUID, sha256: str
) -> tuple[EvidenceView, AsyncIterator[bytes]]:
    """The scan, or the proof of payment, for everyone who may know of the record: nobody confirms or attests unseen."""
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        if sha256 not in (contract.scan_sha256, contract.paid_sha256):
            raise NotFound()
        recorder = (await side_orgs(db, contract))[PartyRole.PAYEE][0]
        view = await notices.find_evidence(db, recorder, sha256)
        if view is None:
            raise NotFound()
    return view, kept.open(view.sha256)


async def _unconfirmed(db: AsyncSession, contract: Contract) -> list[UUID]:
    """The parties whose word is missing: all but the one that recorded, and those who gave it."""
    said = {one.org_id for one in await repository.attestations_of(db, contract.id)}
    recorder = (await side_orgs(db, contract))[PartyRole.PAYEE][0]
    return [org for org in await all_orgs(db, contract) if org != recorder and org not in said]


def _keep(db: AsyncSession, contract: Contract, actor: Actor, sha256: str, entry_id: UUID, now: datetime) -> None:
    db.add(
        ContractAttestation(
            contract_id=contract.id,
            person_id=actor.person,
            org_id=actor.org,
            at=now,
            document_sha256=sha256,
            entry_id=entry_id,
        )
    )


async def attest(tx: Tx, actor: Actor, contract_id: UUID, *, document_sha256: str) -> ContractView:
    """One of two people of the market who belong to no party says that the record is what was signed. The second puts
    the contract in force as of the day it was signed, if every other party has confirmed the record."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        orgs = await all_orgs(db, contract)
        require(actor, policy.ATTEST, parties=orgs)
        await _require_outside(db, actor, orgs)
        if contract.origin is Origin.MARKET:
            raise errors.OriginUnfit()
        contract.state = CONTRACT.move(contract.state, "attest")
        version = await repository.get_version(db, contract.id, contract.current_n)
        rules.require_text(version.sha256, document_sha256)
        before = [one for one in await repository.attestations_of(db, contract.id) if one.org_id not in orgs]
        if actor.person in {one.person_id for one in before}:
            raise errors.AttestedAlready()
        for one in before:
            await identity.require_two_people(db, one.person_id, actor.person)
        now = await clock.market_now(db)
        event = ContractAttested(contract.id, document_sha256, len(before) + 1)
        entry_id = journal.record(db, event, actor=actor)
        _keep(db, contract, actor, document_sha256, entry_id, now)
        await db.flush()
        if len(before) + 1 >= ATTESTERS:
            if contract.notice_id is not None:
                await notices.require_cleared(db, contract.notice_id, now)
            if missing := await _unconfirmed(db, contract):
                raise errors.PartyNotConfirmed(missing=len(missing))
            await require_ready(db, contract)
            await _settle_elsewhere(db, contract)
            needed = borders.needed(crossing_of(contract), contract.type, contract.licence_kind)
            if borders.before_effect(needed) - await repository.clearances_of(db, contract.id):
                await wait_for_clearance(db, contract, parties, actor=actor)
            else:
                await enter_into_force(db, contract, parties, now=now, actor=actor, since=contract.signed_on)
        await db.flush()
        return await view_of(db, contract)


async def _settle_elsewhere(db: AsyncSession, contract: Contract) -> None:
    """What was paid where the contract was made raises no due here."""
    if contract.paid_sha256 is None:
        return
    for line in await repository.plan_of(db, contract.id):
        if line.kind in FIXED and line.state is LineState.PLANNED:
            line.state = PLAN_LINE.move(line.state, "settle_elsewhere")
            line.accepted_sha256 = contract.paid_sha256


async def _require_outside(db: AsyncSession, actor: Actor, orgs: list[UUID]) -> None:
    person = (await identity.get_people(db, [actor.person]))[actor.person]
    if set(person.org_ids) & set(orgs):
        raise errors.AttesterBelongsToParty()
