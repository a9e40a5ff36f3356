"""What people take away: the evidence package of a listing, a trade or a contract."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import steps as contracts
from techmarket.db import clock
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.dossiers import errors, package, periods, policy, repository, rules, summary
from techmarket.dossiers.package import Content
from techmarket.dossiers.repository import About
from techmarket.dossiers.rules import Reader, SubjectKind
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.rulebook import steps as rulebook
from techmarket.transparency import steps as transparency
from techmarket.transparency.evidence import read_row
from techmarket.transparency.keyset import key_set

ENTRIES_MAX = 20_000
ROUNDS_MAX = 8


async def take_evidence(tx: Tx, keys: Keys, actor: Actor, kind: SubjectKind, subject_id: UUID) -> bytes:
    """Everything the log holds about a subject, cut to the reader, as an archive that verifies without us."""
    async with tx.read() as db:
        subject = f"{kind.value}:{subject_id}"
        entries = await _about(db, kind, subject)
        own = await _owner(db, kind, subject_id, entries)
        reader = _reader(actor, own)
        staff = await identity.find_market(db)
        market = {staff.id} if staff else set()
        held = [one for one in entries if rules.may_hold(reader, kind=one.kind, org=one.org, own=own, market=market)]
        content = await _content(db, keys, subject, reader, held)
    # The summary is drawn beside the loop: it takes a tenth of a second of arithmetic.
    drawn = await asyncio.to_thread(summary.draw, content)
    content.more = {**content.more, "summary.pdf": drawn}
    return package.write(content, keys.receipts)


async def _about(db: AsyncSession, kind: SubjectKind, subject: str) -> list[About]:
    """The entries about the subject and about what grew out of it, each once, in the order of the journal."""
    refs, found = {subject}, dict[UUID, About]()
    for _ in range(ROUNDS_MAX):
        rows = await repository.entries_about(db, refs, ENTRIES_MAX + 1)
        found = {row.id: row for row in rows}
        if len(found) > ENTRIES_MAX:
            raise errors.TooManyEntries(entries_max=ENTRIES_MAX)
        more = {ref for row in rows for ref in rules.followed(kind, row.refs)} - refs
        if not more:
            break
        refs |= more
    return list(found.values())


async def _owner(db: AsyncSession, kind: SubjectKind, subject_id: UUID, entries: list[About]) -> UUID:
    """Whose subject it is: of a contract the one who is paid, of a trade the owner of its listing."""
    if kind is SubjectKind.CONTRACT:
        return (await contracts.get_contract(db, subject_id)).payee_org
    if kind is SubjectKind.LISTING:
        return (await listings.get_offer_facts(db, subject_id)).org_id
    for entry in entries:
        for ref in entry.refs:
            if entry.kind == "trading.drafted" and ref.startswith("listing:"):
                return (await listings.get_offer_facts(db, UUID(ref.partition(":")[2]))).org_id
    raise NotFound()


def _reader(actor: Actor, own: UUID) -> Reader:
    if actor.is_market or allows(actor, policy.SUPERVISE, parties=[own]):
        return Reader.AUTHORITY
    if allows(actor, policy.TAKE, parties=[own]):
        return Reader.OWNER
    raise NotFound()


async def _content(db: AsyncSession, keys: Keys, subject: str, reader: Reader, held: list[About]) -> Content:
    proofs = await transparency.proofs_for(db, [entry.id for entry in held])
    if proofs is None or not proofs.entries:
        raise errors.NothingProvableYet(retry_after=2)
    shown: list[dict[str, Any]] = [
        {**asdict(one), "entry_id": str(one.entry_id), "path": list(one.path)} for one in proofs.entries
    ]
    rows = [read_row(one, "inclusion") for one in shown]
    calendar = await rulebook.work_calendar(db)
    named = {value for row in rows for value in row["facts"].values() if isinstance(value, str) and len(value) == 64}
    newest = proofs.checkpoint
    published = key_set(await transparency.key_history(db, keys))
    return Content(
        subject=subject,
        reader=reader.value,
        made_at=(await clock.market_now(db)).isoformat(),
        log={
            "log_id": str(newest.log_id),
            "checkpoint": newest.note,
            "kid": newest.kid,
            "cosignatures": [one.line for one in newest.cosignatures],
            "entries": shown,
            "waiting": [str(one) for one in proofs.waiting],
        },
        texts=await repository.texts_of(db, named),
        notices={"calendar": periods.calendar_shown(calendar), "notices": periods.stated(rows, calendar)},
        more={"keys.json": canonical_json(published)},
    )
