"""The public record of a trade, written out for anybody: lots that are over, bidders by number, proofs from the log.

It says what `docs/record.md` lists and nothing more: an entry of the log is in it only if whoever made it may be known
here, the seller, the market, the officers of an opening, or the clock.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.notices import steps as notices
from techmarket.trading import errors, first_refusal, repository
from techmarket.trading.first_refusal import ClaimState, Holder
from techmarket.trading.lifecycle import UNDECIDED, AwardState, LotState
from techmarket.trading.record import form
from techmarket.trading.record.course import Course
from techmarket.trading.record.form import Writing, written
from techmarket.trading.repository.records import Noted
from techmarket.trading.sealed.rules import Slot
from techmarket.trading.service.showing import public_minor, require_known
from techmarket.trading.service.unsealing import CONFIDENTIAL
from techmarket.trading.tables import BidRow, Lot, LotTurn, Trade
from techmarket.transparency import steps as transparency
from techmarket.transparency.keyset import key_set

PAGE = 500
IN_MEMORY = 4 * 1024 * 1024
"""What is more waits in a file of the process, not in its memory."""


async def write_record(tx: Tx, keys: Keys, actor: Actor, trade_id: UUID) -> IO[bytes]:
    """The record of a trade, once a lot of it is over. Written aside first: a slow reader holds no snapshot."""
    aside = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
    try:
        async with tx.read(snapshot=True) as db:
            trade = await repository.get_trade(db, trade_id)
            require_known(actor, trade)
            lots = await repository.lots_of(db, trade.id)
            if all(lot.closed_at is None for lot in lots):
                ends = [lot.effective_end for lot in lots if lot.effective_end is not None]
                raise errors.RecordNotYet(effective_end=min(ends, default=None))
            async for line in _Recorder(db, keys, trade, lots).lines():
                aside.write(line)
        aside.seek(0)
    except BaseException:
        aside.close()
        raise
    return aside


@dataclass
class _Recorder:
    """One record while it is written, over one snapshot of the database."""

    db: AsyncSession
    keys: Keys
    trade: Trade
    lots: Sequence[Lot]

    async def lines(self) -> AsyncIterator[bytes]:
        self.out = Writing()
        self.terms = await texts.get(self.db, self.trade.terms_sha256)
        self.known = await self._may_be_known()
        async for line in self._header():
            yield line
        for lot in self.lots:
            if lot.closed_at is not None:
                async for line in self._lot(lot):
                    yield line
        yield self.out.end(self.keys.receipts)

    async def _may_be_known(self) -> set[UUID | None]:
        market = await identity.find_market(self.db)
        officers = [one.org_id for lot in self.lots for one in await repository.officers_of(self.db, lot.id)]
        return {None, self.trade.seller_org_id, *officers, *([] if market is None else [market.id])}

    async def _header(self) -> AsyncIterator[bytes]:
        db, trade = self.db, self.trade
        newest = await transparency.newest(db)
        named, about = await self._announcement()
        yield self.out.line(
            "record",
            {
                "form": form.FORM,
                "made_at": written(await market_now(db)),
                "trade": {
                    "id": str(trade.id),
                    "number": trade.number,
                    "method": trade.method.value,
                    "state": trade.state.value,
                    "listing": {"id": str(trade.listing_id), "n": trade.listing_n, "sha256": trade.listing_sha256},
                    "title_zh": trade.title_zh,
                    "title_en": trade.title_en,
                    "terms_sha256": trade.terms_sha256,
                },
                "terms": self.terms,
                "notices": named,
                "lots": [{"id": str(lot.id), "n": lot.n} for lot in self.lots if lot.closed_at is not None],
                "lots_not_over": [
                    {"id": str(lot.id), "n": lot.n, "state": lot.state.value}
                    for lot in self.lots
                    if lot.closed_at is None
                ],
                "log": None
                if newest is None
                else {
                    "log_id": str(newest.log_id),
                    "checkpoint": newest.note,
                    "kid": newest.kid,
                    "cosignatures": [one.line for one in newest.cosignatures],
                },
                "keys": key_set(await transparency.key_history(db, self.keys)),
            },
        )
        rows = await repository.noted(db, [f"trade:{trade.id}"], form.ABOUT_TRADE, limit=PAGE)
        for line in await self._entries([*about, *rows]):
            yield line

    async def _announcement(self) -> tuple[list[dict[str, Any]], list[Noted]]:
        """The announcement's notice with the entries that prove how it stood."""
        if self.trade.notice_id is None:
            return [], []
        seen = await notices.evidence(self.db, self.trade.notice_id)
        named = [{"id": str(seen.id), "kind": seen.kind.value, "document_sha256": seen.versions[0].document_sha256}]
        found = await repository.entries_by_id(self.db, [entry_id for entry_id, _ in seen.entries])
        rows = [Noted(one.seq, one.id, one.org, one.kind, one.facts) for one in sorted(found, key=lambda one: one.seq)]
        return named, rows

    async def _lot(self, lot: Lot) -> AsyncIterator[bytes]:
        db, out = self.db, self.out
        seats = [one for one in await repository.seats_of(db, self.trade.id) if one.lot_id == lot.id]
        holders = sorted(one.number for one in seats if one.first_refusal)
        gone = {one.number: one.shut_out_at for one in seats if one.shut_out_at is not None}
        yield out.line(
            "lot",
            {
                "lot": str(lot.id),
                "n": lot.n,
                "method": lot.method.value,
                "state": lot.state.value,
                "first_refusal": holders,
            },
        )
        course = Course(lot.id, lot.n, lot.method, self.terms, self.trade.terms_sha256, holders)
        async for line in self._floor(lot, course):
            yield line
        async for line in self._opening(lot):
            yield line
        if lot.reserve_minor is not None:
            yield out.line("reserve", {"minor": lot.reserve_minor, "salt": lot.reserve_salt})
        awards = await self._awards(lot)
        about = [f"lot:{lot.id}", *(f"award:{one['id']}" for one in awards)]
        if lot.state not in UNDECIDED:
            for line in await self._afterwards(lot):
                yield line
        kinds = form.ABOUT_LOT if lot.state in UNDECIDED else form.ABOUT_LOT | form.SAID_AFTERWARDS
        rows = await repository.noted(db, about, kinds, limit=PAGE)
        causes = [row.facts["cause"] for row in rows if row.kind in ("trading.lot_unsold", "trading.lot_terminated")]
        result = {
            "awards": awards,
            "gone": sorted(gone),
            "gone_at": [written(gone[number]) for number in sorted(gone)],
            "unsold_because": causes,
        }
        yield out.line("result", result)
        for line in await self._entries(rows):
            yield line

    async def _floor(self, lot: Lot, course: Course) -> AsyncIterator[bytes]:
        """Turns and bids in the order they happened, each batch's entry of the log right behind its last bid."""
        turns = _turns(lot, await repository.list_turns(self.db, lot.id), course)
        turn = next(turns, None)
        batches = self._batches(lot)
        batch = await anext(batches, None)
        async for bid in self._bids(lot):
            while turn is not None and turn.seq < bid.seq:
                yield self._turn(turn, course)
                turn = next(turns, None)
            minor = public_minor(lot, bid)
            decision = course.bid(bidder=bid.bidder, minor=minor, verdict=bid.verdict, at=bid.at)
            yield self.out.line(
                "bid",
                {
                    "seq": bid.seq,
                    "bidder": bid.bidder,
                    "amount_minor": minor,
                    "verdict": bid.verdict,
                    "least_minor": bid.least_minor,
                    "at": written(bid.at),
                    "effective_end": written(decision.lot.effective_end),
                    "chain": bid.chain.hex(),
                },
            )
            while batch is not None and batch[0] == bid.seq:
                yield batch[1]()
                batch = await anext(batches, None)
        while turn is not None:
            yield self._turn(turn, course)
            turn = next(turns, None)

    def _turn(self, turn: _Turn, course: Course) -> bytes:
        if turn.said["what"] == "opened":
            course.open(turn.row.at)
        elif turn.said["what"] == "paused":
            course.pause(turn.row.at)
        elif turn.said["what"] == "resumed":
            course.resume(turn.row.at)
        return self.out.line("turn", turn.said)

    async def _bids(self, lot: Lot) -> AsyncIterator[BidRow]:
        after = 0
        while rows := await repository.list_bids(self.db, lot.id, after=after, limit=PAGE):
            for row in rows:
                yield row
            after = rows[-1].seq
            self.db.expunge_all()  # what was written is not kept

    async def _batches(self, lot: Lot) -> AsyncIterator[tuple[int, Any]]:
        """The book's entries of the log, each with the last bid it is about; spelled when its turn comes."""
        async for page in repository.all_noted(self.db, [f"lot:{lot.id}"], [form.DECIDED], page=PAGE):
            for row, said in zip(page, await self._said(page), strict=True):
                yield row.facts["seq_to"], lambda said=said: self.out.line("entry", said)

    async def _opening(self, lot: Lot) -> AsyncIterator[bytes]:
        """An opened lot: the keys, the officers' shares by their digests, every envelope, the panel's marks."""
        sealing = await repository.find_sealing(self.db, lot.id)
        if sealing is None or sealing.opened_at is None or sealing.private_key is None:
            return
        is_public = lot.method not in CONFIDENTIAL
        yield self.out.line(
            "opening",
            {
                "opened_at": written(sealing.opened_at),
                "suite": sealing.suite,
                "public_key": sealing.public_key.hex(),
                "private_key": sealing.private_key.hex() if is_public else None,
                "slots_sha256": sealing.slots_sha256,
                "needed": sealing.needed,
                "officers": [
                    {"n": one.n, "share_sha256": one.share_sha256, "given_at": written(one.given_at)}
                    for one in await repository.officers_of(self.db, lot.id)
                ],
            },
        )
        for one in await repository.list_opened(self.db, lot.id):
            yield self.out.line(
                "envelope",
                {
                    "number": one.number,
                    "drawn": one.drawn,
                    "verdict": one.verdict,
                    "copied_from": one.copied_from,
                    "sha256": Slot(one.number, one.envelope).sha256,
                    "commitment": None if one.commitment is None else one.commitment.hex(),
                    "amount_minor": one.minor if is_public else None,
                    "content": one.content if is_public else None,
                    "nonce": one.nonce.hex() if is_public and one.nonce is not None else None,
                    "envelope": base64.b64encode(one.envelope).decode() if is_public else None,
                },
            )
        scores = await repository.find_scores(self.db, lot.id)
        if scores is not None:
            document = await texts.get(self.db, scores.document_sha256)
            yield self.out.line("scores", {"document_sha256": scores.document_sha256, "document": document})

    async def _afterwards(self, lot: Lot) -> list[bytes]:
        """Of a decided lot: every final price with its nonce, and what each holder of a first refusal said, in their
        announced order. Not their shares, which would tell who they are."""
        finals = await repository.final_bids_of(self.db, lot.id)
        if lot.state is LotState.TERMINATED and not await repository.noted(
            self.db, [f"lot:{lot.id}"], {"trading.final_bids_opened"}, limit=1
        ):
            finals = []  # the lot ended before they were read, and so they stay unread
        claims = sorted(
            await repository.claims_on(self.db, lot.id), key=lambda one: (one.claimed_at, one.participant_id)
        )
        answered = {one.number: one.answered_at for one in claims}
        asked = (ClaimState.ASKED, ClaimState.EXERCISED, ClaimState.WAIVED)
        holders = [Holder(one.number, one.share, n, one.state) for n, one in enumerate(claims) if one.state in asked]
        return [
            self.out.line(
                "final_bid",
                {"number": one.number, "amount_minor": one.minor, "nonce": one.nonce, "at": written(one.at)},
            )
            for one in finals
        ] + [
            self.out.line(
                "holder",
                {
                    "number": one.number,
                    "place": place,
                    "said": None if one.state is ClaimState.ASKED else one.state.value,
                    "at": written(answered[one.number]),
                },
            )
            for place, one in enumerate(first_refusal.in_order(holders), start=1)
        ]

    async def _awards(self, lot: Lot) -> list[dict[str, Any]]:
        """Winner and runner-up by number; the notice of a result by its hash, for it names the buyer."""
        numbers = await repository.numbers_of(self.db, self.trade.id)
        hides_prices = lot.method in CONFIDENTIAL
        told = []
        for one in await repository.list_awards(self.db, self.trade.id):
            if one.lot_id != lot.id:
                continue
            notice = None
            if one.notice_id is not None:
                facts = await notices.get_facts(self.db, one.notice_id)
                notice = {"id": str(facts.id), "kind": facts.kind.value, "document_sha256": facts.document_sha256}
            told.append(
                {
                    "id": str(one.id),
                    "rank": one.rank,
                    "number": numbers[one.participant_id],
                    # What a proposal that did not win asked for is nobody's business; its envelope hides it, too.
                    "price_minor": None if hides_prices and one.state is AwardState.WAITING else one.price_minor,
                    "state": one.state.value,
                    "offered_at": written(one.offered_at),
                    "decided_at": written(one.decided_at),
                    "notice": notice,
                }
            )
        return told

    async def _entries(self, rows: Sequence[Noted]) -> list[bytes]:
        """Entries as lines; of those whose maker may not be known here, that there is one."""
        shown = [row for row in rows if row.org in self.known]
        said = dict(zip([row.id for row in shown], await self._said(shown), strict=True))
        return [
            self.out.line("entry", said[row.id]) if row.id in said else self.out.line("withheld", {"kind": row.kind})
            for row in rows
        ]

    async def _said(self, rows: Sequence[Noted]) -> list[dict[str, Any]]:
        """Rows with salt and, where the newest checkpoint covers them, their proof."""
        ids = [row.id for row in rows]
        found = await transparency.proofs_for(self.db, ids) if ids else None
        said: dict[UUID, dict[str, Any]] = {}
        for one in () if found is None else found.entries:
            said[one.entry_id] = _entry(one.entry_id, one.row, one.salt, one.position, list(one.path))
        waiting: Collection[UUID] = [one for one in ids if one not in said]
        for entry in await repository.entries_by_id(self.db, waiting) if waiting else ():
            row = transparency.row_of(entry).decode()
            said[entry.id] = _entry(entry.id, row, entry.salt.hex(), None, None)
        return [said[one] for one in ids]


def _entry(entry_id: UUID, row: str, salt: str, position: int | None, path: list[str] | None) -> dict[str, Any]:
    return {"entry_id": str(entry_id), "row": row, "salt": salt, "position": position, "path": path}


@dataclass(frozen=True, slots=True)
class _Turn:
    """A turn of a lot, and behind which bid it stands."""

    seq: int
    row: LotTurn
    said: Mapping[str, Any]


def _turns(lot: Lot, rows: Sequence[LotTurn], course: Course) -> Iterator[_Turn]:
    if lot.opened_at is not None and not any(row.what == "opened" for row in rows):
        # Lots that opened before their turns were kept.
        periods = course.way.periods(lot.opened_at, course.rules)
        opened = LotTurn(
            seq=0,
            what="opened",
            at=lot.opened_at,
            free_ends_at=periods.free_ends_at,
            effective_end=periods.effective_end,
            hard_end=periods.hard_end,
        )
        rows = [opened, *rows]
    for n, row in enumerate(rows, start=1):
        said = {
            "n": n,
            "what": row.what,
            "seq": row.seq,
            "at": written(row.at),
            "free_ends_at": written(row.free_ends_at),
            "effective_end": written(row.effective_end),
            "hard_end": written(row.hard_end),
            "step": None if row.step is None else row.step.value,
            "step_due_at": written(row.step_due_at),
            "cause": None if row.cause is None else row.cause.value,
            "reason": row.reason,
            "resumes_at": written(row.resumes_at),
        }
        yield _Turn(row.seq, row, said)
