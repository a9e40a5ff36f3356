"""The journal (日志): what happened, written in the transaction that made it happen.

A use case records events; one sequencer later gives every committed entry a dense, gapless position and its leaf
hash. Positions are the log index, the feed cursor and the receipt number at once. Entries hold ids, codes and public
numbers only: no personal data, no undisclosed amounts, no text.
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Protocol, TypeVar, get_type_hints
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, String, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db import marks
from techmarket.db.base import Base
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.events import Event
from techmarket.kernel.ids import new_id

SEQUENCER_LOCK = 0x7E01_0001
SEQUENCE_BATCH = 5_000
SALT_SIZE = 16
GREW_CHANNEL = "journal_grew"
"""Whoever listens here hears when entries have got their positions. Only the sequencer notifies: a notification holds
a lock over the whole server until its commit is durable, which every act that writes to the journal would wait for."""

_spell = msgspec.json.Encoder(order="sorted").encode
# What the fast encoder spells as RFC 8785 does, as long as texts are ASCII without an escape.
_PLAIN = frozenset({str, int, bool, type(None)})
_WHOLE_MAX = 2**53 - 1


class Principal(Protocol):
    """Who acts, as far as the journal must know."""

    @property
    def person_id(self) -> UUID | None: ...
    @property
    def org_id(self) -> UUID | None: ...
    @property
    def standing(self) -> dict[str, str] | None: ...


class JournalEntry(Base):
    __tablename__ = "journal_entry"
    __table_args__ = (
        # What trading wrote about one lot is asked for by everybody who reads a public record.
        Index("ix_journal_entry_trading", text("(refs ->> 0)"), "seq", postgresql_where=text("kind LIKE 'trading.%'")),
        # What an entry is about: the things it refers to, and its subject. Dossiers are gathered by it.
        Index("ix_journal_entry_about", text("journal_about(refs, facts)"), postgresql_using="gin"),
        # What the people of an organisation did, one person, of one kind, under one elevation: asked by whoever looks
        # back. By -seq, an order in which only these can be read: a planner that takes for common what was not seen for
        # long would else look for it backwards through all entries since.
        *(
            Index(f"ix_journal_entry_newest_of_{name}", text(of), text("(-seq)"), postgresql_where=where)
            for name, of, where in (
                ("org", "org", text("org IS NOT NULL")),
                ("actor", "actor", text("actor IS NOT NULL")),
                ("kind", "kind", None),
                (
                    "elevation",
                    "(cast(standing as jsonb) ->> 'elevation')",
                    text("standing LIKE '%\"elevation\"%'"),
                ),
            )
        ),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    actor: Mapped[UUID | None]
    org: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(String(64))
    refs: Mapped[list[Any]]
    facts: Mapped[dict[str, Any]]
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    # Entries from before rows named people by a code have none.
    actor_salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    # In what standing he acted, as canonical JSON: by which credential, for whom. The salt above is made of it.
    standing: Mapped[str | None]
    standing_salt: Mapped[bytes | None] = mapped_column(LargeBinary)


class JournalWaiting(Base):
    """Entries that have no position yet. A trigger fills it, so no entry can be written past the sequencer."""

    __tablename__ = "journal_waiting"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class JournalPosition(Base):
    __tablename__ = "journal_position"

    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(ForeignKey("journal_entry.seq"), unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class JournalLog(Base):
    """The identity of the log. A restore opens a new one, so that a cursor from the lost future is refused."""

    __tablename__ = "journal_log"

    log_id: Mapped[UUID] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"), unique=True)
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("journal_log.log_id"))
    previous_size: Mapped[int | None]


class JournalReader(Base):
    """Where each reader stands: the next position it has not handled."""

    __tablename__ = "journal_reader"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A positioned entry, as readers see it."""

    position: int
    id: UUID
    at: datetime
    actor: UUID | None
    org: UUID | None
    kind: str
    refs: tuple[str, ...]
    facts: dict[str, Any]

    def ref(self, kind: str) -> UUID:
        """The id of the first ref of that kind; a KeyError is a bug in the event."""
        for ref in self.refs:
            name, _, raw = ref.partition(":")
            if name == kind:
                return UUID(raw)
        raise KeyError(kind)


E_ = TypeVar("E_", bound=Event)


def load(entry: Entry, event_type: type[E_]) -> E_:
    """The event as it was recorded, for a reader that reacts to it."""
    hints = get_type_hints(event_type)
    named = {ref.partition(":")[0]: UUID(ref.partition(":")[2]) for ref in entry.refs}
    values: dict[str, Any] = {}
    for field in dataclasses.fields(event_type):
        plain = field.name.removesuffix("_id")
        if plain in named and field.name not in entry.facts:
            values[field.name] = named[plain]
        else:
            values[field.name] = _typed(entry.facts.get(field.name), hints[field.name])
    return event_type(**values)


def _typed(value: Any, hint: Any) -> Any:
    options = getattr(hint, "__args__", ()) or (hint,)
    for option in options:
        if value is None or not isinstance(option, type):
            continue
        if issubclass(option, Enum):
            return option(value)
        if option is datetime:
            return datetime.fromisoformat(value)
        if option is date:
            return date.fromisoformat(value)
    return value


def record(db: AsyncSession, event: Event, *, actor: Principal | None, entry_id: UUID | None = None) -> UUID:
    """Write down what happened, in the transaction that made it happen. Returns the entry's id, which may be given.

    The insert itself is left to the flush at commit, after every lock of the use case: that is what keeps the order
    of entries about one object equal to the order of its changes.
    """
    refs, facts = event.refs(), event.facts()
    # What has no canonical bytes would be refused by the sequencer, and with it every entry after it: it fails its act.
    spelled_row({"kind": event.kind, "refs": refs, "facts": facts})
    salt = secrets.token_bytes(SALT_SIZE) if actor and actor.person_id else None
    told = actor.standing if salt and actor else None
    standing = canonical_json(told).decode() if told else None
    entry = JournalEntry(
        id=entry_id or new_id(),
        actor=actor.person_id if actor else None,
        org=actor.org_id if actor else None,
        kind=event.kind,
        refs=refs,
        facts=facts,
        salt=secrets.token_bytes(SALT_SIZE),
        actor_salt=actor_salt_of(salt, standing) if salt and standing else salt,
        standing=standing,
        standing_salt=salt if standing else None,
    )
    db.add(entry)
    marks.leave(db, entry.id)
    return entry.id


def actor_salt_of(standing_salt: bytes, standing: str) -> bytes:
    """The salt of a row's code for who acted, made of the standing he acted in: the code, and with it the leaf, commits
    to both, and neither the code nor the salt tells the standing."""
    return hashlib.sha256(standing_salt + standing.encode()).digest()


def actor_code(actor: UUID | None, actor_salt: bytes | None) -> str | None:
    """Who acted, as a row names him: SHA-256(salt || person id), with a salt of this entry alone.

    Whoever is shown a row reads the office, its organisation, and learns of no two rows whether one person wrote them;
    who that was is shown with the salt. Rows from before this have no such salt, and name the person.
    """
    if actor is None:
        return None
    return str(actor) if actor_salt is None else hashlib.sha256(actor_salt + actor.bytes).hexdigest()


def canonical_row(
    *,
    id: UUID,
    at: datetime,
    actor: UUID | None,
    org: UUID | None,
    kind: str,
    refs: Sequence[str],
    facts: Any,
    actor_salt: bytes | None = None,
) -> bytes:
    """The bytes of an entry that its leaf commits to (RFC 8785)."""
    row = {
        "actor": actor_code(actor, actor_salt),
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "facts": facts,
        "id": str(id),
        "kind": kind,
        "org": str(org) if org else None,
        "refs": list(refs),
    }
    return spelled_row(row)


def spelled_row(row: dict[str, Any]) -> bytes:
    """The canonical bytes of a row; its names are texts, as JSON in the database has them.

    Nearly every row is ASCII, with texts and small whole numbers as facts: there a fast encoder gives the same bytes
    in a tenth of the time. Anything else goes the long way.
    """
    if type(row["facts"]) is not dict:
        return canonical_json(row)
    for value in row["facts"].values():
        kind = type(value)
        if kind not in _PLAIN or (kind is int and not -_WHOLE_MAX <= value <= _WHOLE_MAX):
            return canonical_json(row)
    try:
        spelled = _spell(row)
    except UnicodeEncodeError:
        return canonical_json(row)
    return spelled if spelled.isascii() and b"\\" not in spelled else canonical_json(row)


def leaf_of(salt: bytes, row: bytes) -> bytes:
    """Leaf hash: SHA-256(0x00 || salt || canonical row). The salt keeps a guesser from testing guesses."""
    return hashlib.sha256(b"\x00" + salt + row).digest()


async def sequence(db: AsyncSession, *, limit: int = SEQUENCE_BATCH) -> int:
    """Give committed entries without a position the next positions, in the order they were written; returns how many.

    One sequencer at a time by advisory lock; a second one finds nothing to do. Order per object holds because an
    entry is inserted only after its object's row lock, so a later entry has a later `seq`, and whoever sees the later
    one sees the earlier one too.
    """
    got = (await db.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": SEQUENCER_LOCK})).scalar_one()
    if not got:
        return 0
    rows = (
        await db.execute(
            text(
                "SELECT e.seq, e.id, e.at, e.actor, e.org, e.kind, e.refs, e.facts, e.salt, e.actor_salt"
                " FROM journal_waiting w"
                " JOIN journal_entry e USING (seq) ORDER BY w.seq LIMIT :limit"
            ).columns(refs=JournalEntry.refs.type, facts=JournalEntry.facts.type),
            {"limit": limit},
        )
    ).all()
    if not rows:
        return 0
    first = (await db.execute(text("SELECT coalesce(max(n) + 1, 0) FROM journal_position"))).scalar_one()
    seqs = [row.seq for row in rows]
    leaves = [
        leaf_of(
            row.salt,
            canonical_row(
                id=row.id,
                at=row.at,
                actor=row.actor,
                org=row.org,
                kind=row.kind,
                refs=row.refs,
                facts=row.facts,
                actor_salt=row.actor_salt,
            ),
        )
        for row in rows
    ]
    await db.execute(
        text(
            "INSERT INTO journal_position (n, seq, leaf_hash)"
            " SELECT :first + t.ord - 1, t.seq, t.leaf"
            " FROM unnest(cast(:seqs as bigint[]), cast(:leaves as bytea[])) WITH ORDINALITY AS t(seq, leaf, ord)"
        ),
        {"first": first, "seqs": seqs, "leaves": leaves},
    )
    await db.execute(text("DELETE FROM journal_waiting WHERE seq = ANY(cast(:seqs as bigint[]))"), {"seqs": seqs})
    await db.execute(text("SELECT pg_notify(:channel, '')"), {"channel": GREW_CHANNEL})
    return len(rows)


async def read(
    db: AsyncSession, *, after: int = -1, kinds: Sequence[str] | None = None, limit: int = 500
) -> list[Entry]:
    """Positioned entries with position > `after`, in order; `kinds` narrows them."""
    rows = (
        await db.execute(
            text(
                "SELECT p.n, e.id, e.at, e.actor, e.org, e.kind, e.refs, e.facts FROM journal_position p"
                " JOIN journal_entry e USING (seq) WHERE p.n > :after"
                " AND (cast(:kinds as text[]) IS NULL OR e.kind = ANY(cast(:kinds as text[])))"
                " ORDER BY p.n LIMIT :limit"
            ).columns(refs=JournalEntry.refs.type, facts=JournalEntry.facts.type),
            {"after": after, "kinds": list(kinds) if kinds is not None else None, "limit": limit},
        )
    ).all()
    return [Entry(r.n, r.id, r.at, r.actor, r.org, r.kind, tuple(r.refs), r.facts) for r in rows]


async def is_empty(db: AsyncSession) -> bool:
    """Whether nothing has ever been recorded here."""
    return not (await db.execute(text("SELECT EXISTS (SELECT 1 FROM journal_entry)"))).scalar_one()


async def head(db: AsyncSession) -> int:
    """The number of positioned entries, that is the next position."""
    return int((await db.execute(text("SELECT coalesce(max(n) + 1, 0) FROM journal_position"))).scalar_one())


async def position_of(db: AsyncSession, entry_id: UUID) -> int | None:
    """The position of an entry, or None while the sequencer has not reached it."""
    query = text("SELECT p.n FROM journal_entry e JOIN journal_position p USING (seq) WHERE e.id = :id")
    return (await db.execute(query, {"id": entry_id})).scalar_one_or_none()
