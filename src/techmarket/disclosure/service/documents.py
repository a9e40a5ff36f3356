"""Adding documents, reading them, and who did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import BinaryIO
from uuid import UUID

from techmarket.db import clock, files, journal, media
from techmarket.db.files import Files
from techmarket.db.session import Tx
from techmarket.disclosure import accesses, doors, errors, policy, repository, rules, watermark
from techmarket.disclosure.events import DocumentAdded, DocumentRead, DocumentWithdrawn, FolderSet
from techmarket.disclosure.repository import FoundDocument
from techmarket.disclosure.rules import ReadOutcome, RoomLimits
from techmarket.disclosure.tables import Document, DocumentReadRow, DocumentWithdrawal
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import AccessView, DocumentView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound

FOLDERS_MAX = 100
BOUNDS = watermark.Bounds()
LIMITS = RoomLimits()
UPLOADED = tuple(kind for kind in media.MAGIC if kind != media.JSON)
CHUNK = 256 * 1024
PIECE = 500


def _adding(tier: Tier) -> Permission:
    """What lies below an agreement is published by the office: an inventor's file may be what is not filed yet."""
    return policy.ADD_DOCUMENT if tier >= Tier.NDA else policy.ADD_OPEN_DOCUMENT


async def add_document(
    tx: Tx,
    kept: Files,
    actor: Actor,
    subject: Ref,
    *,
    folder: str,
    name: str,
    tier: Tier,
    media_type: str,
    chunks: AsyncIterator[bytes],
    by_name: bool = False,
    unmarked: bool = False,
    limits: RoomLimits = LIMITS,
) -> DocumentView:
    """The owner adds a document, or its next version; what was there stays.

    Who may, and what it may be called, is judged before the first byte is taken; the bytes are stored before the
    transaction begins, and become a fact only inside it. What a full room is sent is counted and hashed, so that a
    retry of what filled it is known again, but not stored. Copies that cannot be stamped leave only where the owner has
    agreed to that expressly (`unmarked`).
    """
    rules.check_document_name(name)
    rules.check_folder(folder)
    async with tx.read() as db:
        room = (await doors.room_for(db, actor, str(subject))).room
        require(actor, _adding(tier), parties=[room.owner_org_id])
        documents, taken = await repository.count_documents(db, room.subject)
    can_be = media_type in watermark.MARKED and not unmarked
    if tier > Tier.PUBLIC and media_type in media.MAGIC and not (can_be or unmarked):
        raise errors.NotMarkable(media_type=media_type, pointer="/query/unmarked")
    look = partial(watermark.check, media_type=media_type, bounds=BOUNDS) if can_be else None
    if documents >= limits.documents_max or taken >= limits.bytes_max:
        sha256, size = await files.measure(chunks, size_max=limits.upload_bytes_max)
    else:
        sha256, size = await kept.receive(
            chunks, media_type=media_type, size_max=limits.upload_bytes_max, accepted=UPLOADED, inspect=look
        )
    tx.bind(sha256.encode())
    async with tx.begin() as db:
        room = (await doors.room_for(db, actor, str(subject), lock=True)).room
        require(actor, _adding(tier), parties=[room.owner_org_id])
        documents, taken = await repository.count_documents(db, room.subject)
        rules.check_quota(limits, documents=documents, kept=taken, more=size)
        latest = await repository.find_latest(db, room.subject, folder, name)
        before = latest.document if latest is not None else None
        if before is not None and latest is not None and latest.withdrawn_at is None:
            known = (before.version, before.sha256, Tier(before.tier), before.by_name)
            rules.check_same(known, sha256=sha256, tier=tier, by_name=by_name)
        same = await repository.find_same_bytes(db, room.subject, sha256)
        await repository.keep_folder(db, room.subject, folder)
        await files.keep(db, sha256=sha256, size=size, media_type=media_type)
        document = Document(
            id=new_id(),
            subject=room.subject,
            folder=folder,
            name=name,
            version=before.version + 1 if before is not None else 1,
            tier=int(tier),
            sha256=sha256,
            size=size,
            media_type=media_type,
            by_name=by_name,
            is_stamped=can_be,
            added_at=await clock.market_now(db),
            added_by_id=actor.person,
        )
        db.add(document)
        event = DocumentAdded(document.id, document.subject, document.tier, document.version)
        journal.record(db, event, actor=actor)
        await db.flush()
        (found,) = (await repository.get_documents(db, room.subject, [document.id])).values()
        return _view(found, is_open=True, duplicate_of=same)


async def set_folder(tx: Tx, actor: Actor, subject: Ref, *, folder: str, tier: Tier) -> Tier:
    """The owner gives a folder a tier: nothing in it is open below that, whatever its own tier says."""
    rules.check_folder(folder, pointer="/path/folder")
    async with tx.begin() as db:
        room = (await doors.room_for(db, actor, str(subject), lock=True)).room
        require(actor, policy.SET_FOLDER, parties=[room.owner_org_id])
        before = {row.name: row.tier for row in await repository.list_folders(db, room.subject)}
        if folder not in before and len(before) >= FOLDERS_MAX:
            raise errors.TooManyFolders(folders_max=FOLDERS_MAX)
        if before.get(folder) != int(tier):
            await repository.set_folder(db, room.subject, folder, int(tier))
            journal.record(db, FolderSet(room.subject, folder, int(tier)), actor=actor)
        return tier


async def withdraw_document(tx: Tx, actor: Actor, document_id: UUID, *, reason: str) -> DocumentView:
    """The owner takes a document out of the room; that it was there, and who read it, stays on record."""
    async with tx.begin() as db:
        admitted = await doors.document_for(db, actor, document_id)
        if admitted is None:
            raise NotFound()
        room = await doors.room_for(db, actor, admitted.room.subject, lock=True)
        require(actor, policy.WITHDRAW_DOCUMENT, parties=[room.room.owner_org_id])
        (found,) = (await repository.get_documents(db, room.room.subject, [document_id])).values()
        if found.withdrawn_at is None:
            now = await clock.market_now(db)
            db.add(DocumentWithdrawal(document_id=document_id, reason=reason, at=now, by_id=actor.person))
            journal.record(db, DocumentWithdrawn(document_id, room.room.subject), actor=actor)
            await db.flush()
            found = FoundDocument(found.document, found.tier, now)
        return _view(found, is_open=True)


async def list_documents(
    tx: Tx, actor: Actor, subject: Ref, *, cursor: str | None = None, limit: int = 20
) -> Page[DocumentView]:
    """The documents the reader may know of; of the others neither names nor number."""
    require(actor, policy.READ)
    after = last_id(cursor)
    async with tx.read() as db:
        found = await doors.room_with_documents(db, actor, str(subject))
        sight = await doors.sight_of(db, actor, found)
        inside = doors.is_inside(actor, found.room)
        rows = await repository.list_documents(db, found.room.subject, sight, after=after, limit=limit + 1)

        def shown(one: FoundDocument) -> DocumentView:
            is_open = inside or rules.is_open(
                one.tier,
                reach=sight.reach,
                by_name=one.document.by_name,
                named=sight.documents.get(one.document.id),
                folder=sight.folders.get(one.document.folder),
            )
            return _view(one, is_open=is_open)

        return page_of(rows, limit, lambda one: (str(one.document.id),)).map(shown)


async def read_document(
    tx: Tx, kept: Files, actor: Actor, document_id: UUID
) -> tuple[DocumentView, int, bool, AsyncIterator[bytes]]:
    """A document's bytes, their number and whether they are stamped. The reading is written down before the first
    byte leaves, and once there are bytes to send; so is the try of a known organisation that may not have them."""
    require(actor, policy.READ)
    watermark.require_time()
    view, reader = await _admitted(tx, actor, document_id)
    if view is None or view.sha256 is None:
        raise NotFound()
    if reader is None:
        return view, view.size, False, kept.open(view.sha256)
    with await kept.fetch(view.sha256) as original:
        work = partial(watermark.mark, original, view.media_type, reader, BOUNDS)
        stamped = await watermark.at_the_desk(work)
    try:
        # It took a while, and a revocation may have come: who reads is judged again with the record of it.
        again, _ = await _admitted(tx, actor, document_id, stamped_for=reader)
        if again is None:
            raise NotFound()
    except BaseException:
        stamped.close()
        raise
    size = stamped.seek(0, 2)
    stamped.seek(0)
    return view, size, True, _parts(stamped)


async def _admitted(
    tx: Tx, actor: Actor, document_id: UUID, *, stamped_for: watermark.Reader | None = None
) -> tuple[DocumentView | None, watermark.Reader | None]:
    """The decision and its record, one commit; grants stand still until then, so that a revocation comes after it.

    A copy that is to be stamped is recorded when it has been: `stamped_for` says for which reading.
    """
    async with tx.begin() as db:
        admitted = await doors.document_for(db, actor, document_id, hold=True)
        if admitted is None or not admitted.is_open:
            if actor.org_id is not None:
                await repository.note_refused(db, new_id(), document_id, actor.org_id, actor.person_id)
            return None, None
        found = admitted.found
        stamps = rules.is_stamped(found.tier, can_be=found.document.is_stamped, is_owner=admitted.is_owner)
        now = await clock.market_now(db)
        if stamps and stamped_for is None:
            person = (await identity.get_people(db, [actor.person]))[actor.person].name
            organisation = (await identity.get_organisation(db, actor.org)).name
            return _view(found, is_open=True), watermark.Reader(person, organisation, now, new_id())
        event = DocumentRead(document_id, found.document.subject)
        entry_id = journal.record(db, event, actor=actor, entry_id=stamped_for.entry_id if stamped_for else None)
        db.add(
            DocumentReadRow(
                id=new_id(),
                document_id=document_id,
                org_id=actor.org_id,
                person_id=actor.person_id,
                at=now if stamped_for is None else stamped_for.at,
                outcome=ReadOutcome.READ,
                entry_id=entry_id,
                is_stamped=stamped_for is not None,
            )
        )
        return _view(found, is_open=True), None


async def _parts(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while part := file.read(CHUNK):
            yield part


async def list_reads(
    tx: Tx, actor: Actor, document_id: UUID, *, cursor: str | None = None, limit: int = 20
) -> Page[AccessView]:
    """Who fetched a document or was refused it, newest first: for its owner and the market."""
    before = last_id(cursor)
    async with tx.read() as db:
        admitted = await doors.document_for(db, actor, document_id)
        if admitted is None or not doors.is_inside(actor, admitted.room):
            raise NotFound()
        require(actor, policy.SEE_READS, parties=[admitted.room.owner_org_id])
        rows = await repository.list_reads(db, document_id, before=before, limit=limit + 1)
        page = page_of(rows, limit, lambda row: (str(row[0].id),))
        return Page(await accesses.views(db, page.items), page.next_cursor)


async def list_accesses(
    tx: Tx, actor: Actor, subject: Ref, *, cursor: str | None = None, limit: int = 20
) -> Page[AccessView]:
    """The access log of a whole room, newest first: for its owner and the market."""
    before = last_id(cursor)
    async with tx.read() as db:
        room = await doors.room_inside(db, actor, str(subject))
        require(actor, policy.SEE_READS, parties=[room.owner_org_id])
        rows = await repository.list_accesses(db, room.subject, before=before, limit=limit + 1)
        page = page_of(rows, limit, lambda row: (str(row[0].id),))
        return Page(await accesses.views(db, page.items), page.next_cursor)


async def export_accesses(tx: Tx, actor: Actor, subject: Ref) -> AsyncIterator[list[AccessView]]:
    """The whole access log of a room for its owner, oldest first and piece by piece, however long it is.

    Who asks is judged before the first piece; what comes in while it is read is in it or not.
    """
    async with tx.read() as db:
        room = await doors.room_inside(db, actor, str(subject))
        require(actor, policy.EXPORT_READS, parties=[room.owner_org_id])
    return _pieces(tx, room.subject)


async def _pieces(tx: Tx, subject: str) -> AsyncIterator[list[AccessView]]:
    after: UUID | None = None
    while True:
        async with tx.read() as db:
            rows = await repository.list_accesses(db, subject, after=after, limit=PIECE, oldest_first=True)
            piece = await accesses.views(db, rows)
        if piece:
            yield piece
        if len(piece) < PIECE:
            return
        after = piece[-1].id


def _view(found: FoundDocument, *, is_open: bool, duplicate_of: UUID | None = None) -> DocumentView:
    row = found.document
    return DocumentView(
        row.id,
        row.subject,
        row.folder,
        row.name,
        row.version,
        found.tier,
        row.sha256 if is_open else None,
        row.size,
        row.media_type,
        row.by_name,
        row.is_stamped,
        is_open,
        row.added_at,
        found.withdrawn_at,
        duplicate_of,
    )
