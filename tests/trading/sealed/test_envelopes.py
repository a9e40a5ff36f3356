"""An envelope says nothing before its opening, opens for nobody else, and after it says what was written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.kernel.canonical import canonical_json
from techmarket.trading.sealed.envelopes import (
    ENVELOPE_BYTES,
    WRITTEN_BYTES,
    BadKey,
    Binding,
    CommitmentBroken,
    Malformed,
    TooLong,
    WillNotOpen,
    commitment_of,
    cover,
    new_key,
    open_envelope,
    public_half,
    require_public_key,
    seal,
    write,
)

LOT = UUID("0190c0de-0000-7000-8000-000000000001")
TERMS = hashlib.sha256(b"terms").hexdigest()
BOUND = Binding(LOT, 3, TERMS)
KEY = new_key()
PUBLIC = public_half(KEY)
QUOTE = {"amount": {"amount": "640000.00", "currency": "CNY"}}


def written(body: bytes, *, bound: Binding = BOUND) -> bytes:
    """Whatever bytes a stranger's client may encrypt to the right key."""
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    return suite.encrypt(body, X25519PublicKey.from_public_bytes(PUBLIC), info=bound.info())


def padded(value: Any) -> bytes:
    return canonical_json(value).ljust(WRITTEN_BYTES, b"\0")


def test_what_was_sealed_opens_to_the_same_content_and_commitment():
    letter = write(QUOTE, BOUND)
    opened = open_envelope(seal(letter, BOUND, PUBLIC), BOUND, KEY)
    assert opened == letter
    assert opened is not None
    assert opened.commitment == commitment_of(QUOTE, letter.nonce, BOUND)


def test_a_cover_opens_to_nothing():
    assert open_envelope(cover(BOUND, PUBLIC), BOUND, KEY) is None


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=20))
def test_every_envelope_and_every_cover_has_the_one_length_and_none_comes_twice(content):
    envelopes = {seal(write(content, BOUND), BOUND, PUBLIC), seal(write(content, BOUND), BOUND, PUBLIC)}
    envelopes.add(cover(BOUND, PUBLIC))
    assert {len(envelope) for envelope in envelopes} == {ENVELOPE_BYTES} == {4144}
    assert len(envelopes) == 3


def test_the_longest_content_fits_and_one_byte_more_is_refused():
    empty = len(canonical_json({"commitment": "0" * 64, "content": {"a": ""}, "nonce": "0" * 64}))
    fits = {"a": "x" * (WRITTEN_BYTES - empty)}
    assert open_envelope(seal(write(fits, BOUND), BOUND, PUBLIC), BOUND, KEY) is not None
    with pytest.raises(TooLong, match="1 bytes too long"):
        seal(write({"a": fits["a"] + "x"}, BOUND), BOUND, PUBLIC)


@pytest.mark.parametrize(
    "other",
    [
        replace(BOUND, number=4),
        replace(BOUND, lot_id=UUID(int=1)),
        replace(BOUND, terms_sha256="0" * 64),
    ],
    ids=["another bidder", "another lot", "other terms"],
)
def test_an_envelope_opens_for_nothing_but_its_own_bidder_lot_and_terms(other):
    envelope = seal(write(QUOTE, BOUND), BOUND, PUBLIC)
    with pytest.raises(WillNotOpen):
        open_envelope(envelope, other, KEY)


def test_another_key_does_not_open_it():
    with pytest.raises(WillNotOpen):
        open_envelope(seal(write(QUOTE, BOUND), BOUND, PUBLIC), BOUND, new_key())


@settings(max_examples=60)
@given(place=st.integers(0, ENVELOPE_BYTES - 1), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_and_it_does_not_open(place, bit):
    changed = bytearray(seal(write(QUOTE, BOUND), BOUND, PUBLIC))
    changed[place] ^= 1 << bit
    # X25519 ignores the highest bit of a public key, but HPKE takes the key's bytes into the derivation.
    with pytest.raises(WillNotOpen):
        open_envelope(bytes(changed), BOUND, KEY)


@pytest.mark.parametrize("body", [b"", b"x", bytes(31), bytes(ENVELOPE_BYTES)], ids=["empty", "one", "short", "zeros"])
def test_bytes_that_are_no_envelope_do_not_open(body):
    with pytest.raises(WillNotOpen):
        open_envelope(body, BOUND, KEY)


LETTER = write(QUOTE, BOUND)
AS_WRITTEN = {"commitment": LETTER.commitment.hex(), "content": QUOTE, "nonce": LETTER.nonce.hex()}


@pytest.mark.parametrize(
    "body",
    [
        canonical_json(AS_WRITTEN),
        canonical_json(AS_WRITTEN).ljust(WRITTEN_BYTES + 1, b"\0"),
        canonical_json(AS_WRITTEN).ljust(WRITTEN_BYTES, b" "),
        json.dumps(AS_WRITTEN).encode().ljust(WRITTEN_BYTES, b"\0"),
        padded([1]),
        padded({}),
        padded({"cover": False}),
        padded({"cover": 1}),
        padded({"cover": True, "content": QUOTE}),
        padded({**AS_WRITTEN, "more": 1}),
        padded({**AS_WRITTEN, "content": [QUOTE]}),
        padded({**AS_WRITTEN, "nonce": "12"}),
        padded({**AS_WRITTEN, "nonce": LETTER.nonce.hex().upper()}),
        padded({**AS_WRITTEN, "nonce": "g" * 64}),
        padded({**AS_WRITTEN, "nonce": 5}),
        padded({**AS_WRITTEN, "commitment": None}),
        b'{"content":{},"content":{}}'.ljust(WRITTEN_BYTES, b"\0"),
        b'{"content":{"a":12345678901234567890}}'.ljust(WRITTEN_BYTES, b"\0"),
        b"[" * WRITTEN_BYTES,
        b'{"a":' * 800 + bytes(96),
        b"\xff" * WRITTEN_BYTES,
        bytes(WRITTEN_BYTES),
    ],
)
def test_what_is_not_written_as_the_format_says_is_malformed(body):
    with pytest.raises(Malformed):
        open_envelope(written(body), BOUND, KEY)


@pytest.mark.parametrize(
    "changed",
    [
        {"content": {"amount": {"amount": "640000.01", "currency": "CNY"}}},
        {"nonce": "0" * 64},
        {"commitment": "0" * 64},
    ],
    ids=["content", "nonce", "commitment"],
)
def test_a_commitment_that_is_not_the_contents_is_broken(changed):
    with pytest.raises(CommitmentBroken):
        open_envelope(written(padded({**AS_WRITTEN, **changed})), BOUND, KEY)


def test_a_commitment_is_for_one_bidder_of_one_lot():
    others = [replace(BOUND, number=4), replace(BOUND, lot_id=UUID(int=1)), replace(BOUND, terms_sha256="0" * 64)]
    assert len({commitment_of(QUOTE, LETTER.nonce, bound) for bound in [BOUND, *others]}) == 4
    with pytest.raises(ValueError):
        commitment_of(QUOTE, b"short", BOUND)


@pytest.mark.parametrize("key", [b"", bytes(32), b"x" * 31, (1).to_bytes(32, "little")])
def test_a_key_everyone_could_open_or_no_key_at_all_is_refused(key):
    with pytest.raises(BadKey):
        require_public_key(key)


def test_a_good_key_is_taken():
    require_public_key(PUBLIC)
    with pytest.raises(BadKey):
        public_half(b"short")
