"""The one writer of the index: documents come, change and go, many in a handful of statements."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.canonical import canonical_json
from techmarket.matching import tokens
from techmarket.matching.index import blocks, columns, repository
from techmarket.matching.index.blocks import Tail
from techmarket.matching.index.columns import CHUNK, ROW, Facts, Ints, Mask, Space

DEAD_MIN = 1_000
DEAD_SHARE = 4
"""A space is swept when more than a quarter of what it held is dead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document as it enters one space."""

    id: UUID
    org_id: UUID | None
    published_at: datetime | None
    terms: Mapping[str, int]
    facts: Facts
    phrases: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        return sum(self.terms.values())

    def row(self) -> tuple[int, ...]:
        return columns.row_of(self.id, self.org_id, self.published_at, self.length, self.facts)

    def digest(self) -> bytes:
        """Two entries with the same digest are the same document: nothing is written then."""
        said = [tokens.MODEL, sorted(self.terms.items()), [str(n) for n in self.row()], self.phrases, self.numbers]
        return hashlib.sha256(canonical_json(said)).digest()[:16]


async def put(db: AsyncSession, space: Space, entries: Sequence[Entry], *, gone: Collection[UUID] = ()) -> int:
    """Bring these documents to what is given, and take those that are `gone` out; returns how many changed.

    Whoever holds the state's row writes, all others wait: numbers of documents are given without gaps.
    """
    state = await repository.lock_state(db, space)
    held = await repository.list_documents(db, space, [*gone, *(entry.id for entry in entries)])
    digests = {entry.id: entry.digest() for entry in entries}
    fresh = [one for one in entries if one.id not in held or held[one.id].digest != digests[one.id]]
    leaving = [row for id, row in held.items() if id in gone or id in {one.id for one in fresh}]
    if not fresh and not leaving:
        return 0
    first = state.next_document
    numbered = [(first + place, entry) for place, entry in enumerate(fresh)]
    ids = await _write_terms(db, space, numbered, leaving)
    changed = {one.id for one in fresh}
    await repository.delete_documents(db, space, [row.id for row in leaving], changed=changed)
    if fresh:
        await repository.insert_documents(db, space, [_document(n, one, digests[one.id], ids) for n, one in numbered])
    numbers = [(number, one.id) for one in fresh for number in one.numbers]
    if numbers:
        await repository.insert_numbers(db, space, numbers)
    counts: Counter[str] = Counter(phrase for one in fresh for phrase in one.phrases)
    counts.subtract(phrase for row in leaving for phrase in row.phrases or ())
    await repository.count_phrases(db, space, counts)
    epoch = state.epoch + 1
    await _write_columns(db, space, epoch, numbered, [row.document for row in leaving])
    await repository.put_state(
        db,
        space,
        epoch=epoch,
        next_document=first + len(fresh),
        documents=state.documents + len(fresh) - len(leaving),
        length_sum=state.length_sum + sum(one.length for one in fresh) - sum(row.length for row in leaving),
        dead=state.dead + len(leaving),
        model=state.model if first else tokens.MODEL,
    )
    return len(fresh) + len(leaving)


async def _write_terms(
    db: AsyncSession, space: Space, numbered: Sequence[tuple[int, Entry]], leaving: Sequence[Any]
) -> dict[str, int]:
    """Dictionary and postings of what comes and goes; returns the numbers of the terms that came."""
    tails = await repository.tails(db, space, sorted({term for _, one in numbered for term in one.terms}))
    ids = {term: id for term, (id, _) in tails.items()}
    by_id = dict(tails.values())
    more: Counter[int] = Counter()
    now: dict[int, Tail] = {}
    pieces = []
    for id, documents, times in blocks.by_term([(n, one.terms) for n, one in numbered], ids):
        pieces += blocks.pieces(id, by_id[id], documents, times)
        now[id] = blocks.tail_after(by_id[id], len(documents))
        more[id] += len(documents)
    for row in leaving:
        more.subtract(blocks.forward_terms(row.forward).tolist())
    changed = sorted(id for id in more if more[id] or id in now)
    await repository.change_terms(db, changed, [more[id] for id in changed], [now.get(id) for id in changed])
    await repository.write_pieces(db, pieces)
    return ids


def _document(number: int, entry: Entry, digest: bytes, ids: Mapping[str, int]) -> dict[str, Any]:
    terms = sorted(entry.terms.items())
    return {
        "id": entry.id,
        "document": number,
        "length": entry.length,
        "digest": digest,
        "forward": blocks.forward([ids[term] for term, _ in terms], [times for _, times in terms]),
        "phrases": entry.phrases,
    }


async def _write_columns(
    db: AsyncSession, space: Space, epoch: int, numbered: Sequence[tuple[int, Entry]], dead: Sequence[int]
) -> None:
    touched = {n // CHUNK for n, _ in numbered} | {n // CHUNK for n in dead}
    held = await repository.read_chunks(db, space, sorted(touched))
    rows = {chunk: np.frombuffer(held.get(chunk, b""), ROW).copy() for chunk in touched}
    for chunk in sorted(touched):
        more = [one.row() for n, one in numbered if n // CHUNK == chunk]
        if more:
            rows[chunk] = np.concatenate([rows[chunk], columns.rows_array(more)])
    for n in dead:
        rows[n // CHUNK]["alive"][n % CHUNK] = 0
    await repository.write_chunks(db, space, epoch, {chunk: rows[chunk].tobytes() for chunk in sorted(rows)})


async def sweep(db: AsyncSession, space: Space) -> bool:
    """Take the dead out of the postings of the next terms; False when there is nothing to sweep.

    A sweep goes through all terms in turns. What died before it began is gone when it ends; answers do not change.
    """
    state = await repository.lock_state(db, space)
    if state.sweep_below is None:
        if state.dead < max(DEAD_MIN, state.documents // DEAD_SHARE):
            return False
        await repository.put_state(db, space, sweep_below=state.next_document, sweep_after=0, sweep_dead=state.dead)
        return True
    terms = await repository.terms_behind(db, space, state.sweep_after)
    if not terms:
        await repository.put_state(
            db, space, sweep_below=None, dead=state.dead - state.sweep_dead, sweep_dead=0, sweep_after=0
        )
        return False
    alive = await _alive(db, space, (state.generation, state.sweep_below))
    unused = []
    for id, (documents, times) in (await repository.read_blocks(db, terms)).items():
        one = blocks.posting("", 1, 0, documents, times)
        keep = _stay(alive, one.documents)
        if not keep.any():
            unused.append(id)
        if keep.all():
            continue
        kept, kept_times = one.documents[keep], one.times[keep]
        await repository.replace_blocks(db, id, blocks.pieces(id, Tail(), kept, kept_times))
        await repository.change_terms(db, [id], [0], [blocks.tail_after(Tail(), len(kept))])
    await repository.forget_terms(db, unused)
    await repository.put_state(db, space, sweep_after=terms[-1])
    return True


_alive_at: WeakKeyDictionary[Any, dict[Space, tuple[Any, Mask]]] = WeakKeyDictionary()
"""For each database, who was alive in a space when its sweep began, or later: read once for all turns of a sweep."""


async def _alive(db: AsyncSession, space: Space, swept: tuple[Any, int]) -> Mask:
    bind = db.get_bind()
    spaces = _alive_at.setdefault(getattr(bind, "engine", bind), {})
    if space not in spaces or spaces[space][0] != swept:
        held = columns.Columns()
        async for chunk, _, content in repository.chunks_after(db, space, -1):
            held.put(chunk, content)
        spaces[space] = (swept, held["alive"] != 0)
    return spaces[space][1]


def _stay(alive: Mask, documents: Ints) -> Mask:
    """What came after the look is not judged by it."""
    known = np.minimum(documents, len(alive) - 1)
    stays: Mask = alive[known] | (documents >= len(alive))
    return stays
