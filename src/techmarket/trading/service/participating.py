"""Who wants to buy registers, and pays a deposit that is held; in between lies the qualification."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.trading import deposits, errors, policy, repository
from techmarket.trading.consortium import ConsortiumDraft
from techmarket.trading.events import ParticipantRegistered
from techmarket.trading.lifecycle import (
    PARTICIPANT,
    SEAT,
    DepositState,
    TradeState,
)
from techmarket.trading.methods import rules_of
from techmarket.trading.methods.online_bidding import IN_SESSION
from techmarket.trading.panel import seating
from techmarket.trading.qualification import Kinship
from techmarket.trading.service import consorting, mandating
from techmarket.trading.service.qualifying import view_due_at
from techmarket.trading.service.showing import participant_view, require_known
from techmarket.trading.tables import Lot, Participant, Seat, Trade
from techmarket.trading.views import ParticipantView


async def register_intent(
    tx: Tx,
    actor: Actor,
    trade_id: UUID,
    *,
    related: bool = False,
    lot_ids: Sequence[UUID] = (),
    payer_account: str | None = None,
    principal_org: UUID | None = None,
    mandate_evidence_sha256: str | None = None,
    consortium: ConsortiumDraft | None = None,
) -> ParticipantView:
    """A verified organisation registers while the announcement runs, for the lots it names or for all.

    Whether it is a related party, and why, is computed once, here.
    """
    async with tx.begin() as db:
        trade = await repository.lock_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.REGISTER)
        await identity.require_verified(db, actor.org)
        if actor.org_id == trade.seller_org_id:
            raise errors.SellerCannotBuy()
        now = await market_now(db)
        is_open = trade.state is TradeState.ANNOUNCED and trade.notice_id is not None
        if not is_open or trade.notice_id is None or await notices.is_cleared(db, trade.notice_id, now):
            ends_at = trade.announcement_ends_at
            known_end: dict[str, Any] = {} if ends_at is None else {"ended_at": ends_at}
            raise errors.RegistrationClosed(**known_end)
        known = await repository.list_participants(db, trade_id)
        if any(participant.org_id == actor.org_id for participant in known):
            raise errors.RegisteredAlready()
        mandating.require_stands_once(actor.org, known)
        if principal_org is not None:
            await mandating.require_principal(db, trade, actor, principal_org)
        if consortium is not None:
            if principal_org is not None:
                raise errors.ConsortiumHasNoAgent(pointer="/body/consortium")
            await consorting.require_fit(db, trade, actor, consortium)
        joined = () if consortium is None else consortium.members
        buyers = [principal_org or actor.org, *(one.org_id for one in joined)]
        await mandating.require_no_officer(db, trade, {actor.org, *buyers})
        kin = {
            org: await _kinship(db, trade, org, declared=related and org == actor.org) for org in {actor.org, *buyers}
        }
        kinship = {ground for found in kin.values() for ground in found}
        participant = Participant(
            id=new_id(),
            trade_id=trade.id,
            org_id=actor.org,
            person_id=actor.person,
            number=_a_free_number({participant.number for participant in known}),
            related=bool(kinship),
            related_because=sorted(kinship),
            state=PARTICIPANT.initial,
            due_at=await view_due_at(db, trade, now),
            payer_account=payer_account,
            registered_at=now,
            members=[],
        )
        lots = await repository.lots_of(db, trade.id)
        wanted = set(lot_ids) or {lot.id for lot in lots}
        if not wanted <= {lot.id for lot in lots}:
            raise errors.LotNotOfTrade(pointer="/body/lots")
        chosen = [lot for lot in lots if lot.id in wanted]
        if principal_org is not None:
            await mandating.draw_up(db, trade, participant, principal_org, chosen, mandate_evidence_sha256, actor)
        if consortium is not None:
            await consorting.draw_up(db, trade, participant, consortium, kin, chosen, actor)
        db.add(participant)
        held = await _first_refusals(db, trade, chosen, buyers)
        await db.flush()
        db.add_all(
            Seat(
                lot_id=lot_id,
                org_id=participant.org_id,
                participant_id=participant.id,
                number=participant.number,
                state=SEAT.initial,
                first_refusal=lot_id in held,
            )
            for lot_id in sorted(wanted)
        )
        journal.record(db, ParticipantRegistered(participant.id, trade.id), actor=actor)
        await seating.recuse_members(db, trade, {actor.org}, actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def _first_refusals(db: AsyncSession, trade: Trade, lots: Sequence[Lot], buyers: Sequence[UUID]) -> set[UUID]:
    """The lots on which these buyers, each of them, exercise a first refusal by bidding, where that was announced."""
    if rules_of(await texts.get(db, trade.terms_sha256)).get("first_refusal") != IN_SESSION:
        return set()
    offer = await listings.get_offer_facts(db, trade.listing_id)
    held = set()
    for lot in lots:
        ids = offer.achievement_ids if lot.achievement_ids is None else [UUID(one) for one in lot.achievement_ids]
        if None not in [await achievements.first_refusal_of(db, ids, org, mode=offer.mode) for org in buyers]:
            held.add(lot.id)
    return held


async def hold_deposit(tx: Tx, due_id: UUID) -> bool:
    """A paid deposit is held, and its payer may bid on what it backs. Silent when that is done, or no longer needed."""
    async with tx.begin() as db:
        found = await repository.find_deposit_by_due(db, due_id)
        if found is None:
            return False
        seen = await repository.get_participant(db, found.participant_id)
        trade = await repository.hold_trade(db, seen.trade_id)
        participant = await repository.lock_participant(db, seen.id)
        deposit = await repository.lock_deposit(db, found.id)
        # What was released in the meantime was paid back by that release.
        if deposit.state is not DepositState.DUE:
            return False
        await deposits.hold(db, trade, participant, deposit)
        return True


def _a_free_number(taken: set[int]) -> int:
    """A number that tells neither who nor when: drawn, not counted."""
    while (number := 1000 + secrets.randbelow(9_000 + 10 * len(taken))) in taken:
        pass
    return number


async def _kinship(db: AsyncSession, trade: Trade, org_id: UUID, *, declared: bool) -> list[str]:
    """Why a buyer is a related party: it says so, somebody who made the achievement belongs to it, or anyone of the
    seller does. Codes only; nobody's name is kept here."""
    found = {Kinship.DECLARED} if declared else set()
    offer = await listings.get_offer_facts(db, trade.listing_id)
    seen = await achievements.kinship(db, offer.achievement_ids, seller=trade.seller_org_id, buyer=org_id)
    return sorted(found | {Kinship(one) for one in seen})
