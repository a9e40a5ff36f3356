"""A reader's look at one space: one state, its columns as this process holds them, the postings of a query."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.listings.rules import ListingKind
from techmarket.matching.index import blocks, repository
from techmarket.matching.index.blocks import Posting
from techmarket.matching.index.columns import Columns, Space
from techmarket.matching.index.repository import State
from techmarket.matching.index.scoring import POSTINGS_MAX, SCORED_MAX, Collected, Known, affordable

_held: WeakKeyDictionary[Any, dict[tuple[int, str], Columns]] = WeakKeyDictionary()
"""For each database that this process talks to, the columns of each space."""

BACK_SECONDS = 60.0
"""No snapshot lives so long: whoever then still finds an earlier epoch looks at a database that went back."""


@dataclass(frozen=True, slots=True)
class Look:
    """One space as one snapshot has it."""

    space: Space
    epoch: int
    about: Collected
    columns: Columns


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as one space understands it: postings of its terms, and those that were too common to take part."""

    postings: tuple[Posting, ...]
    left_out: tuple[str, ...]
    unknown: tuple[str, ...]


async def look(db: AsyncSession, space: Space) -> Look:
    """Takes over what changed since this process looked last; within a snapshot the postings are of the same moment."""
    state = await repository.get_state(db, space)
    bind = db.get_bind()
    held = _columns_of(getattr(bind, "engine", bind), space, state)
    if held.epoch < state.epoch:
        await _fill(db, space, held, state)
    return _as_of(space, state, held)


async def look_and_ask(
    tx: Tx, space: Space, wanted: Mapping[str, int], *, most: int = POSTINGS_MAX
) -> tuple[Look, Asked, tuple[Any, ...]]:
    """The same look, the postings of a query, and the sign of the space, in one statement."""
    state, found = await repository.state_and_postings(tx, space, list(wanted), postings_max=most, terms_max=SCORED_MAX)
    held = _columns_of(tx.engine.sync_engine, space, state)
    if held.epoch < state.epoch:
        async with tx.read() as db:
            await _fill(db, space, held, state)
    terms = [Known(one.id, term, wanted[term], one.df) for term, one in found.items()]
    scored, left_out = affordable(terms, most=most)
    postings = [
        blocks.posting(one.term, one.weight, one.df, found[one.term].documents or b"", found[one.term].times or b"")
        for one in scored
    ]
    unknown = tuple(sorted(term for term in wanted if term not in found))
    asked = Asked(tuple(postings), tuple(one.term for one in left_out), unknown)
    return _as_of(space, state, held), asked, (state.epoch, state.generation)


def _as_of(space: Space, state: State, held: Columns) -> Look:
    average = max(state.length_sum, 1) / max(state.documents, 1)
    return Look(space, state.epoch, Collected(state.documents, average), held)


async def _fill(db: AsyncSession, space: Space, held: Columns, state: State) -> None:
    async with held.filling:  # the first of many requests reads for all of them
        if held.epoch < state.epoch:
            async for chunk, epoch, content in repository.chunks_after(db, space, held.epoch):
                held.put(chunk, content, epoch=epoch)
            held.epoch = max(held.epoch, state.epoch)
            held.reached = time.monotonic()


def among(look: Look, asked: Asked, kind: ListingKind) -> tuple[Look, Asked]:
    """The same question over one kind of listing: rarity and lengths are counted among these alone."""
    takes_part = look.columns.taking_part(kind)
    about = Collected(takes_part.documents, max(takes_part.length_sum, 1) / max(takes_part.documents, 1))
    mask = takes_part.mask
    counted = [
        replace(one, df=int(np.count_nonzero(mask[one.documents[: int(np.searchsorted(one.documents, len(mask)))]])))
        for one in asked.postings
    ]
    counted.sort(key=lambda one: (one.df, one.term))  # nothing of an answer may tell how rare it is among the others
    return replace(look, about=about), replace(asked, postings=tuple(counted))


def _columns_of(engine: Any, space: Space, state: State) -> Columns:
    generation, epoch = str(state.generation), state.epoch
    spaces = _held.setdefault(engine, {})
    for key in [key for key in spaces if key[0] == space and key[1] != generation]:
        del spaces[key]
    held = spaces.get((space, generation))
    if held is None or (epoch < held.epoch and time.monotonic() - held.reached > BACK_SECONDS):
        held = spaces[space, generation] = Columns()
    return held


async def ask(
    db: AsyncSession,
    space: Space,
    wanted: Mapping[str, int],
    *,
    known: Mapping[str, tuple[int, int]] | None = None,
    most: int = POSTINGS_MAX,
    own: Collection[str] = frozenset(),
) -> Asked:
    """Reads the postings of a query. `known` is what was looked up of its terms in the same snapshot.

    `own` are the terms of the document that asks, where it stands in the space itself: one that nobody else holds is
    as good as unknown.
    """
    found = await repository.known_terms(db, space, list(wanted)) if known is None else known
    found = {term: (id, df) for term, (id, df) in found.items() if df > (term in own)}
    terms = [Known(id, term, wanted[term], df) for term, (id, df) in found.items()]
    scored, left_out = affordable(terms, most=most)
    read = await repository.read_blocks(db, [one.id for one in scored])
    return Asked(
        tuple(blocks.posting(one.term, one.weight, one.df, *read[one.id]) for one in scored),
        tuple(one.term for one in left_out),
        tuple(sorted(term for term in wanted if term not in found)),
    )
