"""How documents get their vectors, and which embedder speaks for a query."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.disclosure.tiers import Tier
from techmarket.kernel.embedding import Embedder, EmbeddingFailed
from techmarket.listings import steps as listings
from techmarket.matching import texts
from techmarket.matching.candidates import Meant
from techmarket.matching.index import repository
from techmarket.matching.index.columns import Space
from techmarket.matching.meaning import vectors
from techmarket.matching.service.following import SPACES

EMBED_BATCH = 16
log = structlog.get_logger("techmarket.matching")


async def embed_some(tx: Tx, embedder: Embedder) -> int:
    """The next documents of each space get their vectors; returns how many were handled.

    The embedder is asked between two transactions. What was embedded before, in another space too, is not asked again;
    what has changed meanwhile is left to its new number.
    """
    handled = 0
    for space, tier in SPACES:
        handled += await _embed_space(tx, embedder, space, tier)
    return handled


async def _embed_space(tx: Tx, embedder: Embedder, space: Space, tier: Tier) -> int:
    async with tx.read(snapshot=True) as db:
        state = await repository.get_state(db, space)
        progress = (await vectors.progress(db, [embedder.name], space)).get(embedder.name)
        if progress is not None and progress.is_ready and progress.next_document >= state.next_document:
            return 0
        first = progress.next_document if progress else 0
        rows = await vectors.waiting(db, space, first, EMBED_BATCH)
        found = await listings.texts_for_index(db, [row.id for row in rows])
        said = {
            row.id: (row.document, texts.meaning_of(found[row.id].cuts[tier], embedder.chars_max))
            for row in rows
            if row.id in found
        }
        hashes = {id: hashlib.sha256(text.encode("utf-8", "replace")).digest() for id, (_, text) in said.items()}
        known = await vectors.known(db, embedder.name, list(hashes.values()))
    missing = {hashes[id]: text for id, (_, text) in said.items() if hashes[id] not in known}
    if missing:
        try:
            made = await embedder.embed(list(missing.values()), "passage")
        except EmbeddingFailed as failure:
            log.warning("embedding_failed", model=embedder.name, trouble=failure.trouble.value, texts=len(missing))
            return 0
        known |= {hash: vectors.spelled(vector) for hash, vector in zip(missing, made, strict=True)}
    is_end = len(rows) < EMBED_BATCH
    after = state.next_document if is_end else rows[-1].document + 1
    stored = [(id, document, hashes[id], known[hashes[id]]) for id, (document, _) in said.items()]
    async with tx.begin() as db:
        if await vectors.lock_progress(db, embedder.name, embedder.dim, space) is None:
            return 0
        await vectors.put(db, embedder.name, space, stored)
        await vectors.move_progress(db, embedder.name, space, after, is_ready=is_end)
    return len(rows)


async def vectors_of(db: AsyncSession, embedder: Embedder, ids: Sequence[UUID]) -> dict[UUID, list[float]]:
    """The stored vectors of listings, as everybody may know their text."""
    return await vectors.stored(db, embedder.name, Space.PUBLIC, ids)


async def tend_vectors(tx: Tx, models: Sequence[str]) -> None:
    """An index for what has grown large; nothing kept of embedders that are no longer set."""
    async with tx.begin() as db:
        await vectors.forget_other_models(db, models)
        wanted = await vectors.unindexed(db, models)
    for model, space, dim in wanted:
        await vectors.build_index(tx.engine, model, dim, space)
        async with tx.begin() as db:
            await vectors.note_index(db, model, space)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is known of a query's meaning. `state` is NONE without an embedder, USED, or the trouble it had: then words
    alone answer."""

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
    embedder = await _speaker(tx, embedders, space)
    if embedder is None or not text.strip():
        return NO_MEANING
    try:
        (vector,) = await embedder.embed([text[: embedder.chars_max]], "query")
    except EmbeddingFailed as failure:
        log.warning("embedding_failed", model=embedder.name, trouble=failure.trouble.value, texts=1)
        return Meaning(failure.trouble.value, embedder.name)
    scripts = texts.script_of(text) if scripts is None else scripts
    return Meaning("USED", embedder.name, Meant(embedder.name, embedder.dim, vector, scripts))


async def _speaker(tx: Tx, embedders: Sequence[Embedder], space: Space) -> Embedder | None:
    """The embedder that queries of this space use: the last one that has reached the end, else the first."""
    if len(embedders) < 2:
        return embedders[0] if embedders else None
    async with tx.read() as db:
        progress = await vectors.progress(db, [one.name for one in embedders], space)
    ready = [one for one in embedders if one.name in progress and progress[one.name].is_ready]
    return ready[-1] if ready else embedders[0]
