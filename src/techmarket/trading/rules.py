"""The rules of the bid book, as pure functions: what a bid must reach, when a lot ends, how the book is chained.

`decide` is the rule of online bidding. Descending and fixed prices have their own in `methods/`, over the same words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

LEADING = "leading"
TOO_LOW = "trading.bid_too_low"
OFF_STEP = "trading.bid_off_step"
OVER = "trading.bidding_over"
NOT_QUALIFIED = "trading.not_qualified"
NOT_REACHED = "trading.price_not_reached"
BELOW_FLOOR = "trading.bid_below_floor"
NOT_THE_PRICE = "trading.not_the_price"

_SECRETIVE = frozenset({NOT_QUALIFIED, NOT_REACHED, BELOW_FLOOR})
_BOOK = b"techmarket bid book 1\n"


class Bid(NamedTuple):
    """One bid as the rule needs it: the bidder's public number, the amount, whether he may bid at all, and whether he
    has a first refusal that he exercises by bidding."""

    bidder: int
    minor: int
    is_qualified: bool = True
    may_match: bool = False


class LotTerms(NamedTuple):
    """What the announcement fixed for a lot; only a pause moves its times. A falling price has a floor and a pace."""

    lot_id: UUID
    start_price_minor: int
    increment_minor: int
    limited: timedelta
    free_ends_at: datetime
    hard_end: datetime
    floor_minor: int = 0
    pace: timedelta = timedelta(0)


class LotState(NamedTuple):
    """What a lot's row says while its book is open. A decision makes the next one; nothing is changed in place."""

    terms: LotTerms
    effective_end: datetime
    seq: int
    chain: bytes
    leading_seq: int | None = None
    leading_bidder: int | None = None
    leading_minor: int | None = None
    leader_may_match: bool = False

    @property
    def lot_id(self) -> UUID:
        return self.terms.lot_id

    def least_next_bid(self) -> int:
        return minimum_next_bid(
            self.leading_minor,
            start_price_minor=self.terms.start_price_minor,
            increment_minor=self.terms.increment_minor,
        )

    def is_open(self, now: datetime) -> bool:
        """The instant of the end itself no longer belongs to the lot."""
        return now < self.effective_end


class Entry(NamedTuple):
    """One entry of the book as everyone may know it; `body` is its canonical bytes, which the chain runs over."""

    lot_id: UUID
    seq: int
    bidder: int
    minor: int
    verdict: str
    at: datetime
    body: bytes
    chain: bytes


class Decision(NamedTuple):
    """An entry, the lot as it is after it, and what would have been enough."""

    lot: LotState
    entry: Entry
    least_minor: int

    @property
    def is_accepted(self) -> bool:
        return self.entry.verdict == LEADING


def minimum_next_bid(highest_minor: int | None, *, start_price_minor: int, increment_minor: int) -> int:
    """A bid must beat the highest by the increment; the first must reach the start price."""
    return start_price_minor if highest_minor is None else highest_minor + increment_minor


def is_on_step(minor: int, *, least_minor: int, increment_minor: int) -> bool:
    """A raise is a whole multiple of the increment."""
    return (minor - least_minor) % increment_minor == 0


def end_after_leading_bid(lot: LotState, now: datetime) -> datetime:
    """Every accepted leading bid restarts the limited period; in the free period it changes nothing, and never past the
    hard stop. The end never moves back."""
    restarted = max(now, lot.terms.free_ends_at) + lot.terms.limited
    return max(lot.effective_end, min(restarted, lot.terms.hard_end))


def decide(lot: LotState, bid: Bid, *, now: datetime) -> Decision:
    """A bid must beat the highest by the increment; the first must reach the start price.

    It must come from a qualified participant before the lot's end, and be a whole multiple of the increment above.
    Who has a first refusal leads with an equal bid; others must then beat it, and so must a second one who has it.
    Every decision takes the next number of the book and is chained, refusals too; a refused bid never extends the lot.
    """
    least = lot.least_next_bid()
    if bid.may_match and lot.leading_minor is not None and not lot.leader_may_match:
        least = lot.leading_minor
    no = refused_by_time_or_standing(lot, bid, now)
    if no is not None:
        return refuse(lot, bid, no, least, now)
    if bid.minor < least:
        return refuse(lot, bid, TOO_LOW, least, now)
    if not is_on_step(bid.minor, least_minor=least, increment_minor=lot.terms.increment_minor):
        return refuse(lot, bid, OFF_STEP, least, now)
    return lead(lot, bid, bid.minor, least, now, end=end_after_leading_bid(lot, now))


def refused_by_time_or_standing(lot: LotState, bid: Bid, now: datetime) -> str | None:
    """Whatever the amount: a bid comes before the lot's end, from a qualified participant."""
    if not lot.is_open(now):
        return OVER
    return None if bid.is_qualified else NOT_QUALIFIED


def refuse(lot: LotState, bid: Bid, verdict: str, least: int, now: datetime) -> Decision:
    """A refused bid takes a number and a link and moves nothing else."""
    entry = _entry(lot, bid, verdict, now)
    after = LotState(
        lot.terms,
        lot.effective_end,
        entry.seq,
        entry.chain,
        lot.leading_seq,
        lot.leading_bidder,
        lot.leading_minor,
        lot.leader_may_match,
    )
    return Decision(after, entry, least)


def lead(lot: LotState, bid: Bid, price: int, least: int, now: datetime, *, end: datetime) -> Decision:
    """An accepted bid leads at `price` until a better one comes or the lot ends."""
    entry = _entry(lot, bid, LEADING, now)
    after = LotState(lot.terms, end, entry.seq, entry.chain, entry.seq, bid.bidder, price, bid.may_match)
    return Decision(after, entry, least)


def _entry(lot: LotState, bid: Bid, verdict: str, now: datetime) -> Entry:
    lot_id, seq = lot.terms.lot_id, lot.seq + 1
    body = canonical_decision(lot_id=lot_id, seq=seq, bidder=bid.bidder, minor=bid.minor, verdict=verdict, at=now)
    return Entry(lot_id, seq, bid.bidder, bid.minor, verdict, now, body, next_chain(lot.chain, body))


def canonical_decision(*, lot_id: UUID, seq: int, bidder: int, minor: int, verdict: str, at: datetime) -> bytes:
    """The bytes of one entry of the book: RFC 8785, with public facts only, so that anyone can recompute the chain."""
    # Written out by hand, since this is the hottest line of the market; nothing in it can need escaping.
    return (
        f'{{"amount_minor":{minor},"at":"{instant(at)}","bidder":{bidder},'
        f'"lot":"{lot_id}","seq":{seq},"verdict":"{verdict}"}}'
    ).encode()


def told_minor(named_minor: int, least_minor: int, verdict: str, *, charges_least: bool) -> int:
    """What the book tells of an amount. Of a falling price neither what an acceptance named above it nor what a refused
    bid named below it, which is told as one fen too little: whoever guessed at another would find it in the chain."""
    if not charges_least:
        return named_minor
    if verdict == LEADING:
        return least_minor
    return least_minor - 1 if verdict in _SECRETIVE else named_minor


def first_chain(lot_id: UUID, terms_sha256: str) -> bytes:
    """The chain starts at the lot and the announced terms, so that no entry can be moved to another book."""
    return hashlib.sha256(_BOOK + f"{lot_id}\n{terms_sha256}".encode()).digest()


def next_chain(previous: bytes, body: bytes) -> bytes:
    """Each entry is chained to the one before: SHA-256(previous chain || canonical decision)."""
    return hashlib.sha256(previous + body).digest()


@lru_cache(maxsize=64)
def instant(at: datetime) -> str:
    """An instant in the book: UTC, always with microseconds, so that equal instants are equal texts."""
    # All entries of a batch have one time, so it is spelled once.
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class Periods:
    """The clock of one lot."""

    free_ends_at: datetime
    effective_end: datetime
    hard_end: datetime


def periods_from(opened_at: datetime, *, free_seconds: int, limited_seconds: int, hard_stop_seconds: int) -> Periods:
    """A free period, then a limited period, and a hard stop counted from the end of the free period."""
    free_ends_at = opened_at + timedelta(seconds=free_seconds)
    hard_end = free_ends_at + timedelta(seconds=hard_stop_seconds)
    return Periods(free_ends_at, min(free_ends_at + timedelta(seconds=limited_seconds), hard_end), hard_end)


def give_back(periods: Periods, paused: timedelta) -> Periods:
    """A pause takes time from nobody: the free period, the end and the hard stop move by exactly as long as it was."""
    return Periods(periods.free_ends_at + paused, periods.effective_end + paused, periods.hard_end + paused)


def deposit_is_above_custom(deposit_minor: int, *, floor_minor: int, ratio_max: Decimal) -> bool:
    """A deposit is at most the customary part of the floor price."""
    return Decimal(deposit_minor) > Decimal(floor_minor) * ratio_max


def floor_price_band(floor_minor: int, *, low_max_minor: int, high_min_minor: int) -> str:
    """The low band goes up to its limit, itself included; the high band starts at its own; the middle lies between."""
    if floor_minor <= low_max_minor:
        return "floor_price_low"
    return "floor_price_high" if floor_minor >= high_min_minor else "floor_price_middle"


def share_of(left_minor: int, own: int | None, others: Sequence[int | None]) -> int:
    """A deposit for several lots is split over those it still backs by their start prices, in equal parts where one has
    none. Half a fen goes up; what the last of them gets is all that is left, so the parts sum to the deposit."""
    weights = [own, *others]
    if any(weight is None for weight in weights):
        weights = [1] * len(weights)
    mine, whole = weights[0] or 0, sum(weight or 0 for weight in weights)
    return (2 * left_minor * mine + whole) // (2 * whole)


class BookLine(NamedTuple):
    """One line of the public record."""

    seq: int
    bidder: int
    minor: int
    verdict: str
    at: datetime
    chain: bytes


def replay(
    lot: LotState,
    lines: Sequence[BookLine],
    rule: Callable[..., Decision] = decide,
    *,
    holders: Collection[int] = (),
) -> LotState | None:
    """The public record decides again to the same verdicts and the same chain, or it is not the book: None.

    `holders` are the numbers of those who had a first refusal in the session.
    """
    for line in lines:
        bid = Bid(line.bidder, line.minor, line.verdict != NOT_QUALIFIED, line.bidder in holders)
        decision = rule(lot, bid, now=line.at)
        entry = decision.entry
        if (entry.seq, entry.verdict, entry.chain) != (line.seq, line.verdict, line.chain):
            return None
        lot = decision.lot
    return lot


@dataclass(frozen=True, slots=True)
class Backed:
    """How one lot stands towards a deposit: whether it is undecided, its payer still seated, an award of his stands."""

    is_undecided: bool
    is_seated: bool
    has_standing_award: bool


def is_idle(lots: Iterable[Backed]) -> bool:
    """A deposit goes back once nothing stands that it backs: no undecided lot with its payer in it, no award of his
    that may still become the sale."""
    return not any((lot.is_undecided and lot.is_seated) or lot.has_standing_award for lot in lots)
