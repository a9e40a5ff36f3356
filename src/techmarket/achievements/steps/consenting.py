"""Co-owners are asked for their consent to one version of an offer, or to every sale within a scope."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, policy, repository
from techmarket.achievements.consents import FORMAT, ConsentScope
from techmarket.achievements.events import ConsentAsked, ConsentWithdrawn
from techmarket.achievements.licences import ANY_FIELD, EVERYWHERE
from techmarket.achievements.lifecycle import CONSENT, ConsentState
from techmarket.achievements.steps.selling import scope_of
from techmarket.achievements.tables import Achievement, OwnerShare, SaleConsent
from techmarket.db import clock, journal, texts
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.refusals import NotFound, wire
from techmarket.signing import steps as signing
from techmarket.signing.steps import Signatory

PURPOSE = "consent_to_sale"
WHOLE = ConsentScope((), (), EVERYWHERE, ANY_FIELD, None)


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """A consent as the public may know it: a person who owns a share is not named."""

    id: UUID
    achievement_id: UUID
    organisation_id: UUID | None
    is_standing: bool
    state: ConsentState
    document_sha256: str | None
    given_at: datetime


async def ask_for_version(
    db: AsyncSession,
    achievement_ids: Iterable[UUID],
    *,
    subject: Ref,
    terms_sha256: str,
    terms: Mapping[str, Any],
    actor: Actor,
) -> list[UUID]:
    """Ask every co-owner of what an offer sells to consent to exactly this version. Asked twice is asked once.

    What was asked for an earlier version of the same offer and not signed falls away.
    """
    asked: list[UUID] = []
    for row in await repository.lock_many(db, achievement_ids):
        earlier = await repository.consents_of(db, [row.id])
        for old in earlier.get(row.id, []):
            is_stale = old.subject == str(subject) and old.terms_sha256 != terms_sha256
            if is_stale and old.state is ConsentState.ASKED:
                await withdraw(db, old, actor)
        about = {"listing": str(subject.id), "terms_sha256": terms_sha256, "terms": dict(terms)}
        asked += await _ask(db, row, about, WHOLE, subject=str(subject), terms_sha256=terms_sha256, actor=actor)
    return asked


async def ask_standing(db: AsyncSession, row: Achievement, scope: ConsentScope, actor: Actor) -> list[UUID]:
    """Ask every co-owner of a locked achievement to consent to all sales within a scope."""
    return await _ask(db, row, {"scope": wire(asdict(scope))}, scope, subject=None, terms_sha256=None, actor=actor)


async def _ask(
    db: AsyncSession,
    row: Achievement,
    about: Mapping[str, Any],
    scope: ConsentScope,
    *,
    subject: str | None,
    terms_sha256: str | None,
    actor: Actor,
) -> list[UUID]:
    others = co_owners((await repository.owners_of(db, [row.id])).get(row.id, []), row.org_id)
    known = (await repository.consents_of(db, [row.id])).get(row.id, [])
    now = await clock.market_now(db)
    found: list[UUID] = []
    for owner in others:
        same = [one for one in known if _is_same(one, owner, scope, terms_sha256)]
        if same:
            found.append(same[-1].id)
            continue
        who = {"organisation": owner.org_id} if owner.org_id else {"person": owner.person_id}
        document = {
            "format": FORMAT,
            "achievement": {"id": row.id, "title_zh": row.title_zh, "title_en": row.title_en, "unit": row.org_id},
            "owner": who | {"share": format(owner.share.normalize(), "f")},
            "consents_to": about,
            # Without it whoever knows the hash could test guesses about terms that he may not see.
            "nonce": secrets.token_hex(16),
        }
        consent = SaleConsent(
            id=new_id(),
            achievement_id=row.id,
            org_id=owner.org_id,
            person_id=owner.person_id,
            share=owner.share,
            subject=subject,
            terms_sha256=terms_sha256,
            modes=list(scope.modes),
            licence_kinds=list(scope.licence_kinds),
            territory=scope.territory,
            field=scope.field,
            valid_until=scope.valid_until,
            document_sha256=await texts.put(db, wire(document)),
            state=CONSENT.initial,
            asked_at=now,
        )
        consent.signing_id = await signing.open_signing(
            db,
            document_sha256=str(consent.document_sha256),
            purpose=PURPOSE,
            subject=Ref("consent", consent.id),
            signatories=[await _signatory(db, row.org_id, owner)],
            in_order=False,
            actor=actor,
        )
        db.add(consent)
        journal.record(db, ConsentAsked(consent.id, row.id, str(consent.document_sha256)), actor=actor)
        found.append(consent.id)
    await db.flush()
    return found


def co_owners(owners: Sequence[OwnerShare], unit: UUID) -> list[OwnerShare]:
    """Who owns a share beside the unit that sells."""
    return [owner for owner in owners if owner.org_id != unit]


def _is_same(one: SaleConsent, owner: OwnerShare, scope: ConsentScope, terms_sha256: str | None) -> bool:
    return (
        one.state in (ConsentState.ASKED, ConsentState.GIVEN)
        and (one.org_id, one.person_id, one.share) == (owner.org_id, owner.person_id, owner.share)
        and one.terms_sha256 == terms_sha256
        and scope_of(one) == scope
    )


async def _signatory(db: AsyncSession, unit: UUID, owner: OwnerShare) -> Signatory:
    """An organisation consents through whoever may bind it; a person himself, wherever he has a key."""
    if owner.org_id is not None:
        return Signatory(owner.org_id, role="CO_OWNER")
    assert owner.person_id is not None
    orgs = (await identity.get_people(db, [owner.person_id]))[owner.person_id].org_ids
    if not orgs:
        raise errors.CoOwnerCannotSign(person=owner.person_id)
    return Signatory(unit if unit in orgs else orgs[0], owner.person_id, role="CO_OWNER")


async def withdraw(db: AsyncSession, row: SaleConsent, actor: Actor | None) -> None:
    """The achievement is locked. What was asked and is not signed yet can no longer be signed."""
    was, row.state = row.state, CONSENT.move(row.state, "withdraw")
    row.withdrawn_at = await clock.market_now(db)
    if was is ConsentState.ASKED and row.signing_id is not None:
        await signing.void(db, row.signing_id, actor)
    journal.record(db, ConsentWithdrawn(row.id, row.achievement_id), actor=actor)
    await db.flush()


async def seen_consent(db: AsyncSession, actor: Actor, consent_id: UUID) -> SaleConsent:
    """The loading door: a consent is there for its co-owner, for the unit that sells and for the market."""
    row, unit = await repository.get_consent(db, consent_id)
    if actor.is_market or (actor.org_id is not None and actor.org_id in (unit, row.org_id)):
        return row
    if actor.person_id is None or actor.person_id != row.person_id:
        raise NotFound()
    return row


async def consent_document(db: AsyncSession, actor: Actor, consent_id: UUID) -> tuple[UUID | None, str | None]:
    """The round of signatures of a consent that this reader may see, and the hash of what is signed there."""
    row = await seen_consent(db, actor, consent_id)
    require(actor, policy.SEE_CONSENTS)
    return row.signing_id, row.document_sha256


async def consents_shown(db: AsyncSession, ids: Iterable[UUID]) -> tuple[ConsentFacts, ...]:
    """The consents that a sale rests on, for the public file of a project and its evidence package."""
    return tuple(
        ConsentFacts(
            one.id,
            one.achievement_id,
            one.org_id,
            one.terms_sha256 is None,
            one.state,
            one.document_sha256,
            one.given_at,
        )
        for one in await repository.consents(db, ids)
        if one.given_at is not None
    )
