"""One ranking for search and for matches: words over a space, filters in the same pass, and what grants open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.identity.actor import Actor
from techmarket.listings.rules import ListingKind
from techmarket.matching.candidates import Candidate, Judged, Judging, Pile, judge, with_more
from techmarket.matching.grants import GrantedText
from techmarket.matching.index import reading, repository
from techmarket.matching.index.columns import Columns, Space
from techmarket.matching.index.reading import Asked, Look
from techmarket.matching.index.scoring import (
    MICRO,
    Picked,
    Sort,
    Test,
    bm25,
    chosen,
    facets,
    first,
    fitting,
    idf,
    part,
    sort_keys,
    which_hit,
)


def space_of(actor: Actor) -> Space:
    """Whoever belongs to a verified organisation, and the market's staff, search the registered space."""
    return Space.REGISTERED if actor.org_verified or actor.is_market else Space.PUBLIC


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: where it stands, its score in millionths, and what each term gave: (term, times, millionths).

    `words` is the part of BM25. `judged` says what it was as a candidate; `decides` whether that made the order.
    """

    id: UUID
    key: int
    words: int
    terms: tuple[tuple[str, int, int], ...] = ()
    length: int = 0
    is_granted: bool = False
    judged: Candidate | None = None
    decides: bool = False

    @property
    def score(self) -> int:
        return round(self.judged.score * MICRO) if self.judged is not None and self.decides else self.words

    @property
    def likeness(self) -> float | None:
        return self.judged.likeness if self.judged is not None else None


@dataclass(frozen=True, slots=True)
class Ranked:
    """`total` counts all that hold a word and fit, and what meaning found besides; `facets` only when asked for.

    `alike` is the score of every result where no words were asked for.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, Mapping[str, int]]
    asked: Asked | None
    look: Look
    judged: Judged | None = None
    wanted: Mapping[str, int] = field(default_factory=dict)
    alike: int | None = None


async def rank(
    db: AsyncSession,
    space: Space,
    wanted: Mapping[str, int] | None,
    *,
    tests: Mapping[str, Test],
    sort: Sort,
    after: tuple[int, UUID] | None,
    limit: int,
    without: Collection[UUID] = (),
    only: Collection[UUID] | None = None,
    granted: Sequence[GrantedText] = (),
    with_facets: bool = False,
    by: Judging | None = None,
    among: ListingKind | None = None,
    known: Mapping[str, tuple[int, int]] | None = None,
    own: Collection[str] = frozenset(),
) -> Ranked:
    """The first `limit` behind `after`. Without words everything takes part, and the newest come first.

    `among` counts how rare a term is within one kind of listing alone. `known` saves looking the terms up again. `own`
    are the terms that a listing which asks, and is one of those `without`, has in the space itself.

    Judged `by` more than words, the best by words and the nearest by meaning come first; behind them the rest by words.

    With `only` no other listing of the space takes part, and all of them score alike, as do those that are granted. A
    listing of which a grant opens more stands outside the space for this reader: its whole text is scored by the
    numbers of the registered space, which no hidden text has entered.
    """
    look = await reading.look(db, space)
    apart = await repository.document_numbers(db, space, [*without, *(one.listing_id for one in granted)])
    own = own if any(id in apart for id in without) else frozenset()
    asked = await reading.ask(db, space, wanted, known=known, own=own) if wanted is not None else None
    if among is not None and asked is not None:
        look, asked = reading.among(look, asked, among)
    if only is None:
        piles = [_of_space(look, asked, list(apart.values()))]
    else:
        numbered = await repository.document_numbers(db, space, list(only))
        at = np.array(sorted(numbered.values()), np.int32)
        piles = [Pile(look.columns, at, np.full(len(at), MICRO, np.int64))]
    opened = [one for one in granted if one.listing_id not in without]
    if opened:
        piles.append(_of_grants(look, asked, wanted, opened, MICRO if only is not None else 0))
    named = dict(tests)
    twins = {apart[one.listing_id]: place for place, one in enumerate(opened) if one.listing_id in apart}
    kept = [_fitting(pile, named) for pile in piles]
    judged = None
    if by is not None and asked is not None and sort is Sort.RELEVANCE and only is None:
        judged, grown = await judge(db, look, kept, asked, by, tests=named, apart=set(apart.values()), twins=twins)
        # What meaning alone found is counted like the rest.
        piles = [
            with_more(pile, [number for of, number in judged.of if of == index]) for index, pile in enumerate(piles)
        ]
        kept = grown
    counted = _added([facets(p.columns, p.at, named) for p in piles]) if with_facets else {}
    total, found = _first_of(kept, judged, sort, after, limit)
    hits = _explained(found, look, asked, opened, wanted or {}, judged)
    alike = MICRO if only is not None else 0 if asked is None else None
    return Ranked(hits, total, counted, asked, look, judged, wanted or {}, alike)


def rank_by_words(
    look: Look,
    asked: Asked,
    wanted: Mapping[str, int],
    *,
    tests: Mapping[str, Test],
    sort: Sort,
    after: tuple[int, UUID] | None,
    limit: int,
    with_facets: bool = False,
) -> Ranked:
    """The same for whoever has no grants and asks for words alone: pure, over what was read."""
    named = dict(tests)
    pile = _of_space(look, asked, [])
    total, found = _first_of([_fitting(pile, named)], None, sort, after, limit)
    counted = facets(pile.columns, pile.at, named) if with_facets else {}
    return Ranked(_explained(found, look, asked, (), wanted, None), total, counted, asked, look, None, wanted)


def _fitting(pile: Pile, tests: dict[str, Test]) -> Pile:
    if not tests:
        return pile
    fits = chosen(fitting(pile.columns, pile.at, tests))
    return Pile(pile.columns, pile.at[fits], pile.scores[fits])


def _first_of(
    piles: Sequence[Pile], judged: Judged | None, sort: Sort, after: tuple[int, UUID] | None, limit: int
) -> tuple[int, list[tuple[Picked, int]]]:
    """How many there are, and the first of them, each with the number of its pile."""
    found = []
    for index, pile in enumerate(piles):
        keys = sort_keys(pile.columns, pile.at, pile.scores, sort)
        if judged is not None:
            keys = judged.keys(index, pile.at, keys)
        found += [
            (picked, index) for picked in first(pile.columns, pile.at, keys, pile.scores, after=after, limit=limit)
        ]
    if len(piles) > 1:
        found.sort(key=lambda pair: (pair[0].key, pair[0].id), reverse=True)
    return sum(len(pile.at) for pile in piles), found[:limit]


def _of_space(look: Look, asked: Asked | None, apart: list[int]) -> Pile:
    if asked is None:
        takes_part = look.columns["alive"] != 0
        takes_part[apart] = False
        at = np.flatnonzero(takes_part).astype(np.int32)
        return Pile(look.columns, at, np.zeros(len(at), np.int64))
    at, scores = bm25(asked.postings, look.columns, look.about)
    if apart and len(at):
        numbers = np.array(apart, np.int32)
        places = np.minimum(np.searchsorted(at, numbers), len(at) - 1)
        inside = places[at[places] == numbers]
        at, scores = np.delete(at, inside), np.delete(scores, inside)
    return Pile(look.columns, at, scores)


def _of_grants(
    look: Look, asked: Asked | None, wanted: Mapping[str, int] | None, opened: Sequence[GrantedText], alike: int
) -> Pile:
    """The opened texts that hold a word; where no words are asked for all of them, and they score `alike`."""
    rows = np.concatenate([one.row for one in opened])
    columns = Columns()
    columns.put(0, rows.tobytes())
    if asked is None or wanted is None:
        return Pile(columns, np.arange(len(opened), dtype=np.int32), np.full(len(opened), alike, np.int64))
    scores = np.array([sum(gave for _, _, gave in _gave(one, look, asked, wanted)) for one in opened], np.int64)
    at = np.flatnonzero(scores).astype(np.int32)
    return Pile(columns, at, scores[at])


def _gave(one: GrantedText, look: Look, asked: Asked, wanted: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """What each term gives to a text that stands in no space; a term that the space lacks is as rare as can be."""
    scored = [(posting.term, posting.df) for posting in asked.postings] + [(term, 0) for term in asked.unknown]
    length = int(one.row["length"][0])
    out = []
    for term, df in scored:
        times = one.terms.get(term, 0)
        if times:
            gave = wanted[term] * idf(df, look.about.documents) * part(times, length, look.about.average)
            out.append((term, times, round(gave * MICRO)))
    return out


def _explained(
    found: Sequence[tuple[Picked, int]],
    look: Look,
    asked: Asked | None,
    opened: Sequence[GrantedText],
    wanted: Mapping[str, int],
    judged: Judged | None,
) -> tuple[Hit, ...]:
    if asked is None:
        return tuple(Hit(one.id, one.key, one.score, is_granted=bool(pile)) for one, pile in found)
    inside = [one.document for one, pile in found if pile == 0]
    terms = iter(which_hit(asked.postings, inside, look.columns, look.about))
    hits = []
    for one, pile in found:
        if pile:
            text = opened[one.document]
            gave, length = _gave(text, look, asked, wanted), int(text.row["length"][0])
        else:
            gave = [(term, times, round(part_ * MICRO)) for term, times, part_ in next(terms)]
            length = int(look.columns["length"][one.document])
        gave.sort(key=lambda part_: (-part_[2], part_[0]))
        candidate = judged.of.get((pile, one.document)) if judged is not None else None
        decides = judged is not None and judged.decides
        hits.append(Hit(one.id, one.key, one.score, tuple(gave), length, bool(pile), candidate, decides))
    return tuple(hits)


def _added(counts: Sequence[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    if len(counts) == 1:
        return counts[0]
    names = dict.fromkeys(name for one in counts for name in one)
    out = {}
    for name in names:
        total: dict[str, int] = {}
        for one in counts:
            for value, count in one.get(name, {}).items():
                total[value] = total.get(value, 0) + count
        out[name] = dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))
    return out
