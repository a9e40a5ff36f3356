"""Scored offers (综合评分): a published formula over upfront payment, royalty, milestones, minimum and panel marks.

The formula itself: `trading/formula.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from techmarket.trading import formula
from techmarket.trading.formula import Criterion, Measure
from techmarket.trading.lifecycle import LotStep, Method
from techmarket.trading.methods.enveloped import ENVELOPE_TERMS, envelope_terms, envelope_words
from techmarket.trading.methods.protocol import Candidate, Family, Standing, require_known, whole_number
from techmarket.trading.rules import Periods

EXPERTS = (3, 15)
SCORING_SECONDS = (3600, 60 * 86_400)
USUAL = {"experts": 3, "scoring_seconds": 7 * 86_400}


class Scored:
    """The seller sells to the highest score; the price is the upfront payment of the winner's own offer."""

    method: Method = Method.SCORED
    family = Family.ENVELOPE
    lot_needs: Collection[str] = ("start_price",)
    defaults: Mapping[str, str] = {}
    steps: tuple[LotStep, ...] = (LotStep.OPENING, LotStep.SCORES)
    measures = frozenset(Measure) - {Measure.ASKED}
    price = Measure.UPFRONT

    def terms(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The formula, and the panel if the formula asks for one. The price is always a part of the formula."""
        require_known(self.method, given, ("criteria", *USUAL, *ENVELOPE_TERMS))
        criteria = formula.criteria_in(given.get("criteria"), self.measures)
        if self.price not in {one.measure for one in criteria}:
            raise formula.criteria_lack(self.price)
        experts = whole_number(given, "experts", USUAL["experts"], least=EXPERTS[0], most=EXPERTS[1])
        scoring = whole_number(
            given, "scoring_seconds", USUAL["scoring_seconds"], least=SCORING_SECONDS[0], most=SCORING_SECONDS[1]
        )
        return {
            "criteria": formula.published(criteria),
            "experts": experts,
            "scoring_seconds": scoring,
            **envelope_terms(given),
        }

    def published(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "method": self.method.value,
            "priority": ["score", "price", "draw"],
            "score": "sum of weight x points, exact",
            "points": "100 x value / best, lowest best for ASKED, 4 decimals half-up; PANEL: mean of marks",
            "panel_mean": f"from {formula.TRIMMED_FROM} experts on without the highest and the lowest mark",
            "below_least": "out",
            "tie": "better_price_then_draw",
            "charge": "own_offer",
            "marks_late": f"those_given_count_if_at_least_{EXPERTS[0]}_else_unsold",
            "criteria": list(terms["criteria"]),
            "experts": terms["experts"],
            "scoring_seconds": terms["scoring_seconds"],
            **envelope_words(terms),
        }

    def periods(self, opened_at: datetime, terms: Mapping[str, Any]) -> Periods:
        end = opened_at + timedelta(seconds=terms["quoting_seconds"])
        return Periods(end, end, end)

    def read(self, content: Mapping[str, Any], terms: Mapping[str, Any]) -> int:
        """The price in an opened offer, in fen. Raises ValueError for an offer the formula did not ask for."""
        criteria = formula.read_criteria(terms["criteria"])
        values = formula.values_in(content, criteria)
        minor = int(next(values[one.name] for one in criteria if one.measure is self.price) * 100)
        if minor <= 0:
            raise ValueError("a price is above zero")
        return minor

    def rank(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> list[Standing]:
        """The highest score wins; of equal scores the better price, then the draw. Whoever is out does not stand."""
        found = self.scores(candidates, terms)
        by_number = {one.number: one for one in candidates if one.minor is not None}
        standing = [
            Standing(number, by_number[number].minor or 0, by_number[number].seq, one.score)
            for number, one in found.items()
            if one.out_by is None
        ]
        sign = 1 if self.price in formula.LOWEST_IS_BEST else -1
        return sorted(standing, key=lambda one: (-(one.score or Decimal(0)), sign * one.price_minor, one.seq or 0))

    def scores(self, candidates: Sequence[Candidate], terms: Mapping[str, Any]) -> dict[int, formula.Scored]:
        """Each proposal's points and score, as anybody computes them from the record."""
        criteria = formula.read_criteria(terms["criteria"])
        values = {
            one.number: {**formula.values_in(one.offer, criteria), **_marked(one, criteria)}
            for one in candidates
            if one.offer is not None
        }
        return formula.score(values, criteria)


def panel_criteria(terms: Mapping[str, Any]) -> list[str]:
    """The criteria that wait for the panel, by name."""
    return [one.name for one in formula.read_criteria(terms.get("criteria", ())) if one.measure is Measure.PANEL]


def _marked(one: Candidate, criteria: Sequence[Criterion]) -> dict[str, Decimal]:
    return {c.name: one.points.get(c.name, Decimal(0)) for c in criteria if c.measure is Measure.PANEL}
