"""The market's own signatures: the seal (印章) under bytes, Ed25519, named by the hash of its public half; and the
document seal that PDF readers know.

Who holds a private half (密钥托管) is behind one seam, `Holder`: a key in memory, or a token that never hands it out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
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


class Holder(Protocol):
    """Holds one private key and signs with it at once, on this machine: it is called inside transactions.

    A seal's holder gives Ed25519 signatures of 64 bytes; a document seal's ECDSA over SHA-256 on P-256, in DER.
    """

    def sign(self, body: bytes, /) -> bytes: ...


class WrongSignature(Exception):
    """What a holder gave back is no signature of the key it is meant to hold; nothing goes out under it."""


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

    __slots__ = ("_holder", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._holder: Holder = private
        self.public = SealKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def held(cls, holder: Holder, public: bytes) -> Seal:
        """A seal whose private half stays where it is; `public` is the other half's 32 bytes."""
        seal = cls.__new__(cls)
        seal._holder, seal.public = holder, SealKey.from_raw(public)
        return seal

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
        if not isinstance(self._holder, Ed25519PrivateKey):
            raise TypeError("the private half of this seal does not leave its holder")
        return self._holder.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def kid(self) -> str:
        return self.public.kid

    def sign(self, body: bytes) -> bytes:
        signature = self._holder.sign(body)
        # A key in memory is the one its public half was made of; of another holder that is asked each time.
        if not isinstance(self._holder, Ed25519PrivateKey) and not self.public.verify(signature, body):
            raise WrongSignature(self.kid)
        return signature

    def __repr__(self) -> str:
        return f"Seal(kid={self.kid!r})"


class PaperSeal:
    """The seal under documents that PDF readers check (电子签章): a P-256 key and the certificate that names its owner.

    Readers know P-256; few know Ed25519. The private half never shows itself in a log line.
    """

    __slots__ = ("_holder", "_public", "certificate_pem")

    def __init__(self, key_pem: bytes, certificate_pem: bytes) -> None:
        key = load_pem_private_key(key_pem, password=None)
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise ValueError("a document seal is a P-256 private key")
        self._hold(key, key.public_key(), certificate_pem)

    @classmethod
    def held(cls, holder: Holder, public: EllipticCurvePublicKey, certificate_pem: bytes) -> PaperSeal:
        """A document seal whose private half stays where it is."""
        seal = cls.__new__(cls)
        seal._hold(holder, public, certificate_pem)
        return seal

    def _hold(
        self, holder: Holder | EllipticCurvePrivateKey, public: EllipticCurvePublicKey, certificate_pem: bytes
    ) -> None:
        if load_pem_x509_certificate(certificate_pem).public_key() != public:
            raise ValueError("the certificate of the document seal is of another key")
        self._holder, self._public, self.certificate_pem = holder, public, certificate_pem

    @property
    def key_pem(self) -> bytes:
        if not isinstance(self._holder, EllipticCurvePrivateKey):
            raise TypeError("the private half of this seal does not leave its holder")
        return self._holder.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, body: bytes) -> bytes:
        """ECDSA over SHA-256, in DER."""
        if isinstance(self._holder, EllipticCurvePrivateKey):
            return self._holder.sign(body, ECDSA(SHA256()))
        signature = self._holder.sign(body)
        try:
            self._public.verify(signature, body, ECDSA(SHA256()))
        except InvalidSignature:
            raise WrongSignature("document seal") from None
        return signature

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
