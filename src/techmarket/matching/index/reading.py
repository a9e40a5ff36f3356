"""A reader's look at one space: one state, its columns as this process holds them, the postings of a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.listings.rules import ListingKind
from techmarket.matching.index import blocks, repository
from techmarket.matching.index.blocks import Posting
from techmarket.matching.index.columns import KINDS, Columns, Space
from techmarket.matching.index.scoring import POSTINGS_MAX, Collected, Known, affordable

_held: WeakKeyDictionary[Any, dict[tuple[int, str], Columns]] = WeakKeyDictionary()
"""For each database that this process talks to, the columns of each space."""


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
    held = _columns_of(db, space, str(state.generation))
    if held.epoch < state.epoch:
        for chunk, epoch, content in await repository.changed_chunks(db, space, held.epoch):
            held.put(chunk, content, epoch=epoch)
        held.epoch = max(held.epoch, state.epoch)
    average = max(state.length_sum, 1) / max(state.documents, 1)
    return Look(space, state.epoch, Collected(state.documents, average), held)


def among(look: Look, asked: Asked, kind: ListingKind) -> tuple[Look, Asked]:
    """The same question over one kind of listing: rarity and lengths are counted among these alone."""
    columns = look.columns
    takes_part = (columns["alive"] != 0) & (columns["kind"] == KINDS.index(kind))
    documents = int(np.count_nonzero(takes_part))
    length = int(columns["length"][takes_part].sum(dtype=np.int64))
    about = Collected(documents, max(length, 1) / max(documents, 1))
    counted = []
    for one in asked.postings:
        known = one.documents[: int(np.searchsorted(one.documents, columns.size))]
        counted.append(replace(one, df=int(np.count_nonzero(takes_part[known]))))
    counted.sort(key=lambda one: (one.df, one.term))
    return replace(look, about=about), replace(asked, postings=tuple(counted))


def _columns_of(db: AsyncSession, space: Space, generation: str) -> Columns:
    bind = db.get_bind()
    spaces = _held.setdefault(getattr(bind, "engine", bind), {})
    for key in [key for key in spaces if key[0] == space and key[1] != generation]:
        del spaces[key]
    return spaces.setdefault((space, generation), Columns())


async def ask(db: AsyncSession, space: Space, wanted: Mapping[str, int], *, most: int = POSTINGS_MAX) -> Asked:
    found = await repository.known_terms(db, space, list(wanted))
    known = [Known(id, term, wanted[term], df) for term, (id, df) in found.items()]
    scored, left_out = affordable(known, most=most)
    read = await repository.read_blocks(db, [one.id for one in scored])
    return Asked(
        tuple(blocks.posting(one.term, one.weight, one.df, *read[one.id]) for one in scored),
        tuple(one.term for one in left_out),
        tuple(sorted(term for term in wanted if term not in found)),
    )
