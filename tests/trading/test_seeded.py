"""A hundred thousand acts drawn by seeds, told to rule and model alike: the same number always plays the same lives.

`make fault` plays a hundred times as many. A seed that fails is played again by its number alone.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator

import pytest

from techmarket.trading import rules
from tests.trading.models import LEADS, SECOND, Rising
from tests.trading.test_models import BOOKS, HOLDERS, Compared, when

ACTS = 10_000
SEEDS = range(1_000 if os.environ.get("TECHMARKET_LONG") else 10)
LIFE_MAX = 60


class Life:
    """One lot from its opening to some moment after its end, with everything drawn by lot."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.both = Compared(chance.choice(BOOKS)())
        self.now = 0
        self.was_paused = False

    def live(self) -> None:
        for _ in range(LIFE_MAX):
            self._step()
            if self.now >= self.both.model.end and self.chance.random() < 0.4:
                break  # what comes after the end is always the same
        assert self.both.ranked() == self.both.model.ranking
        if not self.was_paused:
            replayed = rules.replay(self.both.opened, self.both.lines, self.both.rules.decide, holders=HOLDERS)
            assert replayed == self.both.lot

    def _step(self) -> None:
        drawn = self.chance.random()
        if drawn < 0.12:
            later = self.now + self.chance.randint(0, 40) * SECOND + self.chance.choice((0, 0, 1, SECOND - 1))
            self.now = later if later < self.both.model.end else max(self.now, self.both.model.end - 1)
        elif drawn < 0.15:  # to the very end, or a microsecond before it
            self.now = max(self.now, self.both.model.end - self.chance.randint(0, 1))
        elif drawn < 0.18 and self.now < self.both.model.end:
            length = self.chance.randint(1, 50 * SECOND)
            self.both.pause(length)
            self.now += length
            self.was_paused = True
        else:
            self._bid()

    def _bid(self) -> None:
        lot, step = self.both.lot, self.both.lot.terms.increment_minor
        near = self.both.rules.least(lot, when(self.now)) or lot.leading_minor or 1_000
        steps = self.chance.choice((0, 0, 1, 2, -1)) if self.chance.random() < 0.7 else self.chance.randint(-8, 3)
        if isinstance(self.both.model, Rising):
            steps = max(steps, -1)
        amount = max(near + steps * step + self.chance.choice((0, 0, 0, 0, 1, -1, 50)), 1)
        self.both.act(self.chance.choice((1, 2, 8, 9)), amount, self.now, self.chance.random() < 0.9)


def lives(seed: int, acts: int) -> Iterator[Life]:
    chance, played = random.Random(seed), 0
    while played < acts:
        life = Life(chance)
        life.live()
        played += len(life.both.lines)
        yield life


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_thousand_acts_of_a_seed_end_as_the_models_say(seed: int) -> None:
    played = [len(life.both.lines) for life in lives(seed, ACTS)]
    assert sum(played) >= ACTS


def test_a_seed_plays_the_same_lives_to_the_byte_and_another_seed_others() -> None:
    def trace(seed: int) -> bytes:
        told = hashlib.sha256()
        leading = 0
        for life in lives(seed, 2_000):
            for line in life.both.lines:
                told.update(repr(line).encode())
                leading += line.verdict == LEADS
        assert leading > 300, "a trace of refusals alone would show little"
        return told.digest()

    assert trace(1) == trace(1)
    assert trace(1) != trace(2)
