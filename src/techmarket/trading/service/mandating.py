"""Mandates (委托): a participant bids for a principal, who signs the mandate before the market gives its view."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.signing import steps as signing
from techmarket.trading import errors, policy, repository
from techmarket.trading.consortium import powers_of
from techmarket.trading.events import MandateSigned
from techmarket.trading.lifecycle import PARTICIPANT, ParticipantState, TradeState
from techmarket.trading.panel import seating
from techmarket.trading.service.showing import participant_view
from techmarket.trading.tables import Lot, Participant, Trade
from techmarket.trading.views import ParticipantView

PURPOSE = "trading.mandate"
OUT = (ParticipantState.REJECTED, ParticipantState.WITHDRAWN)


async def sign_mandate(tx: Tx, actor: Actor, participant_id: UUID, *, document_sha256: str) -> ParticipantView:
    """The principal signs exactly the text of the mandate; from then on it stands in this trade by the agent alone."""
    async with tx.begin() as db:
        seen = await repository.get_participant(db, participant_id)
        if actor.org_id not in seen.sides and not actor.is_market:
            raise NotFound()
        require(actor, policy.SIGN_MANDATE, parties=[seen.principal_org_id])
        # As a registration locks it: nobody registers the principal, or signs for it elsewhere, meanwhile.
        trade = await repository.lock_trade(db, seen.trade_id)
        participant = await repository.lock_participant(db, participant_id)
        if participant.state is not ParticipantState.REGISTERED or trade.state is not TradeState.ANNOUNCED:
            raise NotInThisState(
                thing=PARTICIPANT.thing,
                state=participant.state,
                act="sign_mandate",
                possible=PARTICIPANT.possible(participant.state),
            )
        assert participant.mandate_signing_id is not None
        others = [one for one in await repository.list_participants(db, trade.id) if one.id != participant.id]
        require_stands_once(actor.org, others)
        await require_no_officer(db, trade, {actor.org})
        now = await market_now(db)
        await signing.put(db, participant.mandate_signing_id, actor, document_sha256=document_sha256, now=now)
        participant.mandated_at = now
        await seating.recuse_members(db, trade, {actor.org}, actor=actor)
        journal.record(db, MandateSigned(participant.id, trade.id, document_sha256), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def require_principal(db: AsyncSession, trade: Trade, actor: Actor, principal_org: UUID) -> None:
    """The principal is a verified organisation other than the agent and the seller."""
    if principal_org in (actor.org, trade.seller_org_id):
        raise errors.PrincipalUnfit(pointer="/body/principal_organisation_id")
    found = (await identity.get_organisations(db, [principal_org])).get(principal_org)
    if found is None or not found.is_verified:
        raise errors.PrincipalUnfit(pointer="/body/principal_organisation_id")


def require_stands_once(org: UUID, known: Sequence[Participant]) -> None:
    """Whoever registered here, or has signed a mandate or a consortium's agreement, takes part by that alone.

    To be named without a signature binds nobody.
    """
    if any(org in _bound(one) for one in known if one.state not in OUT):
        raise errors.StandsAlready()


async def require_no_officer(db: AsyncSession, trade: Trade, orgs: Collection[UUID]) -> None:
    """Whoever takes part holds no share of a key: neither the organisation nor anybody of it."""
    officers = [
        one for lot in await repository.lots_of(db, trade.id) for one in await repository.officers_of(db, lot.id)
    ]
    people = await identity.get_people(db, {one.person_id for one in officers}) if officers else {}
    held = {one.org_id for one in officers} | {org for person in people.values() for org in person.org_ids}
    if held & set(orgs):
        raise errors.OfficerCannotBuy()


def bound_sides(known: Sequence[Participant]) -> set[UUID]:
    """Everybody who takes part, itself, by a signed mandate or in a consortium it has signed for."""
    return {org for one in known if one.state not in OUT for org in _bound(one)}


def _bound(one: Participant) -> set[UUID]:
    bound = {one.org_id, *(member.org_id for member in one.members if member.signed_at is not None)}
    return bound if one.mandated_at is None else bound | {one.buyer_org_id}


async def draw_up(
    db: AsyncSession,
    trade: Trade,
    participant: Participant,
    principal_org: UUID,
    lots: Sequence[Lot],
    evidence_sha256: str | None,
    actor: Actor,
) -> None:
    """The text of the mandate, which the principal is called to sign; a paper one stands beside it as evidence."""
    if evidence_sha256 is not None:
        pointer = "/body/mandate_evidence_sha256"
        await notices.require_evidence(db, participant.org_id, [evidence_sha256], pointer=pointer)
    named = await identity.get_organisations(db, [participant.org_id, principal_org])
    participant.mandate_sha256 = await texts.put(
        db,
        {
            "form": "techmarket mandate 1",
            "trade": trade.number,
            "terms_sha256": trade.terms_sha256,
            "participant": participant.number,
            "agent": _named(named[participant.org_id]),
            "principal": _named(named[principal_org]),
            "lots": [lot.n for lot in lots],
            "powers": powers_of(trade.method),
            "binds": "the_principal_pays_the_deposit_and_signs_the_contract_itself",
            "evidence_sha256": evidence_sha256,
        },
    )
    participant.principal_org_id = principal_org
    participant.mandate_signing_id = await signing.open_signing(
        db,
        document_sha256=participant.mandate_sha256,
        purpose=PURPOSE,
        subject=Ref("participant", participant.id),
        signatories=[signing.Signatory(principal_org, role="PRINCIPAL")],
        in_order=False,
        actor=actor,
    )


def _named(org: OrganisationFacts) -> dict[str, Any]:
    return {"organisation": str(org.id), "name": org.name, "uscc": org.uscc}
