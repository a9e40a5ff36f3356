from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from techmarket.kernel.canonical import NotCanonical, canonical_json, sha256_hex

VECTORS = Path(__file__).parent / "jcs"
NAMES = sorted(path.stem for path in (VECTORS / "input").glob("*.json"))


def test_all_six_vectors_are_here() -> None:
    assert NAMES == ["arrays", "french", "structures", "unicode", "values", "weird"]


@pytest.mark.parametrize("name", NAMES)
def test_canonical_bytes_equal_those_of_rfc_8785(name: str) -> None:
    value = json.loads((VECTORS / "input" / f"{name}.json").read_bytes())
    expected = bytes.fromhex((VECTORS / "outhex" / f"{name}.txt").read_text(encoding="ascii"))
    assert canonical_json(value) == expected


def test_key_order_and_spacing_do_not_change_the_bytes() -> None:
    assert canonical_json({"b": 1, "a": ["成果", None, True]}) == '{"a":["成果",null,true],"b":1}'.encode()


@pytest.mark.parametrize("value", [2**53 - 1, -(2**53) + 1, 0, 99999999999999.99])
def test_numbers_that_every_reader_keeps_are_written(value: float) -> None:
    assert json.loads(canonical_json(value)) == value


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        10**40,
        float("nan"),
        float("inf"),
        float("-inf"),
        "\ud800",
        {"\ud800": 1},
        {1: "a number as key"},
        b"bytes",
        datetime(2026, 3, 2, tzinfo=UTC),
        {1, 2},
        _nested(100_000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_readers_would_round_or_reject_has_no_canonical_bytes(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_json({"deep": [value]})


def test_a_hash_is_sixty_four_small_hex_digits() -> None:
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256_hex(b"x") == hashlib.sha256(b"x").hexdigest()
