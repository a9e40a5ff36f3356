"""Envelopes (密封报价函): a quote encrypted to the lot's key, bound to lot, bidder and terms, always of one length.

HPKE (RFC 9180) in its single-shot form. What an envelope is bound to goes into `info`, as section 8.1 of the RFC
advises for this form; an envelope moved to another lot, bidder or version of the terms does not open.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from techmarket.kernel.canonical import canonical_json

SUITE = "HPKE-X25519-HKDF-SHA256-AES-256-GCM"
WRITTEN_BYTES = 4096
"""What is written inside, filled up with zero bytes."""
ENVELOPE_BYTES = 32 + WRITTEN_BYTES + 16
"""The encapsulated key, the ciphertext and its tag."""
NONCE_BYTES = 32

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_BOUND = b"techmarket sealed envelope 1\n"
_COMMITTED = b"techmarket sealed commitment 1\n"
_COVER: Mapping[str, Any] = {"cover": True}


class WillNotOpen(Exception):
    """Another key, other bytes, or bound to something else: the cipher cannot tell which."""


class Malformed(Exception):
    """It opens, but what is inside is not written as the format says."""


class CommitmentBroken(Exception):
    """It opens, but the commitment inside is not the one of its content."""


class TooLong(ValueError):
    """The content does not fit into an envelope."""


class BadKey(ValueError):
    """These bytes are no key of the suite."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What an envelope is for: the lot, the participant's number in the trade, and the announced terms."""

    lot_id: UUID
    number: int
    terms_sha256: str

    def said(self) -> dict[str, Any]:
        return {"bidder": self.number, "lot": str(self.lot_id), "suite": SUITE, "terms": self.terms_sha256}

    def info(self) -> bytes:
        """The `info` of the encryption: with any other, the envelope does not open."""
        return _BOUND + canonical_json(self.said())


@dataclass(frozen=True, slots=True)
class Letter:
    """What a bidder wrote, with the nonce that hides it and the commitment that binds him to it."""

    content: Mapping[str, Any]
    nonce: bytes
    commitment: bytes


def write(content: Mapping[str, Any], binding: Binding, *, nonce: bytes | None = None) -> Letter:
    """Commit to a content. A nonce is given only by test vectors; one that can be guessed gives the content away."""
    nonce = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
    return Letter(content, nonce, commitment_of(content, nonce, binding))


def commitment_of(content: Mapping[str, Any], nonce: bytes, binding: Binding) -> bytes:
    """A bidder is bound to his content: SHA-256 over a 256-bit nonce and the canonical JSON of binding and content."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    return hashlib.sha256(_COMMITTED + nonce + canonical_json({**binding.said(), "content": dict(content)})).digest()


def seal(letter: Letter, binding: Binding, public_key: bytes) -> bytes:
    """Encrypt a letter to the lot's key: always `ENVELOPE_BYTES` long, never twice the same."""
    written = {
        "commitment": letter.commitment.hex(),
        "content": dict(letter.content),
        "nonce": letter.nonce.hex(),
    }
    return _encrypt(written, binding, public_key)


def cover(binding: Binding, public_key: bytes) -> bytes:
    """An envelope without a quote: to all but the holders of the private key the same as one with a quote."""
    return _encrypt(_COVER, binding, public_key)


def open_envelope(envelope: bytes, binding: Binding, private_key: bytes) -> Letter | None:
    """The letter inside, or None from a cover. Raises `WillNotOpen`, `Malformed` or `CommitmentBroken`."""
    written = _decrypt(envelope, binding, private_key)
    if len(written) == 1 and written.get("cover") is True:
        return None
    if set(written) != {"commitment", "content", "nonce"} or not isinstance(written["content"], dict):
        raise Malformed()
    nonce, claimed = _hash(written["nonce"]), _hash(written["commitment"])
    commitment = commitment_of(written["content"], nonce, binding)
    if not secrets.compare_digest(commitment, claimed):
        raise CommitmentBroken()
    return Letter(written["content"], nonce, commitment)


def will_open(envelope: bytes, binding: Binding, private_key: bytes) -> bool:
    """Whether an envelope was encrypted to this key for this lot, bidder and terms, whatever is inside."""
    try:
        _SUITE.decrypt(envelope, _private(private_key), info=binding.info())
    except InvalidTag:
        return False
    return True


def new_key() -> bytes:
    """A private key for one lot, never used for another."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_half(private_key: bytes) -> bytes:
    return _private(private_key).public_key().public_bytes_raw()


def require_public_key(public_key: bytes) -> None:
    """A key that everyone can open, such as zero, is no key."""
    _encrypt(_COVER, Binding(UUID(int=0), 1, "0" * 64), public_key)


def _encrypt(written: Mapping[str, Any], binding: Binding, public_key: bytes) -> bytes:
    body = canonical_json(dict(written))
    if len(body) > WRITTEN_BYTES:
        raise TooLong(f"the content is {len(body) - WRITTEN_BYTES} bytes too long")
    try:
        return _SUITE.encrypt(
            body.ljust(WRITTEN_BYTES, b"\0"), X25519PublicKey.from_public_bytes(public_key), info=binding.info()
        )
    except ValueError as error:
        raise BadKey("not a public key of X25519") from error


def _decrypt(envelope: bytes, binding: Binding, private_key: bytes) -> dict[str, Any]:
    """One content has one sequence of bytes: what would be spelled otherwise is malformed."""
    try:
        body = _SUITE.decrypt(envelope, _private(private_key), info=binding.info())
    except InvalidTag:
        raise WillNotOpen() from None
    text = body.rstrip(b"\0")
    try:
        written = json.loads(text)
        is_as_said = len(body) == WRITTEN_BYTES and isinstance(written, dict) and canonical_json(written) == text
    except (ValueError, RecursionError):
        raise Malformed() from None
    if not is_as_said:
        raise Malformed()
    return dict(written)


def _private(private_key: bytes) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(private_key)
    except ValueError as error:
        raise BadKey("not a private key of X25519") from error


def _hash(text: Any) -> bytes:
    if not isinstance(text, str) or len(text) != 64 or text != text.lower():
        raise Malformed()
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Malformed() from None
