"""Nobody who floods the line makes others wait for him."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from techmarket.trading.fair_line import FairLine


def line_of(*whose: str, each_max: int = 100) -> FairLine[str]:
    line: FairLine[str] = FairLine(each_max=each_max)
    for n, one in enumerate(whose):
        line.join(one, f"{one}{n}")
    return line


def test_while_all_fit_into_one_turn_they_are_taken_in_the_order_they_came():
    line = line_of("a", "b", "a", "c", "b")
    assert line.take(5) == ["a0", "b1", "a2", "c3", "b4"]
    assert len(line) == 0


def test_who_floods_the_line_waits_for_himself_alone():
    line = line_of(*["a"] * 10, "b", "c", "b")
    assert line.take(4) == ["a0", "a1", "b10", "c11"]
    assert line.take(4) == ["a2", "a3", "a4", "b12"]
    assert line.take(100) == [f"a{n}" for n in range(5, 10)]


def test_too_many_of_one_are_turned_away_and_others_still_find_a_place():
    line = line_of("a", "a", "a", each_max=2)
    assert len(line) == 2
    assert line.join("b", "b3") is True
    assert line.take(9) == ["a0", "a1", "b3"]


@given(st.lists(st.sampled_from("abcd"), max_size=60), st.integers(1, 20))
def test_nothing_is_lost_or_taken_twice_and_each_ones_own_keep_their_order(whose, most):
    line = line_of(*whose)
    rounds = []
    while len(line):
        rounds.append(line.take(most))
    taken = [one for each in rounds for one in each]
    assert sorted(taken) == sorted(f"{one}{n}" for n, one in enumerate(whose))
    assert all(len(each) <= most for each in rounds)
    for one in set(whose):
        own = [int(name[1:]) for name in taken if name[0] == one]
        assert own == sorted(own)
