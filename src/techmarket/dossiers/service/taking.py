"""What people take away: the evidence package of a listing, a trade or a contract."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.contracts import steps as contracts
from techmarket.db import clock
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.rules import ReadOutcome
from techmarket.dossiers import errors, package, periods, policy, repository, rules, summary
from techmarket.dossiers.packing import Packing
from techmarket.dossiers.rules import Reader, SubjectKind
from techmarket.dossiers.summary import Named, Stated
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import allows
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.ids import Ref
from techmarket.kernel.refusals import NotFound, wire
from techmarket.listings import steps as listings
from techmarket.rulebook import steps as rulebook
from techmarket.trading import steps as trading
from techmarket.transparency import steps as transparency
from techmarket.transparency.evidence import read_row
from techmarket.transparency.keyset import key_set
from techmarket.transparency.views import CheckpointView, LoggedEntry

CHUNK = 1_000
"""Entries in one part of the package: about a megabyte."""
ROUNDS_MAX = 8
ROOMS_OF = frozenset({"listing", "trade", "contract"})


@dataclass(frozen=True, slots=True)
class Package:
    """A finished package: a file of the system's own that is gone once it is closed."""

    body: IO[bytes]
    size: int

    async def blocks(self) -> AsyncIterator[bytes]:
        """The package from its first byte, once; then it is gone."""
        try:
            self.body.seek(0)
            while block := await asyncio.to_thread(self.body.read, package.BLOCK):
                yield block
        finally:
            self.body.close()


@dataclass
class _Written:
    """What is kept while the entries pass by: rows of notices for their periods, lines for the summary."""

    about_notices: list[Mapping[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    stands: set[str] = field(default_factory=set)
    entries: int = 0
    first: int | None = None
    checkpoint: CheckpointView | None = None


async def take_evidence(tx: Tx, keys: Keys, actor: Actor, kind: SubjectKind, subject_id: UUID) -> Package:
    """Everything the log holds about a subject, cut to the reader, as an archive that verifies without us.

    It is written to disk part by part and handed out whole: however long the log about a subject is, memory stays flat,
    and a reader with a slow line holds no transaction open.
    """
    out = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this call: whoever sends it closes it
    packing = Packing(out)
    try:
        async with tx.read(snapshot=True) as db:
            subject = f"{kind.value}:{subject_id}"
            own = await _owner(db, kind, subject_id)
            reader = _reader(actor, own)
            refs = await _followed(db, kind, subject)
            written = await _write_entries(db, packing, refs, reader, own)
            if written.checkpoint is None or not written.entries:
                raise errors.NothingProvableYet(retry_after=2)
            log = await _head_of_log(db, written)
            calendar = await rulebook.work_calendar(db)
            notices = periods.stated(written.about_notices, calendar)
            published = key_set(await transparency.key_history(db, keys))
            grounds = await _grounds(db, refs, written.stands)
            rooms = await _rooms(db, refs, kind, subject_id, reader, own)
            readings = await _write_access_log(db, packing, rooms)
            made_at = (await clock.market_now(db)).isoformat()
            named = await _named(db, kind, subject_id, own)
        packing.add(package.LOG, canonical_json(log))
        packing.add(package.NOTICES, canonical_json({"calendar": periods.calendar_shown(calendar), "notices": notices}))
        packing.add(package.GROUNDS, canonical_json(grounds))
        packing.add(package.KEYS, canonical_json(published))
        packing.add_readme()
        stated = Stated(
            subject,
            named,
            made_at,
            log,
            notices,
            periods.happened(written.about_notices),
            grounds,
            written.lines,
            written.entries,
            len(written.texts),
            readings,
        )
        # The summary is drawn beside the loop: it takes a tenth of a second of arithmetic.
        packing.add(package.SUMMARY, await asyncio.to_thread(summary.draw, stated))
        packing.seal(keys.receipts, subject=subject, reader=reader.value, made_at=made_at)
        return Package(out, out.seek(0, io.SEEK_END))
    except BaseException:
        packing.close()
        out.close()
        raise


async def _followed(db: AsyncSession, kind: SubjectKind, subject: str) -> set[str]:
    """The subject and what grew out of it, as far as its entries lead."""
    known, frontier = {subject}, {subject}
    for _ in range(ROUNDS_MAX):
        found = await repository.named_beside(db, frontier, rules.FOLLOWED[kind]) - known
        frontier = {ref for ref in found if ref.partition(":")[0] not in rules.GROUNDS}
        known |= found
        if not frontier:
            break
    return known


async def _grounds(db: AsyncSession, refs: set[str], stands: set[str]) -> dict[str, Any]:
    """The approvals and consents it rests on, as the public may know them, where an entry of the package tells of it.

    Who signed, and a floor, stand in the texts alone, which the owner takes along and nobody else.
    """
    ids = {
        kind: sorted(UUID(ref.partition(":")[2]) for ref in refs & stands if ref.startswith(f"{kind}:"))
        for kind in rules.GROUNDS
    }
    approvals = await achievements.approvals_shown(db, ids["approval"])
    consents = await achievements.consents_shown(db, ids["consent"])
    return {"approvals": [_said(one) for one in approvals], "consents": [_said(one) for one in consents]}


def _said(ground: Any) -> dict[str, Any]:
    return {name: wire(value) for name, value in asdict(ground).items()}


async def _write_entries(db: AsyncSession, packing: Packing, refs: set[str], reader: Reader, own: UUID) -> _Written:
    """The entries the reader may hold, chunk by chunk in the order of the journal, each with the texts it names."""
    staff = await identity.find_market(db)
    market = {staff.id} if staff else set()
    written, after, n = _Written(), 0, 0
    while page := await repository.entries_about(db, refs, after, CHUNK):
        after = page[-1].seq
        held = [one for one in page if rules.may_hold(reader, kind=one.kind, org=one.org, own=own, market=market)]
        proofs = await transparency.proofs_for(db, [one.id for one in held]) if held else None
        if proofs is None:
            continue
        written.checkpoint = proofs.checkpoint
        written.waiting += [str(one) for one in proofs.waiting]
        if not proofs.entries:
            continue
        shown = [_entry_shown(one) for one in proofs.entries]
        rows = [read_row(one, "inclusion") for one in shown]
        # Whoever owns the subject is told which of his own people acted, but not which of them objected to what he
        # does; of the others he reads the office.
        is_owner = reader is Reader.OWNER
        told_of = [
            one.entry_id
            for one, row in zip(proofs.entries, rows, strict=True)
            if not (is_owner and row["kind"] in rules.BY_OBJECTORS)
        ]
        actors = await transparency.actors_of(db, told_of, org=own if is_owner else None)
        for one in shown:
            who = actors.get(UUID(one["entry_id"]))
            one |= {} if who is None else {"actor": {"person": str(who.person_id), "salt": who.salt}}
        n += 1
        packing.add(f"{package.ENTRIES}{n:06}.json", canonical_json({"entries": shown}))
        named = {
            value
            for row in rows
            if rules.is_text_shown(reader, row["kind"])
            for value in row["facts"].values()
            if isinstance(value, str) and len(value) == 64
        }
        written.stands |= {ref for row in rows if row["kind"] in package.STANDS for ref in row["refs"]}
        for sha256, body in sorted((await repository.texts_of(db, named - written.texts)).items()):
            packing.add(f"{package.TEXTS}{sha256}.json", body)
            written.texts.add(sha256)
        if written.first is None:
            written.first = proofs.entries[0].position
        written.entries += len(rows)
        written.about_notices += [row for row in rows if row["kind"].startswith("notices.")]
        room = summary.LINES_MAX - len(written.lines)
        told = [
            (one.position, row) for one, row in zip(proofs.entries, rows, strict=True) if rules.is_a_line(row["kind"])
        ]
        written.lines += [{"n": place, "at": row["at"], "kind": row["kind"]} for place, row in told[:room]]
    return written


def _entry_shown(entry: LoggedEntry) -> dict[str, Any]:
    return {**asdict(entry), "entry_id": str(entry.entry_id), "path": list(entry.path)}


async def _head_of_log(db: AsyncSession, written: _Written) -> dict[str, Any]:
    """The checkpoint, and proofs that the log only grew since that over its first entry and since a witness saw it."""
    newest = written.checkpoint
    assert newest is not None
    assert written.first is not None
    opened = await transparency.openings(db)
    return {
        "log_id": str(newest.log_id),
        "opened": [] if opened is None else [_entry_shown(one) for one in opened.entries],
        "checkpoint": newest.note,
        "kid": newest.kid,
        "cosignatures": [one.line for one in newest.cosignatures],
        "grew_from": [
            {
                "log_id": str(one.checkpoint.log_id),
                "checkpoint": one.checkpoint.note,
                "kid": one.checkpoint.kid,
                "cosignatures": [line.line for line in one.checkpoint.cosignatures],
                "path": list(one.path),
            }
            for one in await transparency.growth_since(db, written.first)
        ],
        "waiting": written.waiting,
    }


async def _rooms(
    db: AsyncSession, refs: set[str], kind: SubjectKind, subject_id: UUID, reader: Reader, own: UUID
) -> list[str]:
    """The data rooms of these things; a room of another's stays shut."""
    rooms = {ref for ref in refs if ref.partition(":")[0] in ROOMS_OF}
    listing = await _listing_of(db, kind, subject_id)
    if listing is not None:
        owner = (await listings.get_offer_facts(db, listing)).org_id
        if reader is Reader.AUTHORITY or owner == own:
            rooms.add(f"listing:{listing}")
    return sorted(rooms)


async def _write_access_log(db: AsyncSession, packing: Packing, rooms: list[str]) -> tuple[int, int]:
    """Who read what in these rooms, refused tries included, part by part: how often it was read, and refused."""
    n = told = refused = 0
    for room in rooms:
        async for piece in disclosure.access_log(db, Ref.parse(room)):
            n += 1
            readings = [wire(asdict(one)) for one in piece]
            packing.add(f"{package.ACCESS_LOG}{n:06}.json", canonical_json({"room": room, "readings": readings}))
            told += len(piece)
            refused += sum(one.outcome is not ReadOutcome.READ for one in piece)
    return told - refused, refused


async def _listing_of(db: AsyncSession, kind: SubjectKind, subject_id: UUID) -> UUID | None:
    """The listing that a trade or a contract goes back to: its data room is where the deal was prepared."""
    if kind is SubjectKind.LISTING:
        return subject_id
    if kind is SubjectKind.TRADE:
        return (await trading.origin_of(db, subject_id)).listing_id
    facts = await contracts.get_contract(db, subject_id)
    if facts.award_id is not None:
        return (await trading.get_award(db, facts.award_id)).listing_id
    return facts.listing_id


async def _owner(db: AsyncSession, kind: SubjectKind, subject_id: UUID) -> UUID:
    """Whose subject it is: of a contract the one who is paid, of a trade the owner of its listing."""
    if kind is SubjectKind.CONTRACT:
        return (await contracts.get_contract(db, subject_id)).payee_org
    if kind is SubjectKind.TRADE:
        return (await trading.origin_of(db, subject_id)).seller_org_id
    return await listings.owner_of(db, subject_id)


async def _named(db: AsyncSession, kind: SubjectKind, subject_id: UUID, own: UUID) -> Named:
    """What people call the subject, and whose it is."""
    owner = (await identity.get_organisations(db, [own]))[own].name
    if kind is SubjectKind.CONTRACT:
        return Named((await contracts.get_contract(db, subject_id)).number, (), owner)
    if kind is SubjectKind.TRADE:
        origin = await trading.origin_of(db, subject_id)
        return Named(origin.number, tuple(one for one in (origin.title_zh, origin.title_en) if one), owner)
    terms = (await listings.get_offer_facts(db, subject_id)).terms
    return Named(None, tuple(terms[name] for name in ("title_zh", "title_en") if terms.get(name)), owner)


def _reader(actor: Actor, own: UUID) -> Reader:
    if allows(actor, policy.TAKE_AS_MARKET) or allows(actor, policy.SUPERVISE, parties=[own]):
        return Reader.AUTHORITY
    if allows(actor, policy.TAKE, parties=[own]):
        return Reader.OWNER
    raise NotFound()
