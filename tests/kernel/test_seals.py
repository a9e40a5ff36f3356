from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_pem_x509_certificate

from techmarket.kernel.seals import PaperSeal, Seal, SealKey, WrongSignature

VECTORS = json.loads((Path(__file__).parent / "ed25519" / "wycheproof_ed25519.json").read_bytes())


def test_every_valid_wycheproof_vector_is_accepted_and_every_invalid_one_refused() -> None:
    wrong, seen = [], 0
    for group in VECTORS["testGroups"]:
        key = SealKey.from_raw(bytes.fromhex(group["publicKey"]["pk"]))
        for vector in group["tests"]:
            seen += 1
            accepted = key.verify(bytes.fromhex(vector["sig"]), bytes.fromhex(vector["msg"]))
            if accepted is not {"valid": True, "invalid": False}[vector["result"]]:
                wrong.append((vector["tcId"], vector["comment"]))
    assert (seen, wrong) == (VECTORS["numberOfTests"], [])


def test_a_seal_is_checked_with_nothing_but_the_public_key() -> None:
    seal = Seal.generate()
    signature = seal.sign("成交确认".encode())
    key = SealKey.from_raw(seal.public.raw)
    assert key == seal.public
    assert key.verify(signature, "成交确认".encode()) is True
    assert key.verify(signature, b"another text") is False
    assert Seal.generate().public.verify(signature, "成交确认".encode()) is False


@pytest.mark.parametrize("signature", [b"", b"\x00" * 63, b"\x00" * 64, b"\x00" * 65])
def test_a_malformed_signature_is_not_ours_and_no_error(signature: bytes) -> None:
    assert Seal.generate().public.verify(signature, b"text") is False


def test_a_key_is_named_by_the_first_sixteen_hex_digits_of_its_hash() -> None:
    seal = Seal.generate()
    assert seal.kid == seal.public.kid == hashlib.sha256(seal.public.raw).hexdigest()[:16]


def test_a_seal_survives_its_pem_file() -> None:
    seal = Seal.generate()
    again = Seal.from_pem(seal.to_pem())
    assert (again.kid, again.sign(b"text")) == (seal.kid, seal.sign(b"text"))


def test_a_seal_never_shows_its_private_half() -> None:
    seal = Seal.generate()
    assert repr(seal) == f"Seal(kid='{seal.kid}')"


def test_a_key_of_another_kind_or_length_is_not_a_seal() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="Ed25519"):
        Seal.from_pem(other)
    for raw in (b"", b"\x01" * 31, b"\x01" * 33):
        with pytest.raises(ValueError, match="32 bytes"):
            SealKey.from_raw(raw)


class Elsewhere:
    """Signs with a key that does not leave it, as a hardware module does; with `key` changed it signs as another."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def sign(self, body: bytes) -> bytes:
        signature: bytes = self.key(body)
        return signature


def test_a_seal_held_elsewhere_signs_as_its_public_half_and_never_leaves() -> None:
    kept = Seal.generate()
    held = Seal.held(Elsewhere(kept.sign), kept.public.raw)
    assert (held.kid, held.public) == (kept.kid, kept.public)
    assert kept.public.verify(held.sign(b"text"), b"text")
    with pytest.raises(TypeError, match="does not leave its holder"):
        held.to_pem()
    assert Seal.from_pem(kept.to_pem()).kid == kept.kid
    assert repr(held) == f"Seal(kid={kept.kid!r})"


def test_a_holder_that_signs_with_another_key_is_found_out_at_once() -> None:
    with pytest.raises(WrongSignature):
        Seal.held(Elsewhere(Seal.generate().sign), Seal.generate().public.raw).sign(b"text")
    mine, other = PaperSeal.generate(), PaperSeal.generate()
    public = load_pem_x509_certificate(mine.certificate_pem).public_key()
    assert isinstance(public, EllipticCurvePublicKey)
    held = PaperSeal.held(Elsewhere(mine.sign), public, mine.certificate_pem)
    public.verify(held.sign(b"text"), b"text", ECDSA(SHA256()))
    with pytest.raises(TypeError, match="does not leave its holder"):
        _ = held.key_pem
    with pytest.raises(WrongSignature):
        PaperSeal.held(Elsewhere(other.sign), public, mine.certificate_pem).sign(b"text")
    with pytest.raises(ValueError, match="of another key"):
        PaperSeal.held(Elsewhere(mine.sign), public, other.certificate_pem)


def test_a_document_seal_is_a_p256_key_with_its_own_certificate() -> None:
    seal = PaperSeal.generate("示例市场", now=datetime(2026, 3, 2, tzinfo=UTC))
    certificate = load_pem_x509_certificate(seal.certificate_pem)
    assert certificate.subject.rfc4514_string() == "CN=示例市场"
    assert certificate.not_valid_before_utc == datetime(2026, 3, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(2036, 3, 1, tzinfo=UTC)
    again = PaperSeal(seal.key_pem, seal.certificate_pem)
    assert again.certificate_pem == seal.certificate_pem
    assert repr(seal) == "PaperSeal()"
    with pytest.raises(ValueError, match="P-256"):
        PaperSeal(Seal.generate().to_pem(), seal.certificate_pem)
    larger = generate_private_key(SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="P-256"):
        PaperSeal(larger, seal.certificate_pem)
    with pytest.raises(ValueError, match="of another key"):
        PaperSeal(seal.key_pem, PaperSeal.generate().certificate_pem)
