"""Consortia (联合体): one bids for several, who all sign the agreement before the market gives its view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.signing import steps as signing
from techmarket.trading import consortium, errors, policy, repository
from techmarket.trading.consortium import ConsortiumDraft
from techmarket.trading.events import ConsortiumAgreed
from techmarket.trading.lifecycle import PARTICIPANT, ParticipantState, TradeState
from techmarket.trading.panel import seating
from techmarket.trading.service.mandating import require_no_officer, require_stands_once
from techmarket.trading.service.showing import participant_view
from techmarket.trading.tables import ConsortiumMember, Lot, Participant, Trade
from techmarket.trading.views import ParticipantView

PURPOSE = "trading.consortium"


async def sign_consortium(tx: Tx, actor: Actor, participant_id: UUID, *, document_sha256: str) -> ParticipantView:
    """A member signs exactly the text of the agreement; from then on it takes part by the consortium alone."""
    async with tx.begin() as db:
        seen = await repository.get_participant(db, participant_id)
        orgs = [one.org_id for one in seen.members]
        if actor.org_id not in orgs and not actor.is_market:
            raise NotFound()
        require(actor, policy.SIGN_CONSORTIUM, parties=orgs)
        # As a registration locks it: no member registers, or signs elsewhere, meanwhile.
        trade = await repository.lock_trade(db, seen.trade_id)
        participant = await repository.lock_participant(db, participant_id)
        if participant.state is not ParticipantState.REGISTERED or trade.state is not TradeState.ANNOUNCED:
            raise NotInThisState(
                thing=PARTICIPANT.thing,
                state=participant.state,
                act="sign_consortium",
                possible=PARTICIPANT.possible(participant.state),
            )
        assert participant.agreement_signing_id is not None
        others = [one for one in await repository.list_participants(db, trade.id) if one.id != participant.id]
        require_stands_once(actor.org, others)
        await require_no_officer(db, trade, {actor.org})
        now = await market_now(db)
        done = await signing.put(db, participant.agreement_signing_id, actor, document_sha256=document_sha256, now=now)
        next(one for one in participant.members if one.org_id == actor.org).signed_at = now
        await seating.recuse_members(db, trade, {actor.org}, actor=actor)
        if done.is_complete:
            participant.agreed_at = now
            journal.record(db, ConsortiumAgreed(participant.id, trade.id, document_sha256), actor=actor)
        await db.flush()
        return await participant_view(db, trade, participant)


async def require_fit(db: AsyncSession, trade: Trade, actor: Actor, draft: ConsortiumDraft) -> None:
    """A consortium as it was announced, of organisations that the market has verified, each of them."""
    consortium.check(
        await texts.get(db, trade.terms_sha256), draft, representative=actor.org, seller=trade.seller_org_id
    )
    await _require_verified(db, [one.org_id for one in draft.members], await _members_max(db, trade))


async def require_agreed(db: AsyncSession, trade: Trade, participant: Participant) -> None:
    """Before the market admits a consortium each member has signed, and is still verified."""
    unsigned = [str(one.org_id) for one in participant.members if one.signed_at is None]
    if unsigned:
        raise errors.ConsortiumNotSigned(missing=unsigned)
    await _require_verified(db, [one.org_id for one in participant.members], await _members_max(db, trade))


async def _members_max(db: AsyncSession, trade: Trade) -> int:
    said = (await texts.get(db, trade.terms_sha256)).get("consortium")
    return consortium.MEMBERS[1] if said is None else int(said["members_max"])


async def _require_verified(db: AsyncSession, orgs: Sequence[UUID], members_max: int) -> None:
    found = await identity.get_organisations(db, orgs)
    if any(org not in found or not found[org].is_verified for org in orgs):
        raise errors.ConsortiumUnfit(
            members_min=consortium.MEMBERS[0], members_max=members_max, pointer=consortium.POINTER
        )


async def draw_up(
    db: AsyncSession,
    trade: Trade,
    participant: Participant,
    draft: ConsortiumDraft,
    related: dict[UUID, list[str]],
    lots: Sequence[Lot],
    actor: Actor,
) -> None:
    """The text of the agreement, which every member is called to sign; one on paper stands beside it as evidence."""
    if draft.evidence_sha256 is not None:
        pointer = "/body/consortium/evidence_sha256"
        await notices.require_evidence(db, participant.org_id, [draft.evidence_sha256], pointer=pointer)
    orgs = [participant.org_id, *(one.org_id for one in draft.members)]
    named = await identity.get_organisations(db, orgs)
    payer = draft.deposit_org_id or participant.org_id
    participant.agreement_sha256 = await texts.put(
        db,
        consortium.document(
            draft,
            trade=trade.number,
            terms_sha256=trade.terms_sha256,
            number=participant.number,
            named=[_named(named[org]) for org in orgs],
            lots=[lot.n for lot in lots],
            deposit_from=str(payer),
            method=trade.method,
        ),
    )
    participant.deposit_org_id = None if payer == participant.org_id else payer
    participant.members = [
        ConsortiumMember(participant_id=participant.id, position=n, org_id=org, related_because=related[org])
        for n, org in enumerate(orgs, start=1)
    ]
    participant.agreement_signing_id = await signing.open_signing(
        db,
        document_sha256=participant.agreement_sha256,
        purpose=PURPOSE,
        subject=Ref("participant", participant.id),
        signatories=[signing.Signatory(org, role="MEMBER" if n else "REPRESENTATIVE") for n, org in enumerate(orgs)],
        in_order=False,
        actor=actor,
    )


def _named(org: identity.OrganisationFacts) -> dict[str, Any]:
    return {"organisation": str(org.id), "name": org.name, "uscc": org.uscc}
