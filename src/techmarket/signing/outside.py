"""Who signs and vouches elsewhere, each behind an adapter: an electronic-signature service, an OpenID provider.

The market writes down what it is going to ask, asks with no transaction open, and writes down the answer. A request may
be sent twice: the intent's id is its idempotency key. Nothing of what comes back is believed for its own sake: a signed
file is checked as if the party had brought it, a token by the keys its issuer publishes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from techmarket.signing import errors

PATIENCE_SECONDS = 15.0
TOKEN_BYTES_MAX = 16_384
ANSWER_BYTES_MAX = 32 * 2**20
ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"]
REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,200}")
Client = Callable[[], httpx.AsyncClient]


class OrderState(StrEnum):
    """How far a signature ordered from a service has come."""

    WAITING = "WAITING"
    SIGNED = "SIGNED"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Order:
    """One signature asked of a service: whose, on which file, in which field of it."""

    id: UUID
    title: str
    organisation: str
    uscc: str | None
    person: str
    field: str
    document_sha256: str
    paper: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """The service took the order: its own name for it, and where the person signs."""

    reference: str
    url: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What the service says of an order; once signed, the `paper`, and the `identity` of who signed, as it knows it."""

    state: OrderState
    paper: bytes | None = None
    identity: dict[str, str] | None = None


def default_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=PATIENCE_SECONDS, follow_redirects=False)


def sign_request(secret: bytes, method: str, path: str, body: bytes, timestamp: str) -> str:
    """Both sides sign method, path, time and body together: HMAC-SHA256, in hex."""
    said = b"\n".join([method.encode(), path.encode(), timestamp.encode(), hashlib.sha256(body).hexdigest().encode()])
    return hmac.new(secret, said, hashlib.sha256).hexdigest()


class HttpSignProvider:
    """A signature service over HTTP: `POST /envelopes` with the file, `GET /envelopes/{reference}` until it ends."""

    def __init__(
        self, base_url: str, secret: bytes, *, name: str = "provider", client: Client = default_client
    ) -> None:
        self.name = name
        self._base = base_url.rstrip("/")
        self._secret = secret
        self._client = client

    async def begin(self, order: Order) -> Begun:
        """Order a signature; ordering the same again gives the same answer."""
        body = {
            "title": order.title,
            "organisation": order.organisation,
            "uscc": order.uscc,
            "person": order.person,
            "field": order.field,
            "document_sha256": order.document_sha256,
            "paper": base64.b64encode(order.paper).decode(),
        }
        answer = await self._ask("POST", "/envelopes", json.dumps(body, ensure_ascii=False).encode(), str(order.id))
        reference = _text(answer, "reference")
        if not REFERENCE.fullmatch(reference):
            raise errors.ProviderUnclear(provider=self.name)
        return Begun(reference, _text(answer, "url", 2_000))

    async def look(self, reference: str) -> Looked:
        """How far the order has come."""
        answer = await self._ask("GET", f"/envelopes/{reference}", b"", None)
        try:
            state = OrderState(str(answer.get("state")))
            if state is not OrderState.SIGNED:
                return Looked(state)
            paper = base64.b64decode(answer["paper"], validate=True)
            identity = {str(name)[:64]: str(value)[:400] for name, value in dict(answer.get("identity") or {}).items()}
        except (KeyError, TypeError, ValueError):
            raise errors.ProviderUnclear(provider=self.name) from None
        return Looked(state, paper, identity or None)

    async def _ask(self, method: str, path: str, body: bytes, key: str | None) -> dict[str, Any]:
        stamp = str(int(datetime.now(UTC).timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": stamp,
            "X-Signature": sign_request(self._secret, method, path, body, stamp),
        }
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            async with self._client() as client:
                answer = await client.request(method, self._base + path, content=body, headers=headers)
        except httpx.HTTPError:
            raise errors.ProviderSilent(provider=self.name, retry_after=60) from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise errors.ProviderSilent(provider=self.name, retry_after=60)
        if answer.status_code not in (200, 201) or len(answer.content) > ANSWER_BYTES_MAX:
            raise errors.ProviderUnclear(provider=self.name)
        try:
            said = answer.json()
        except ValueError:
            raise errors.ProviderUnclear(provider=self.name) from None
        if not isinstance(said, dict):
            raise errors.ProviderUnclear(provider=self.name)
        return said


class OidcVoucher:
    """An OpenID provider that says who a person is. The token's nonce is the hash of the text, so that it vouches for
    this signature and no other."""

    def __init__(self, issuer: str, audience: str, *, client: Client = default_client) -> None:
        self.issuer = issuer.rstrip("/")
        self._audience = audience
        self._client = client
        self._keys: KeySet | None = None

    async def vouch(self, token: str, *, nonce: str) -> dict[str, str]:
        """Issuer, subject and time of a token for this very text; raises `IdentityNotVouched`."""
        if len(token) > TOKEN_BYTES_MAX:
            raise errors.IdentityNotVouched(check="form")
        claims = await self._claims(token)
        now = datetime.now(UTC).timestamp()
        audience = claims.get("aud")
        ends, begins = _moment(claims.get("exp")), _moment(claims.get("iat"))
        if claims.get("iss") != self.issuer:
            raise errors.IdentityNotVouched(check="issuer")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise errors.IdentityNotVouched(check="audience")
        if ends is None or begins is None or not begins - 60 <= now < ends:
            raise errors.IdentityNotVouched(check="time")
        if claims.get("nonce") != nonce:
            raise errors.IdentityNotVouched(check="nonce")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise errors.IdentityNotVouched(check="subject")
        at = datetime.fromtimestamp(begins, UTC).isoformat()
        return {"issuer": self.issuer, "subject": subject, "at": at}

    async def _claims(self, token: str) -> dict[str, Any]:
        """The claims under a signature of the issuer's keys; keys that are not known yet are fetched once more."""
        for fresh in (False, True):
            keys = await self._key_set(fresh=fresh)
            try:
                return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
            except (JoseError, ValueError, KeyError, TypeError):
                continue
        raise errors.IdentityNotVouched(check="signature")

    async def _key_set(self, *, fresh: bool) -> KeySet:
        if self._keys is None or fresh:
            said = await self._get(f"{self.issuer}/.well-known/openid-configuration")
            if said.get("issuer") != self.issuer or not isinstance(said.get("jwks_uri"), str):
                raise errors.ProviderUnclear(provider=self.issuer)
            try:
                self._keys = KeySet.import_key_set(await self._get(said["jwks_uri"]))  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError):
                raise errors.ProviderUnclear(provider=self.issuer) from None
        return self._keys

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with self._client() as client:
                answer = await client.get(url)
                answer.raise_for_status()
                said = answer.json()
        except httpx.HTTPError:
            raise errors.ProviderSilent(provider=self.issuer, retry_after=60) from None
        except ValueError:
            raise errors.ProviderUnclear(provider=self.issuer) from None
        if not isinstance(said, dict):
            raise errors.ProviderUnclear(provider=self.issuer)
        return said


def _moment(value: Any) -> float | None:
    """Seconds since 1970 of a moment in our century; anything else is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 4_102_444_800:
        return None
    return float(value)


def _text(said: dict[str, Any], name: str, length: int = 200) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= length:
        raise errors.ProviderUnclear(provider="provider")
    return value
