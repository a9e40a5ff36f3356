"""Non-disclosure agreements (保密协议): the owner publishes a text, others sign it, and signing opens the tier."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal, texts
from techmarket.db.keys import Keys
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.disclosure import doors, errors, policy, repository, rules, steps
from techmarket.disclosure.events import NdaEnded, NdaEntered, NdaSigned, NdaTextBinds, NdaTextPublished
from techmarket.disclosure.lifecycle import NDA, NdaState
from techmarket.disclosure.rules import TextFacts
from techmarket.disclosure.tables import Nda, NdaText
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import NdaTextView, NdaView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.signing import steps as signing
from techmarket.signing.errors import WrongDocument
from techmarket.signing.steps import Signatory
from techmarket.transparency import steps as transparency

BASIS = "nda"
PURPOSE = "NDA"
TEXTS_SHOWN = 200


async def publish_text(
    tx: Tx,
    actor: Actor,
    subject: Ref | None,
    *,
    text: dict[str, str],
    valid_days: int,
    counter_signature: bool,
    binds_from: datetime | None = None,
) -> NdaTextView:
    """The owner publishes the next version of what others sign for this subject; from now on they sign this one.

    Without a subject it is for all rooms of the actor's organisation that have no text of their own. Agreements to
    earlier versions go on until the owner says from when this one binds.
    """
    async with tx.begin() as db:
        room = None if subject is None else (await doors.room_for(db, actor, str(subject))).room
        owner, named = (actor.org_id, None) if room is None else (room.owner_org_id, room.subject)
        require(actor, policy.PUBLISH_NDA, parties=[owner])
        assert owner is not None
        await _lock_owner(db, owner)
        before = [row for row in await repository.list_texts(db, owner) if row.subject == named]
        content = {
            "kind": PURPOSE,
            "owner": str(owner),
            "subject": named,
            "text": text,
            "valid_days": valid_days,
            "counter_signature": counter_signature,
        }
        version = max((row.version for row in before), default=0) + 1
        if before and (await texts.get(db, before[-1].text_sha256)) == content | {"version": version - 1}:
            raise errors.NdaTextUnchanged(version=version - 1)
        row = NdaText(
            id=new_id(),
            owner_org_id=owner,
            subject=named,
            version=version,
            text_sha256=await texts.put(db, content | {"version": version}),
            valid_days=valid_days,
            counter_signature=counter_signature,
            published_at=await clock.market_now(db),
            published_by_id=actor.person,
        )
        db.add(row)
        published = NdaTextPublished(row.id, row.owner_org_id, version, row.text_sha256, row.subject)
        journal.record(db, published, actor=actor)
        await db.flush()
        if binds_from is not None:
            await _bind(db, actor, row, binds_from)
        return await _text_view(db, row)


async def bind_text(tx: Tx, actor: Actor, text_id: UUID, *, binds_from: datetime) -> NdaTextView:
    """The owner says, once, from when only this text opens anything: who signed an earlier one is asked again."""
    async with tx.begin() as db:
        found = await repository.find_text(db, text_id)
        if found is None or not (actor.is_market or actor.org_id == found.owner_org_id):
            raise NotFound()
        require(actor, policy.PUBLISH_NDA, parties=[found.owner_org_id])
        await _lock_owner(db, found.owner_org_id)
        row = await repository.find_text(db, text_id)
        assert row is not None
        standing = await repository.list_texts(db, row.owner_org_id, row.subject)
        newest = rules.text_to_sign([_facts(one) for one in standing], row.subject or "")
        if newest is not None and newest.id != row.id:
            raise errors.NdaTextPassed(version=newest.version)
        if row.binds_from is not None:
            raise errors.NdaTextBound(binds_from=row.binds_from)
        await _bind(db, actor, row, binds_from)
        return await _text_view(db, row)


async def _bind(db: AsyncSession, actor: Actor, row: NdaText, binds_from: datetime) -> None:
    """What was signed before is cut at that time, at the earliest now: gates need no more than the clock.

    A text for all rooms cuts nothing where a room has a text of its own: there that one is asked for.
    """
    now = await clock.market_now(db)
    if binds_from < now:
        raise errors.GrantInThePast(market_now=now, pointer="/body/binds_from")
    row.binds_from = binds_from
    known = await repository.list_texts(db, row.owner_org_id)
    standing = [one for one in known if one.subject is None or one.subject == row.subject]
    cut = await repository.cut(
        db,
        row.owner_org_id,
        [one.id for one in standing if one.id != row.id],
        subject=row.subject,
        beside=[one.subject for one in known if one.subject is not None] if row.subject is None else (),
        at=binds_from,
    )
    journal.record(db, NdaTextBinds(row.id, binds_from, cut), actor=actor)
    await db.flush()


async def list_texts(tx: Tx, actor: Actor) -> list[NdaTextView]:
    """The texts that others sign for your organisation's rooms, newest first, those for all rooms among them."""
    require(actor, policy.SEE_NDAS, parties=[actor.org_id])
    async with tx.read() as db:
        rows = await repository.list_texts(db, actor.org)
        return [await _text_view(db, row) for row in sorted(rows, key=lambda row: row.id, reverse=True)[:TEXTS_SHOWN]]


async def find_terms(tx: Tx, actor: Actor, subject: Ref) -> tuple[NdaTextView | None, NdaView | None]:
    """What there is to sign for this subject, and what the reader's organisation has signed last."""
    require(actor, policy.READ)
    async with tx.read() as db:
        room = (await doors.room_with_documents(db, actor, str(subject))).room
        standing = await _standing(db, room.owner_org_id, room.subject)
        text = await _text_view(db, standing) if standing is not None else None
        mine = await repository.newest_of(db, actor.org_id, room.subject) if actor.org_id is not None else None
        return text, _view(*mine, now=await clock.market_now(db)) if mine is not None else None


async def sign(tx: Tx, keys: Keys, actor: Actor, subject: Ref, *, document_sha256: str) -> NdaView:
    """A signatory of a verified organisation signs the newest text; without a counter-signature the tier opens at once.

    The document is named by its hash, so that nobody signs a text that changed while he read.
    """
    async with tx.begin() as db:
        room = (await doors.room_with_documents(db, actor, str(subject))).room
        require(actor, policy.SIGN_NDA)
        if doors.owns(actor, room):
            raise errors.OwnRoom()
        await _lock_owner(db, room.owner_org_id)
        text = await _standing(db, room.owner_org_id, room.subject)
        if text is None:
            raise errors.NoNdaText()
        if document_sha256 != text.text_sha256:
            raise WrongDocument(document_sha256=text.text_sha256, pointer="/body/document_sha256")
        now = await clock.market_now(db)
        for former in await repository.lock_standing(db, actor.org, room.subject):
            runs = former.until is None or now < former.until
            if former.text_id == text.id and runs:
                raise errors.NdaRuns(state=former.state, until=former.until)
            if former.state is NdaState.SIGNED:
                _end(db, former, "replace", now, actor)
        nda_id = new_id()
        who = [Signatory(actor.org, role="RECEIVER")]
        if text.counter_signature:
            who.append(Signatory(room.owner_org_id, role="DISCLOSER"))
        signing_id = await signing.open_signing(
            db,
            document_sha256=text.text_sha256,
            purpose=PURPOSE,
            subject=Ref("nda", nda_id),
            signatories=who,
            in_order=True,
            actor=actor,
        )
        progress = await signing.put(db, signing_id, actor, document_sha256=document_sha256, now=now)
        nda = Nda(
            id=nda_id,
            text_id=text.id,
            subject=room.subject,
            owner_org_id=room.owner_org_id,
            org_id=actor.org,
            signing_id=signing_id,
            state=NDA.initial,
            signed_at=now,
        )
        db.add(nda)
        journal.record(db, NdaSigned(nda.id, text.id, nda.org_id, nda.subject), actor=actor)
        await db.flush()
        if progress.is_complete:
            await _enter(db, nda, text, now, actor)
        return await _promised(db, keys, nda, text, now)


async def counter_sign(tx: Tx, keys: Keys, actor: Actor, nda_id: UUID, *, document_sha256: str) -> NdaView:
    """A signatory of the owner signs too, and the tier opens; not under a text that no longer binds."""
    async with tx.begin() as db:
        nda, text = await _for_owner(db, actor, nda_id)
        require(actor, policy.COUNTERSIGN_NDA, parties=[nda.owner_org_id])
        now = await clock.market_now(db)
        standing = [_facts(row) for row in await repository.list_texts(db, nda.owner_org_id, nda.subject)]
        cut_at = rules.cut_at(_facts(text), standing, nda.subject)
        NDA.move(nda.state, "enter_into_force")
        if cut_at is not None and cut_at <= now:
            newest = await _standing(db, nda.owner_org_id, nda.subject)
            assert newest is not None
            raise errors.NdaTextOutdated(text_sha256=newest.text_sha256)
        await signing.put(db, nda.signing_id, actor, document_sha256=document_sha256, now=now)
        await _enter(db, nda, text, now, actor, cut_at=cut_at)
        return await _promised(db, keys, nda, text, now)


async def _enter(
    db: AsyncSession, nda: Nda, text: NdaText, now: datetime, actor: Actor, *, cut_at: datetime | None = None
) -> None:
    """In force: the former agreement gives way, and the tier opens until the text's time is over."""
    await identity.require_verified(db, nda.org_id)
    for former in await repository.lock_standing(db, nda.org_id, nda.subject):
        if former.state is NdaState.IN_FORCE:
            _end(db, former, "replace", now, actor)
    await db.flush()
    nda.state = NDA.move(nda.state, "enter_into_force")
    until = now + timedelta(days=text.valid_days)
    nda.in_force_at, nda.until = now, min(until, cut_at) if cut_at is not None else until
    journal.record(db, NdaEntered(nda.id, nda.org_id, nda.subject, nda.until), actor=actor)
    await steps.open_tier(
        db, org=nda.org_id, subject=Ref.parse(nda.subject), tier=Tier.NDA, basis=BASIS, until=nda.until, actor=actor
    )


async def decline(tx: Tx, actor: Actor, nda_id: UUID, *, reason: str) -> NdaView:
    """The owner does not counter-sign, and says why."""
    async with tx.begin() as db:
        nda, text = await _for_owner(db, actor, nda_id)
        require(actor, policy.DECLINE_NDA, parties=[nda.owner_org_id])
        now = await clock.market_now(db)
        _end(db, nda, "decline", now, actor, reason)
        await signing.void(db, nda.signing_id, actor)
        return _view(nda, text, now=now)


async def revoke_nda(tx: Tx, actor: Actor, nda_id: UUID, *, reason: str) -> NdaView:
    """The owner ends what an agreement opened, and says why; what was read stays under it."""
    async with tx.begin() as db:
        nda, text = await _for_owner(db, actor, nda_id)
        require(actor, policy.REVOKE_NDA, parties=[nda.owner_org_id])
        now = await clock.market_now(db)
        _end(db, nda, "revoke", now, actor, reason)
        await steps.close_tier(db, org=nda.org_id, subject=Ref.parse(nda.subject), basis=BASIS, actor=actor)
        return _view(nda, text, now=now)


async def list_ndas(
    tx: Tx, actor: Actor, *, as_owner: bool, subject: Ref | None, cursor: str | None = None, limit: int = 20
) -> Page[NdaView]:
    """Newest first, for each side its own: those others signed for my subjects, or those my organisation signed."""
    require(actor, policy.SEE_NDAS, parties=[actor.org_id])
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.page_ndas(
            db,
            owner_org_id=actor.org if as_owner and not actor.is_market else None,
            org_id=None if as_owner else actor.org,
            subject=str(subject) if subject is not None else None,
            before=before,
            limit=limit + 1,
        )
        now = await clock.market_now(db)
        return page_of(rows, limit, lambda row: (str(row[0].id),)).map(lambda row: _view(*row, now=now))


async def _for_owner(db: AsyncSession, actor: Actor, nda_id: UUID) -> tuple[Nda, NdaText]:
    """Its two sides and the market know of it; the owner's name is locked before the agreement itself."""
    found = await repository.find_nda(db, nda_id)
    if found is None or not (actor.is_market or actor.org_id in (found[0].owner_org_id, found[0].org_id)):
        raise NotFound()
    await _lock_owner(db, found[0].owner_org_id)
    locked = await repository.find_nda(db, nda_id, lock=True)
    assert locked is not None
    return locked


async def _lock_owner(db: AsyncSession, owner_org_id: UUID) -> None:
    """Texts and signatures of one owner come one after the other: a text cannot change under a signature."""
    await lock_name(db, f"nda {owner_org_id}")


async def _standing(db: AsyncSession, owner_org_id: UUID, subject: str) -> NdaText | None:
    rows = {row.id: row for row in await repository.list_texts(db, owner_org_id, subject)}
    found = rules.text_to_sign([_facts(row) for row in rows.values()], subject)
    return rows[found.id] if found is not None else None


def _end(db: AsyncSession, nda: Nda, act: str, now: datetime, actor: Actor, reason: str | None = None) -> None:
    nda.state = NDA.move(nda.state, act)
    nda.ended_at, nda.reason = now, reason
    journal.record(db, NdaEnded(nda.id, nda.org_id, nda.subject, nda.state.value), actor=actor)


async def _promised(db: AsyncSession, keys: Keys, nda: Nda, text: NdaText, now: datetime) -> NdaView:
    await db.flush()
    signatures = await signing.signatures_of(db, nda.signing_id)
    promise = await transparency.promise(db, keys, signatures[-1].entry_id)
    return _view(nda, text, now=now, promise=promise)


def _facts(row: NdaText) -> TextFacts:
    return TextFacts(row.id, row.subject, row.version, row.published_at, row.binds_from)


async def _text_view(db: AsyncSession, row: NdaText) -> NdaTextView:
    return NdaTextView(
        row.id,
        row.owner_org_id,
        row.subject,
        row.version,
        row.text_sha256,
        (await texts.get(db, row.text_sha256))["text"],
        row.valid_days,
        row.counter_signature,
        row.published_at,
        row.binds_from,
    )


def _view(nda: Nda, text: NdaText, *, now: datetime, promise: dict[str, str] | None = None) -> NdaView:
    runs = nda.state is NdaState.IN_FORCE and nda.until is not None and now < nda.until
    return NdaView(
        nda.id,
        text.id,
        text.text_sha256,
        text.version,
        nda.subject,
        nda.owner_org_id,
        nda.org_id,
        nda.signing_id,
        nda.state,
        runs,
        nda.signed_at,
        nda.in_force_at,
        nda.until,
        nda.ended_at,
        nda.reason,
        promise,
    )
