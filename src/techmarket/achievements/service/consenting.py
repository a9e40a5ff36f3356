"""Co-owners agree to a sale, or to all within a scope, under a text that they sign; and take it back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import errors, policy, repository
from techmarket.achievements.consents import ConsentScope, checked_scope
from techmarket.achievements.events import CoOwnerConsented
from techmarket.achievements.licences import BLOCKING
from techmarket.achievements.lifecycle import CONSENT, ConsentState
from techmarket.achievements.service.reading import lock_known
from techmarket.achievements.steps import consenting
from techmarket.achievements.tables import Achievement, SaleConsent
from techmarket.achievements.views import ConsentView
from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.signing import steps as signing
from techmarket.signing.views import SignatureView


async def ask_consents(tx: Tx, actor: Actor, achievement_id: UUID, scope: ConsentScope) -> list[ConsentView]:
    """The unit asks every co-owner to consent to all sales within a scope. Asked twice is asked once."""
    async with tx.begin() as db:
        row = await lock_known(db, actor, achievement_id)
        require(actor, policy.ASK_CONSENT, parties=[row.org_id])
        sound = checked_scope(scope, shanghai_day(await clock.market_now(db)))
        asked = await consenting.ask_standing(db, row, sound, actor)
        if not asked:
            raise errors.NoCoOwners()
        return [await _view(db, (await repository.get_consent(db, consent_id))[0]) for consent_id in asked]


async def sign_consent(tx: Tx, actor: Actor, consent_id: UUID, *, document_sha256: str) -> ConsentView:
    """A co-owner signs exactly the text that was written for him; from now on his consent counts."""
    async with tx.begin() as db:
        _, row = await _locked(db, actor, consent_id)
        require(actor, policy.SIGN_CONSENT, parties=[row.person_id or row.org_id])
        state = CONSENT.move(row.state, "sign")
        now = await clock.market_now(db)
        assert row.signing_id is not None
        await signing.put(db, row.signing_id, actor, document_sha256=document_sha256, now=now)
        row.state, row.given_at = state, now
        journal.record(db, CoOwnerConsented(row.id, row.achievement_id, document_sha256), actor=actor)
        await db.flush()
        return await _view(db, row)


async def withdraw_consent(tx: Tx, actor: Actor, consent_id: UUID) -> ConsentView:
    """A co-owner declines, or takes back what he agreed to, until a sale that needs it is announced.

    The unit takes back what it asked and nobody has signed.
    """
    async with tx.begin() as db:
        achievement, row = await _locked(db, actor, consent_id)
        if row.person_id is not None and actor.person_id == row.person_id:
            require(actor, policy.WITHDRAW_CONSENT_PERSON, parties=[row.person_id])
        elif row.org_id is not None and actor.org_id == row.org_id:
            require(actor, policy.WITHDRAW_CONSENT, parties=[row.org_id])
        else:
            require(actor, policy.ASK_CONSENT, parties=[achievement.org_id])
            CONSENT.move(row.state, "take back")
        if row.state is ConsentState.GIVEN:
            await _check_not_relied_on(db, achievement)
        await consenting.withdraw(db, row, actor)
        return await _view(db, row)


async def _check_not_relied_on(db: AsyncSession, achievement: Achievement) -> None:
    """Who has let a sale be announced lets it end: buyers count on it."""
    claims = (await repository.claims_on(db, [achievement.id])).get(achievement.id, [])
    if any(claim.licence is None or claim.licence in BLOCKING for claim in claims):
        raise errors.ConsentReliedOn(achievement=achievement.id)


async def get_consent(tx: Tx, actor: Actor, consent_id: UUID) -> ConsentView:
    """One consent with the text that is signed: for the co-owner, the unit and the market."""
    async with tx.read() as db:
        row = await consenting.seen_consent(db, actor, consent_id)
        require(actor, policy.SEE_CONSENTS)
        return await _view(db, row)


async def list_consents(
    tx: Tx, actor: Actor, *, achievement_id: UUID | None, cursor: str | None, limit: int
) -> Page[ConsentView]:
    """What I am asked for or gave, and what co-owners of my unit's achievements said; newest first."""
    require(actor, policy.SEE_CONSENTS)
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_consents(
            db,
            org_id=actor.org,
            person_id=actor.person,
            everything=actor.is_market,
            achievement_id=achievement_id,
            before=before,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(consent_view)


async def _locked(db: AsyncSession, actor: Actor, consent_id: UUID) -> tuple[Achievement, SaleConsent]:
    """The achievement is locked, then its consent is read again: an announcement waits for the same row."""
    seen = await consenting.seen_consent(db, actor, consent_id)
    achievement = await repository.lock(db, seen.achievement_id)
    return achievement, await consenting.seen_consent(db, actor, consent_id)


async def _view(db: AsyncSession, row: SaleConsent) -> ConsentView:
    text = None if row.document_sha256 is None else await texts.get(db, row.document_sha256)
    signatures = [] if row.signing_id is None else await signing.signatures_of(db, row.signing_id)
    return consent_view(row, text, tuple(signatures))


def consent_view(
    row: SaleConsent,
    text: dict[str, object] | None = None,
    signatures: tuple[SignatureView, ...] | None = None,
) -> ConsentView:
    return ConsentView(
        id=row.id,
        achievement_id=row.achievement_id,
        organisation_id=row.org_id,
        person_id=row.person_id,
        share=row.share,
        listing_id=None if row.subject is None else Ref.parse(row.subject).id,
        terms_sha256=row.terms_sha256,
        modes=tuple(row.modes),
        licence_kinds=tuple(row.licence_kinds),
        territory=row.territory,
        field=row.field,
        valid_until=row.valid_until,
        document_sha256=row.document_sha256,
        signing_id=row.signing_id,
        state=row.state,
        asked_at=row.asked_at,
        given_at=row.given_at,
        withdrawn_at=row.withdrawn_at,
        text=text,
        signatures=signatures,
    )
