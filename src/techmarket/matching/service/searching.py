"""What readers find: words, numbers of rights, filters, counts, suggestions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import ANONYMOUS, Actor
from techmarket.identity.permissions import require
from techmarket.kernel.embedding import Embedder
from techmarket.kernel.masking import Place, shown
from techmarket.kernel.paging import BadCursor, decode_cursor, encode_cursor
from techmarket.listings import steps as listings
from techmarket.listings.views import ListingView
from techmarket.matching import grants, policy, ranking, texts, tokens
from techmarket.matching.candidates import Judging
from techmarket.matching.grants import GrantedText
from techmarket.matching.highlighting import Reading, highlights
from techmarket.matching.index import reading, repository
from techmarket.matching.index.columns import Space
from techmarket.matching.index.reading import Asked, Look
from techmarket.matching.index.scoring import MICRO, Filters, Sort, said_of, tests_of
from techmarket.matching.ranking import Hit
from techmarket.matching.service import embedding, turns
from techmarket.matching.service.answering import inputs_of, keepable, result_of
from techmarket.matching.service.embedding import NO_MEANING
from techmarket.matching.views import FoundView, SearchPage

ALIKE_WORD = 0.4
ALIKE_NUMBER = 0.6
NUMBERS_MAX = 50
CORRECTED_MAX = 5
SHOWN_TERMS_MAX = 12
SUGGESTIONS_MAX = 10
BY_WORDS = ""


async def search(
    tx: Tx,
    actor: Actor,
    *,
    query: str | None,
    filters: Filters,
    cursor: str | None,
    limit: int,
    sort: Sort | None = None,
    with_facets: bool = False,
    embedders: Sequence[Embedder] = (),
    with_signs: bool = False,
) -> SearchPage:
    """Listings by words and filters, best first; without words the newest first.

    What the reader's standing opens on every listing takes part, and of single listings what a grant opens to him:
    in what is found, in the order, in the score, in the counts. Nothing else touches the answer.
    """
    require(actor, policy.SEARCH)
    after = after_of(cursor)
    space = ranking.space_of(actor)
    means_words = query is not None and sort in (None, Sort.RELEVANCE) and texts.asked_number(query) is None
    means_words = means_words and (after is None or after.manner != BY_WORDS)
    meaning = await embedding.meaning_of(tx, embedders, space, query or "") if means_words else NO_MEANING
    manner = meaning.meant.model if meaning.meant is not None else BY_WORDS
    require_manner(after, manner)
    async with tx.read(snapshot=True) as db:
        opened = await grants.opened_to(db, actor, space)
        asked = await _asked(db, actor, space, query, opened.texts)
        of_node = await identity.organisations_of_node(db, UUID(filters.node)) if filters.node is not None else ()
        ranked = await ranking.rank(
            db,
            space,
            asked.wanted,
            tests=tests_of(filters, organisations=of_node),
            sort=sort or (Sort.NEWEST if asked.wanted is None else Sort.RELEVANCE),
            after=after.place if after is not None else None,
            limit=limit + 1,
            only=asked.only,
            granted=opened.texts if asked.only is None else asked.held,
            with_facets=with_facets,
            by=Judging(meaning.meant) if meaning.meant is not None else None,
            known=asked.known,
        )
        page, next_cursor = page_of_hits(ranked.hits, limit, manner)
        ids = tuple(hit.id for hit in page)
        views = await listings.views_for(db, actor, ids)
        signs = await _signs(db, space, ids) if with_signs else None
    wishes = {"query": query, "filters": said_of(filters), "sort": sort, "corrected": dict(asked.corrected)}
    kept = keepable(
        actor,
        kind="search",
        listing_id=None,
        inputs=inputs_of(
            ranked, embedder=meaning.model if meaning.meant is not None else None, reranker=None, wishes=wishes
        ),
        results=[result_of(hit) for hit in page if hit.id in views],
    )
    return SearchPage(
        await _shown(page, views),
        next_cursor,
        ranked.total,
        tokens.MODEL,
        ranked.facets,
        asked.corrected,
        ranked.asked.left_out if ranked.asked else (),
        asked.number,
        meaning.state,
        meaning.model,
        kept,
        ids,
        signs,
        opened.is_cut,
    )


async def search_in_public(
    tx: Tx,
    *,
    query: str,
    filters: Filters,
    cursor: str | None,
    limit: int,
    sort: Sort | None = None,
    with_facets: bool = False,
) -> SearchPage:
    """What a stranger finds by words where there is no embedder, with the signs of what it was made of.

    It is the answer of `search`, mostly in two statements and no transaction: one reads the state of the index and the
    postings of one moment, the other the listings as they stand. What takes more than words goes the longer way.
    """
    require(ANONYMOUS, policy.SEARCH)
    after = after_of(cursor)
    is_by_words = after is None or after.manner == BY_WORDS
    if is_by_words and filters.node is None and texts.asked_number(query) is None:
        read = await _read_in_public(tx, query)
        if read is not None:
            ranked = ranking.rank_by_words(
                read.look,
                read.asked,
                read.wanted,
                tests=tests_of(filters, organisations=()),
                sort=sort or Sort.RELEVANCE,
                after=after.place if after is not None else None,
                limit=limit + 1,
                with_facets=with_facets,
            )
            page, next_cursor = page_of_hits(ranked.hits, limit)
            ids = tuple(hit.id for hit in page)
            views, of_listings = await listings.public_views(tx, ids)
            return SearchPage(
                await _shown(page, views),
                next_cursor,
                ranked.total,
                tokens.MODEL,
                ranked.facets,
                read.corrected,
                read.asked.left_out,
                ids=ids,
                signs=(read.sign, of_listings),
            )
    return await search(
        tx,
        ANONYMOUS,
        query=query,
        filters=filters,
        cursor=cursor,
        limit=limit,
        sort=sort,
        with_facets=with_facets,
        with_signs=True,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """A query with its postings, all of the one moment that `sign` names."""

    look: Look
    asked: Asked
    wanted: Mapping[str, int]
    corrected: Mapping[str, str]
    sign: tuple[Any, ...]


async def _read_in_public(tx: Tx, query: str) -> _Read | None:
    """What `_asked` finds out, statement by statement; None where the index changed in between."""
    space = Space.PUBLIC
    wanted = texts.query_terms(tokens.terms(query))
    singles = _singles(wanted)
    before = await repository.sign(tx, space) if singles else None
    for pair in await repository.pairs_from(tx.fetch, space, singles):
        wanted[pair] += 1
    look, asked, sign = await reading.look_and_ask(tx, space, wanted)
    odd = texts.words_to_check(asked.unknown)[:CORRECTED_MAX]
    corrected = await repository.similar_terms(tx.fetch, space, odd, ALIKE_WORD)
    for word, used in corrected.items():
        wanted[used] += wanted[word]
    first = before or sign
    if odd:
        look, asked, sign = await reading.look_and_ask(tx, space, wanted)
    return _Read(look, asked, wanted, corrected, sign) if sign == first else None


def _singles(wanted: Mapping[str, int]) -> list[str]:
    """The characters by themselves, each of which stands for the pairs that begin with it."""
    return [term for term in wanted if tokens.is_one_han(term)]


async def _shown(page: Sequence[Hit], views: Mapping[UUID, ListingView]) -> list[FoundView]:
    left = Reading()
    return await turns.each([hit for hit in page if hit.id in views], lambda hit: _found(hit, views[hit.id], left))


async def _signs(db: AsyncSession, space: Space, ids: Collection[UUID]) -> tuple[Any, ...]:
    return await repository.sign_within(db, space), await listings.public_signs_within(db, ids)


async def public_signs(tx: Tx, ids: Collection[UUID]) -> tuple[Any, ...]:
    """What a stranger's answer of these listings is made of now: without an embedder, the same signs are the same
    answer."""
    return await repository.sign(tx, Space.PUBLIC), await listings.public_signs(tx, ids)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query understood: terms, or None for everything; the listings of a number; what was taken for what; and what
    was found of the terms in the dictionary, if that is all there is to find. `held` are the texts under a grant that
    name the number."""

    wanted: Mapping[str, int] | None
    only: list[UUID] | None
    number: str | None
    corrected: Mapping[str, str]
    known: Mapping[str, tuple[int, int]] | None = None
    held: Sequence[GrantedText] = ()


async def _asked(
    db: AsyncSession, actor: Actor, space: Space, query: str | None, opened: Sequence[GrantedText]
) -> _Asked:
    """A number of a right is looked up exactly, then nearly; of words, those that nobody uses are corrected.

    A Chinese character by itself stands for the pairs that begin with it: texts are kept as pairs.
    """
    if query is None:
        return _Asked(None, None, None, {})
    number = texts.asked_number(query)
    if number is not None:
        exact = await repository.ids_of_number(db, space, number, NUMBERS_MAX)
        held = await grants.holding_number(db, actor, opened, number)
        if exact or held:
            apart = {one.listing_id for one in held}
            return _Asked(None, [id for id in exact if id not in apart], number, {}, held=held)
        near = await repository.similar_number(db, space, number, ALIKE_NUMBER)
        if near is not None:
            alike = await repository.ids_of_number(db, space, near, NUMBERS_MAX)
            return _Asked(None, alike, near, {number: near})
    wanted = texts.query_terms(tokens.terms(query))
    fetch = repository.within(db)
    for pair in await repository.pairs_from(fetch, space, _singles(wanted)):
        wanted[pair] += 1
    known = await repository.known_terms(db, space, list(wanted))
    odd = texts.words_to_check(sorted(term for term in wanted if term not in known))[:CORRECTED_MAX]
    corrected = await repository.similar_terms(fetch, space, odd, ALIKE_WORD)
    for asked, used in corrected.items():
        wanted[used] += wanted[asked]
    return _Asked(wanted, None, None, corrected, known if not corrected else None)


async def suggest(tx: Tx, actor: Actor, *, start: str) -> list[str]:
    """How titles, keywords and holders of findable listings go on, as far as the reader's standing opens them."""
    require(actor, policy.SEARCH)
    plain = " ".join(tokens.folded(start).split())[: texts.PHRASE_MAX]
    if not plain:
        return []
    async with tx.read() as db:
        found = await repository.phrases_from(db, ranking.space_of(actor), plain, SUGGESTIONS_MAX)
    # A phrase is nobody's own: with a number or an address of a person in it, it is offered to no one.
    return [one for one in found if shown(Place.LISTING_TEXT, one) == one]


def page_of_hits(hits: tuple[Hit, ...], limit: int, manner: str = BY_WORDS) -> tuple[tuple[Hit, ...], str | None]:
    """A page out of `limit + 1` hits, and the cursor behind its last one, which names how they were ordered."""
    if len(hits) <= limit:
        return hits, None
    return hits[:limit], encode_cursor(hits[limit - 1].key, str(hits[limit - 1].id), manner)


class After(NamedTuple):
    """The last result of the page before, and in which manner that page was ordered: by words, or by these models.

    Keys of one manner say nothing in another: a page that follows is ordered as the one before it, or refused.
    """

    key: int
    id: UUID
    manner: str

    @property
    def place(self) -> tuple[int, UUID]:
        return self.key, self.id


def after_of(cursor: str | None) -> After | None:
    return After(*decode_cursor(cursor, int, UUID, str)) if cursor is not None else None


def require_manner(after: After | None, manner: str) -> None:
    if after is not None and after.manner != manner:
        raise BadCursor(pointer="/query/cursor")


def decimal(micro: int) -> str:
    sign, whole = ("-", -micro) if micro < 0 else ("", micro)
    return f"{sign}{whole // MICRO}.{whole % MICRO:06d}"


def _found(hit: Hit, view: ListingView, left: Reading) -> FoundView:
    words = tuple(term for term, _, _ in hit.terms[:SHOWN_TERMS_MAX])
    shown = highlights(view.terms, {term for term, _, _ in hit.terms}, left)
    return FoundView(view, decimal(hit.score), words, shown)
