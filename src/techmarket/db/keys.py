"""The market's own keys (密钥): read once at the edge, handed to services as a value, never logged, never in a URL."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from techmarket.db.custody import SCHEME, Custody, NoSuchKey
from techmarket.kernel.seals import PaperSeal, Seal

SECRET_MIN, DISTINCT_MIN = 32, 10
PLACEHOLDERS = ("changeme", "changeit", "changethis", "default", "example", "placeholder", "password", "secret")


class MissingSecret(Exception):
    """A market without its secrets does not start."""


@dataclass(frozen=True)
class Keys:
    """`log` signs checkpoints, `issuer` certificates, `receipts` promises and bid receipts, `paper` PDF documents; the
    secrets key HMACs."""

    log: Seal = field(repr=False)
    issuer: Seal = field(repr=False)
    receipts: Seal = field(repr=False)
    pepper: bytes = field(repr=False)
    bank_secret: bytes = field(repr=False)
    paper: PaperSeal = field(repr=False)
    is_sandbox: bool = False
    """A sandbox gives out test keys, and takes no other."""
    former_pepper: bytes | None = field(default=None, repr=False)
    """In force beside the pepper while it is changed: what was made with it counts, and is made anew when used."""

    @property
    def peppers(self) -> tuple[bytes, ...]:
        """Those in force; whatever is new is made with the first."""
        return (self.pepper,) if self.former_pepper is None else (self.pepper, self.former_pepper)

    @property
    def tokens(self) -> Seal:
        """Signs access tokens; made from the secrets key, so that it is the same in every process, and kept nowhere."""
        return self.token_seals[0]

    @cached_property
    def token_seals(self) -> tuple[Seal, ...]:
        """By which tokens are read that were given before the pepper was changed, too."""
        seeds = [HKDF(SHA256(), 32, salt=None, info=b"techmarket access tokens 1").derive(one) for one in self.peppers]
        return tuple(Seal(Ed25519PrivateKey.from_private_bytes(seed)) for seed in seeds)

    def wrap(self, secret: bytes, *, about: bytes) -> bytes:
        """A secret that the market must read again, encrypted for one owner: another owner's row does not open it."""
        nonce = os.urandom(12)
        return nonce + self._kept_secrets[0].encrypt(nonce, secret, about)

    def unwrap(self, wrapped: bytes, *, about: bytes) -> bytes:
        return self._opened(wrapped, about)[0]

    def rewrapped(self, wrapped: bytes, *, about: bytes) -> bytes | None:
        """The same secret under the pepper of today, where it is still under the former one."""
        secret, number = self._opened(wrapped, about)
        return self.wrap(secret, about=about) if number else None

    def _opened(self, wrapped: bytes, about: bytes) -> tuple[bytes, int]:
        for number, cipher in enumerate(self._kept_secrets[:-1]):
            with contextlib.suppress(InvalidTag):
                return cipher.decrypt(wrapped[:12], wrapped[12:], about), number
        return self._kept_secrets[-1].decrypt(wrapped[:12], wrapped[12:], about), len(self._kept_secrets) - 1

    @cached_property
    def _kept_secrets(self) -> tuple[AESGCM, ...]:
        info = b"techmarket kept secrets 1"
        return tuple(AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(one)) for one in self.peppers)

    def hash_secret(self, secret: str) -> bytes:
        """How a shown-once secret is stored: keyed, so that a stolen table does not let anyone test guesses."""
        return self.hashes_of(secret)[0]

    def hashes_of(self, secret: str) -> tuple[bytes, ...]:
        """Under which a secret may be stored: that of today, and the former one while it is in force."""
        return tuple(hmac.new(one, secret.encode(), hashlib.sha256).digest() for one in self.peppers)

    def fits(self, stored: bytes, secret: str) -> bool:
        """Whether this is the secret that is stored so."""
        return any(hmac.compare_digest(stored, one) for one in self.hashes_of(secret))


def generated(folder: Path) -> Keys:
    """Keys of a single machine: made at the first start, kept 0600 under the state folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Keys(
        log=_seal_file(folder / "log.pem"),
        issuer=_seal_file(folder / "issuer.pem"),
        receipts=_seal_file(folder / "receipts.pem"),
        pepper=_secret_file(folder / "pepper"),
        bank_secret=_secret_file(folder / "bank_secret"),
        paper=_paper_files(folder / "paper.pem", folder / "paper.crt"),
    )


def for_tests() -> Keys:
    """Fresh keys that nobody else has."""
    return Keys(
        Seal.generate(),
        Seal.generate(),
        Seal.generate(),
        secrets.token_bytes(32),
        secrets.token_bytes(32),
        PaperSeal.generate("Sample market"),
    )


def given(
    *,
    log_pem: str,
    issuer_pem: str,
    receipts_pem: str,
    pepper: str,
    bank_secret: str,
    paper_pem: str,
    paper_certificate: str,
    custody: Custody | None = None,
) -> Keys:
    """Keys from settings; anything short is refused rather than used. Each key is a PEM text, or the `pkcs11:` URI of
    one that stays in its token."""
    for name, value in (("pepper", pepper), ("bank secret", bank_secret)):
        require_good(name, value)
    held = custody or Custody()
    try:
        return Keys(
            log=_seal(log_pem, held),
            issuer=_seal(issuer_pem, held),
            receipts=_seal(receipts_pem, held),
            pepper=pepper.encode(),
            bank_secret=bank_secret.encode(),
            paper=_paper_seal(paper_pem, paper_certificate.encode(), held),
        )
    except NoSuchKey as failed:
        raise MissingSecret(str(failed)) from failed


def require_good(name: str, value: str) -> None:
    """Refuse a secret that is short, of a few signs only, or what somebody left in a template."""
    if len(value) < SECRET_MIN:
        raise MissingSecret(f"the {name} must have at least {SECRET_MIN} characters")
    plain = re.sub("[^a-z]", "", value.casefold())
    if len(set(value)) < DISTINCT_MIN or any(word in plain for word in PLACEHOLDERS):
        raise MissingSecret(f"the {name} must be a random one: openssl rand -hex 32")


def _seal(told: str, custody: Custody) -> Seal:
    return custody.seal(told) if told.startswith(SCHEME) else Seal.from_pem(told.encode())


def _paper_seal(told: str, certificate: bytes, custody: Custody) -> PaperSeal:
    return custody.paper_seal(told, certificate) if told.startswith(SCHEME) else PaperSeal(told.encode(), certificate)


def _write_private(path: Path, body: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)


def _seal_file(path: Path) -> Seal:
    if not path.exists():
        _write_private(path, Seal.generate().to_pem())
    return Seal.from_pem(path.read_bytes())


def _secret_file(path: Path) -> bytes:
    if not path.exists():
        _write_private(path, secrets.token_hex(32).encode())
    return path.read_bytes()


def _paper_files(key: Path, certificate: Path) -> PaperSeal:
    if not key.exists() or not certificate.exists():
        fresh = PaperSeal.generate()
        for path, body in ((key, fresh.key_pem), (certificate, fresh.certificate_pem)):
            path.unlink(missing_ok=True)
            _write_private(path, body)
    return PaperSeal(key.read_bytes(), certificate.read_bytes())
