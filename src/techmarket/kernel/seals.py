"""The market's own signatures: the seal (印章) under bytes, Ed25519, named by the hash of its public half; and the
document seal that PDF readers know."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import (
    BasicConstraints,
    CertificateBuilder,
    KeyUsage,
    Name,
    NameAttribute,
    load_pem_x509_certificate,
    random_serial_number,
)
from cryptography.x509.oid import NameOID


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


class PaperSeal:
    """The seal under documents that PDF readers check (电子签章): a P-256 key and the certificate that names its owner.

    Readers know P-256; few know Ed25519. The private half never shows itself in a log line.
    """

    __slots__ = ("certificate_pem", "key_pem")

    def __init__(self, key_pem: bytes, certificate_pem: bytes) -> None:
        key, certificate = load_pem_private_key(key_pem, password=None), load_pem_x509_certificate(certificate_pem)
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise ValueError("a document seal is a P-256 private key")
        if key.public_key() != certificate.public_key():
            raise ValueError("the certificate of the document seal is of another key")
        self.key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.certificate_pem = certificate_pem

    @classmethod
    def generate(cls, owner: str = "techmarket", *, now: datetime | None = None) -> PaperSeal:
        """A seal whose certificate is signed by itself, for ten years: enough for one machine and for tests."""
        key, since = generate_private_key(SECP256R1()), now or datetime.now(UTC)
        name = Name([NameAttribute(NameOID.COMMON_NAME, owner)])
        usage = KeyUsage(True, True, False, False, False, False, False, False, False)
        certificate = (
            CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(random_serial_number())
            .not_valid_before(since - timedelta(days=1))
            .not_valid_after(since + timedelta(days=3652))
            .add_extension(BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, SHA256())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(pem, certificate.public_bytes(Encoding.PEM))

    def __repr__(self) -> str:
        return "PaperSeal()"
