"""The course of one lot, decided again from its announced terms and what came in: the same for writer and reader."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from techmarket.kernel.money import Money
from techmarket.trading import rules
from techmarket.trading.lifecycle import Method
from techmarket.trading.methods import BOOKED, Candidate, Family, Standing, method_rules, rules_of
from techmarket.trading.rules import NOT_QUALIFIED, Bid, Decision, LotState, LotTerms, Periods


class NotInTerms(ValueError):
    """The announced terms do not know this lot, or not in this method."""


class Course:
    """A lot on its way: opened, bid for, paused and resumed. Nothing in it comes from a database or a clock."""

    def __init__(
        self,
        lot_id: UUID,
        n: int,
        method: Method,
        terms: Mapping[str, Any],
        terms_sha256: str,
        holders: Collection[int],
    ) -> None:
        self.lot_id, self.n, self.method = lot_id, n, method
        self.rules = rules_of(terms)
        said = self.rules.get("method")
        if said != method.value and self.rules.get("turns_into", {}).get("method") != method.value:
            raise NotInTerms("method")
        self.terms = _lot_terms(terms, n)
        self.start_minor = minor_of(self.terms.get("start_price"))
        self.increment_minor = minor_of(self.terms.get("increment"))
        self.floor_minor = minor_of(self.terms.get("floor"))
        self.reserve_digest = self.terms.get("reserve_digest")
        self.holders = frozenset(holders)
        self.way = method_rules(method)
        self.book = BOOKED.get(method.value)
        self.chain = rules.first_chain(lot_id, terms_sha256)
        self.first_chain = self.chain
        self.periods: Periods | None = None
        self.paused_at: datetime | None = None
        self.seq = 0
        self._state: LotState | None = None
        self._best: dict[int, Candidate] = {}

    @property
    def leading(self) -> tuple[int, int] | None:
        """Who leads and at which price."""
        state = self._state
        if state is None or state.leading_bidder is None or state.leading_minor is None:
            return None
        return state.leading_bidder, state.leading_minor

    @property
    def is_open(self) -> bool:
        return self.periods is not None and self.paused_at is None

    def open(self, at: datetime) -> Periods:
        """All periods run from the opening, as announced."""
        self.periods = self.way.periods(at, self.rules)
        if self.book is not None:
            self._state = LotState(self._book_terms(self.periods), self.periods.effective_end, 0, self.chain)
        return self.periods

    def pause(self, at: datetime) -> None:
        self.paused_at = at

    def resume(self, at: datetime) -> Periods:
        """Every period moves by as long as the pause was."""
        assert self.periods is not None
        assert self.paused_at is not None
        self.periods = rules.give_back(self.periods, at - self.paused_at)
        self.paused_at = None
        if self._state is not None:
            self._state = self._state._replace(
                terms=self._book_terms(self.periods), effective_end=self.periods.effective_end
            )
        return self.periods

    def bid(self, *, bidder: int, minor: int, verdict: str, at: datetime) -> Decision:
        """What the rule says of this bid, now. Whether a bidder was qualified is taken from the verdict."""
        assert self._state is not None
        assert self.book is not None
        assert self.periods is not None
        bid = Bid(bidder, minor, verdict != NOT_QUALIFIED, bidder in self.holders)
        decision = self.book.decide(self._state, bid, now=at)
        self._state = decision.lot
        self.seq, self.chain = decision.entry.seq, decision.entry.chain
        if decision.is_accepted:
            price = decision.lot.leading_minor
            self._best[bidder] = Candidate(bidder, price, self.seq, first_refusal=bidder in self.holders)
        self.periods = Periods(self.periods.free_ends_at, decision.lot.effective_end, self.periods.hard_end)
        return decision

    def candidates(self) -> list[Candidate]:
        """Of the book: each bidder's last accepted bid, which is his best."""
        return list(self._best.values())

    def ranked(
        self, candidates: Collection[Candidate], *, gone: Collection[int], reserve_minor: int | None
    ) -> list[Standing]:
        """Who gets the lot at which price, the runner-up next."""
        limit = max(self.start_minor or 0, reserve_minor or 0)
        standing = [one for one in candidates if one.number not in gone]
        ranked = self.way.rank(standing, {**self.rules, "limit_minor": limit})
        return ranked if reserve_minor is None else [one for one in ranked if one.price_minor >= reserve_minor]

    @property
    def family(self) -> Family:
        return self.way.family

    def _book_terms(self, periods: Periods) -> LotTerms:
        return LotTerms(
            self.lot_id,
            self.start_minor or 0,
            self.increment_minor or 0,
            timedelta(seconds=self.rules.get("limited_seconds") or 0),
            periods.free_ends_at,
            periods.hard_end,
            self.floor_minor or 0,
            timedelta(seconds=self.rules.get("step_seconds") or 0),
        )


def _lot_terms(terms: Mapping[str, Any], n: int) -> Mapping[str, Any]:
    if "lots" not in terms and n == 1:
        return terms  # the first trades said those of their one lot beside all the others
    for one in terms.get("lots", ()):
        if one.get("n") == n:
            return dict(one)
    raise NotInTerms("lots")


def minor_of(said: Mapping[str, Any] | None) -> int | None:
    return None if said is None else Money.parse(said["amount"], said["currency"]).minor
