from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from techmarket.kernel.seals import Seal, SealKey

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
