"""Offers for a demand, demands for an offer: what must hold, then words, and why."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.embedding import Embedder
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingKind
from techmarket.listings.views import ListingView
from techmarket.matching import fitting, grants, policy, ranking, texts, tokens
from techmarket.matching.candidates import Judging, Meant
from techmarket.matching.fitting import Fit
from techmarket.matching.index.columns import row_of, rows_array
from techmarket.matching.index.scoring import MICRO, Filters, Sort, said_of, tests_of
from techmarket.matching.ranking import Hit
from techmarket.matching.reranking import Reranker
from techmarket.matching.service import embedding, turns
from techmarket.matching.service.answering import active_reranker, inputs_of, keep, keepable, result_of
from techmarket.matching.service.embedding import NO_MEANING
from techmarket.matching.service.following import TIER_OF
from techmarket.matching.service.searching import BY_WORDS, after_of, decimal, page_of_hits, require_manner
from techmarket.matching.views import MatchPage, MatchView, TermPart

SHOWN_TERMS_MAX = 12


async def list_matches(
    tx: Tx,
    actor: Actor,
    listing_id: UUID,
    *,
    cursor: str | None,
    limit: int,
    filters: Filters | None = None,
    is_strict: bool = True,
    embedders: Sequence[Embedder] = (),
) -> MatchPage:
    """Offers for a demand, demands for an offer, best first, each with what made it one.

    `filters` are what the asker wishes beyond what the listings say; when strict, whatever misses a constraint that
    both sides state is left out.
    """
    require(actor, policy.MATCH)
    after = after_of(cursor)
    space = ranking.space_of(actor)
    async with tx.read() as db:
        own = (await listings.views_for(db, actor, [listing_id])).get(listing_id)
        if own is None:
            raise NotFound()
        # An embedder may be somebody else's: it hears what every reader of the space may, whoever asks.
        open_ = await listings.terms_up_to(db, own, TIER_OF[space])
    by_words = after is not None and after.manner == BY_WORDS
    reranker = None if by_words else await active_reranker(tx, space)
    terms = await turns.terms_of(own.terms)
    open_terms = terms if dict(own.terms) == dict(open_) else await turns.terms_of(open_)
    meaning = NO_MEANING if by_words else await embedding.meaning_of_terms(tx, embedders, space, open_)
    manner = _manner(meaning.meant, reranker)
    require_manner(after, manner)
    async with tx.read(snapshot=True) as db:
        wishes = tests_of(filters or Filters(), organisations=())
        wishes |= fitting.tests_between(own.kind, own.terms, own.organisation_id, is_strict=is_strict)
        opened = await grants.opened_to(db, actor, space)
        ranked = await ranking.rank(
            db,
            space,
            texts.query_terms(terms),
            tests=wishes,
            sort=Sort.RELEVANCE,
            after=after.place if after is not None else None,
            limit=limit + 1,
            without=[listing_id],
            own=open_terms.keys(),
            granted=opened.texts,
            by=_judging(own, terms.total(), meaning.meant, reranker),
            among=fitting.other_kind(own.kind),
        )
        page, next_cursor = page_of_hits(ranked.hits, limit, manner)
        views = await listings.views_for(db, actor, [hit.id for hit in page])
    wished = [name for name in ("region", "right_kind") if getattr(filters, name, None) is not None]
    shown = [hit for hit in page if hit.id in views]
    items = await turns.each(shown, lambda hit: _match(hit, own, views[hit.id], wished))
    answer = keepable(
        actor,
        kind="matches",
        listing_id=listing_id,
        inputs=inputs_of(
            ranked,
            embedder=meaning.model if meaning.meant is not None else None,
            reranker=reranker,
            wishes={"filters": said_of(filters or Filters()), "is_strict": is_strict},
        )
        | {"hides": terms is not open_terms},
        results=[result_of(hit) for hit in page if hit.id in views],
    )
    kept = await keep(tx, answer)
    name = reranker.name if reranker is not None else None
    return MatchPage(
        items, next_cursor, ranked.total, tokens.MODEL, kept, meaning.state, meaning.model, name, opened.is_cut
    )


def _manner(meant: Meant | None, reranker: Reranker | None) -> str:
    models = [meant.model if meant is not None else "", reranker.name if reranker is not None else ""]
    return "|".join(models) if any(models) else BY_WORDS


def _judging(own: ListingView, length: int, meant: Meant | None, reranker: Reranker | None) -> Judging:
    facts = texts.facts_of(own.kind, own.terms)
    row = rows_array([row_of(own.id, own.organisation_id, own.published_at, length, facts)])
    return Judging(meant, row[0], own.kind is ListingKind.DEMAND, reranker)


def _match(hit: Hit, own: ListingView, other: ListingView, wished: Sequence[str]) -> MatchView:
    demand, offer = (own, other) if own.kind is ListingKind.DEMAND else (other, own)
    strongest = hit.terms[:SHOWN_TERMS_MAX]
    places = texts.fields_of([term for term, _, _ in strongest], other.terms)
    parts = [TermPart(term, times, decimal(gave), tuple(places[term])) for term, times, gave in strongest]
    return MatchView(
        other,
        decimal(hit.score),
        decimal(hit.words),
        None if hit.likeness is None else decimal(round(hit.likeness * MICRO)),
        tuple(parts),
        # What the asker wished holds of every match: nothing else is shown.
        fitting.constraints(demand.terms, offer.terms) | fitting.standing(other.state) | dict.fromkeys(wished, Fit.MET),
        fitting.same_facts(own.terms, other.terms),
    )
