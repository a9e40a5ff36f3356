"""Sharing over several events (累计分配): what each had before counts, so that nobody gains by the splitting.

A total is computed from all income so far and rounded once; an event gives the difference. Inside it every cent goes to
whoever is then owed most, ties to the earlier position in the table; nobody ever gives a cent back. A single event is
the method of the largest remainder. Nobody is ever ahead by a whole cent.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Tier:
    """A ratio that holds for the net income above a threshold, up to the next one."""

    above_minor: int
    ratio: Decimal


def by_tiers(whole_minor: int, tiers: Sequence[Tier]) -> Fraction:
    """Each part of the cumulative net income is shared by the tier it lies in; the product is exact."""
    ordered = sorted(tiers, key=lambda tier: tier.above_minor)
    total = Fraction(0)
    for n, tier in enumerate(ordered):
        ends = ordered[n + 1].above_minor if n + 1 < len(ordered) else whole_minor
        inside = max(0, min(whole_minor, ends) - tier.above_minor)
        total += inside * Fraction(tier.ratio)
    return total


def share_out(minor: int, due: Sequence[Fraction], had: Sequence[int]) -> list[int]:
    """Each cent goes to whoever is then owed most: `due` is of all events together, `had` of the earlier ones."""
    owed = [whole - before for whole, before in zip(due, had, strict=True)]
    parts = [max(0, claim.numerator // claim.denominator) for claim in owed]
    left = minor - sum(parts)
    if left >= 0:
        # Sure of less than a cent each, they come in the order of what is still owed; nobody comes twice.
        waiting = sorted((n for n, claim in enumerate(owed) if claim > 0), key=lambda n: (parts[n] - owed[n], n))
        if left > len(waiting):
            raise ValueError("more is given than is due")
        for n in waiting[:left]:
            parts[n] += 1
        return parts
    # Some were ahead by parts of a cent and keep them; the cents that lack are those that were owed least.
    given = [(owed[n] - part, -n) for n, part in enumerate(parts) if part > 0]
    heapq.heapify(given)
    for _ in range(-left):
        spare, place = heapq.heappop(given)
        parts[-place] -= 1
        if parts[-place] > 0:
            heapq.heappush(given, (spare + 1, place))
    return parts


def due_by_weight(whole_minor: int, weights: Sequence[Decimal]) -> list[Fraction]:
    """What each is due of the whole by weight, exactly."""
    exact = [Fraction(weight) for weight in weights]
    return [whole_minor * weight / sum(exact) for weight in exact]
