"""What watchers of a trade read: the events of a stream, and the ids by which it is resumed exactly.

An id tells of every lot, in their order, how far it has been told: the number of its last leading bid and the number of
its last turn, as `57.3-0.1`. So a reader who comes again, here or at another process, gets what came after, once.
"""

from __future__ import annotations

import heapq
import re
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import msgspec

from techmarket.kernel.money import Money
from techmarket.kernel.refusals import wire
from techmarket.trading.lifecycle import OVER, LotState, Method
from techmarket.trading.methods.descending import falls_at, price_at
from techmarket.trading.rules import minimum_next_bid
from techmarket.trading.watching import LEADS_KEPT, TURNS_KEPT, Lead, Looked, LotNews, Told, Turn

Place = tuple[Told, ...]
"""How far all lots of a trade have been told."""

HEARTBEAT = b":\n\n"
MADE_MAX = 64
MADE_BYTES_MAX = 4 * 1024 * 1024
TOLD_MAX = 2 * LEADS_KEPT
"""So many prices in all are told in one go, shared among the lots of a trade."""
MADE_SECONDS = 1.0

_ID = re.compile(r"[0-9]{1,15}\.[0-9]{1,9}(?:-[0-9]{1,15}\.[0-9]{1,9})*")
_write = msgspec.json.Encoder().encode


def event(kind: str, place: Place, body: dict[str, Any]) -> bytes:
    return b"event: %b\nid: %b\ndata: %b\n\n" % (kind.encode(), id_of(place).encode(), _write(body))


def retry(milliseconds: int) -> bytes:
    return b"retry: %d\n\n" % milliseconds


def id_of(place: Place) -> str:
    return "-".join(f"{told.seq}.{told.n}" for told in place)


def place_of(last_id: str | None, *, lots: int) -> Place | None:
    """The place that an id names; None when it can be no id of a trade with so many lots."""
    if not last_id or len(last_id) > 27 * lots or _ID.fullmatch(last_id) is None:
        return None
    parts = [part.split(".") for part in last_id.split("-")]
    return tuple(Told(int(seq), int(n)) for seq, n in parts) if len(parts) == lots else None


class LotStory:
    """One lot as it is told: where it stands, its newest prices, and the turns of its state."""

    def __init__(self) -> None:
        self._stand: LotNews | None = None
        self._heard_at = 0.0
        self.leads: deque[Lead] = deque(maxlen=LEADS_KEPT)
        self.turns: deque[Turn] = deque(maxlen=TURNS_KEPT)

    def hear(self, news: LotNews) -> None:
        told = self.told
        self._stand, self._heard_at = news, monotonic()
        self.leads += [lead for lead in news.leads if lead.seq > told.seq]
        self.turns += [turn for turn in news.turns if turn.n > told.n]

    @property
    def stand(self) -> LotNews:
        """Where it stands, as read last."""
        assert self._stand is not None, "a story is told after it was heard"
        return self._stand

    def market_now(self) -> datetime:
        """The market's time, as read, gone on since."""
        return self.stand.now + timedelta(seconds=monotonic() - self._heard_at)

    @property
    def told(self) -> Told:
        return Told(self.leads[-1].seq if self.leads else 0, self.turns[-1].n if self.turns else 0)

    @property
    def looked(self) -> Looked:
        return Looked(self._stand.seq if self._stand else 0, *self.told)

    def since(self, told: Told, most: int) -> list[Lead | Turn]:
        """What came after, in its order: a turn stands after the entry of the book that it names."""
        leads = [lead for lead in self.leads if lead.seq > told.seq][-most:]
        turns = [turn for turn in self.turns if turn.n > told.n]
        return sorted([*leads, *turns], key=_order)


def _order(one: Lead | Turn) -> tuple[int, int]:
    return (one.seq, one.n if isinstance(one, Turn) else 0)


class Story:
    """A trade as it is told, from any place on. The texts are made once for all who stand at the same place."""

    def __init__(self, trade_id: UUID, lot_ids: Sequence[UUID]) -> None:
        self.trade_id = trade_id
        self.lots = {lot_id: LotStory() for lot_id in lot_ids}
        self.place: Place = tuple(Told() for _ in lot_ids)
        self._made: dict[tuple[Place, int], bytes] = {}
        self._made_at = 0.0

    def hear(self, news: Sequence[LotNews]) -> None:
        """Take in what was read. The place is a new object only when there is something to tell."""
        for one in news:
            self.lots[one.id].hear(one)
        self._made.clear()
        place = tuple(lot.told for lot in self.lots.values())
        if place != self.place:
            self.place = place

    @property
    def looked(self) -> dict[UUID, Looked]:
        """From where on to look for news."""
        return {lot_id: lot.looked for lot_id, lot in self.lots.items()}

    @property
    def is_over(self) -> bool:
        """Whether every lot has found its end, so that nothing more will be told."""
        return all(lot.stand.state in OVER for lot in self.lots.values())

    def knows(self, place: Place) -> bool:
        """Whether this place lies behind us: nobody comes from a later one."""
        return all(
            theirs.seq <= ours.seq and theirs.n <= ours.n for theirs, ours in zip(place, self.place, strict=True)
        )

    def since(self, place: Place, most: int = LEADS_KEPT) -> bytes:
        """What came after that place, of each lot at most so many newest prices and every turn."""
        is_full = len(self._made) >= MADE_MAX or sum(map(len, self._made.values())) > MADE_BYTES_MAX
        if is_full or monotonic() - self._made_at > MADE_SECONDS:
            self._made.clear()
            self._made_at = monotonic()
        if (place, most) not in self._made:
            self._made[place, most] = b"".join(self._after(place, most))
        return self._made[place, most]

    def whole(self) -> bytes:
        """Where everything stands, for a reader who comes for the first time."""
        return b"".join(self._now())

    def _after(self, place: Place, most: int) -> Iterator[bytes]:
        stands = list(place)
        # Of many lots fewer prices each: a text is made at once, and holds up whoever else this process serves.
        each = max(1, min(most, TOLD_MAX // len(self.lots)))
        told_of = [
            [(one.at, n, lot, one) for one in lot.since(place[n], each)] for n, lot in enumerate(self.lots.values())
        ]
        for _, n, lot, one in heapq.merge(*told_of, key=lambda told: told[0]):
            if isinstance(one, Lead):
                stands[n] = Told(one.seq, stands[n].n)
                yield event("price", tuple(stands), price(lot, one))
            else:
                stands[n] = Told(stands[n].seq, one.n)
                yield event("state", tuple(stands), turn(lot, one))
        yield from self._end()

    def _now(self) -> Iterator[bytes]:
        stands = [Told() for _ in self.lots]
        for n, lot in enumerate(self.lots.values()):
            stands[n] = Told(0, lot.told.n)
            yield event("state", tuple(stands), state(lot))
            if lot.leads:
                stands[n] = lot.told
                yield event("price", tuple(stands), price(lot, lot.leads[-1]))
        yield from self._end()

    def _end(self) -> Iterator[bytes]:
        if self.is_over:
            yield event("end", self.place, {"trade_id": str(self.trade_id)})


# --- the bodies -----------------------------------------------------------------------------------------------------


def price(lot: LotStory, lead: Lead) -> dict[str, Any]:
    """A bid that led; the end and the state are the lot's as it stands now."""
    return {
        **_of(lot),
        "seq": lead.seq,
        "after": lead.after,
        "leading": wire(Money(lead.minor)),
        "leading_bidder": lead.bidder,
        "at": wire(lead.at),
        "least_next_bid": _least_after(lot.stand, lead),
        "effective_end": wire(lot.stand.effective_end),
        "state": lot.stand.state.value,
    }


def state(lot: LotStory) -> dict[str, Any]:
    """Where a lot stands."""
    return {**_of(lot), "what": "now", "at": wire(lot.market_now()), **_stand(lot.stand), "falling": _falling(lot)}


def turn(lot: LotStory, one: Turn) -> dict[str, Any]:
    """A turn of a lot's state, with its times as they were after it."""
    return {**_of(lot), "what": one.what, "at": wire(one.at), **_stand(one), "falling": _falling(lot)}


def _of(lot: LotStory) -> dict[str, Any]:
    return {"lot_id": str(lot.stand.id), "n": lot.stand.n, "now": wire(lot.market_now())}


def _stand(one: LotNews | Turn) -> dict[str, Any]:
    return {
        "state": one.state.value,
        "step": one.step.value if one.step else None,
        "free_ends_at": wire(one.free_ends_at),
        "effective_end": wire(one.effective_end),
        "hard_end": wire(one.hard_end),
        "step_due_at": wire(one.step_due_at),
        "pause": _pause(one.cause, one.reason, one.resumes_at),
    }


def _pause(cause: str | None, reason: str | None, resumes_at: datetime | None) -> dict[str, Any] | None:
    return None if cause is None else {"cause": cause, "reason": reason, "resumes_at": wire(resumes_at)}


def _falling(lot: LotStory) -> dict[str, Any] | None:
    """The price of this moment, and when it falls next: between two steps nothing is told, since the clock knows."""
    known = lot.stand.falling
    if known is None or known.is_taken or lot.stand.state not in (LotState.OPEN, LotState.PAUSED):
        return None
    now = known.paused_at or lot.market_now()
    return {
        "price": wire(Money(price_at(known.terms, now))),
        "falls_by": wire(Money(known.terms.increment_minor)),
        "every_seconds": int(known.terms.pace.total_seconds()),
        "floor": wire(Money(known.terms.floor_minor)),
        "falls_at": wire(falls_at(known.terms, now)) if known.paused_at is None else None,
    }


def _least_after(lot: LotNews, lead: Lead) -> dict[str, str] | None:
    if lot.method is not Method.ONLINE_BIDDING or lot.start_price_minor is None or lot.increment_minor is None:
        return None  # whoever takes a fixed or a falling price ends the lot
    least = minimum_next_bid(lead.minor, start_price_minor=lot.start_price_minor, increment_minor=lot.increment_minor)
    found: dict[str, str] = wire(Money(least))
    return found
