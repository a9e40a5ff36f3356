"""Models of every method, each the published sentence said once more in whole numbers; they know nothing of the rules.

Times are whole microseconds from any zero, prices whole fen. A model takes each act and says what must become of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

SECOND = 1_000_000
LEADS = "leading"
OVER, WHO, LOW, STEP = (
    "trading.bidding_over",
    "trading.not_qualified",
    "trading.bid_too_low",
    "trading.bid_off_step",
)
EARLY, NEVER, OTHER = "trading.price_not_reached", "trading.bid_below_floor", "trading.not_the_price"


@dataclass
class Rising:
    """Online bidding: a free period, then a limited one that each leading bid begins anew, and a hard stop."""

    start: int
    step: int
    free_until: int
    limited: int
    stop: int
    holders: frozenset[int] = frozenset()
    led: list[tuple[int, int, int]] = field(default_factory=list)
    end: int = -1

    def __post_init__(self) -> None:
        if self.end < 0:
            self.end = min(self.free_until + self.limited, self.stop)

    def enough_for(self, who: int) -> int:
        if not self.led:
            return self.start
        leader, price, _ = self.led[-1]
        matches = who in self.holders and leader not in self.holders
        return price if matches else price + self.step

    def act(self, who: int, amount: int, at: int, ready: bool = True) -> tuple[str, int]:
        """What is said, and what would have been enough."""
        enough = self.enough_for(who)
        if at >= self.end:
            return OVER, enough
        if not ready:
            return WHO, enough
        if amount < enough:
            return LOW, enough
        if (amount - enough) % self.step:
            return STEP, enough
        self.led.append((who, amount, at))
        if at > self.free_until:
            self.end = max(self.end, min(at + self.limited, self.stop))
        return LEADS, enough

    def paused(self, length: int) -> None:
        self.free_until += length
        self.end += length
        self.stop += length

    @property
    def winner(self) -> tuple[int, int] | None:
        return self.led[-1][:2] if self.led else None

    @property
    def ranking(self) -> list[tuple[int, int]]:
        """Everybody with his last leading bid, the latest leader first: whoever led later had beaten or matched."""
        seen: dict[int, int] = {}
        for who, price, _ in reversed(self.led):
            seen.setdefault(who, price)
        return list(seen.items())


@dataclass
class Falling:
    """A board whose price drops once a pace; the first acceptance sells at what the board shows."""

    start: int
    step: int
    floor: int
    pace: int
    opened: int
    stop: int
    sold: tuple[int, int] | None = None
    end: int = -1

    def __post_init__(self) -> None:
        if self.end < 0:
            self.end = self.stop

    def board(self, at: int) -> int:
        price, drop = self.start, self.opened + self.pace
        while drop <= at and price > self.floor:
            price, drop = max(price - self.step, self.floor), drop + self.pace
        return price

    def shows_by(self, amount: int) -> int | None:
        """When the board first shows this amount or less before the lot ends."""
        at = self.opened
        while at < self.stop:
            if self.board(at) <= amount:
                return at
            if self.board(at) == self.floor:
                return None
            at += self.pace
        return None

    def act(self, who: int, amount: int, at: int, ready: bool = True) -> tuple[str, int]:
        price = self.board(at)
        if at >= self.end:
            return OVER, price
        if not ready:
            return WHO, price
        if amount >= price:
            self.sold, self.end = (who, price), at
            return LEADS, price
        if self.shows_by(amount) is None:
            return NEVER, self.board(self.stop - 1)
        return EARLY, price

    def paused(self, length: int) -> None:
        self.opened += length
        self.end += length
        self.stop += length

    @property
    def winner(self) -> tuple[int, int] | None:
        return self.sold

    @property
    def ranking(self) -> list[tuple[int, int]]:
        return [] if self.sold is None else [self.sold]


@dataclass
class Fixed:
    """A price tag: who says exactly what stands on it first has the lot."""

    price: int
    end: int
    taken_by: int | None = None

    def act(self, who: int, amount: int, at: int, ready: bool = True) -> tuple[str, int]:
        if at >= self.end:
            return OVER, self.price
        if not ready:
            return WHO, self.price
        if amount != self.price:
            return OTHER, self.price
        self.taken_by, self.end = who, at
        return LEADS, self.price

    def paused(self, length: int) -> None:
        self.end += length

    @property
    def winner(self) -> tuple[int, int] | None:
        return None if self.taken_by is None else (self.taken_by, self.price)

    @property
    def ranking(self) -> list[tuple[int, int]]:
        return [] if self.winner is None else [self.winner]


Book = Rising | Falling | Fixed


@dataclass
class Paper:
    """One offer on the table of a talk."""

    by_seller: bool
    price: int
    until: int
    is_open: bool = True


@dataclass
class Talks:
    """A table for each buyer: offers lie there until answered or over; the first that is accepted ends all talks."""

    end: int
    floor: int | None = None
    tables: dict[int, list[Paper]] = field(default_factory=dict)
    sold: tuple[int, int] | None = None

    def offer(self, buyer: int, by_seller: bool, price: int, until: int, at: int) -> str:
        if self.sold or at >= self.end:
            return "trading.talks_not_open"
        if self.floor is not None and price < self.floor:
            return "trading.offer_below_floor"
        if until <= at or until > self.end:
            return "trading.offer_end_out_of_talks"
        table = self.tables.setdefault(buyer, [])
        if table and table[-1].is_open:
            last = table[-1]
            if last.by_seller == by_seller and at < last.until:
                return "trading.offer_stands"
            last.is_open = False
        table.append(Paper(by_seller, price, until))
        return "ok"

    def answer(self, buyer: int, n: int, by_seller: bool, at: int, accept: bool) -> str:
        paper = self.tables[buyer][n]
        if paper.by_seller == by_seller:
            return "trading.offer_not_yours"
        if not paper.is_open:
            return "not_in_this_state"
        if self.sold or at >= self.end:
            return "trading.talks_not_open"
        if at >= paper.until:
            return "trading.offer_over"
        paper.is_open = False
        if accept:
            self.sold = (buyer, paper.price)
        return "ok"


def sealed_ranking(quotes: Iterable[tuple[int, int, int]], *, second_price: bool, limit: int) -> list[tuple[int, int]]:
    """Quotes are (who, amount, place in the draw). Take the best out again and again; each pays his own or the next."""
    left = [one for one in quotes if one[1] >= limit]
    found: list[tuple[int, int]] = []
    while left:
        best = left[0]
        for one in left[1:]:
            if one[1] > best[1] or (one[1] == best[1] and one[2] < best[2]):
                best = one
        left.remove(best)
        price = max([one[1] for one in left], default=limit) if second_price else best[1]
        found.append((best[0], price))
    return found


@dataclass(frozen=True)
class Line:
    """One line of a formula: the measure's own name, its weight in ten-thousandths, perhaps a bound in fen."""

    measure: str
    weight: int
    bound: int | None = None


def rounded(value: Fraction) -> int:
    """To ten-thousandths, halves up."""
    return (value * 20_000 + 1).__floor__() // 2


def score_ranking(offers: Mapping[int, Sequence[int]], lines: Sequence[Line], drawn: Mapping[int, int]) -> list[int]:
    """Who comes first by weighted points; a panel's points are given, all others a hundred times the part of the best.

    Of equal scores the better price, then the draw. `ASKED` is better when lower.
    """
    price = next(n for n, line in enumerate(lines) if line.measure in ("UPFRONT", "ASKED"))
    lower = {n for n, line in enumerate(lines) if line.measure == "ASKED"}

    def is_out(said: Sequence[int]) -> bool:
        for n, line in enumerate(lines):
            if line.bound is not None and (said[n] > line.bound if n in lower else said[n] < line.bound):
                return True
        return False

    standing = {who: said for who, said in offers.items() if not is_out(said)}

    def points(n: int, value: int) -> int:
        if lines[n].measure == "PANEL":
            return value
        rivals = [said[n] for said in standing.values()]
        best = min(rivals) if n in lower else max(rivals)
        part, whole = (best, value) if n in lower else (value, best)
        if whole == 0:
            return 1_000_000 if part == whole else 0
        return rounded(Fraction(100 * part, whole))

    def key(who: int) -> tuple[int, int, int]:
        said = standing[who]
        total = sum(line.weight * points(n, said[n]) for n, line in enumerate(lines))
        return -total, said[price] * (1 if lower else -1), drawn[who]

    return sorted(standing, key=key)
