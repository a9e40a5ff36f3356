"""Other markets whose listings are shown here (联合发布), followed by a job; who is followed is said in `sources.py`.

A page is asked for with no transaction open, checked, and taken in one transaction together with the cursor behind it,
if that is still where it was: so nothing is taken twice and nothing is left out, whoever is killed when.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.means import OutsideCaller, RowReader
from techmarket.db.session import Tx
from techmarket.hub import repository_syndication as repository
from techmarket.hub import syndication
from techmarket.hub.events import SourceChanged
from techmarket.hub.lifecycle import SOURCE, SourceState
from techmarket.hub.syndication import Distrusted, Item, ItemState, Page
from techmarket.hub.tables import SyndicatedListing, SyndicationSource
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.kernel.refusals import Refusal
from techmarket.listings import steps as listings
from techmarket.listings.rules import ListingKind
from techmarket.listings.steps import Elsewhere

log = structlog.get_logger("techmarket.hub")

KEYS_PATH = "/.well-known/techmarket-keys.json"
PAGE_PATH = "/v1/syndication/listings"
CONSISTENCY_PATH = "/v1/log/consistency"
PAGE_BYTES_MAX = 8 * 2**20
KEYS_BYTES_MAX = 256 * 1024
LIMIT = 100
EVERY = timedelta(seconds=3)
LEASE = timedelta(seconds=45)
"""Longer than the calls for one page may last, and renewed with each: until then nobody else reads the same source."""
ANEW_EVERY = timedelta(hours=1)
"""No market is restored more often; one that says so is looked at by an operator."""
UNPROVEN_MAX = timedelta(hours=1)
"""How long a market may go without a checkpoint."""
TAKEN_DOWN = 200
PAGES_A_TURN = 20
TURN_SECONDS = 5.0
BEHIND = "behind"
"""More is there than a turn took: it goes on with the next, behind the others."""
SHOWN_MAX = 20_000
"""Listings of one source, unless an operator says otherwise: what another market tells of does not fill ours."""
QUOTA = "quota"
"""More is there than may be shown of the source."""
NEVER = timedelta(days=36_500)


class NoAnswer(Exception):
    """The source did not answer as it should; it is asked again later."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def most_shown(row: SyndicationSource) -> int:
    return SHOWN_MAX if row.shown_max is None else row.shown_max


async def follow_next(tx: Tx, keys: Keys, caller: OutsideCaller, reader: RowReader) -> bool:
    """Read on with the source that is due; False when none is."""
    async with tx.begin() as db:
        row = await repository.take_due(db, LEASE)
        source_id, state = (row.id, row.state) if row is not None else (None, None)
    if source_id is None:
        return False
    if state is SourceState.REMOVED:
        await _take_down(tx, source_id)
        return True
    clock = asyncio.get_running_loop().time
    ends = clock() + TURN_SECONDS
    problem: str | None = BEHIND
    try:
        for _ in range(PAGES_A_TURN):
            if await _read_on(tx, keys, caller, reader, source_id):
                problem = None
                break
            if clock() >= ends:
                break
        await _rest(tx, source_id, EVERY, problem)
    except (NoAnswer, syndication.Unreadable) as trouble:
        await _note_failure(tx, source_id, trouble.why)
    except DBAPIError as error:
        if not _is_of_the_value(error, "22", "23"):
            raise
        await _note_failure(tx, source_id, "answer_unfit")
    except Distrusted as trouble:
        await _distrust(tx, source_id, trouble.why)
    except Exception as error:
        # Whatever it told that we tripped over is told of it: a source that only stood still would look as if it slept.
        log.error("following_broke_off", source=str(source_id), exc_info=error)
        await _note_failure(tx, source_id, "fault")
    return True


async def _read_on(tx: Tx, keys: Keys, caller: OutsideCaller, reader: RowReader, source_id: UUID) -> bool:
    """One page of a source; True when there is nothing more to read now."""
    async with tx.read() as db:
        row = await repository.get_source(db, source_id)
        if row.state is not SourceState.ACTIVE:
            return True
        key = keys.unwrap(row.key_wrapped, about=row.id.bytes).decode() if row.key_wrapped is not None else None
        trusted = syndication.read_keys(row.trusted)
        url, node, cursor, log_id = row.url, row.node, row.cursor, row.log_id
        before = None
        if row.checkpoint_size is not None and row.checkpoint_root is not None:
            before = (row.checkpoint_size, row.checkpoint_root)
    is_anew = False
    try:
        said = await fetch(caller, page_url(url, node, cursor, LIMIT), key, PAGE_BYTES_MAX)
    except NoAnswer as trouble:
        if trouble.why != "hub.cursor_of_another_log" or cursor is None or log_id is None:
            raise
        # Anybody on the way can say so. What counts is the first page of the other log, and what it has signed.
        said = await fetch(caller, page_url(url, node, None, LIMIT), key, PAGE_BYTES_MAX)
        is_anew = True
    page = syndication.read_page(said, trusted, log_id=None if is_anew else log_id)
    if is_anew:
        assert log_id is not None
        if page.log_id == log_id:
            await _check_growth(caller, url, page, before)  # a log that has lost its end is looked at by an operator
            raise NoAnswer("hub.cursor_of_another_log")
        kept = page.goes_on_from(log_id)
        if kept is None:
            raise Distrusted("another_log")
        if before is not None and (before[0] > kept or page.checkpoint is None):
            before = None  # the restore may have lost what we saw last: it can be compared with nothing
    await _check_growth(caller, url, page, before)
    return await _take(tx, keys, reader, source_id, cursor, page, is_anew=is_anew)


async def _check_growth(caller: OutsideCaller, url: str, page: Page, before: tuple[int, bytes] | None) -> None:
    now = page.checkpoint
    if before is None:
        return
    if now is None:
        raise Distrusted("checkpoint_missing")
    path: Any = None
    if now.size > before[0]:
        asked = urlencode({"from": before[0], "to": now.size})
        said = await fetch(caller, f"{url}{CONSISTENCY_PATH}?{asked}", None, KEYS_BYTES_MAX)
        path = said.get("path") if isinstance(said, dict) else None
    syndication.check_growth(path, before, now)


async def _take(
    tx: Tx, keys: Keys, reader: RowReader, source_id: UUID, cursor: str | None, page: Page, *, is_anew: bool
) -> bool:
    async with tx.begin() as db:
        row = await repository.lock_source(db, source_id)
        if row.state is not SourceState.ACTIVE or row.cursor != cursor:
            return True
        now = await repository.real_now(db)
        if is_anew:
            _restored(db, row, now)
        known = await repository.known(db, row.id, [one.listing_id for one in page.items])
        actor = _actor(row)
        left = most_shown(row) - (await repository.count_shown(db, [row.id])).get(row.id, 0)
        for item in page.items:
            left -= await _put(db, reader, row, item, known.get(item.listing_id), actor, has_room=left > 0)
        row.log_id, row.cursor = page.log_id, page.next_cursor
        if row.key_wrapped is not None:  # while the market's secret is changed, what is used is wrapped anew
            row.key_wrapped = keys.rewrapped(row.key_wrapped, about=row.id.bytes) or row.key_wrapped
        if page.checkpoint is not None:
            row.checkpoint_size, row.checkpoint_root = page.checkpoint.size, page.checkpoint.root
            row.unproven_since = None
        elif row.unproven_since is None:
            row.unproven_since = now
        elif now - row.unproven_since > UNPROVEN_MAX:
            raise Distrusted("checkpoint_missing")
        is_over = left <= 0 and await repository.is_refused_for(db, row.id, QUOTA)
        row.failures, row.problem = 0, QUOTA if is_over else None
        row.answered_at = now
        if page.is_at_end:
            row.caught_up_at = row.answered_at
            await _forget(db, row, actor)
        await db.flush()
        if not page.is_at_end:
            await repository.wait(db, row.id, LEASE)
        return page.is_at_end


def _restored(db: AsyncSession, row: SyndicationSource, now: datetime) -> None:
    """It was restored from a backup: another log, read from its beginning. What it has forgotten is taken down."""
    if row.read_anew_at is not None and now - row.read_anew_at < ANEW_EVERY:
        raise Distrusted("another_log")
    read_anew(row)
    row.read_anew_at = now
    row.checkpoint_size = row.checkpoint_root = None
    journal.record(db, SourceChanged(row.id, "read_anew", "another_log"), actor=None)


async def _put(
    db: AsyncSession,
    reader: RowReader,
    source: SyndicationSource,
    item: Item,
    row: SyndicatedListing | None,
    actor: Actor,
    *,
    has_room: bool,
) -> bool:
    """One listing of theirs as they told it: shown, shown anew, or shown no more. Whether one more is shown."""
    if row is None:
        row = SyndicatedListing(
            source_id=source.id,
            theirs=item.listing_id,
            content_sha256="",
            position=item.position,
            generation=source.generation,
            is_gone=True,
            proof={},
        )
        db.add(row)
    was_shown = not row.is_gone
    is_same = row.content_sha256 == item.sha256 and row.is_gone is (item.state is ItemState.GONE)
    row.position, row.generation, row.proof = item.position, source.generation, dict(item.proof)
    if not is_same:
        row.content_sha256, row.problem = item.sha256, None
        if item.state is ItemState.GONE:
            if row.listing_id is not None:
                await listings.end_syndicated(db, row.listing_id, actor)
            row.is_gone = True
        elif has_room or was_shown:
            await _show(db, reader, source, item, row, actor)
        else:
            await _refuse(db, source, row, QUOTA, actor)
    return not row.is_gone and not was_shown


async def _show(
    db: AsyncSession, reader: RowReader, source: SyndicationSource, item: Item, row: SyndicatedListing, actor: Actor
) -> None:
    said = _said(reader, source, item)
    if said is None:
        await _refuse(db, source, row, "terms_unfit", actor)
        return
    try:
        async with db.begin_nested():
            listing_id = await listings.syndicate(db, source.org_id, said, known=row.listing_id, actor=actor)
    except Refusal as refusal:
        await _refuse(db, source, row, refusal.code, actor)
        return
    except DBAPIError as error:
        if not _is_of_the_value(error):
            raise
        await _refuse(db, source, row, "terms_unfit", actor)  # one value that nobody can keep holds up no other
        return
    row.listing_id, row.is_gone = listing_id, False


def _is_of_the_value(error: DBAPIError, *classes: str) -> bool:
    return str(getattr(error.orig, "sqlstate", None) or "").startswith(classes or "22")


async def _refuse(db: AsyncSession, source: SyndicationSource, row: SyndicatedListing, why: str, actor: Actor) -> None:
    """What we cannot show as it is now is not shown as it was."""
    row.problem, row.is_gone = why, True
    source.refused += 1
    if row.listing_id is not None:
        await listings.end_syndicated(db, row.listing_id, actor)


def _said(reader: RowReader, source: SyndicationSource, item: Item) -> Elsewhere | None:
    shown = syndication.read_content(item.content or {})
    if shown is None:
        return None
    registered, public = reader.terms(shown.kind, shown.registered), reader.terms(shown.kind, shown.public)
    if registered is None or public is None or not public.items() <= registered.items():
        return None
    organisation = reader.text(shown.organisation, 200)
    if organisation is None or not syndication.is_web_address(item.url):
        return None
    origin = {
        "source": source.name,
        "organisation": organisation,
        "listing_id": str(item.listing_id),
        "url": item.url,
        "state": shown.state,
    }
    hidden = frozenset(registered.keys() - public.keys())
    return Elsewhere(ListingKind(shown.kind), registered | {"origin": origin}, hidden, shown.expires_on)


async def _forget(db: AsyncSession, source: SyndicationSource, actor: Actor) -> None:
    """What a source told of before it was read anew, and not again, it has no more."""
    for row in await repository.standing(db, source.id, before=source.generation, limit=TAKEN_DOWN):
        if row.listing_id is not None:
            await listings.end_syndicated(db, row.listing_id, actor)
        row.is_gone = True


async def _take_down(tx: Tx, source_id: UUID) -> None:
    """Everything of a removed source, a bounded number at a time; then it is left alone."""
    async with tx.begin() as db:
        source = await repository.lock_source(db, source_id)
        rows = await repository.standing(db, source_id, before=None, limit=TAKEN_DOWN)
        for row in rows:
            if row.listing_id is not None:
                await listings.end_syndicated(db, row.listing_id, _actor(source))
            row.is_gone = True
        await db.flush()
        await repository.wait(db, source_id, timedelta(0) if len(rows) == TAKEN_DOWN else NEVER)


def _actor(source: SyndicationSource) -> Actor:
    """The operator who added the source: in his name what it tells is shown."""
    return Actor(source.by, source.market_id, OrgKind.MARKET, True, frozenset({Role.OPERATOR}))


def read_anew(row: SyndicationSource) -> None:
    row.cursor, row.log_id = None, None
    row.generation += 1


async def _rest(tx: Tx, source_id: UUID, how_long: timedelta, problem: str | None) -> None:
    async with tx.begin() as db:
        row = await repository.lock_source(db, source_id)
        if row.state is SourceState.ACTIVE:
            row.problem = row.problem or problem
            await db.flush()
            await repository.wait(db, source_id, how_long)


async def _note_failure(tx: Tx, source_id: UUID, why: str) -> None:
    async with tx.begin() as db:
        row = await repository.lock_source(db, source_id)
        row.failures += 1
        row.problem = why[:80]
        await db.flush()
        await repository.wait(db, source_id, timedelta(seconds=syndication.backoff_seconds(row.failures)))


async def _distrust(tx: Tx, source_id: UUID, why: str) -> None:
    """What does not hold is not taken, and nothing more is read until an operator has looked."""
    async with tx.begin() as db:
        row = await repository.lock_source(db, source_id)
        if row.state is SourceState.ACTIVE:
            row.state = SOURCE.move(row.state, "distrust")
            row.problem = why
            journal.record(db, SourceChanged(row.id, "distrust", why), actor=None)


def page_url(base: str, node: str | None, cursor: str | None, limit: int) -> str:
    asked = {"limit": str(limit), "cursor": cursor, "node": node}
    return f"{base}{PAGE_PATH}?{urlencode({name: value for name, value in asked.items() if value is not None})}"


async def fetch(caller: OutsideCaller, url: str, key: str | None, bytes_max: int) -> Any:
    headers = {"Accept": "application/json", "User-Agent": "techmarket-syndication/1"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    receipt = await caller.get(url, headers, bytes_max=bytes_max)
    if receipt.status is None:
        raise NoAnswer(receipt.error or "connection")
    try:
        said = json.loads(receipt.answer)
    except (ValueError, RecursionError):
        raise NoAnswer(f"status_{receipt.status}" if receipt.status != 200 else "answer_unreadable") from None
    if receipt.status != 200:
        code: Any = said.get("code") if isinstance(said, dict) else None
        raise NoAnswer(code if syndication.is_plain(code) else f"status_{receipt.status}")
    return said
