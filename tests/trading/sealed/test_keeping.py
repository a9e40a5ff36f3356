"""Slots at rest and the receipts of envelopes, without a market around them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.kernel.seals import Seal
from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES
from techmarket.trading.sealed.receipts import receipt_bytes, verify_receipt
from techmarket.trading.sealed.wrapping import WRAPPED_BYTES, SlotWrapping

LOT, OTHER = (UUID(f"0190c0de-0000-7000-8000-00000000000{n}") for n in (1, 2))
ENVELOPE = b"e" * ENVELOPE_BYTES
SECRET = b"s" * 32
AT = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC)
SEAL = Seal.generate()


def test_a_slot_is_read_by_its_own_secret_lot_and_number_alone() -> None:
    stored = SlotWrapping(SECRET, LOT).wrap(ENVELOPE, 3)
    assert len(stored) == WRAPPED_BYTES
    assert SlotWrapping(SECRET, LOT).unwrap(stored, 3) == ENVELOPE
    assert SlotWrapping(SECRET, LOT).unwrap(stored, 4) is None
    assert SlotWrapping(SECRET, OTHER).unwrap(stored, 3) is None
    assert SlotWrapping(b"t" * 32, LOT).unwrap(stored, 3) is None
    assert SlotWrapping(SECRET, LOT).unwrap(b"", 3) is None


def test_the_same_envelope_written_twice_looks_like_two() -> None:
    wrapping = SlotWrapping(SECRET, LOT)
    first, second = wrapping.wrap(ENVELOPE, 3), wrapping.wrap(ENVELOPE, 3)
    assert first[12:] != second[12:]


@settings(max_examples=60)
@given(st.integers(0, WRAPPED_BYTES - 1), st.integers(1, 255))
def test_a_changed_byte_is_no_envelope(place: int, change: int) -> None:
    stored = bytearray(STORED)
    stored[place] ^= change
    assert SlotWrapping(SECRET, LOT).unwrap(bytes(stored), 3) is None


STORED = SlotWrapping(SECRET, LOT).wrap(ENVELOPE, 3)


def receipt() -> dict[str, object]:
    body = receipt_bytes(LOT, 3, "ab" * 32, AT)
    return {
        "lot_id": str(LOT),
        "bidder": 3,
        "envelope_sha256": "ab" * 32,
        "at": AT.astimezone(timezone(timedelta(hours=8))).isoformat(),
        "kid": SEAL.kid,
        "signature": SEAL.sign(body).hex(),
    }


def test_a_receipt_is_the_markets_word_in_whatever_zone_its_instant_is_shown() -> None:
    assert receipt_bytes(LOT, 3, "ab" * 32, AT) == (
        b'techmarket sealed receipt 1\n{"at":"2026-03-02T09:00:00.000005+00:00","bidder":3,"envelope_sha256":"'
        + b"ab" * 32
        + b'","lot":"0190c0de-0000-7000-8000-000000000001"}'
    )
    assert verify_receipt(receipt(), SEAL.public)
    assert not verify_receipt(receipt(), Seal.generate().public)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lot_id", str(OTHER)),
        ("lot_id", "no id"),
        ("bidder", 4),
        ("envelope_sha256", "cd" * 32),
        ("at", (AT + timedelta(microseconds=1)).isoformat()),
        ("at", None),
        ("at", "yesterday"),
        ("kid", "another"),
        ("signature", "00" * 64),
        ("signature", "zz"),
        ("signature", 7),
    ],
)
def test_a_receipt_with_anything_changed_or_malformed_is_not_the_markets_word(field: str, value: object) -> None:
    assert not verify_receipt(receipt() | {field: value}, SEAL.public)
    assert not verify_receipt({name: said for name, said in receipt().items() if name != field}, SEAL.public)
