"""Sealed lots over HTTP: the lot's key, envelopes, officers' shares, and the record of the opening."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import MoneyOut, Sha256, Uuid, Wire
from techmarket.identity.errors import NotAMember
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.trading import errors, service
from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES
from techmarket.trading.sealed.shares import NEEDED_LEAST, OFFICERS_MOST
from techmarket.trading.service import Officer
from techmarket.trading.views import EnvelopeReceiptView, OpeningView, SealingView, SlotView

router = APIRouter(prefix="/v1/lots/{lot_id}", tags=["sealed bids"], route_class=MarketRoute)

Hex32 = Sha256
"""Thirty-two bytes as lower-case hex: a hash, a key or a share."""
BASE64_CHARACTERS = 4 * -(-ENVELOPE_BYTES // 3)


class OfficerIn(Wire):
    """Who will hold a share, and the hash the share is known by."""

    person_id: Uuid
    organisation_id: Uuid
    share_sha256: Sha256


class SealLot(Wire):
    """The dealer's command makes the key and the shares, and sends this; the private key stays with nobody."""

    public_key: Hex32
    needed: Annotated[int, Field(ge=NEEDED_LEAST, le=OFFICERS_MOST)]
    officers: list[OfficerIn] = Field(min_length=NEEDED_LEAST, max_length=OFFICERS_MOST)


class PutEnvelope(Wire):
    envelope: str = Field(
        max_length=BASE64_CHARACTERS, description=f"{ENVELOPE_BYTES} bytes in base64; the format: docs/sealed-bids.md."
    )


class GiveShare(Wire):
    n: Annotated[int, Field(ge=1, le=OFFICERS_MOST)] = Field(description="The officer's number.")
    share: Hex32


class OfficerOut(Wire):
    n: int
    organisation_id: UUID
    share_sha256: str
    given_at: datetime | None = Field(description="When the officer gave his share.")


class SealingOut(Wire):
    lot_id: UUID
    suite: str
    envelope_bytes: int
    public_key: str
    terms_sha256: str
    needed: int
    officers: list[OfficerOut]
    slots_sha256: str | None = Field(description="The digest of all slots, logged at the deadline.")
    opened_at: datetime | None
    bidder: int | None = Field(description="Your own number on this lot, which an envelope is bound to.")


class EnvelopeReceiptOut(Wire):
    lot_id: UUID
    bidder: int
    envelope_sha256: str
    at: datetime
    kid: str
    signature: str = Field(description="Ed25519 by the key `kid`; keep the whole receipt.")


class SlotOut(Wire):
    lot_id: UUID
    bidder: int
    envelope_sha256: str = Field(description="A cover's until you have sent an envelope.")


class OpenedEnvelopeOut(Wire):
    bidder: int
    drawn: int = Field(description="The place in the draw that orders equal quotes.")
    verdict: str
    copied_from: int | None
    amount: MoneyOut | None
    content: dict[str, Any] | None
    nonce: str | None
    commitment: str | None
    envelope: str | None
    envelope_sha256: str


class OpeningOut(Wire):
    lot_id: UUID
    opened_at: datetime
    public_key: str
    private_key: str | None = Field(description="Null where proposals are confidential, as their contents are.")
    terms_sha256: str
    slots_sha256: str
    envelopes: list[OpenedEnvelopeOut]


@router.post(
    "/sealing",
    status_code=201,
    response_model=SealingOut,
    operation_id="sealLot",
    responses=refusals(
        errors.JudgeConflicted,
        NotAllowed,
        NotFound,
        NotAMember,
        errors.NoEnvelopesHere,
        errors.SealingFixed,
        errors.SealingNotAnnounced,
        errors.KeyUnfit,
        errors.OfficersUnfit,
        errors.OfficersOfOneHand,
    ),
)
async def seal_lot(lot_id: Uuid, body: SealLot, actor: SignedIn, tx: TxDep) -> SealingView:
    """Register the key of a sealed lot and who shares it (operator); until quotes open it may be registered anew."""
    return await service.seal_lot(
        tx,
        actor,
        lot_id,
        public_key=bytes.fromhex(body.public_key),
        needed=body.needed,
        officers=[Officer(one.person_id, one.organisation_id, one.share_sha256) for one in body.officers],
    )


@router.get("/sealing", response_model=SealingOut, operation_id="getSealing", responses=refusals(NotFound))
async def get_sealing(lot_id: Uuid, actor: Reader, tx: TxDep) -> SealingView:
    """What one needs to seal a quote for this lot, and how far its opening is."""
    return await service.get_sealing(tx, actor, lot_id)


@router.put(
    "/envelope",
    response_model=EnvelopeReceiptOut,
    operation_id="putEnvelope",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.EnvelopeMalformed,
        errors.NoEnvelopesHere,
        errors.NotAParticipant,
        errors.NotQualified,
        errors.BiddingNotOpen,
        errors.BiddingPaused,
        errors.BiddingOver,
    ),
)
async def put_envelope(
    lot_id: Uuid, body: PutEnvelope, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> EnvelopeReceiptView:
    """Put or replace one's envelope until the lot's end. Sending it again changes nothing; a cover takes it back.

    The request is in no access log, no metric and no journal: an entry for each envelope would count them.
    """
    try:
        envelope = base64.b64decode(body.envelope, validate=True)
    except (binascii.Error, ValueError):
        raise errors.EnvelopeMalformed(bytes=ENVELOPE_BYTES, pointer="/body/envelope") from None
    return await service.put_envelope(tx, actor, keys, lot_id, envelope=envelope)


@router.get("/envelope", response_model=SlotOut, operation_id="getSlot", responses=refusals(NotAllowed, NotFound))
async def get_slot(lot_id: Uuid, actor: SignedIn, tx: TxDep, keys: KeysDep) -> SlotView:
    """Which envelope stands in one's own slot now, by its hash."""
    return await service.get_slot(tx, actor, keys, lot_id)


@router.post(
    "/opening/shares",
    response_model=SealingOut,
    operation_id="giveShare",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.SharesTooEarly,
        errors.WrongShare,
        errors.PanelIncomplete,
        errors.JudgeConflicted,
    ),
)
async def give_share(lot_id: Uuid, body: GiveShare, actor: SignedIn, tx: TxDep, keys: KeysDep) -> SealingView:
    """Give one's share after the deadline (officer); the last one needed opens every envelope and decides the lot."""
    return await service.give_share(tx, actor, keys, lot_id, n=body.n, share=bytes.fromhex(body.share))


@router.get(
    "/opening", response_model=OpeningOut, operation_id="getOpening", responses=refusals(NotFound, errors.NotOpenedYet)
)
async def get_opening(lot_id: Uuid, actor: Reader, tx: TxDep) -> OpeningView:
    """The record of the opening: with it anyone opens every envelope again, draws again and ranks again."""
    return await service.get_opening(tx, actor, lot_id)
