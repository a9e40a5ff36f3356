"""How the index follows the journal: what happened to a listing brings its present state into every space."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from techmarket.db import journal, marks, tracing
from techmarket.db.session import Tx
from techmarket.disclosure.tiers import Tier
from techmarket.listings import events
from techmarket.listings import steps as listings
from techmarket.listings.steps import IndexText
from techmarket.matching import grants, repository, set_aside, texts
from techmarket.matching.index import columns, writing
from techmarket.matching.index.columns import Space
from techmarket.matching.index.writing import Entry
from techmarket.matching.set_aside import SetAside

READER = "matching.index"
FOLLOWED = tuple(
    event.kind
    for event in (
        events.ListingAccepted,
        events.ListingPublished,
        events.ListingAmended,
        events.ListingSubmitted,
        events.ListingReturned,
        events.ListingWithdrawn,
        events.ListingExpired,
        events.ListingRenewed,
        events.ListingClosed,
        events.ListingReopened,
    )
)
INDEX_BATCH = 1_000
# Well below the database's patience with a transaction that waits while terms are counted.
TURN_SECONDS = 3.0
TURN_TERMS = 200_000
"""So many postings are written in one turn, about: a statement has ten seconds."""
SMALLER = 10
REFUSED = ("22", "23", "54")
"""Data that does not fit, a constraint that does not hold, a limit that is passed (PostgreSQL, appendix A)."""
SPACES = ((Space.PUBLIC, Tier.PUBLIC), (Space.REGISTERED, Tier.REGISTERED))
TIER_OF = dict(SPACES)
log = structlog.get_logger("techmarket.matching")
Granted = tuple[UUID, Tier, Mapping[str, int], bytes]


async def follow(tx: Tx, *, limit: int = INDEX_BATCH, reader: str = READER) -> int:
    """Index what the journal says has changed since the last time; returns how many entries were handled.

    What is indexed is the present state, so handling an entry twice, or late, ends the same. The reader's row lock
    makes one worker at a time the writer of the index. What cannot be written together is written in smaller pieces; a
    listing that cannot be written by itself is set aside and told, and the market goes on without it.
    """
    while True:
        try:
            return await _turn(tx, reader, limit)
        except Exception as error:
            if limit > 1:
                limit = max(1, limit // SMALLER)
            elif is_of_the_listing(error):
                return await _turn(tx, reader, 1, left_out=trouble_of(error))
            else:
                raise


def is_of_the_listing(error: Exception) -> bool:
    """Whether it is the listing that cannot be written, and no trouble of the database, which passes.

    The driver tells data that the database refuses (classes 22, 23 and 54 of its states) by the state alone, and what
    it cannot even send as a ValueError of its own.
    """
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        cause = getattr(error.orig, "__cause__", None)
        return str(state)[:2] in REFUSED if state else isinstance(cause, ValueError)
    return isinstance(error, ValueError | LookupError | TypeError | ArithmeticError)


def trouble_of(error: Exception) -> str:
    """What kept a listing out, without a word of it: messages may repeat what not everybody may read."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__


async def _turn(tx: Tx, reader: str, limit: int, *, left_out: str | None = None) -> int:
    async with tx.begin() as db:
        position = await repository.lock_cursor(db, reader)
        head = await journal.head(db)
        if position is None or position >= head:
            return 0
        entries = await journal.read(db, after=position - 1, kinds=FOLLOWED, limit=limit)
        entries = [entry for entry in entries if entry.position < head]
        followed = await marks.of_entries(db, [entry.id for entry in entries])
        with tracing.going_on("job matching.index", list(followed.values())):
            touched = list(dict.fromkeys(entry.ref("listing") for entry in entries))
            if touched:
                found = await listings.texts_for_index(db, touched)
                spaces: dict[Space, list[Entry]] = {space: [] for space, _ in SPACES}
                granted: list[Granted] = []
                if left_out is None:
                    done, failed = await _count(touched, found, spaces, granted)
                else:
                    log.error("listing_not_indexed", listing=str(touched[0]), trouble=left_out)
                    done, failed = 1, {touched[0]: left_out}
                is_cut = done < len(touched)
                if is_cut:
                    left = set(touched[done:])
                    position = next(entry.position for entry in entries if entry.ref("listing") in left)
                    entries = [entry for entry in entries if entry.position < position]
                    touched = touched[:done]
                gone = [id for id in touched if id not in found or id in failed]
                for space, entries_of in spaces.items():
                    await writing.put(db, space, entries_of, gone=gone)
                await grants.replace(db, touched, granted)
                await set_aside.note(db, touched, failed)
                if is_cut:
                    head = position
        await repository.move_cursor(db, reader, entries[-1].position + 1 if len(entries) == limit else head)
        return len(entries)


async def _count(
    touched: Sequence[UUID],
    found: Mapping[UUID, IndexText],
    spaces: Mapping[Space, list[Entry]],
    granted: list[Granted],
) -> tuple[int, dict[UUID, str]]:
    """Count the terms of one listing after the other, as long as the turn lasts; returns how many were done, and which
    cannot be counted, with what the trouble was."""
    clock = asyncio.get_running_loop().time
    ends, terms = clock() + TURN_SECONDS, 0
    failed: dict[UUID, str] = {}
    for place, id in enumerate(touched):
        if place and (clock() >= ends or terms >= TURN_TERMS):
            return place, failed
        if id in found:
            try:
                terms += counted(found[id], spaces, granted)
            except Exception as error:
                log.error("listing_not_indexed", listing=str(id), exc_info=error)
                failed[id] = trouble_of(error)
        await asyncio.sleep(0)  # the API may share this process
    return len(touched), failed


def counted(one: IndexText, spaces: Mapping[Space, list[Entry]], granted: list[Granted]) -> int:
    """A listing as each space may know it, and what it says above them; returns how many terms that are."""
    known: dict[Tier, Entry] = {}
    for tier, fields in one.cuts.items():
        below = known.get(Tier(tier - 1)) if tier else None
        if below is not None and fields == one.cuts[Tier(tier - 1)]:
            known[tier] = below
        else:
            known[tier] = _entry(one, fields)
    for space, tier in SPACES:
        spaces[space].append(known[tier])
    for tier in (Tier.NDA, Tier.DEAL):
        if known[tier] is not known[Tier(tier - 1)]:
            row = columns.rows_array([known[tier].row()]).tobytes()
            granted.append((one.listing_id, tier, known[tier].terms, row))
    return sum(len(known[tier].terms) for _, tier in SPACES)


def _entry(one: IndexText, fields: Mapping[str, Any]) -> Entry:
    terms = texts.terms_of(fields)
    return Entry(
        one.listing_id,
        one.org_id,
        one.published_at,
        terms,
        texts.facts_of(one.kind, fields),
        texts.phrases_of(fields),
        texts.numbers_of(fields),
    )


async def list_set_aside(tx: Tx, limit: int) -> tuple[int, list[SetAside]]:
    """How many listings could not be indexed, and the first of them."""
    async with tx.read() as db:
        return await set_aside.count(db), await set_aside.list_first(db, limit)


async def count_set_aside(tx: Tx) -> int:
    async with tx.read() as db:
        return await set_aside.count(db)


async def sweep(tx: Tx) -> bool:
    """One turn of taking the dead out of the postings; False when nothing is left to do."""
    more = False
    for space in Space:
        async with tx.begin() as db:
            more |= await writing.sweep(db, space)
    return more
