"""What later rooms do with signatures inside their own transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.identity.actor import Actor, Role
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.refusals import NotFound
from techmarket.signing import errors, policy, repository
from techmarket.signing.events import SignaturePut, SigningCompleted, SigningOpened, SigningVoided
from techmarket.signing.lifecycle import SIGNING, SigningState
from techmarket.signing.rules import Place, place_to_sign
from techmarket.signing.tables import SignatoryRow, Signature, Signing
from techmarket.signing.views import SignatureView

API_KEY, PADES, PROVIDER = "api_key", "pades", "provider"


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who must sign: the person named, acting for the organisation, or any of its signatories."""

    org_id: UUID
    person_id: UUID | None = None
    role: str = "PARTY"


@dataclass(frozen=True, slots=True)
class SigningProgress:
    """How far a round of signatures has come."""

    signing_id: UUID
    document_sha256: str
    state: SigningState
    signed: int
    required: int
    position: int | None = None
    entry_id: UUID | None = None

    @property
    def is_complete(self) -> bool:
        return self.state is SigningState.COMPLETE


async def open_signing(
    db: AsyncSession,
    *,
    document_sha256: str,
    purpose: str,
    subject: Ref,
    signatories: Sequence[Signatory],
    in_order: bool,
    actor: Actor | None,
) -> UUID:
    """Call for signatures under exactly these bytes. Another document, or other signatories, is another signing."""
    if not signatories:
        raise ValueError("a signing has at least one signatory")
    signing = Signing(
        id=new_id(),
        document_sha256=document_sha256,
        purpose=purpose,
        subject=str(subject),
        in_order=in_order,
        state=SIGNING.initial,
    )
    db.add(signing)
    await db.flush()
    db.add_all(
        SignatoryRow(signing_id=signing.id, position=n, org_id=who.org_id, person_id=who.person_id, role=who.role)
        for n, who in enumerate(signatories, start=1)
    )
    journal.record(db, SigningOpened(signing.id, str(subject), purpose, len(signatories)), actor=actor)
    await db.flush()
    return signing.id


async def put(
    db: AsyncSession,
    signing_id: UUID,
    actor: Actor,
    *,
    document_sha256: str,
    now: datetime,
    method: str = API_KEY,
) -> SigningProgress:
    """Put the actor's name under the document; the last signature completes the signing in this same transaction.

    `method` says how: with a key, on the file itself by a certificate (`PADES`), or through a provider of signatures.
    """
    signing = await repository.lock_signing(db, signing_id)
    places = [
        Place(row.position, row.org_id, row.person_id) for row in await repository.list_signatories(db, signing_id)
    ]
    if actor.org_id not in {place.org_id for place in places}:
        raise NotFound()
    require(actor, policy.SIGN, parties=[place.org_id for place in places])
    done = await repository.list_signatures(db, signing_id)
    if signing.state is SigningState.VOID:
        raise errors.SigningNotOpen(state=signing.state)
    place = place_to_sign(
        places,
        {signature.position for signature in done},
        org_id=actor.org,
        person_id=actor.person,
        is_signatory=Role.SIGNATORY in actor.roles,
        has_signed=any((s.org_id, s.person_id) == (actor.org, actor.person) for s in done),
        in_order=signing.in_order,
    )
    if document_sha256 != signing.document_sha256:
        raise errors.WrongDocument(document_sha256=signing.document_sha256, pointer="/body/document_sha256")
    event = SignaturePut(signing.id, actor.person, actor.org, place.position, document_sha256)
    signature = Signature(
        signing_id=signing.id,
        position=place.position,
        org_id=actor.org,
        person_id=actor.person,
        method=method,
        at=now,
        document_sha256=document_sha256,
        entry_id=journal.record(db, event, actor=actor),
    )
    db.add(signature)
    signed = len(done) + 1
    if signed == len(places):
        signing.state = SIGNING.move(signing.state, "complete")
        journal.record(db, SigningCompleted(signing.id, signing.subject, signing.purpose), actor=actor)
    await db.flush()
    return SigningProgress(
        signing.id,
        signing.document_sha256,
        signing.state,
        signed,
        len(places),
        signature.position,
        signature.entry_id,
    )


async def void(db: AsyncSession, signing_id: UUID, actor: Actor | None) -> None:
    """End a signing that will not be completed: its document changed, or what it stood for fell away."""
    signing = await repository.lock_signing(db, signing_id)
    signing.state = SIGNING.move(signing.state, "void")
    journal.record(db, SigningVoided(signing.id, signing.subject, signing.purpose), actor=actor)
    await db.flush()


async def state_of(db: AsyncSession, signing_id: UUID) -> SigningProgress:
    """How far this signing has come; without a lock."""
    signing = await repository.get_signing(db, signing_id)
    required = len(await repository.list_signatories(db, signing_id))
    signed = len(await repository.list_signatures(db, signing_id))
    return SigningProgress(signing.id, signing.document_sha256, signing.state, signed, required)


async def next_place(db: AsyncSession, signing_id: UUID) -> tuple[int, UUID] | None:
    """The position whose turn it is, and whose it is; None when all have signed."""
    done = {row.position for row in await repository.list_signatures(db, signing_id)}
    free = [row for row in await repository.list_signatories(db, signing_id) if row.position not in done]
    return (free[0].position, free[0].org_id) if free else None


async def places_of(db: AsyncSession, signing_id: UUID) -> list[tuple[str, UUID]]:
    """The places for signatures in their order: as what, and whose."""
    return [(row.role, row.org_id) for row in await repository.list_signatories(db, signing_id)]


async def signatures_of(db: AsyncSession, signing_id: UUID) -> list[SignatureView]:
    """The signatures in the order they were put."""
    return [signature_view(row) for row in await repository.list_signatures(db, signing_id)]


def signature_view(row: Signature) -> SignatureView:
    return SignatureView(row.position, row.person_id, row.org_id, row.method, row.at, row.document_sha256, row.entry_id)


def places_to_sign(signing: str) -> str:
    """SQL: the places of a signing that can be signed now, as `place`, to stand after the table that names it.

    In order only the first open one; a place without a person is for whoever signs for the organisation (`:signatory`).
    """
    return (
        f"JOIN signing ON signing.id = {signing} AND signing.state = 'OPEN'"
        " JOIN signatory place ON place.signing_id = signing.id AND (place.person_id IS NOT NULL OR :signatory)"
        " AND NOT EXISTS (SELECT 1 FROM signature done WHERE done.signing_id = signing.id"
        " AND (done.position = place.position OR (done.org_id = place.org_id AND done.person_id = :person)))"
        " AND NOT (signing.in_order AND EXISTS (SELECT 1 FROM signatory earlier"
        " WHERE earlier.signing_id = signing.id AND earlier.position < place.position"
        " AND NOT EXISTS (SELECT 1 FROM signature s WHERE s.signing_id = signing.id"
        " AND s.position = earlier.position)))"
    )


async def called_to_sign(db: AsyncSession, signing_ids: Collection[UUID]) -> list[tuple[UUID, str, Signatory, int]]:
    """The open places of these signings whose turn it is: the signing, its subject, whose place, which one."""
    rows = await repository.list_called(db, signing_ids)
    return [(row.id, row.subject, Signatory(row.org_id, row.person_id, row.role), row.position) for row in rows]
