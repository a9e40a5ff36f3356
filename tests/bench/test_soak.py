"""What the long soak judges: memory by the slope of its line, files by number, answers by their slowest hundredth."""

from __future__ import annotations

import os

import pytest

from bench import soak
from bench.soak import Soaked


def seen(*, growth: float = 0.0, slower: float = 1.0, files: int = 20) -> Soaked:
    """Ten minutes: a cache fills for two of them, then memory grows by so many megabytes a minute."""
    memory = [(float(x), 100 + min(x, 120) / 4 + max(0, x - 120) / 60 * growth) for x in range(600)]
    waits = [(float(x), 10.0 * (slower if x >= 450 else 1.0)) for x in range(600)]
    return Soaked(memory, waits, files_before=20, files_after=files)


@pytest.mark.parametrize(
    "soaked, words",
    [
        (seen(), []),
        (seen(growth=0.9, slower=1.19), []),
        (seen(growth=1.5), ["memory grows by 1.5 MB a minute"]),
        (seen(slower=1.5), ["answers take 50% longer at the end"]),
        (seen(files=22), ["2 files were left open"]),
    ],
)
def test_what_grows_is_named(soaked: Soaked, words: list[str]) -> None:
    assert soak.holds(soak.judged(soaked, 600.0) | {"odd": {}}) == words


def test_answers_that_should_not_be_are_named_and_the_plot_shows_both_lines() -> None:
    figures = soak.judged(seen(), 600.0) | {"odd": {"bid 500": 1}}
    assert soak.holds(figures) == ["answers that should not be: {'bid 500': 1}"]
    assert soak.drawn(seen(), 600.0).count("<polyline") == 2


@pytest.mark.slow
async def test_the_soak_runs(tmp_path) -> None:
    """In its short form in `make bench-check`: that it works, not what it finds."""
    if os.environ.get("TECHMARKET_LONG") == "1":
        figures, soaked = await soak.run(minutes=0.1, warm_s=2.0)
        assert figures["odd"] == {}
        assert figures["operations"] > 10
        assert len(soaked.memory) > 5
