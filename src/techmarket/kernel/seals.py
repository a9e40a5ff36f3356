"""The market's own signature (印章) under bytes: Ed25519, the key named by the hash of its public half."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


@dataclass(frozen=True)
class SealKey:
    """The public half: whoever holds it can check a seal without asking the market."""

    raw: bytes
    kid: str = field(init=False)
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kid", hashlib.sha256(self.raw).hexdigest()[:16])
        object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.raw))

    @classmethod
    def from_raw(cls, raw: bytes) -> SealKey:
        return cls(bytes(raw))

    def verify(self, signature: bytes, body: bytes) -> bool:
        """Whether the seal is this key's and the bytes are the sealed ones; a malformed signature is not ours."""
        try:
            self._key.verify(signature, body)
        except InvalidSignature:
            return False
        return True


class Seal:
    """The private half. It never shows itself in a log line: its `repr` is the key's name."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = SealKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def generate(cls) -> Seal:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> Seal:
        private = load_pem_private_key(pem, password=None)
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError("a seal is an Ed25519 private key")
        return cls(private)

    def to_pem(self) -> bytes:
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def kid(self) -> str:
        return self.public.kid

    def sign(self, body: bytes) -> bytes:
        return self._private.sign(body)

    def __repr__(self) -> str:
        return f"Seal(kid={self.kid!r})"
