"""Keys that never lie in this process's memory: a token (硬件密码模块) behind PKCS#11, named by an RFC 7512 URI.

A key service (KMS) comes the same way, through the PKCS#11 module that its maker gives. Signing is asked for inside
transactions, so a holder is a module on this machine and answers at once; see decision 13.

    TECHMARKET_ISSUER_KEY=pkcs11:token=market;object=issuer
    TECHMARKET_PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so
    TECHMARKET_PKCS11_PIN=…
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from techmarket.kernel.seals import PaperSeal, Seal

SCHEME = "pkcs11:"
NAMES = frozenset({"token", "object", "id", "serial"})


class NoSuchKey(ValueError):
    """The token cannot be opened, or the key it is said to hold is not one this market signs with."""


class TokenSilent(ConnectionError):
    """The token did not answer, not even after it was opened anew: what was to be signed is not, and may be retried."""


@dataclass(frozen=True, slots=True)
class KeyUri:
    """Which key of which token: the attributes of RFC 7512 that name one."""

    named: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> KeyUri:
        if not text.startswith(SCHEME):
            raise NoSuchKey("a key in a token is named by a pkcs11: URI")
        named: dict[str, str] = {}
        for part in text[len(SCHEME) :].strip().split(";"):
            name, is_told, value = part.partition("=")
            if not is_told or name not in NAMES or name in named or "?" in value:
                raise NoSuchKey(f"a pkcs11: URI is made of {', '.join(sorted(NAMES))}, each once, and holds no PIN")
            named[name] = unquote(value, encoding="latin-1" if name == "id" else "utf-8")
        if "object" not in named and "id" not in named:
            raise NoSuchKey("a pkcs11: URI names a key by object or id")
        return cls(named)

    @property
    def token(self) -> tuple[str, str]:
        return self.named.get("token", ""), self.named.get("serial", "")


@dataclass
class Token:
    """One logged-in session with a token; keys of it are found by name, and again if the session was lost."""

    library: Any
    pin: str = field(repr=False)
    label: str = ""
    serial: str = ""
    _session: Any = field(default=None, repr=False)
    _signers: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def find(self, uri: KeyUri, *, private: bool) -> Any:
        """The one key object of this name; the token's own refusals are `NoSuchKey`."""
        constants = import_module("pkcs11")
        kind = constants.ObjectClass.PRIVATE_KEY if private else constants.ObjectClass.PUBLIC_KEY
        wanted: dict[Any, Any] = {constants.Attribute.CLASS: kind}
        if "object" in uri.named:
            wanted[constants.Attribute.LABEL] = uri.named["object"]
        if "id" in uri.named:
            wanted[constants.Attribute.ID] = uri.named["id"].encode("latin-1")
        found = list(self._open().get_objects(wanted))
        if len(found) != 1:
            raise NoSuchKey(f"the token holds {len(found)} keys of this name, not one")
        return found[0]

    def sign(self, uri: KeyUri, mechanism: Any, body: bytes) -> bytes:
        """The token's signature. A session that was lost is opened once more; one thread signs at a time."""
        errors = import_module("pkcs11").exceptions
        with self._lock:
            for last in (False, True):
                try:
                    return bytes(self._signer(uri).sign(body, mechanism=mechanism))
                except (errors.PKCS11Error, NoSuchKey) as failed:
                    self._forget()
                    if last:
                        raise TokenSilent(
                            f"the token {self.label!r} does not sign: {type(failed).__name__}"
                        ) from failed
        raise AssertionError("unreachable")

    def _signer(self, uri: KeyUri) -> Any:
        """The private half, looked up once a session."""
        name = repr(uri.named)
        if name not in self._signers:
            self._signers[name] = self.find(uri, private=True)
        return self._signers[name]

    def _open(self) -> Any:
        with self._lock:
            if self._session is None:
                named = {"token_label": self.label, "token_serial": self.serial.encode()}
                token = self.library.get_token(**{name: value for name, value in named.items() if value})
                self._session = token.open(user_pin=self.pin)
            return self._session

    def _forget(self) -> None:
        session, self._session = self._session, None
        self._signers.clear()
        if session is not None:
            try:
                session.close()
            except Exception:
                return


class _Held:
    """One key of a token, as `kernel.seals.Holder`."""

    def __init__(self, token: Token, uri: KeyUri, mechanism: Any, *, is_ecdsa: bool) -> None:
        self._sign = partial(token.sign, uri, mechanism)
        self._is_ecdsa = is_ecdsa

    def sign(self, body: bytes, /) -> bytes:
        if not self._is_ecdsa:
            return self._sign(body)
        # Tokens sign a digest and give r and s side by side; readers of documents want them in DER.
        plain = self._sign(sha256(body).digest())
        half = len(plain) // 2
        return encode_dss_signature(int.from_bytes(plain[:half], "big"), int.from_bytes(plain[half:], "big"))


@dataclass
class Custody:
    """The tokens of this process, each opened once: a second login of one process to one token is refused by it."""

    module: str | None = None
    pin: str | None = field(default=None, repr=False)
    _tokens: dict[tuple[str, str], Token] = field(default_factory=dict, repr=False)

    def seal(self, uri: str) -> Seal:
        """An Ed25519 key of a token as a seal."""
        key, token = self._key(uri)
        mechanism = import_module("pkcs11").Mechanism.EDDSA
        return Seal.held(_Held(token, key, mechanism, is_ecdsa=False), self._point(token, key, 32))

    def paper_seal(self, uri: str, certificate_pem: bytes) -> PaperSeal:
        """A P-256 key of a token, and the certificate that names its owner, as the document seal."""
        key, token = self._key(uri)
        mechanism = import_module("pkcs11").Mechanism.ECDSA
        public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), self._point(token, key, 65))
        return PaperSeal.held(_Held(token, key, mechanism, is_ecdsa=True), public, certificate_pem)

    def _key(self, uri: str) -> tuple[KeyUri, Token]:
        key = KeyUri.parse(uri)
        if not self.module or not self.pin:
            raise NoSuchKey("a key in a token needs TECHMARKET_PKCS11_MODULE and TECHMARKET_PKCS11_PIN")
        try:
            pkcs11 = import_module("pkcs11")
        except ImportError as missing:
            raise NoSuchKey("a key in a token needs the extra: pip install 'techmarket[hsm]'") from missing
        known = self._tokens.get(key.token)
        if known is None:
            try:
                library = pkcs11.lib(self.module)
            except (pkcs11.exceptions.PKCS11Error, RuntimeError) as failed:
                raise NoSuchKey(f"the module {self.module} cannot be loaded: {failed}") from failed
            known = self._tokens[key.token] = Token(library, self.pin, *key.token)
        return key, known

    def _point(self, token: Token, key: KeyUri, length: int) -> bytes:
        """The public half: its bytes end the DER string in which a token keeps it. The private half must be there."""
        pkcs11 = import_module("pkcs11")
        try:
            token.find(key, private=True)
            point = bytes(token.find(key, private=False)[pkcs11.Attribute.EC_POINT])
        except pkcs11.exceptions.PKCS11Error as failed:
            raise NoSuchKey(f"the token cannot be opened: {type(failed).__name__}") from failed
        if len(point) not in (length, length + 2):
            raise NoSuchKey(f"the key is of another kind: its public half has {len(point)} bytes")
        return point[-length:]
