"""Technology managers (技术经理人) and experts who let themselves be found, and who of them fits a listing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.disclosure.tiers import Tier
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.identity.views import QualificationHeld
from techmarket.kernel.embedding import Embedder
from techmarket.kernel.masking import Place, shown
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.matching import alerts, errors, policy, profiles, ranking, texts, tokens
from techmarket.matching.candidates import Judging
from techmarket.matching.events import ProfileChanged
from techmarket.matching.index import repository, writing
from techmarket.matching.index.columns import Columns, Facts, Ints, Mask, Space
from techmarket.matching.index.scoring import MICRO, At, Sort, Test
from techmarket.matching.index.writing import Entry
from techmarket.matching.profiles import Profile
from techmarket.matching.ranking import Hit
from techmarket.matching.service import turns
from techmarket.matching.service.answering import inputs_of, keep, keepable, result_of
from techmarket.matching.service.embedding import NO_MEANING, meaning_of_terms
from techmarket.matching.service.searching import BY_WORDS, after_of, decimal, page_of_hits, require_manner
from techmarket.matching.tables import MatchProfile
from techmarket.matching.views import PeoplePage, PersonMatchView, ProfileView, TermPart

KINDS = ("TECHNOLOGY_MANAGER", "EXPERT")
SHOWN_TERMS_MAX = 12
REINDEX_TURN = 500


async def get_profile(tx: Tx, actor: Actor) -> ProfileView:
    """One's own profile; an empty one that nobody finds where none was written."""
    require(actor, policy.READ_PROFILE)
    async with tx.read() as db:
        return _view(await profiles.find(db, actor.person), actor.person)


async def put_profile(tx: Tx, actor: Actor, profile: Profile) -> ProfileView:
    """Say what one is good at, and whether one wants to be found; it can be found when this returns."""
    require(actor, policy.EDIT_PROFILE)
    if profile.is_listed and not (profile.statement_zh or profile.statement_en):
        raise errors.StatementMissing(pointer="/body/statement_zh")
    async with tx.begin() as db:
        row = await profiles.put(db, actor.person, profile, await clock.market_now(db))
        await _index(db, [row])
        journal.record(db, ProfileChanged(actor.person, profile.is_listed), actor=actor)
        return _view(row, actor.person)


async def forget_person(tx: Tx, person_id: UUID) -> None:
    """Whoever left is found no more; what he said of himself goes, and his searches end without their words."""
    async with tx.begin() as db:
        if await profiles.find(db, person_id) is not None:
            nothing = Profile(is_listed=False, statement_zh=None, statement_en=None, keywords=(), region=None)
            await _index(db, [await profiles.put(db, person_id, nothing, await clock.market_now(db))])
        await alerts.forget_searches_of(db, person_id, await clock.market_now(db))


async def reindex_people(tx: Tx) -> int:
    """Bring every listed profile into its space by the present terms; returns how many changed."""
    changed, after = 0, None
    while True:
        async with tx.begin() as db:
            rows = await profiles.list_listed(db, after=after, limit=REINDEX_TURN)
            if not rows:
                return changed
            changed += await _index(db, rows)
            after = rows[-1].person_id


async def _index(db: AsyncSession, rows: list[MatchProfile]) -> int:
    entries, gone = [], []
    for row in rows:
        if not row.is_listed:
            gone.append(row.person_id)
            continue
        terms = texts.terms_of(profiles.terms_of(row))
        facts = Facts(region=row.region, scripts=texts.scripts_of([row.statement_zh or "", row.statement_en or ""]))
        entries.append(Entry(row.person_id, None, None, terms, facts))
    return await writing.put(db, Space.PEOPLE, entries, gone=gone)


async def list_people(
    tx: Tx,
    actor: Actor,
    listing_id: UUID,
    *,
    kind: str,
    region: str | None,
    cursor: str | None,
    limit: int,
    embedders: Sequence[Embedder] = (),
) -> PeoplePage:
    """Who fits a listing among those who are qualified today and let themselves be found, each with what made him fit:
    words, and with an embedder the meaning, which finds across languages."""
    require(actor, policy.FIND_PEOPLE)
    after = after_of(cursor)
    async with tx.read() as db:
        own = (await listings.views_for(db, actor, [listing_id])).get(listing_id)
        if own is None:
            raise NotFound()
        open_ = await listings.terms_up_to(db, own, Tier.REGISTERED)
    by_words = after is not None and after.manner == BY_WORDS
    meaning = NO_MEANING if by_words else await meaning_of_terms(tx, embedders, Space.PEOPLE, open_)
    manner = meaning.meant.model if meaning.meant is not None else BY_WORDS
    require_manner(after, manner)
    wanted = texts.query_terms(await turns.terms_of(own.terms))
    async with tx.read(snapshot=True) as db:
        today = (await clock.market_now(db)).astimezone(SHANGHAI).date()
        qualified = await identity.qualified_people(db, [kind], today)
        numbers = await repository.document_numbers(db, Space.PEOPLE, list(qualified))
        tests = {"qualified": _among(np.array(sorted(numbers.values()), np.int32))}
        if region is not None:
            tests["region"] = _in_region(region)
        ranked = await ranking.rank(
            db,
            Space.PEOPLE,
            wanted,
            tests=tests,
            sort=Sort.RELEVANCE,
            after=after.place if after is not None else None,
            limit=limit + 1,
            by=Judging(meaning.meant),
        )
        page, next_cursor = page_of_hits(ranked.hits, limit, manner)
        people = await identity.get_people(db, [hit.id for hit in page])
        rows = await profiles.get_many(db, [hit.id for hit in page])
    wishes = {"kind": kind, "region": region}
    answer = keepable(
        actor,
        kind="people",
        listing_id=listing_id,
        inputs=inputs_of(
            ranked, embedder=meaning.model if meaning.meant is not None else None, reranker=None, wishes=wishes
        ),
        results=[result_of(hit) for hit in page if hit.id in rows],
    )
    kept = await keep(tx, answer)
    # Whoever is found here let himself be found, by his name.
    names = {one: shown(Place.EXPERT_NAME, people[one].name) for one in people}
    items = [_match(hit, names[hit.id], rows[hit.id], qualified[hit.id]) for hit in page if hit.id in rows]
    return PeoplePage(items, next_cursor, ranked.total, tokens.MODEL, kept, meaning.state, meaning.model)


def _among(numbers: Ints) -> Test:
    def test(held: Columns, at: At) -> Mask:
        return np.isin(np.arange(held.size)[at], numbers)

    return test


def _in_region(code: str) -> Test:
    step, wanted = 10 ** (6 - len(code)), int(code)

    def test(held: Columns, at: At) -> Mask:
        fits: Mask = held["region"][at] // step == wanted
        return fits

    return test


def _match(hit: Hit, name: str, row: MatchProfile, held: list[QualificationHeld]) -> PersonMatchView:
    said: Mapping[str, object] = {
        "keywords": row.keywords,
        "statement_zh": row.statement_zh,
        "statement_en": row.statement_en,
    }
    strongest = hit.terms[:SHOWN_TERMS_MAX]
    places = {
        term: tuple(name for name, value in said.items() if value and term in tokens.terms(_text(value)))
        for term, _, _ in strongest
    }
    parts = tuple(TermPart(term, times, decimal(gave), places[term]) for term, times, gave in strongest)
    meant = None if hit.likeness is None else decimal(round(hit.likeness * MICRO))
    return PersonMatchView(
        _view(row, row.person_id), name, tuple(held), decimal(hit.score), parts, decimal(hit.words), meant
    )


def _text(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _view(row: MatchProfile | None, person_id: UUID) -> ProfileView:
    if row is None:
        return ProfileView(person_id, False, None, None, (), None)
    return ProfileView(
        row.person_id, row.is_listed, row.statement_zh, row.statement_en, tuple(row.keywords), row.region
    )
