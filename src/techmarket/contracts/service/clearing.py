"""Clearing: documents of authorities that a contract waits for, and the title that is handed over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.contracts import borders, errors, policy, repository
from techmarket.contracts.borders import ClearanceKind
from techmarket.contracts.events import ClearanceRecorded, TitleHandedOver, TitleRestored
from techmarket.contracts.lifecycle import ContractState
from techmarket.contracts.rules import PartyRole, TitleMoves
from techmarket.contracts.service.reading import known_parties, view_of
from techmarket.contracts.service.signing import enter_into_force
from techmarket.contracts.service.writing import crossing_of
from techmarket.contracts.tables import Contract, ContractClearance
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.notices import steps as notices
from techmarket.settlement import steps as settlement


async def record_clearance(
    tx: Tx,
    actor: Actor,
    contract_id: UUID,
    *,
    kind: ClearanceKind,
    number: str,
    issued_by: str,
    issued_on: date,
    evidence_sha256: str,
) -> ContractView:
    """A party, or the market, records what an office gave. With the last one a signed contract takes effect."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.RECORD_CLEARANCE, parties=parties.values())
        needed = borders.needed(crossing_of(contract), contract.type, contract.licence_kind)
        have = await repository.clearances_of(db, contract.id)
        ended = (ContractState.CANCELLED, ContractState.TERMINATED)
        if kind not in needed - have or contract.state in ended:
            raise errors.ClearanceNotNeeded(clearance=kind, needed=sorted(needed - have), pointer="/body/kind")
        now = await clock.market_now(db)
        if issued_on > shanghai_day(now):
            raise errors.NotYetIssued(issued_on=issued_on, pointer="/body/issued_on")
        await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        db.add(
            ContractClearance(
                id=new_id(),
                contract_id=contract.id,
                kind=kind,
                number=number,
                issued_by=issued_by,
                issued_on=issued_on,
                evidence_sha256=evidence_sha256,
                recorded_by=actor.person,
                recorded_at=now,
            )
        )
        journal.record(db, ClearanceRecorded(contract.id, kind), actor=actor)
        await db.flush()
        waiting = contract.state is ContractState.AWAITING_CLEARANCE
        if waiting and not borders.before_effect(needed) - (have | {kind}):
            await enter_into_force(db, contract, parties, now=now, actor=actor, since=contract.signed_on)
        await db.flush()
        return await view_of(db, contract)


async def hand_over_title(tx: Tx, actor: Actor, contract_id: UUID, *, evidence_sha256: str) -> ContractView:
    """The seller records, with the register's paper, that the title is the buyer's: at the effect or once the fixed
    price is paid, as agreed."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.HAND_OVER_TITLE, parties=[parties[PartyRole.PAYEE]])
        if contract.state is not ContractState.IN_FORCE:
            raise errors.NotInForce(state=contract.state)
        if contract.title_moves is None or contract.title_moved_at is not None:
            raise errors.TitleNotMoving()
        if contract.title_moves is TitleMoves.ON_PAYMENT:
            await settlement.require_paid(db, Ref("contract", contract.id))
        await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        ids = await repository.achievements_of(db, contract.id)
        facts = await achievements.get_facts(db, ids)
        seller = parties[PartyRole.PAYEE]
        shares = {
            one: sum((owner.share for owner in facts[one].owners if owner.org_id == seller), Decimal(0)) for one in ids
        }
        await _move_title(db, contract, shares, giver=seller, taker=parties[PartyRole.PAYER], actor=actor)
        contract.title_shares = {str(one): format(share, "f") for one, share in shares.items()}
        await achievements.release(db, by=Ref("contract", contract.id), actor=actor)
        contract.title_moved_at = await clock.market_now(db)
        journal.record(db, TitleHandedOver(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def restore_title(tx: Tx, actor: Actor, contract_id: UUID, *, evidence_sha256: str) -> ContractView:
    """The contract does not stand: the buyer, or the market by a court's word, records with the register's paper that
    what it moved is the seller's again, exactly those shares and once."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        buyer = parties[PartyRole.PAYER]
        require(actor, policy.RESTORE_TITLE, parties=[buyer])
        moved = contract.title_shares
        if contract.state is not ContractState.TERMINATED or moved is None or contract.title_restored_at is not None:
            raise errors.NoTitleToRestore()
        await notices.require_evidence(db, actor.org, [evidence_sha256], pointer="/body/evidence_sha256")
        shares = {UUID(one): Decimal(share) for one, share in moved.items()}
        await _move_title(db, contract, shares, giver=buyer, taker=parties[PartyRole.PAYEE], actor=actor)
        contract.title_restored_at = await clock.market_now(db)
        journal.record(db, TitleRestored(contract.id), actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def _move_title(
    db: AsyncSession, contract: Contract, shares: Mapping[UUID, Decimal], *, giver: UUID, taker: UUID, actor: Actor
) -> None:
    for achievement_id, share in sorted(shares.items()):
        by = Ref("contract", contract.id)
        await achievements.change_title(db, achievement_id, giver=giver, takers={taker: share}, by=by, actor=actor)
