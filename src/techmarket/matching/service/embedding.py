"""How documents get their vectors, and which embedder speaks for a query."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import roles
from techmarket.db.session import Tx
from techmarket.kernel.embedding import Embedder, EmbeddingFailed, Trouble
from techmarket.listings import steps as listings
from techmarket.matching import profiles, texts
from techmarket.matching.candidates import Meant
from techmarket.matching.index import repository
from techmarket.matching.index.columns import Space
from techmarket.matching.meaning import vectors
from techmarket.matching.service.following import TIER_OF

EMBED_BATCH = 16
MEANT_CHARS_MAX = 10_000
LEFT_OUT_TURN = 64
NOBODY_ANSWERS = (Trouble.DOWN, Trouble.SLOW, Trouble.RESTING)
PROBE = "技术 technology"
log = structlog.get_logger("techmarket.matching")


async def embed_some(tx: Tx, embedder: Embedder) -> int:
    """The next documents of each space get their vectors; returns how many were handled.

    The embedder is asked between two transactions. What was embedded before, in another space too, is not asked again;
    what has changed meanwhile is left to its new number.
    """
    handled = 0
    for space in Space:
        handled += await _embed_space(tx, embedder, space)
    return handled


async def _embed_space(tx: Tx, embedder: Embedder, space: Space) -> int:
    async with tx.read(snapshot=True) as db:
        state = await repository.get_state(db, space)
        progress = (await vectors.progress(db, [embedder.name], space)).get(embedder.name)
        if progress is not None and progress.is_ready and progress.next_document >= state.next_document:
            return 0
        first = progress.next_document if progress else 0
        rows = await vectors.waiting(db, space, first, EMBED_BATCH)
        read = await _read(db, embedder, space, rows)
    stored = await _embedded(embedder, read)
    if stored is None:
        return 0
    is_end = len(rows) < EMBED_BATCH
    after = state.next_document if is_end else rows[-1].document + 1
    async with tx.begin() as db:
        if await vectors.lock_progress(db, embedder.name, embedder.dim, space) is None:
            return 0
        await vectors.put(db, embedder.name, space, stored)
        await vectors.move_progress(db, embedder.name, space, after, is_ready=is_end)
    return len(rows)


async def embed_left_out(tx: Tx, embedder: Embedder) -> int:
    """A second look at documents that got no vector when it was their turn; returns how many have one now."""
    done = 0
    for space in Space:
        async with tx.read(snapshot=True) as db:
            read = await _read(db, embedder, space, await vectors.without(db, embedder.name, space, LEFT_OUT_TURN))
        stored = await _embedded(embedder, read)
        if stored:
            async with tx.begin() as db:
                await vectors.put(db, embedder.name, space, stored)
            done += len(stored)
    return done


@dataclass(frozen=True, slots=True)
class _Read:
    """Documents with the texts that are to be embedded, and the vectors of texts that were embedded before."""

    said: Mapping[UUID, tuple[int, bytes, str]]
    known: Mapping[bytes, str]


async def _read(db: AsyncSession, embedder: Embedder, space: Space, rows: Sequence[Any]) -> _Read:
    found = await _terms_of(db, space, [row.id for row in rows])
    said = {}
    for row in rows:
        if row.id in found:
            text = texts.meaning_of(found[row.id], embedder.chars_max)
            said[row.id] = (row.document, hashlib.sha256(text.encode("utf-8", "replace")).digest(), text)
    return _Read(said, await vectors.known(db, embedder.name, [hash for _, hash, _ in said.values()]))


async def _terms_of(db: AsyncSession, space: Space, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    """What every reader of a space may know of these documents; what is not to be found now is absent."""
    if space is Space.PEOPLE:
        return {id: profiles.terms_of(row) for id, row in (await profiles.get_many(db, ids)).items()}
    found = await listings.texts_for_index(db, ids)
    return {id: one.cuts[TIER_OF[space]] for id, one in found.items()}


async def _embedded(embedder: Embedder, read: _Read) -> list[tuple[UUID, int, bytes, str]] | None:
    """The rows to store; None when nobody answers. What the embedder refuses for itself is left out and told."""
    missing = {hash: text for _, hash, text in read.said.values() if hash not in read.known}
    made = await _vectors_for(embedder, missing)
    if made is None:
        return None
    known = dict(read.known) | {hash: vectors.spelled(vector) for hash, vector in made.items()}
    return [(id, number, hash, known[hash]) for id, (number, hash, _) in read.said.items() if hash in known]


async def _vectors_for(embedder: Embedder, missing: Mapping[bytes, str]) -> dict[bytes, list[float]] | None:
    if not missing:
        return {}
    try:
        made = await embedder.embed(list(missing.values()), "passage")
        return dict(zip(missing, made, strict=True))
    except EmbeddingFailed as failure:
        _tell(embedder, failure, len(missing))
        if failure.trouble in NOBODY_ANSWERS or not await _answers(embedder):
            return None
    out: dict[bytes, list[float]] = {}
    for hash, text in missing.items():
        try:
            (out[hash],) = await embedder.embed([text], "passage")
        except EmbeddingFailed as failure:
            if failure.trouble in NOBODY_ANSWERS:
                return None
            _tell(embedder, failure, 1)
    return out


async def _answers(embedder: Embedder) -> bool:
    """Whether it embeds what cannot be at fault: then something else in the batch was."""
    try:
        await embedder.embed([PROBE], "passage")
    except EmbeddingFailed:
        return False
    return True


def _tell(embedder: Embedder, failure: EmbeddingFailed, texts: int) -> None:
    log.warning("embedding_failed", model=embedder.name, trouble=failure.trouble.value, texts=texts)


async def vectors_of(db: AsyncSession, embedder: Embedder, ids: Sequence[UUID]) -> dict[UUID, list[float]]:
    """The stored vectors of listings, as everybody may know their text."""
    return await vectors.stored(db, embedder.name, Space.PUBLIC, ids)


async def tend_vectors(tx: Tx, embedders: Sequence[Embedder], builder: Tx | None = None) -> None:
    """An index for what has grown large; a second look at what was left out; nothing kept of embedders that nobody
    names any more. What is built is built by `builder`; where nobody here may, it waits for `techmarket tend`."""
    builder = builder or tx
    models = [one.name for one in embedders]
    async with tx.begin() as db:
        await vectors.forget_unused_models(db, models)
        wanted = await vectors.unindexed(db, models)
    async with builder.read() as db:
        may_build = not wanted or await roles.may_build(db)
    if not may_build:
        log.warning("index_waits_for_its_owner", command="techmarket tend")
        wanted = []
    for model, space, dim in wanted:
        await vectors.build_index(builder.engine, model, dim, space)
        async with tx.begin() as db:
            await vectors.note_index(db, model, space)
    for embedder in embedders:
        await embed_left_out(tx, embedder)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is known of a query's meaning. `state` is NONE without an embedder, USED, FILLING while the documents get
    their first vectors, or the trouble it had: then words alone answer."""

    state: str
    model: str | None = None
    meant: Meant | None = None


NO_MEANING = Meaning("NONE")


async def meaning_of(
    tx: Tx, embedders: Sequence[Embedder], space: Space, text: str, *, scripts: int | None = None
) -> Meaning:
    """The meaning of a query, asked for with no transaction open; a failing embedder never fails the query.

    `scripts` says what it is written in, where that is known better than from the text itself.
    """
    if not embedders or not text.strip():
        return NO_MEANING
    embedder = await _speaker(tx, embedders, space)
    if embedder is None:
        return Meaning("FILLING", embedders[0].name)
    try:
        (vector,) = await embedder.embed([text[: embedder.chars_max]], "query")
    except EmbeddingFailed as failure:
        _tell(embedder, failure, 1)
        return Meaning(failure.trouble.value, embedder.name)
    scripts = texts.script_of(text) if scripts is None else scripts
    return Meaning("USED", embedder.name, Meant(embedder.name, embedder.dim, vector, scripts))


async def meaning_of_terms(tx: Tx, embedders: Sequence[Embedder], space: Space, terms: Mapping[str, Any]) -> Meaning:
    """The meaning of a listing that asks, by those of its terms that every reader of a space may know."""
    said, scripts = texts.meaning_of(terms, MEANT_CHARS_MAX), texts.scripts_of(texts.prose_of(terms))
    return await meaning_of(tx, embedders, space, said, scripts=scripts)


async def _speaker(tx: Tx, embedders: Sequence[Embedder], space: Space) -> Embedder | None:
    """The embedder that queries of this space use: the last one that has reached the end."""
    async with tx.read() as db:
        progress = await vectors.progress(db, [one.name for one in embedders], space)
    ready = [one for one in embedders if one.name in progress and progress[one.name].is_ready]
    return ready[-1] if ready else None
